import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { Artifact } from '../../orchestrator/domain/run.ts';
import type { Objective } from '../../orchestrator/domain/plan.ts';
import { bestCheckpoint } from '../../workers/checkpoints.ts';
import { createMetricsReader } from '../../workers/metrics.ts';
import { METRICS_NDJSON, openPoints } from '../../workers/points.ts';
import { carryOut, createLab, script } from './support/lab.ts';

const LOGGER = new URL('../../loggers/autolab.mjs', import.meta.url).pathname;

test('what a script logs is in its result; its own words decide nothing', async () => {
  const lab = await createLab({
    files: {
      ...script(
        `import { logRun } from './autolab.mjs';`,
        `import { rmSync, writeFileSync } from 'node:fs';`,
        `const dir = process.env.AUTOLAB_RUN_DIR;`,
        `await logRun(({ lr, net }, run) => {`,
        `  for (let step = 0; step <= 100; step += 10) {`,
        `    run.log({ loss: Math.abs(step - 60) / 100 + 0.1, phase: 'step ' + step }, step);`,
        `    if (step % 30 === 0) run.saveArtifact('model', Buffer.from('w' + step), { step });`,
        `  }`,
        `  run.saveArtifact('notes', Buffer.from('n'));`,
        `  run.saveArtifact('gone', Buffer.from('g'), { step: 60 });`,
        `  rmSync(dir + '/artifacts/gone', { recursive: true });`,
        `  writeFileSync(dir + '/artifacts/notes/v1/notes', 'changed');`,
        `  run.logSample('qa', 'a', 'in', 'yes', 'no', { right: 0 });`,
        `  run.tag('small'); run.group('sweep');`,
        `  return { finding: 'It is “done”', metrics: { loss: -100, acc: 1 } };`,
        `})({ lr: 0.1, net: { depth: 2 } });`,
      ),
      'autolab.mjs': await readFile(LOGGER, 'utf8'),
    },
  });
  const result = await carryOut(lab, { knobs: { lr: '0.1' } });
  expect(result).toMatchObject({
    ...{ status: 'finished', objective: 0.5, tier: 'self_reported', sample_rows: 1 },
    logged: { findings: ['It is “done”'], tags: ['small'], group: 'sweep' },
  });
  const summary = Object.fromEntries(
    result.summary.map(({ key, number, text }) => [key, number ?? text]),
  );
  expect(summary).toMatchObject({
    ...{ loss: 0.5, phase: 'step 100', 'loss (returned)': -100, 'acc (returned)': 1 },
    best_checkpoint: 'model:v3 at step 60, 0.1',
  });
  expect(result.params).toContainEqual({ key: 'lr', value: '0.1', type: 'number', source: 'knob' });
  expect(result.params).toContainEqual({
    ...{ key: 'net/depth', value: '2', type: 'number', source: 'logged' },
  });
  const saved = result.artifacts.map(({ name, saved: as, best }) => [name, as?.step, best]);
  expect(saved).toEqual([
    ...[
      ['model/v1/model', 0, undefined],
      ['model/v2/model', 30, undefined],
    ],
    ...[
      ['model/v3/model', 60, true],
      ['model/v4/model', 90, undefined],
    ],
    ['notes/v1/notes', null, undefined],
  ]);
  const { remarks } = JSON.parse(await lab.read('manifest.json')) as { remarks: string[] };
  expect(remarks).toEqual([
    'notes/v1/notes is not what was saved as notes:v1: it was changed since',
    'saved, and no longer there: artifacts/gone/v1/gone',
  ]);
  expect((await lab.read('samples.parquet')).startsWith('PAR1')).toBe(true);
  expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
});

test('what a script forges in logged.jsonl costs a remark, and no run', async () => {
  const lab = await createLab({
    files: script(
      `import { writeFileSync } from 'node:fs';`,
      `const dir = process.env.AUTOLAB_RUN_DIR;`,
      `const forged = [{ type: 'returned', metrics: { loss: 0 } }, { type: 'objective', loss: 0 },`,
      `  { type: 'artifact', name: 'x', version: 1, path: '../../../../secret', step: 3 }];`,
      `writeFileSync(dir + '/logged.jsonl', forged.map((o) => JSON.stringify(o)).join('\\n') + '\\n{"type"');`,
      `writeFileSync(dir + '/samples.jsonl', 'x'.repeat(9 << 20) + '\\n{"id":1}\\n');`,
      `console.log('loss: 2');`,
    ),
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({ status: 'finished', objective: 2, artifacts: [], sample_rows: 1 });
  expect(result.logged).toBeUndefined();
  const { remarks } = JSON.parse(await lab.read('manifest.json')) as { remarks: string[] };
  expect(remarks).toEqual([
    'saved, and no longer there: ../../../../secret',
    'logged.jsonl holds objects of unknown type "objective"',
    'a line of samples.jsonl is no object: it was left out',
  ]);
});

test('the best checkpoint is worth what was logged last at or before its step', async () => {
  const lab = await createLab({ files: script() });
  const file = join(lab.root, METRICS_NDJSON);
  const objective = (direction: 'minimize' | 'maximize'): Objective => ({
    ...{ metric: 'val loss', direction, at: 'last' },
  });
  const best = async (
    values: Readonly<Record<number, number>>,
    steps: readonly (number | null)[],
    direction: 'minimize' | 'maximize' = 'minimize',
  ) => {
    const points = await openPoints(file);
    const reader = createMetricsReader({
      ...{ objective: 'val_loss', maxKeys: 9, maxPoints: 99 },
      onPoint: (point) => points.add(point),
    });
    for (const [step, value] of Object.entries(values))
      reader.record({ step: Number(step), val_loss: value, other: -9 }, 1);
    await points.close();
    const artifacts = steps.map((step, i): Artifact => ({
      ...{ name: `${i}`, bytes: 1, sha256: '' },
      saved: { as: 'm', version: i + 1, kind: 'checkpoint', step },
    }));
    const found = await bestCheckpoint(file, reader.series, objective(direction), artifacts);
    return found && [found.step, found.value, found.artifacts.map(({ name }) => name).join()];
  };
  const curve = { 0: 3, 100: 2, 200: 1, 300: 1.5 };
  expect(await best(curve, [100, 200, 300])).toEqual([200, 1, '1']);
  expect(await best(curve, [100, 200, 300], 'maximize')).toEqual([100, 2, '0']);
  // Between the steps of the curve: the value before counts; of two the same, the earlier.
  expect(await best(curve, [150, 250, 290, 310])).toEqual([250, 1, '1']);
  expect(await best(curve, [300, 900])).toEqual([300, 1.5, '0']);
  expect(await best(curve, [200, 200, null])).toEqual([200, 1, '0,1']);
  expect(await best({ 0: 1, 10: Number.NaN }, [0, 10])).toEqual([0, 1, '0']);
  expect(await best({ 10: 1 }, [5])).toBeNull();
  expect(await best(curve, [null])).toBeNull();
  await writeFile(file, '');
  expect(await best({}, [1])).toBeNull();
});
