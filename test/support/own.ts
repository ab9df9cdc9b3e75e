import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

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
