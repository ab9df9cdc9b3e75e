import type { Knob } from '../orchestrator/domain/plan.ts';
import { sampleRange } from '../orchestrator/knobs/knobs.ts';
import type { Settings } from './search-objectives.ts';

/**
 * The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl, "Algorithms for
 * hyper-parameter optimization", NeurIPS 2011): the best quarter of the trials makes a density
 * l, the rest a density g, and of 24 draws from l the one with the highest l/g is tried, each
 * knob on its own. Ten trials by lot first.
 */

export interface Trial {
  readonly settings: Settings;
  /** Lower is better; infinite for a failure. */
  readonly loss: number;
}

const STARTUP = 10;
const GAMMA = 0.25;
const CANDIDATES = 24;

export function byLot(space: Readonly<Record<string, Knob>>, random: () => number): Settings {
  return Object.fromEntries(
    Object.entries(space).map(([name, knob]) => [name, valueAt(knob, random())]),
  );
}

export function tpe(
  space: Readonly<Record<string, Knob>>,
  trials: readonly Trial[],
  random: () => number,
): Settings {
  if (trials.length < STARTUP) return byLot(space, random);
  const sorted = trials.toSorted((a, b) => a.loss - b.loss);
  const split = Math.ceil(GAMMA * sorted.length);
  const [good, bad] = [sorted.slice(0, split), sorted.slice(split)];
  return Object.fromEntries(
    Object.entries(space).map(([name, knob]) => {
      const literals = (some: readonly Trial[]) => some.map(({ settings }) => settings[name] ?? '');
      const [l, g] = [good, bad].map((some) => densityOf(knob, literals(some), random));
      return [name, best(l as Density, g as Density)];
    }),
  );
}

interface Density {
  draw(): string;
  logarithm(value: string): number;
}

function best(l: Density, g: Density): string {
  let chosen = '';
  let most = -Infinity;
  for (let i = 0; i < CANDIDATES; i += 1) {
    const value = l.draw();
    const ratio = l.logarithm(value) - g.logarithm(value);
    if (chosen === '' || ratio > most) [chosen, most] = [value, ratio];
  }
  return chosen;
}

const densityOf = (knob: Knob, seen: readonly string[], random: () => number): Density =>
  knob.range ? parzen(knob, seen, random) : counts(knob.values ?? [], seen, random);

/** A list: how often each value was seen, once more than it was. */
function counts(values: readonly string[], seen: readonly string[], random: () => number): Density {
  const weight = values.map(
    (value) => 1 + seen.filter((one) => Number(one) === Number(value) || one === value).length,
  );
  const total = weight.reduce((a, b) => a + b, 0);
  return {
    draw() {
      let left = random() * total;
      return values.find((_, i) => (left -= weight[i] ?? 0) < 0) ?? values.at(-1) ?? '';
    },
    logarithm: (value) => Math.log((weight[values.indexOf(value)] ?? 1) / total),
  };
}

/** A range, on its scale: a Gaussian at each value as wide as the gap to its neighbours, and a wide one. */
function parzen(knob: Knob, seen: readonly string[], random: () => number): Density {
  const centres = [...seen.map((value) => shareOf(knob, Number(value))), 0.5].toSorted(
    (a, b) => a - b,
  );
  const widths = centres.map((centre, i) => {
    if (centre === 0.5 && i === centres.indexOf(0.5)) return 1;
    const gaps = [centre - (centres[i - 1] ?? 0), (centres[i + 1] ?? 1) - centre];
    return Math.min(1, Math.max(1 / Math.min(100, 1 + centres.length), ...gaps));
  });
  return {
    draw() {
      for (;;) {
        const i = Math.floor(random() * centres.length);
        const share = (centres[i] ?? 0) + (widths[i] ?? 0) * normal(random);
        if (share >= 0 && share < 1) return valueAt(knob, share);
      }
    },
    logarithm(value) {
      const share = shareOf(knob, Number(value));
      const sum = centres.reduce((total, centre, i) => {
        const width = widths[i] ?? 1;
        return (
          total + Math.exp(-(((share - centre) / width) ** 2) / 2) / (width * inside(centre, width))
        );
      }, 0);
      return Math.log(sum + 1e-300);
    },
  };
}

/** Share of a Gaussian's mass that lies on the unit interval. */
const inside = (centre: number, width: number): number =>
  logistic((1 - centre) / width) - logistic(-centre / width);

/** Φ to 0.0001 or so (Page 1977), enough for a normalisation. */
const logistic = (z: number): number => 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z ** 3));

function shareOf({ range, scale }: Knob, value: number): number {
  const [low, high] = range ?? [0, 1];
  return scale === 'log'
    ? Math.log(value / low) / Math.log(high / low)
    : (value - low) / (high - low);
}

function valueAt(knob: Knob, share: number): string {
  if (knob.range) return sampleRange(knob, share);
  const values = knob.values ?? [];
  return values[Math.floor(share * values.length)] ?? '';
}

/** Box and Muller, 1958. */
export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
