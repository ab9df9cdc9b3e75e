import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { progressLine } from '../../cli/progress.ts';
import { decimalsOfValues, funnelOf, unwrittenInWords } from '../../cli/words.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { currentNight, EMPTY, type State } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted, normals, simulate, uniforms } from '../support/simulate.ts';

/** What is printed of a simulated night, line by line. */

function printed(
  gains: Readonly<Record<string, number>>,
  plan: Readonly<Record<string, unknown>> = {},
) {
  const noise = normals(uniforms(5));
  const world = {
    ideas: Object.keys(gains).map((title) => anIdea(title)),
    measure: (changes: readonly string[]) =>
      2 - changes.reduce((sum, title) => sum + (gains[title] ?? 0), 0) + 0.01 * noise(),
  };
  const { events } = simulate(world, nightStarted(aPlan(plan)));
  let state: State = EMPTY;
  const lines: { event: Event; line: string }[] = [];
  for (const event of events) {
    state = fold(state, event);
    const line = progressLine(state, event);
    if (line !== null) lines.push({ event, line: stripVTControlCharacters(line) });
  }
  const of = (type: Event['type']) =>
    lines.filter(({ event }) => event.type === type).map(({ line }) => line);
  return { of, all: lines.map(({ line }) => line), state };
}

const LARGE = { budget: { experiments: 6, runs: 120, verification: '40%' } };

describe('the lines of a night', () => {
  const night = printed({ wide: 0.2, relu: 0.15, deep: 0, slow: -0.1 }, LARGE);

  test('say where the baseline stands and what this budget can confirm, once', () => {
    expect(night.of('baseline_measured')).toEqual([
      expect.stringMatching(
        /^baseline E-0000: loss [12](?:\.\d+)?, standard deviation 0\.0\d+, n 3\nthe smallest gain this budget can confirm: 0\.0\d+ \(\d+ fresh seeds each, 4 times in 5\)/,
      ),
    ]);
  });

  test('say before dawn how it will compare, and that each change is left out', () => {
    expect(night.of('dawn_began')).toEqual([
      expect.stringMatching(
        /^dawn: E-0000 and E-\d{4} on \d+ fresh seeds each, (?:means compared \(Welch\)|compared seed by seed); then each of 2 changes left out once$/,
      ),
    ]);
  });

  test('say of each change what leaving it out costs, and its verdict only once', () => {
    const worth = night.all.filter((line) => line.includes('leaving it out costs'));
    expect(worth).toHaveLength(2);
    for (const line of worth)
      expect(line).toMatch(
        /^E-\d{4}: leaving it out costs 0\.[12]\d+, 95 % interval 0\.\d+ to 0\.\d+ \(\d+ fresh seeds each\): attributed$/,
      );
    const verdicts = night.of('experiment_judged');
    expect(new Set(verdicts).size).toBe(verdicts.length);
    expect(night.all.filter((line) => line.includes(' improved '))).toHaveLength(1);
  });

  test('tell of an arm that leaves a change out when it is opened, and give it no verdict', () => {
    const arms = [...night.state.experiments.values()].filter(({ without }) => without);
    expect(arms).toHaveLength(1);
    for (const { id, without } of arms) {
      const told = night.all.filter((line) => line.startsWith(id));
      expect(told.filter((line) => line.includes(`tells what ${without} is worth`))).toHaveLength(
        1,
      );
      expect(told.join('\n')).not.toContain('inconclusive');
    }
  });

  test('say of an idea on a newer incumbent whose it is, and count it once', () => {
    const again = [...night.state.experiments.values()].filter(({ reapplies }) => reapplies);
    expect(again.length).toBeGreaterThan(0);
    for (const { id, reapplies, parent } of again)
      expect(night.all.join('\n')).toContain(`${id} tries ${reapplies} again, on ${parent}: `);
    expect(funnelOf(night.state, 'N-0001')).toEqual({ tried: 4, promising: 2, confirmed: 2 });
  });
});

test('a min_effect that the budget cannot confirm is warned of', () => {
  const objective = { metric: 'loss', direction: 'minimize', min_effect: 0.001 };
  expect(printed({ wide: 0 }, { objective }).of('baseline_measured')[0]).toContain(
    'min_effect 0.001 is below it: most gains of that size will stay unconfirmed',
  );
});

test('a stack that the budget cannot take apart is said to be one', () => {
  const small = { budget: { experiments: 6, runs: 22 } };
  const { of, all } = printed({ wide: 0.2, relu: 0.15 }, small);
  expect(of('dawn_began')[0]).toContain('too few to leave each of 2 changes out');
  expect(all.join('\n')).toMatch(
    /E-\d{4}: part of the confirmed stack E-\d{4}, not attributed: the budget had no seeds left/,
  );
});

test('a deterministic script has no smallest gain', () => {
  const run = { command: 'x', deterministic: true };
  expect(printed({ wide: 0.2 }, { run }).of('baseline_measured')).toEqual([]);
});

test('fresh seeds of a quiet arm are told apart beside a baseline that scatters', () => {
  const wide = { effect: -0.14, interval: [-0.3, 0.02] as const };
  expect(decimalsOfValues([0.3012, 0.3009, 0.3015, 0.3011], wide)).toBe(5);
  expect(decimalsOfValues([0.3, 0.3], wide)).toBe(2);
});

test('a night whose author failed at every idea says how many were lost, and why', () => {
  const failure = { class: 'infrastructure', message: 'exit code 127: not found' } as const;
  const { state } = printed({ wide: 0.2 }, LARGE);
  const [record] = [...state.hypotheses.values()];
  if (record === undefined) throw new Error('expected an idea');
  const told = (...more: readonly Partial<typeof record>[]) => {
    const all = more.map((one, i) => ({ ...record, ...one, id: `H-100${i}` as const }));
    const hypotheses = new Map(all.map((one) => [one.id, one] as const));
    return unwrittenInWords({ ...state, hypotheses }, currentNight(state));
  };
  expect(told({})).toBeNull();
  expect(told({ unwritten: failure }, { unwritten: failure })).toBe(
    'none of 2 ideas in words was written as a patch: exit code 127: not found',
  );
  expect(told({ unwritten: failure })).toMatch(/^the one idea in words was not written as a patch/);
  const account = { changes: [], files: [] };
  expect(told({ unwritten: failure }, { written: { account, by: 'coder' } })).toBeNull();
  expect(told({ unwritten: { class: 'invalid', message: 'said before' } })).toBeNull();
});
