import { beforeAll, describe, expect, test } from 'vitest';
import { createResearcher } from '../../agents/researcher.ts';
import type { ResearcherBrief, Trial } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { experimentId, nightId, type ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';
import { candidateValues, sampleRange } from '../../orchestrator/knobs/knobs.ts';

/** Whole nights against an objective that is known, so that the search itself can be judged. */

type Settings = Readonly<Record<string, string>>;
type Brief = Pick<
  ResearcherBrief,
  'incumbent' | 'settings' | 'memory' | 'proposed' | 'round' | 'baselines'
>;
type Policy = (brief: Brief, wanted: number) => Promise<readonly Proposal[]>;

const SPACE: Readonly<Record<string, Knob>> = {
  learning_rate: { file: 'train.py', range: [1e-4, 1e-1], whole: false, scale: 'log' },
  dropout: { file: 'train.py', range: [0, 0.5], whole: false },
  width: { file: 'train.py', values: ['16', '32', '64', '128'] },
  activation: { file: 'train.py', values: ['relu', 'gelu', 'relu2', 'sine'] },
  warmup: { file: 'train.py', range: [0, 500], whole: true },
  clip: { file: 'train.py', values: ['0.5', '1.0', '2.0'] },
  norm: { file: 'train.py', values: ['layer', 'rms', 'none'] },
  seed_words: { file: 'train.py', values: ['8', '16', '24'] },
};
const BASE: Settings = {
  learning_rate: '0.001',
  dropout: '0.1',
  width: '32',
  activation: 'relu',
  warmup: '100',
  clip: '1.0',
  norm: 'layer',
  seed_words: '8',
};

/** Noise-free loss in noise units: three knobs help, the others do not, one value diverges. */
function lossOf(settings: Settings): number {
  const number = (name: string): number => Number(settings[name]);
  const decades = Math.log10(number('learning_rate') / 0.03);
  const activation = { relu: 0, gelu: 0.2, relu2: -3, sine: Number.NaN }[settings.activation ?? ''];
  return (
    5 * decades ** 2 +
    8 * (number('dropout') - 0.1) ** 2 -
    1.5 * Math.log2(number('width') / 32) +
    (settings.norm === 'none' ? 2 : 0) +
    (activation ?? Number.NaN)
  );
}

/** mulberry32: a small generator, so that every night of the test is the same on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Night {
  /** Loss of the incumbent after each experiment. */
  readonly losses: readonly number[];
  readonly asked: readonly {
    readonly parent: ExperimentId;
    readonly settings: Settings;
    readonly proposal: Proposal;
  }[];
}

/** Screens with one seed, replicates what looks better, and moves on a clear gain: as a night does. */
async function nightOf(policy: Policy, seed: number, experiments: number): Promise<Night> {
  const random = generator(seed);
  const noise = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const measured = (loss: number, n: number): number =>
    loss + Array.from({ length: n }, noise).reduce((a, b) => a + b, 0) / n;
  const memory: Trial[] = [];
  const proposed: ResearcherBrief['proposed'][number][] = [];
  const losses: number[] = [];
  const asked: Night['asked'][number][] = [];
  let incumbent: ExperimentId = experimentId(0);
  let settings = BASE;
  let score = measured(lossOf(BASE), 3);
  const base = score;
  const baselines = [{ experiment: incumbent, settings: BASE, n: 3, seconds: null }];
  let waiting: readonly Proposal[] = [];
  for (let round = 1; memory.length < experiments;) {
    if (waiting.length === 0) {
      waiting = await policy({ incumbent, settings, memory, proposed, round, baselines }, 4);
      round += 1;
      for (const proposal of waiting) {
        proposed.push({ ...proposal, parent: incumbent });
        asked.push({ parent: incumbent, settings, proposal });
      }
    }
    const [proposal, ...rest] = waiting;
    if (!proposal || proposal.change.kind !== 'knobs') break;
    waiting = rest;
    const experiment = experimentId(memory.length + 1);
    const changed: Settings = { ...settings, ...proposal.change.values };
    const loss = lossOf(changed);
    const screen = measured(loss, 1);
    const looksBetter = screen < score;
    const mean = looksBetter ? (screen + 2 * measured(loss, 2)) / 3 : screen;
    const gain = score - mean;
    const promising = looksBetter && gain > 1.96 * Math.sqrt(2 / 3);
    const verdict = Number.isNaN(loss) ? 'failed' : promising ? 'promising' : 'inconclusive';
    const failed = Number.isNaN(loss);
    memory.push({
      ...{ experiment, change: proposal.change, parent: incumbent, verdict },
      ...{ settings: changed, baseline: experimentId(0), seconds: null },
      ...{
        n: looksBetter ? 3 : 1,
        gain: failed ? null : gain,
        effect: failed ? null : base - mean,
      },
    });
    if (verdict === 'promising') {
      [incumbent, settings, score, waiting] = [experiment, changed, mean, []];
    }
    losses.push(lossOf(settings));
  }
  return { losses, asked };
}

