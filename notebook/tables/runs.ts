import { changeInWords } from '../../orchestrator/domain/hypothesis.ts';
import { isOwnRunId, type RunId } from '../../orchestrator/domain/ids.ts';
import type { Run } from '../../orchestrator/domain/run.ts';
import { experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { defineTable } from '../table.ts';
import { ownRunRecord } from './own-runs.ts';
import { tagsOn } from './tags.ts';

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly experiment: string | null;
  readonly night: string | null;
  readonly seed: number | null;
  readonly purpose: string | null;
  readonly variant: string | null;
  readonly attempt: number;
  readonly slot: number | null;
  readonly status: string;
  readonly failure: string | null;
  readonly failure_message: string | null;
  readonly traceback: string | null;
  readonly killed_because: string | null;
  readonly prune_because: string | null;
  readonly prune_audited: boolean | null;
  readonly objective: number | null;
  readonly tier: string | null;
  readonly started: string;
  readonly seconds: number | null;
  readonly cpu_seconds: number | null;
  readonly slept_seconds: number | null;
  readonly peak_memory_mb: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly commit: string | null;
  readonly sandbox: string | null;
  readonly environment_key: string | null;
  readonly metric_points: number | null;
  readonly said: string | null;
  readonly source: string;
  readonly imported_from: string | null;
  readonly imported_id: string | null;
  readonly links: readonly string[];
  readonly command: string | null;
  readonly run_group: string | null;
  readonly tags: readonly string[];
}

/** Throws where the journal knows no such run. One literal and no spread, as of experiments. */
export function runRecord(state: State, id: RunId): RunRow {
  const run = state.runs.get(id);
  if (!run) throw new Error(`the journal knows no ${id}`);
  const { night, commit, command } = experimentIn(state, run.experiment);
  const { result } = run;
  return {
    id,
    name: nameOf(state, run),
    experiment: run.experiment,
    night,
    seed: run.seed,
    purpose: run.purpose,
    variant: run.variant ?? null,
    attempt: run.attempt,
    slot: run.slot,
    status: run.status,
    failure: result?.failure?.class ?? null,
    failure_message: result?.failure?.message ?? null,
    traceback: result?.failure?.traceback ?? null,
    killed_because: result?.killed_because ?? null,
    prune_because: result?.pruning?.because ?? null,
    prune_audited: result?.pruning?.audited ?? null,
    objective: result?.objective ?? null,
    tier: result?.tier ?? null,
    started: run.started,
    seconds: result?.seconds ?? null,
    cpu_seconds: result?.cpu_seconds ?? null,
    slept_seconds: result?.slept_seconds ?? null,
    peak_memory_mb: result?.summary.find(({ key }) => key === 'peak_memory_mb')?.number ?? null,
    exit_code: result?.exit_code ?? null,
    signal: result?.signal ?? null,
    // Of a repaired patch the experiment has another by now.
    commit: result?.commit || commit,
    sandbox: result?.sandbox ?? null,
    environment_key: result?.environment_key ?? null,
    metric_points: result?.metric_points ?? null,
    said: run.said,
    source: 'night',
    imported_from: null,
    imported_id: null,
    links: [],
    command: command?.command ?? null,
    run_group: result?.logged?.group ?? null,
    tags: tagsOn(state, id),
  };
}

/** `Warm-up hurts at this length · warmup_steps=0 · seed 2`. */
function nameOf(state: State, run: Run): string {
  const { title, change } = experimentIn(state, run.experiment);
  return `${title} · ${changeInWords(change)} · ${run.seed === null ? 'unseeded' : `seed ${run.seed}`}`;
}

