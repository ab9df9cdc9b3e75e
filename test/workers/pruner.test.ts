import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { PruneOrder } from '../../orchestrator/domain/ports.ts';
import { readCurve } from '../../workers/curves.ts';
import type { Attempt } from '../../workers/attempt.ts';
import { createPruner } from '../../workers/pruner.ts';
import { carryOut, createLab, script, type TestLab } from './support/lab.ts';

const RUNS: readonly RunId[] = ['E-0000.1', 'E-0000.2', 'E-0000.3', 'E-0000.4'];

/** Curves as attempts left them: val_loss at 10, 20, … 100, each run at its own height. */
function leaveCurves(lab: TestLab): PruneOrder['reference'] {
  return RUNS.map((run, i) => {
    const folder = lab.folder({ run });
    mkdirSync(folder, { recursive: true });
    const lines = Array.from({ length: 10 }, (_, k) => 10 * (k + 1)).flatMap((step) => [
      `{"key":"lr","step":${step},"time":1,"value":0.1}`,
      `{"key":"val_loss","step":${step},"time":1,"value":${1 + i / 100 + 10 / step}}`,
    ]);
    writeFileSync(join(folder, 'metrics.ndjson'), `${lines.join('\n')}\n{"key":"val_l`);
    return { run, attempt: 1 };
  });
}

/** Trains to step 70, and then waits for as long as it is let. */
const hopeless = script(
  `for (let step = 10; step <= 70; step += 10) console.log('step ' + step + ' | val loss: ' + (5 + 10 / step));`,
  `const wait = Number(process.env.WAIT);`,
  `setTimeout(() => console.log('step 100 | val loss: 5.1'), wait);`,
);
const objective = { metric: 'val_loss', direction: 'minimize' };
const prune = (lab: TestLab, extra: Partial<PruneOrder> = {}): PruneOrder => ({
  ...{ mode: 'cautious', reference: leaveCurves(lab), audited: false },
  ...extra,
});

describe('a run whose curve is hopeless', () => {
  test('is ended, with the evidence in words and numbers, and no objective', async () => {
    const lab = await createLab({ files: hopeless, objective, run: { env: { WAIT: '50000' } } });
    const result = await carryOut(lab, { prune: prune(lab) });
    expect(result).toMatchObject({
      ...{ status: 'killed', killed_because: 'pruned', failure: null, objective: null },
      pruning: {
        ...{ rule: 'curve', metric: 'val loss', step: 60, n: 4, audited: false },
      },
    });
    expect(result.pruning?.value).toBeCloseTo(5 + 10 / 60, 9);
    expect(result.pruning?.mean).toBeCloseTo(1.015 + 10 / 60, 9);
    expect(result.pruning?.because).toBe(
      'at step 60, 60% of the way, val loss 5.167 was 308.7 standard deviations worse than the mean 1.182 of 4 runs of E-0000 there (standard deviation 0.01291), for the second reading in a row',
    );
    expect(result.seconds).toBeLessThan(30);
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      remarks: [`ended early: ${result.pruning?.because}`],
    });
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
  });

  test('runs on where the lot fell on it, and says what would have been', async () => {
    const lab = await createLab({ files: hopeless, objective, run: { env: { WAIT: '1' } } });
    expect(await carryOut(lab, { prune: prune(lab, { audited: true }) })).toMatchObject({
      ...{ status: 'finished', killed_because: null, objective: 5.1 },
      pruning: { rule: 'curve', audited: true, step: 60 },
    });
  });

  test('runs on where nothing is asked for, or the curves are gone', async () => {
    const lab = await createLab({ files: hopeless, objective, run: { env: { WAIT: '1' } } });
    const gone = RUNS.map((run) => ({ run, attempt: 7 }));
    for (const order of [null, prune(lab, { reference: gone })]) {
      const result = await carryOut(lab, { prune: order, attempt: order === null ? 1 : 2 });
      expect(result).toMatchObject({ status: 'finished', objective: 5.1 });
      expect(result).not.toHaveProperty('pruning');
    }
  });
});

