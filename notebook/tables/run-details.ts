import { isOwnRunId, type RunId } from '../../orchestrator/domain/ids.ts';
import { detailsOf, type OwnDetails } from '../../orchestrator/domain/own-run.ts';
import type { Contents } from '../contents.ts';
import { defineTable } from '../table.ts';

/** Tables with several rows per run, all from its result; of one's own, from its details. */

type Details = Pick<OwnDetails, 'params' | 'summary' | 'artifacts'>;

function resultOf({ state }: Contents, run: string): Details | null {
  if (!isOwnRunId(run)) return state.runs.get(run as RunId)?.result ?? null;
  const own = state.own.get(run);
  return own ? detailsOf(own) : null;
}

function* subjects({ state }: Contents): Iterable<string> {
  for (const run of state.runs.values()) if (run.result) yield run.id;
  yield* state.own.keys();
}

interface ParamRow {
  readonly run_id: string;
  readonly key: string;
  readonly value: string;
  readonly type: string;
  readonly source: string;
}

export const params = defineTable<ParamRow>({
  name: 'params',
  doc: 'What each run was configured with.',
  columns: {
    run_id: ['VARCHAR', 'The run.'],
    key: ['VARCHAR', 'Name of the knob, argument or variable.'],
    value: ['VARCHAR', 'Its value as text.'],
    type: ['VARCHAR', 'number, boolean or text.'],
    source: [
      'VARCHAR',
      'Who said so: knob, argument, environment, logged (by the script, through a logger), printed.',
    ],
  },
  example:
    "SELECT p.value AS learning_rate, avg(r.objective) AS objective, count(*) AS runs FROM params p JOIN runs r ON r.id = p.run_id WHERE p.key = 'learning_rate' AND isfinite(r.objective) GROUP BY ALL ORDER BY objective",
  journal: {
    subject: 'run_id',
    subjects,
    rows: (contents, run) =>
      (resultOf(contents, run)?.params ?? []).map(({ key, value, type, source }) => ({
        ...{ run_id: run, key, value, type, source },
      })),
  },
});

interface SummaryRow {
  readonly run_id: string;
  readonly key: string;
  readonly number: number | null;
  readonly text: string | null;
}

export const summary = defineTable<SummaryRow>({
  name: 'summary',
  doc: 'Final and string values of each run; exactly one of number and text is set.',
  columns: {
    run_id: ['VARCHAR', 'The run.'],
    key: ['VARCHAR', 'Name of the value, as the script printed it.'],
    number: ['DOUBLE', 'The number; may be NaN or infinite.'],
    text: ['VARCHAR', 'The text.'],
  },
  example:
    "SELECT run_id, number FROM summary WHERE key = 'val_bpb' AND isfinite(number) ORDER BY number",
  journal: {
    subject: 'run_id',
    subjects,
    rows: (contents, run) =>
      (resultOf(contents, run)?.summary ?? []).map(({ key, number, text }) => ({
        ...{ run_id: run, key, number, text },
      })),
  },
});

interface ArtifactRow {
  readonly run_id: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly saved_as: string | null;
  readonly version: number | null;
  readonly kind: string | null;
  readonly step: number | null;
  readonly best: boolean;
}

export const artifacts = defineTable<ArtifactRow>({
  name: 'artifacts',
  doc: 'Files that each run left.',
  columns: {
    run_id: ['VARCHAR', 'The run.'],
    name: ['VARCHAR', "Path below the attempt's artifacts folder."],
    bytes: ['BIGINT', 'Size.'],
    sha256: ['VARCHAR', 'Hash of its content.'],
    saved_as: ['VARCHAR', 'The name that a logger saved it under; null where none did.'],
    version: ['BIGINT', 'Of that name, from 1.'],
    kind: ['VARCHAR', 'checkpoint, file, or what the script calls it.'],
    step: ['BIGINT', 'Of the training, where it was saved with one.'],
    best: [
      'BOOLEAN',
      'The best checkpoint of its run. One is worth what the objective was when it was last logged at or before its step; of two worth the same, the earlier.',
    ],
  },
  example: 'SELECT run_id, name, step, bytes / 1e6 AS mb FROM artifacts WHERE best ORDER BY run_id',
  journal: {
    subject: 'run_id',
    subjects,
    rows: (contents, run) =>
      (resultOf(contents, run)?.artifacts ?? []).map(({ name, bytes, sha256, saved, best }) => ({
        ...{ run_id: run, name, bytes, sha256, saved_as: saved?.as ?? null },
        ...{ version: saved?.version ?? null, kind: saved?.kind ?? null },
        ...{ step: saved?.step ?? null, best: best === true },
      })),
  },
});