export const runs = defineTable<RunRow>({
  name: 'runs',
  doc: 'One row per run: one execution with one seed, of a night or of one’s own. Of a run that was tried again, the newest attempt.',
  columns: {
    id: [
      'VARCHAR',
      '`E-0007.2`: the second run of E-0007. `R-0001`: a run of one’s own, outside of any night.',
    ],
    name: [
      'VARCHAR',
      'Title, changed knobs and seed; of a run of one’s own its name, or its command.',
    ],
    experiment: [
      'VARCHAR',
      'The experiment it belongs to; null for a run of one’s own, as are night, seed, purpose and slot.',
    ],
    night: ['VARCHAR', "The experiment's night."],
    seed: ['BIGINT', 'The seed it was given; null where the plan names no way to seed the script.'],
    purpose: [
      'VARCHAR',
      'baseline, screen (a look), replicate (making sure), repeat (an earlier run again, no replicate), dawn (deciding), planned (of the plan’s own work; compared with nothing).',
    ],
    variant: [
      'VARCHAR',
      'dawn where it was trained as the plan’s dawn says, and not as its run does; null else. The two are never pooled.',
    ],
    attempt: ['BIGINT', 'Counts from 1.'],
    slot: ['BIGINT', 'Where it ran, from 1.'],
    status: ['VARCHAR', 'running, finished, failed, killed.'],
    failure: [
      'VARCHAR',
      'Class: idea, infrastructure, timeout, out_of_memory, not_a_number, no_metric, invalid.',
    ],
    failure_message: ['VARCHAR', 'What was expected and found, in a line.'],
    traceback: ['VARCHAR', 'The end of what the script said about it.'],
    killed_because: [
      'VARCHAR',
      'user, pruned or fenced; of a run of one’s own user, signal or gone (its process left no word).',
    ],
    prune_because: [
      'VARCHAR',
      'What the rule of `prune` saw that ends a run: step, value, mean, standard deviation, n. Also of a run that it was not let end.',
    ],
    prune_audited: [
      'BOOLEAN',
      'It ran on all the same, by lot, so that one learns how such runs end; null where the rule never applied.',
    ],
    objective: [
      'DOUBLE',
      'The number it is judged by, as its script or the evaluator printed it: NaN and infinities are kept; null where none was.',
    ],
    tier: [
      'VARCHAR',
      'How far the objective can be trusted: self_reported (the script says so), checked (the evaluator of base measured it), verified (a scorer of base did, by its predictions alone, with labels that training never sees).',
    ],
    started: ['TIMESTAMP', 'When this attempt was started, UTC.'],
    seconds: ['DOUBLE', 'Wall-clock seconds of the command.'],
    cpu_seconds: ['DOUBLE', 'Processor seconds it used.'],
    slept_seconds: [
      'DOUBLE',
      'Seconds that the machine was suspended under it; not among `seconds`.',
    ],
    peak_memory_mb: ['DOUBLE', 'Largest memory it held, in MB, where it was measured.'],
    exit_code: ['BIGINT', 'Exit code of the command; null where a signal ended it.'],
    signal: ['VARCHAR', 'The signal that ended it.'],
    commit: ['VARCHAR', 'The commit it executed.'],
    sandbox: [
      'VARCHAR',
      'What it was shut in: bubblewrap, sandbox-exec, docker, podman, or none, which had your rights; null where nobody said.',
    ],
    environment_key: ['VARCHAR', 'Runs with different keys ran in different environments.'],
    metric_points: ['BIGINT', 'Points it left in metrics.'],
    said: ['VARCHAR', "The Reporter's line on it."],
    source: [
      'VARCHAR',
      'night; of a run of one’s own who opened it: logger-python, logger-js, run (autolab run), import, unknown.',
    ],
    imported_from: ['VARCHAR', 'The file that `autolab import` brought it from; null else.'],
    imported_id: ['VARCHAR', 'What it is called there.'],
    links: ['VARCHAR[]', 'Links that the file had for it.'],
    command: ['VARCHAR', 'The command line, without what the seed adds to it.'],
    run_group: ['VARCHAR', 'The group that its script put it into; null where it did not.'],
    tags: ['VARCHAR[]', 'Its tags.'],
  },
  example:
    'SELECT id, name, status, failure, objective, seconds FROM runs WHERE isfinite(objective) ORDER BY objective LIMIT 10',
  journal: {
    subject: 'id',
    *subjects({ state }) {
      yield* state.runs.keys();
      yield* state.own.keys();
    },
    rows({ state }, id) {
      if (isOwnRunId(id)) return state.own.has(id) ? [ownRunRecord(state, id)] : [];
      return state.runs.has(id as RunId) ? [runRecord(state, id as RunId)] : [];
    },
  },
});