describe('a run whose loss is no number any more', () => {
  const nan = (...values: string[]) =>
    script(
      ...values.map((value, i) => `console.log('step ${i + 1} | loss: ${value}');`),
      `setTimeout(() => console.log('step 100 | loss: 0.5'), Number(process.env.WAIT));`,
    );
  const order: PruneOrder = { mode: 'cautious', reference: [], audited: false };

  test('is ended at the second reading in a row, whatever was changed', async () => {
    const files = nan('1', '0.9', 'nan', 'inf');
    const lab = await createLab({ files, run: { env: { WAIT: '50000' } } });
    const result = await carryOut(lab, { prune: order });
    expect(result).toMatchObject({
      ...{ status: 'killed', killed_because: 'pruned', objective: null },
      pruning: {
        ...{ rule: 'not_a_number', metric: 'loss', step: 4, value: Infinity, mean: null, n: 0 },
        because: 'loss is Infinity at step 4, as at its reading before',
      },
    });
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
  });

  test('runs on after a single one, or where the best value counts', async () => {
    const once = await createLab({
      files: nan('1', '0.9', 'nan', '2', 'nan'),
      run: { env: { WAIT: '1' } },
    });
    expect(await carryOut(once, { prune: order })).toMatchObject({ objective: 0.5 });
    const files = nan('1', '0.9', 'nan', 'nan');
    const best = await createLab({
      ...{ files, run: { env: { WAIT: '1' } } },
      objective: { metric: 'loss', direction: 'minimize', at: 'best' },
    });
    expect(await carryOut(best, { prune: order })).toMatchObject({ objective: 0.5 });
  });

  test('or grew out of bounds, is ended too', async () => {
    const grows = Array.from({ length: 20 }, (_, i) => String(i < 6 ? 3 : 3 * 2 ** (i - 5)));
    const lab = await createLab({ files: nan(...grows), run: { env: { WAIT: '50000' } } });
    expect((await carryOut(lab, { prune: order })).pruning).toMatchObject({
      ...{ rule: 'diverging', metric: 'loss' },
      because: expect.stringContaining('far worse than its first values'),
    });
  });
});

describe('of two names that are alike', () => {
  /** The first two lines have the one alone. */
  const both = (alike: number, exact: number) =>
    script(
      `for (let step = 1; step <= 9; step++) {`,
      `  console.log('{"step":' + 10 * step + ',"val-loss":' + (${alike} + 1 / step) + '}');`,
      `  if (step > 2) console.log('{"step":' + 10 * step + ',"val_loss":' + (${exact} + 1 / step) + '}');`,
      `}`,
    );

  test('the exact one is followed from where it begins, whichever came first', async () => {
    const good = await createLab({ files: both(9, 1.015), objective });
    expect(await carryOut(good, { prune: prune(good) })).not.toHaveProperty('pruning');
    const bad = await createLab({ files: both(1.015, 9), objective });
    expect((await carryOut(bad, { prune: prune(bad) })).pruning).toMatchObject({
      ...{ rule: 'curve', metric: 'val_loss', step: 60 },
    });
  });

  test('neither is followed where none is exact', async () => {
    const files = script(
      `for (let step = 1; step <= 9; step++) console.log('{"step":' + 10 * step + ',"val-loss":9,"Val loss":9}');`,
      `console.log('val_loss: 1');`,
    );
    const lab = await createLab({ files, objective });
    const result = await carryOut(lab, { prune: prune(lab) });
    expect(result).toMatchObject({ status: 'finished', objective: 1 });
    expect(result).not.toHaveProperty('pruning');
  });
});

/** What ends a run that logs these lines, at steps from 1 on. */
function endOf(metric: string, lines: readonly Readonly<Record<string, number>>[]): string | null {
  const order = {
    plan: { objective: { metric, direction: 'minimize', at: 'last' } },
    prune: { mode: 'cautious', reference: [], audited: false },
  };
  const pruner = createPruner(
    { workshop: { clock: { monotonic: () => 0 } }, order } as unknown as Attempt,
    () => undefined,
  );
  for (const [i, line] of lines.entries())
    for (const [key, value] of Object.entries(line))
      pruner.point({ key, step: i + 1, time: 0, value });
  return pruner.pruning?.because ?? null;
}
const steps = (n: number, line: (step: number) => Readonly<Record<string, number>>) =>
  Array.from({ length: n }, (_, i) => line(i + 1));
/** `value` where there is one to log. */
const where = (measured: boolean, value = 2): number => (measured ? value : Number.NaN);