const researcher = (seed: number, space = SPACE): Policy => {
  const propose = createResearcher({ candidateValues, sampleRange });
  return async (brief, wanted) => {
    const answer = await propose({
      ...brief,
      night: nightId(seed),
      wanted,
      objective: { metric: 'loss', direction: 'minimize', at: 'last' },
      search_space: space,
      own: [],
    });
    return answer.proposals;
  };
};

/** One knob, one value, both by lot; nothing twice on one parent. */
const byLot = (seed: number): Policy => {
  const random = generator(seed + 1_000_000);
  return async ({ incumbent, settings, proposed }, wanted) => {
    const held = new Set(
      proposed.filter((p) => p.parent === incumbent).map((p) => changeKey(p.change)),
    );
    const drawn: Proposal[] = [];
    for (let tries = 0; drawn.length < wanted && tries < 1000; tries += 1) {
      const [name, knob] =
        Object.entries(SPACE)[Math.floor(random() * Object.keys(SPACE).length)] ?? [];
      if (!name || !knob) continue;
      const current = settings[name] ?? '';
      const listed = candidateValues(knob, current);
      const value = knob.range
        ? sampleRange(knob, random())
        : listed[Math.floor(random() * listed.length)];
      if (value === undefined || value === current) continue;
      const change = { kind: 'knobs', values: { [name]: value } } as const;
      if (held.has(changeKey(change))) continue;
      held.add(changeKey(change));
      drawn.push({
        title: name,
        because: 'lot',
        source: 'search_space',
        line: name,
        change,
        success_criteria: [],
      });
    }
    return drawn;
  };
};

const valuesOf = ({ change }: Proposal): Settings => (change.kind === 'knobs' ? change.values : {});

/** A value of the plan's that is not the current one, in other digits either. */
function allows(name: string, current: string, value: string): boolean {
  const { range, values } = SPACE[name] ?? {};
  if (!range) return values !== undefined && values.includes(value) && value !== current;
  const number = Number(value);
  return number >= range[0] && number <= range[1] && number !== Number(current);
}

/** A night of the search takes half a second; one by lot nothing, so that chance is known well. */
const FULL = process.env['FULL'] !== undefined;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const average = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / numbers.length;
const nights = async (
  policy: (seed: number) => Policy,
  experiments: number,
  count: number,
): Promise<Night[]> =>
  Promise.all(upTo(count).map((seed) => nightOf(policy(seed), seed, experiments)));

/** What they come to in so many experiments. */
const COMPARED = 32;
/** Experiments until the incumbent's loss is at or below `goal`; all where it never is. */
const until = (losses: readonly number[], goal: number): number => {
  const at = losses.findIndex((loss) => loss <= goal);
  return at < 0 ? losses.length : at + 1;
};

describe('over many simulated nights', () => {
  let learned: readonly Night[] = [];
  beforeAll(async () => {
    learned = await nights((seed) => researcher(seed), FULL ? 60 : 36, FULL ? 8 : 4);
  });

  test('the search gets to the good region sooner than chance, and further by the end', async () => {
    const drawn = await nights(byLot, COMPARED, 100);
    const [searched = [], byChance = []] = [learned, drawn].map((all) =>
      all.map(({ losses }) => losses.slice(0, COMPARED)),
    );
    // The baseline's loss is 10.9, and the best there is is about −6.
    const soon = [searched, byChance].map((all) => average(all.map((one) => until(one, -2))));
    const far = [searched, byChance].map((all) => average(all.map((one) => one.at(-1) ?? 0)));
    expect(soon[0]).toBeLessThan((soon[1] ?? 0) * 0.9);
    expect(far[0]).toBeLessThan((far[1] ?? 0) - 1);
  });

  test('nothing is proposed twice on one parent, out of the plan’s values, or unchanged', () => {
    for (const { asked } of learned) {
      const seen = new Set<string>();
      for (const { parent, settings, proposal } of asked) {
        expect(Object.keys(valuesOf(proposal)).length).toBeLessThanOrEqual(2);
        expect(seen).not.toContain(`${parent} ${changeKey(proposal.change)}`);
        seen.add(`${parent} ${changeKey(proposal.change)}`);
        for (const [name, value] of Object.entries(valuesOf(proposal)))
          expect([name, value, allows(name, settings[name] ?? '', value)]).toEqual([
            name,
            value,
            true,
          ]);
      }
    }
  });

  test('a finite space ends, everything in it tried on the last incumbent', async () => {
    // All pairs of eight knobs would take hundreds of runs, and tell no more.
    const few = new Set(['learning_rate', 'width', 'clip']);
    const space = Object.fromEntries(Object.entries(SPACE).filter(([name]) => few.has(name)));
    const { asked, losses } = await nightOf(researcher(1, space), 1, 500);
    expect(losses.length).toBeLessThan(500);
    const last = asked.at(-1);
    const tried = asked.filter(({ parent }) => parent === last?.parent);
    expect(tried.some(({ proposal }) => Object.keys(valuesOf(proposal)).length === 2)).toBe(true);
    for (const [name, knob] of Object.entries(space)) {
      const values = new Set(tried.flatMap(({ proposal }) => valuesOf(proposal)[name] ?? []));
      const listed = candidateValues(knob, last?.settings[name] ?? '');
      expect(values.size).toBeGreaterThanOrEqual(knob.range ? 24 : listed.length);
    }
  });
});
