import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import { chooseSandbox } from '../../../workers/local.ts';
import { reads, writes, type Confinement } from '../../../workers/sandbox/confinement.ts';

/** Interpreters that are scripts in temporary folders, and tell how often they were started. */

export const { sandbox: settings } = planSchema.parse({
  ...{ project: 'p', question: 'q?', objective: { metric: 'loss', direction: 'minimize' } },
  ...{ workspace: { editable: ['x'] }, run: { command: 'x' } },
});
export const choice = await chooseSandbox(settings);

export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'autolab-asked-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function program(file: string, ...lines: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

/** Each start adds a line to `starts`, inside and outside alike: the folder is there to be written to. */
export const counted = (folder: string): string => `echo x >> ${folder}/starts`;
export const starts = (folder: string): number =>
  readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n').length;

/** An interpreter named python3 in `folder`/bin, asked by an attempt that stands in `cwd`. */
export function confinementIn(
  folder: string,
  cwd: string,
  more: Partial<Confinement> = {},
): Confinement {
  mkdirSync(cwd, { recursive: true });
  return {
    argv: ['python3', 'train.py'],
    env: { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder },
    cwd,
    mounts: [...writes(folder), ...reads(cwd)],
    ...{ seals: [], scratch: null, network: false, gpus: false },
    limits: { memory: 1e9, processes: 100, file_size: 1e9, disk: 1e9 },
    ...{ lab: 'test', ...more },
  };
}