describe('a loss that its script writes as NaN where it measured none', () => {
  test.each([
    [
      'until the first evaluation',
      steps(30, (step) => ({ loss: 3 - step / 30, val_loss: where(step > 9) })),
    ],
    ['and nothing beside it', steps(30, (step) => ({ val_loss: where(step > 9 && step < 20) }))],
    ['but for every tenth step', steps(30, (step) => ({ val_loss: where(step % 10 === 1) }))],
    [
      'but for the first three steps and every tenth',
      steps(30, (step) => ({ val_loss: where(step < 4 || step % 10 === 0), loss: 3 })),
    ],
    [
      'and it is not the objective',
      steps(30, (step) => ({ val_loss: 2, test_loss: where(step < 4) })),
    ],
    ['in training', steps(30, (step) => ({ lr: 1, loss: where(step % 3 === 0), val_loss: 2 }))],
  ])('ends no run: %s', (_how, lines) => {
    expect(endOf('val_loss', lines)).toBeNull();
  });

  test.each([
    ['alone', steps(9, (step) => ({ val_loss: where(step < 5) })), 'val_loss is NaN at step 6'],
    [
      'with the loss of the training',
      steps(9, (step) => ({ val_loss: where(step < 5), loss: where(step < 5) })),
      'val_loss is NaN at step 6',
    ],
    [
      'in training, beside one carried on',
      steps(9, (step) => ({ loss: where(step < 5), val_loss: 2 })),
      'loss is NaN at step 6',
    ],
  ])('is told from one that became NaN: %s', (_how, lines, because) => {
    expect(endOf('val_loss', lines)).toBe(`${because}, as at its reading before`);
  });
});

test('a loss that diverges is told, though one that ends no run did so before', () => {
  const grows = (step: number) => (step < 6 ? 3 : 3 * 2 ** (step - 5));
  const apart = steps(20, (step) => ({ test_loss: grows(step), loss: grows(step - 3) }));
  expect(endOf('loss', apart)).toMatch(/^loss is far worse than its first values .*at step 14$/);
  expect(
    endOf(
      'loss',
      steps(20, (step) => ({ test_loss: grows(step), loss: 3 })),
    ),
  ).toBeNull();
});

test('a curve is read of the metric that is meant, and of no other', async () => {
  const lab = await createLab({ files: hopeless, objective });
  leaveCurves(lab);
  const file = join(lab.folder({ run: 'E-0000.1' }), 'metrics.ndjson');
  expect(await readCurve(file, 'val_loss')).toHaveLength(10);
  expect(await readCurve(file, 'Val Loss')).toHaveLength(10);
  expect(await readCurve(file, 'loss')).toBeNull();
  expect(await readCurve(`${file}.gone`, 'val_loss')).toBeNull();
});

describe('a pipe in the place of a file', () => {
  const mkfifo = (file: string): unknown => execFileSync('mkfifo', [file]);
  const piping = (name: string) =>
    script(
      `import { execFileSync } from 'node:child_process';`,
      `console.log('loss: 1');`,
      `execFileSync('sh', ['-c', 'rm -f "$AUTOLAB_RUN_DIR/${name}"; mkfifo "$AUTOLAB_RUN_DIR/${name}"']);`,
    );

  test('of a reference is no curve, nor is a link, and holds nobody up', async () => {
    const lab = await createLab({ files: script(`console.log('step 1 | loss: 1');`) });
    const reference = leaveCurves(lab);
    const [first = '', second = ''] = RUNS.map((run) =>
      join(lab.folder({ run }), 'metrics.ndjson'),
    );
    for (const file of [first, second]) rmSync(file);
    mkfifo(first);
    symlinkSync(join(lab.folder({ run: 'E-0000.3' }), 'metrics.ndjson'), second);
    expect(await readCurve(first, 'val_loss')).toBeNull();
    expect(await readCurve(second, 'val_loss')).toBeNull();
    expect(
      await carryOut(lab, { prune: { mode: 'cautious', reference, audited: false } }),
    ).toMatchObject({ status: 'finished' });
  });

  test('of a run’s own metrics.jsonl says nothing', async () => {
    const lab = await createLab({ files: piping('metrics.jsonl') });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
  });

  test('of its metrics.ndjson fails it as if that were gone', async () => {
    const lab = await createLab({ files: piping('metrics.ndjson') });
    expect(await carryOut(lab)).toMatchObject({
      status: 'failed',
      failure: { class: 'infrastructure', message: expect.stringContaining('plain file') },
    });
  });
});
