import { describe, expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import type { Report } from '../../../orchestrator/domain/ports.ts';
import { LEAST_DAWN_SEEDS } from '../../../orchestrator/statistics/dawn.ts';
import { REFUTED, TOO_FEW, TOO_SMALL } from './nights.ts';
import { memoryNotebook, type Tables } from './notebook.ts';
import { told, type Told } from './told.ts';

/** The first screen of FINDINGS.md. */
async function screenOf(tables: Tables): Promise<string> {
  const report = createReporter({ notebook: await memoryNotebook(tables) });
  const { documents } = (await report({ task: 'report', night: 'N-0002' })) as Report;
  return documents.find(({ path }) => path === 'FINDINGS.md')?.text.split('![')[0] ?? '';
}
const under = (page: string, heading: string): string =>
  page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

describe('what dawn tested and could not claim', () => {
  const FRESH = [1.6121, 1.6148, 1.6097];
  /** REFUTED, with these fresh seeds of its tip and its baseline. */
  const dawning = (tip: readonly number[], base: readonly number[], more = {}): Told => ({
    ...more,
    tried: REFUTED.tried.map((one) => {
      if (one.id === 'E-0000') return { ...one, dawn: base };
      return one.id === 'E-0001' ? { ...one, dawn: tip } : one;
    }),
  });

  test('names min_effect where the gain is certain and smaller, and what could be done', async () => {
    const screen = await screenOf(told(TOO_SMALL));
    expect(screen).toContain(
      '**Nothing was confirmed: E-0001 `width=48` was better on fresh seeds, too, but by less than min_effect 0.02.**',
    );
    expect(under(screen, 'Is it real?')).toMatch(
      /^\nMaybe, but the gain is smaller than the min_effect 0\.02 that the plan asks for\. On fresh seeds: val_bpb 1\.6122 → 1\.6060: .*Not to be claimed: looked promising at night; the gain on fresh seeds is below min_effect 0\.02 \(E-/,
    );
    expect(under(screen, 'What to try next')).toContain(
      'If so small a gain is worth having, set `objective.min_effect` below 0.02 and have E-0001 `width=48` tried again (`autolab propose … --again`)',
    );
    expect(screen).not.toMatch(/may not be claimed all the same|did not (?:confirm|bear)/);
  });

  test('says the same of a deterministic script, whose one number is no want of seeds', async () => {
    const small = { night: { min_effect: 0.02 }, plan: { run: { deterministic: true } } };
    expect(await screenOf(told(dawning([1.606], [1.612], small)))).toContain(
      'but by less than min_effect 0.02.**',
    );
  });

  test('calls nothing better by a single fresh seed, and asks for more of them', async () => {
    const screen = await screenOf(told(TOO_FEW));
    expect(screen).toContain(
      '**Nothing was confirmed: E-0001 `width=48` looked promising at night, but 1 fresh seed of it and 3 of the baseline are too few for a claim.**',
    );
    expect(under(screen, 'Is it real?')).toMatch(
      /^\nNobody can say yet: looked promising at night; only 1 fresh seed of E-0001 finished at dawn, and a claim needs 3\. On fresh seeds: val_bpb 1\.6122 → 1\.5900: −0\.0222 \(how much/,
    );
    expect(under(screen, 'What to try next')).toContain(
      'Have E-0001 `width=48` tried again (`autolab propose … --again`), so that it gets more fresh seeds: a larger `budget.verification` keeps more runs for dawn',
    );
    expect(screen).not.toMatch(/better on fresh seeds|did not bear it out/);
  });

  test('needs of each arm what dawn’s rule needs', async () => {
    const seeds = (n: number) => Array.from({ length: n }, (_, i) => 1.5 + 0.001 * i);
    const base = seeds(LEAST_DAWN_SEEDS).map((value) => value + 0.1);
    const screens = await Promise.all(
      [LEAST_DAWN_SEEDS - 1, LEAST_DAWN_SEEDS].flatMap((n) => [
        screenOf(told(dawning(seeds(n), base))),
        screenOf(told(dawning(seeds(LEAST_DAWN_SEEDS), base.slice(0, n)))),
      ]),
    );
    expect(screens.map((screen) => screen.includes('too few for a claim'))).toEqual([
      ...[true, true],
      ...[false, false],
    ]);
  });

  test('counts the seeds that both arms finished where they are compared seed by seed', async () => {
    const night = dawning([1.59, 1.58, 1.57], FRESH);
    const tables = told({
      ...night,
      tried: night.tried.map((one) =>
        one.id === 'E-0001' ? { ...one, row: { dawn_test: 'paired' } } : one,
      ),
    });
    const runs = tables['runs']?.map((run) =>
      run['id'] === 'E-0001.6' ? { ...run, seed: 102_009 } : run,
    );
    const screen = await screenOf({ ...tables, runs: runs ?? [] });
    expect(screen).toContain(
      'but too few of the fresh seeds finished on both sides at dawn for a claim.**',
    );
  });
});

test('what was better than a change that fell is no lead', async () => {
  const tried = (verdict: string) => [
    { id: 'E-0000', values: [1.61, 1.62, 1.63] },
    { id: 'E-0001', values: [1.5, 1.51, 9e9], verdict },
    { id: 'E-0002', parent: 'E-0001', values: [1.4, 1.41], verdict: 'promising' },
    { id: 'E-0003', values: [1.59, 1.6], verdict: 'promising' },
  ];
  expect(await screenOf(told({ tried: tried('worse') }))).toContain(
    '**Nothing was confirmed: E-0003 ',
  );
  expect(await screenOf(told({ tried: tried('promising') }))).toContain(
    '**Nothing was confirmed: E-0002 ',
  );
});
