import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNotebook } from '../../notebook/writer.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { systemClock } from '../../orchestrator/lab/clock.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';
import { aPlan, anIdea, nightStarted, normals, simulate, uniforms } from '../support/simulate.ts';

/** What `show` and `compare` say of a night that stacked two changes and took them apart. */

const lab = makeLab();
afterAll(() => lab.remove());

const gains: Readonly<Record<string, number>> = { wide: 0.2, relu: 0.15, deep: 0 };
let tip = '';

beforeAll(async () => {
  const noise = normals(uniforms(5));
  const world = {
    ideas: Object.keys(gains).map((title) => anIdea(title)),
    measure: (changes: readonly string[]) =>
      2 - changes.reduce((sum, title) => sum + (gains[title] ?? 0), 0) + 0.01 * noise(),
  };
  const plan = aPlan({ budget: { experiments: 6, runs: 120, verification: '40%' } });
  const { events, state } = simulate(world, nightStarted(plan));
  tip = state.nights.get('N-0001')?.incumbent ?? '';
  const notebook = await openNotebook({
    dir: join(lab.root, 'data/notebook'),
    clock: systemClock(),
  });
  for (const { seq: _, at: __, ...body } of events) await notebook.append(body as EventBody);
  await notebook.close();
});

const CHANGE = /loss [12]\.\d+ → 1\.\d+: −0\.\d+, 95 % interval −0\.\d+ to −0\.\d+/;

describe('show', () => {
  test('says what dawn found with n, effect and interval, every seed, and how often that is false', async () => {
    const { stdout } = await autolab(lab, 'show', tip);
    expect(stdout).toMatch(
      new RegExp(`^at dawn +${CHANGE.source}, \\d+ fresh seeds each: improved$`, 'm'),
    );
    expect(stdout).toMatch(
      /(?:means compared \(Welch\)|compared seed by seed); its seeds gave 1\.\d+(?:, 1\.\d+){3,}/,
    );
    expect(stdout).toContain(
      'a night like this claims falsely less than one time in twenty; 3 candidates were tried, 2 looked good at night, 2 remained at dawn',
    );
    expect(stdout).toMatch(/^confidence +high: \d+ seeds of each arm that the search never saw/m);
    expect(stdout).toMatch(/^worth +leaving it out costs 0\.\d+, 95 % interval .*: attributed$/m);
  });

  test('gives the same as JSON, counts the seeds that dawn gave to an arm, and what that leaves out', async () => {
    const row = await autolabJson<Record<string, unknown>>(lab, 'show', tip);
    expect(row).toMatchObject({ confidence: 'high', borderline: false, attributed: true });
    expect(row['dawn_values']).toHaveLength(row['dawn_n'] as number);
    // Without its last change the stack is its parent: dawn ran that one again.
    const all = await autolabJson<Record<string, number>[]>(lab, 'experiments');
    const of = (id: unknown) => all.find((one) => (one['id'] as unknown) === id);
    const [parent, base] = [of(row['parent']), of('E-0000')];
    expect(parent?.['n']).toBeGreaterThan(4);
    expect(parent?.['effect']).toBeCloseTo(
      (parent?.['objective'] ?? NaN) - (base?.['objective'] ?? NaN),
      12,
    );
    // An arm of dawn is no idea.
    const arm = all.find((one) => one['left_out'] !== null);
    expect(arm).toMatchObject({ source: 'attribution', confidence: null });
    const { stdout } = await autolab(lab, 'show', String(arm?.['id']));
    expect(stdout).toContain(`the confirmed stack without ${String(arm?.['left_out'])}`);
  });
});

test('compare says effect, interval and n of two experiments, and what that is worth', async () => {
  const { stdout, stderr } = await autolab(lab, 'compare', 'E-0000', tip);
  expect(stdout, stderr).toMatch(new RegExp(`^${CHANGE.source}, \\d+ `));
  expect(stdout).toContain('only fresh seeds at dawn may claim it');
  expect(await autolabJson(lab, 'compare', 'E-0000', tip)).toMatchObject({
    objective: { metric: 'loss', contrast: { interval: [expect.any(Number), expect.any(Number)] } },
  });
});

test('status says the smallest gain that the budget can confirm', async () => {
  const { smallest_confirmable, confirmable_seeds } = await autolabJson<Record<string, number>>(
    lab,
    'status',
  );
  expect(smallest_confirmable).toBeGreaterThan(0.003);
  expect(smallest_confirmable).toBeLessThan(0.05);
  expect(confirmable_seeds).toBeGreaterThan(3);
  expect((await autolab(lab, 'status')).stdout).toContain(
    'smallest gain that this budget confirms',
  );
});
