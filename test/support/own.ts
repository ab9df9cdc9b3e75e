import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OwnRunId } from '../../orchestrator/domain/ids.ts';
import {
  NO_DETAILS,
  type OwnBody,
  type OwnEnd,
  type OwnRun,
} from '../../orchestrator/domain/own-run.ts';

/** A run of one's own as a logger leaves it: files in a folder, and nobody told. */

export interface OwnFiles {
  readonly start?: Readonly<Record<string, unknown>> | string | null;
  readonly end?: Readonly<Record<string, unknown>> | string | null;
  /** Lines of metrics.jsonl. */
  readonly metrics?: readonly string[];
}

const STARTED = '2026-11-20T10:00:00.000Z';
const ENDED = '2026-11-20T10:01:00.000Z';

/** Of a process that is long gone. */
export const aStart = (extra: Readonly<Record<string, unknown>> = {}) => ({
  ...{ version: 1, id: 'R-0001', name: '', command: ['python3', 'train.py', '--lr', '0.1'] },
  ...{ directory: '.', pid: 2 ** 22 + 1, process_started: '1 ticks after boot none' },
  ...{ host: hostname(), who: 'ada', started: STARTED, commit: null, branch: null, dirty: false },
  ...{ untracked: [], python: '3.11.2', packages: null, params: {}, source: 'logger-python' },
  ...extra,
});

export const anEnd = (extra: Readonly<Record<string, unknown>> = {}) => ({
  ...{ version: 1, ended: ENDED, exit_code: 0, signal: null, error: null, traceback: null },
  ...extra,
});

/** Returns the folder. */
export function leaveOwnRun(
  root: string,
  id: string,
  { start = aStart({ id }), end = anEnd(), metrics = [] }: OwnFiles = {},
): string {
  const folder = join(root, 'experiments', id);
  mkdirSync(folder, { recursive: true });
  const put = (name: string, what: OwnFiles['start']): void => {
    if (what === null || what === undefined) return;
    writeFileSync(join(folder, name), typeof what === 'string' ? what : JSON.stringify(what));
  };
  put('.gitignore', '*\n');
  put('start.json', start);
  if (metrics.length > 0)
    writeFileSync(join(folder, 'metrics.jsonl'), metrics.map((line) => `${line}\n`).join(''));
  put('end.json', end);
  return folder;
}

type Of<T extends OwnBody['type']> = Extract<OwnBody, { readonly type: T }>;

/** What the journal says of a run of one's own from its start to its end. */
export const anOwnLife = (
  id: OwnRunId,
  end: Partial<OwnEnd> = {},
): readonly [Of<'own_run_started'>, Of<'own_run_ended'>] => [
  {
    ...{ type: 'own_run_started', run: id, params: [], remarks: [] },
    start: {
      ...{ name: '', command: ['python3', 'train.py', "it's"], directory: '.', host: 'here' },
      ...{ who: 'ada', started: STARTED, commit: null, branch: null, dirty: null, source: 'run' },
    },
  },
  {
    ...{ type: 'own_run_ended', run: id },
    end: {
      ...{ attempt: 1, status: 'finished', ended: ENDED, seconds: 60, exit_code: 0, signal: null },
      ...{ failure: null, killed_because: null, objective: Number.NaN, tier: 'self_reported' },
      ...{ metric_points: 0, sample_rows: 0 },
      ...end,
    },
    details: {
      ...NO_DETAILS,
      params: [{ key: 'note', value: 'two\nlines', type: 'text', source: 'logged' }],
      summary: [{ key: 'loss', number: Number.NEGATIVE_INFINITY, text: null }],
    },
  },
];

/** A run with what it holds, in place of how that is asked for: two of the same are equal. */
export const inFull = (run: OwnRun) => ({ ...run, packed: run.packed() });
