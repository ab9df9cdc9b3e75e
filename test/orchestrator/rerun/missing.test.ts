import { afterAll, expect, test } from 'vitest';
import { devicesFor, missingFor } from '../../../orchestrator/lab/rerun/missing.ts';
import type { Target } from '../../../orchestrator/lab/rerun/target.ts';
import { openLab } from '../../../orchestrator/lab/lab.ts';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import type { Manifest } from '../../../workers/manifest.ts';
import { makeLab } from '../../support/lab.ts';

const repo = makeLab();
afterAll(() => repo.remove());
const commit = repo.git(['rev-parse', 'HEAD']);

const gpu = (index: number) => ({ index, name: 'NVIDIA H100', memory_mb: 80_000 });
const machine = (gpus: number) => ({
  ...{ cpu: 'EPYC', cores: 2, memory_mb: 8000 },
  gpus: Array.from({ length: gpus }, (_, i) => gpu(i)),
});
const aTarget = (
  run: Record<string, unknown> = {},
  gpus: number[] | null = null,
  gpus_per_run: number | 'auto' = 'auto',
): Target => {
  const plan = planSchema.parse({
    ...{ project: 'test', question: 'Does it work?' },
    objective: { metric: 'loss', direction: 'minimize' },
    workspace: { editable: ['train.mjs'] },
    run: { command: 'node train.mjs', ...run },
    compute: { gpus_per_run },
  });
  const { command, env } = plan.run;
  const manifest = { gpus, data: [], hardware: { gpus: [gpu(0)] } };
  return {
    order: {
      ...{ run: 'E-0007.2', attempt: 1, seed: 1, commit, base: commit, plan, knobs: {} },
      command: { command, env },
    },
    manifest: manifest as unknown as Manifest,
    ...{ file: null, was: { objective: 1, failure: null, summary: [] }, known: false },
  };
};
const user = { PATH: process.env['PATH'] };
const missing = async (target: Target, gpus = 0) =>
  missingFor(await openLab(repo.root), target, machine(gpus), user);

test('nothing is missing where everything is there', async () => {
  expect(await missing(aTarget())).toEqual([]);
});

test('programs of the run and of its setup are looked for, by name and by path', async () => {
  const found = await missing(
    aTarget({ command: '/opt/nowhere/python train.py', setup: 'no-such-tool install' }),
  );
  expect(found).toMatchObject([
    { kind: 'program', name: '/opt/nowhere/python', needed: true },
    { kind: 'program', name: 'no-such-tool', needed: true },
  ]);
});

test('a variable that the run saw and that is unset is told, and stops nothing', async () => {
  expect(await missing(aTarget({ env_from: ['SURELY_UNSET'] }))).toMatchObject([
    { kind: 'variable', name: 'SURELY_UNSET', needed: false },
  ]);
});

test('GPUs that the plan asks for are needed; one that auto gave is only told', async () => {
  expect(await missing(aTarget({}, [0, 1], 2), 1)).toMatchObject([{ kind: 'gpu', needed: true }]);
  expect(await missing(aTarget({}, [0], 'auto'))).toMatchObject([{ kind: 'gpu', needed: false }]);
  expect(await missing(aTarget({}, [0], 1), 1)).toEqual([]);
});

test('devices are those that the run had, else as many, and none where it had none', () => {
  expect(devicesFor(aTarget({}, [1]), machine(2))).toEqual([1]);
  expect(devicesFor(aTarget({}, [5]), machine(2))).toEqual([0]);
  expect(devicesFor(aTarget({}, null), machine(2))).toEqual([]);
  expect(devicesFor(aTarget({}, [0]), machine(0))).toBeNull();
});
