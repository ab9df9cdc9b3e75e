import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKeptBriefs } from '../../notebook/kept-briefs.ts';
import type { Work } from '../../orchestrator/actions.ts';
import type { Brief } from '../../orchestrator/briefs.ts';
import { asksModels, toldOnce } from '../../orchestrator/told.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'autolab-told-'))));
afterEach(() => rm(dir, { recursive: true }));

const INVENT: Work = {
  ...{ kind: 'invent', id: 'invent-N-0001-2', role: 'researcher', night: 'N-0001', round: 2 },
  ...{ incumbent: 'E-0000', ideas: 4 },
};
const WRITE: Work = {
  ...{ kind: 'write', id: 'write-H-0001', role: 'author', night: 'N-0001', hypothesis: 'H-0001' },
};
const briefOf = (incumbent: string, results: number) =>
  ({ incumbent, memory: Array.from({ length: results }, (_, i) => i) }) as unknown as Brief;

test('a launch that goes on tells what was told before the kill, whatever it knows by now', async () => {
  await toldOnce(openKeptBriefs(dir), INVENT, briefOf('E-0000', 3));
  const again = await toldOnce(openKeptBriefs(dir), INVENT, briefOf('E-0000', 5));
  expect(again).toEqual(briefOf('E-0000', 3));
});

test('it tells anew where the incumbent has moved, or what was kept is torn', async () => {
  const kept = openKeptBriefs(dir);
  await toldOnce(kept, INVENT, briefOf('E-0000', 3));
  expect(await toldOnce(kept, INVENT, briefOf('E-0002', 5))).toEqual(briefOf('E-0002', 5));
  await truncate(join(dir, 'briefs', `${INVENT.id}.json`), 20);
  expect(await toldOnce(kept, INVENT, briefOf('E-0002', 6))).toEqual(briefOf('E-0002', 6));
});

test('it tells anew where the plan has changed since, whatever order its keys come in', async () => {
  const kept = openKeptBriefs(dir);
  const told = (command: string, results: number) => {
    const worker = { command, timeout: '15m' };
    const order = { parent: 'c1', plan: { project: 'p', worker }, remembered: results };
    return { order } as unknown as Brief;
  };
  await toldOnce(kept, WRITE, told('agnt -p', 1));
  expect(await toldOnce(kept, WRITE, told('agnt -p', 2))).toEqual(told('agnt -p', 1));
  expect(await toldOnce(kept, WRITE, told('agent -p', 2))).toEqual(told('agent -p', 2));
  const turned = { plan: { worker: { timeout: '15m', command: 'agent -p' }, project: 'p' } };
  const brief = { order: { ...turned, parent: 'c1' } } as unknown as Brief;
  expect(await toldOnce(kept, WRITE, brief)).toEqual(told('agent -p', 2));
});

test('nothing stays of what was answered, and runs are never told from a file', async () => {
  const kept = openKeptBriefs(dir);
  await toldOnce(kept, INVENT, briefOf('E-0000', 3));
  await kept.forget(INVENT.id);
  expect(await readdir(join(dir, 'briefs'))).toEqual([]);
  expect(
    asksModels({ kind: 'run', id: 'run-E-0001.1-1', role: 'worker', run: 'E-0001.1', attempt: 1 }),
  ).toBe(false);
});
