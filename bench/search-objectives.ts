import type { Knob } from '../orchestrator/domain/plan.ts';
import { uniforms } from '../test/support/simulate.ts';
import { pointKey, type Table } from './table.ts';
import { arms, type Arms } from './table-noise.ts';
import { byLot, normal } from './tpe.ts';
import { mixed } from './trust/worlds.ts';

/** Objectives whose truth is known, for bench/search.ts to search. */

export type Settings = Readonly<Record<string, string>>;

export interface Objective {
  readonly name: string;
  readonly space: Readonly<Record<string, Knob>>;
  readonly start: Settings;
  /** Mean loss, lower is better; NaN where the training fails. */
  truth(settings: Settings): number;
  /** What a night's runs come to: the same settings on the same seed, the same number. */
  luckOf(night: number): Luck;
  /** The lowest mean loss there is, as far as a long search with full knowledge finds. */
  readonly best: number;
}

export type Luck = (
  settings: Settings,
  seed: number | null,
) => { readonly loss: number; readonly seconds: number };

export type Start = 'good' | 'bad';

const FILE = { file: 'train.py', match: 'it = {value}' };
const FOUR: Readonly<Record<string, Knob>> = {
  learning_rate: { ...FILE, range: [1e-4, 1e-1], whole: false, scale: 'log' },
  dropout: { ...FILE, range: [0, 0.5], whole: false },
  width: { ...FILE, values: ['16', '32', '64', '128', '256'] },
  activation: { ...FILE, values: ['relu', 'gelu', 'relu2', 'tanh'] },
};
const EIGHT: Readonly<Record<string, Knob>> = {
  ...FOUR,
  warmup: { ...FILE, range: [0, 500], whole: true },
  clip: { ...FILE, values: ['0.5', '1.0', '2.0'] },
  norm: { ...FILE, values: ['layer', 'rms', 'none'] },
  tie: { ...FILE, values: ['true', 'false'] },
};

/**
 * A script drawn by lot, in units of its noise: a rate with an optimum that moves with the width
 * and diverges above it, a shallow bowl, a width with its best anywhere, an activation; of eight
 * knobs the other four do little or nothing.
 */
export function synthetic(seed: number, knobs: 4 | 8, from: Start): Objective {
  const random = uniforms(mixed(seed, knobs));
  const space = knobs === 4 ? FOUR : EIGHT;
  const between = (low: number, high: number): number => low + random() * (high - low);
  const rate = { at: between(-3.5, -1.7), steep: between(3, 10), shift: between(0, 0.35) };
  const bowl = { at: between(0, 0.4), depth: between(5, 40) };
  const wide = { at: between(4.5, 8.5), steep: between(0.4, 1.5) };
  const words = new Map<string, number>();
  const word = (key: string, size: number): number => {
    if (!words.has(key)) words.set(key, size * normal(random));
    return words.get(key) ?? 0;
  };
  for (const value of FOUR.activation?.values ?? []) word(`activation ${value}`, 2);
  const small = random() < 0.5 ? 0.3 : 1;
  for (const name of ['clip', 'norm', 'tie'])
    for (const value of EIGHT[name]?.values ?? []) word(`${name} ${value}`, small);
  const truth = (settings: Settings): number => {
    const number = (name: string): number => Number(settings[name]);
    const size = Math.log2(number('width'));
    const decades = Math.log10(number('learning_rate')) - rate.at + rate.shift * (size - 6);
    if (decades > 1.3) return Number.NaN;
    let loss = rate.steep * decades ** 2 * (decades > 0 ? 1.5 : 1);
    loss += bowl.depth * (number('dropout') - bowl.at) ** 2;
    loss += wide.steep * (size - wide.at) ** 2 + word(`activation ${settings.activation}`, 2);
    if (knobs === 8)
      for (const name of ['clip', 'norm', 'tie']) loss += word(`${name} ${settings[name]}`, small);
    return loss;
  };
  return {
    name: `${knobs} knobs, ${from} start`,
    space,
    ...startAndBest(space, truth, from, random),
    truth,
    luckOf: (night) => (settings, run) => {
      const noise = normal(uniforms(mixed(night, run ?? 0, hashOf(pointKey(settings)))));
      return { loss: truth(settings) + noise, seconds: 20 };
    },
  };
}

/** A start as good as the best fifth of random settings, or as bad as the worst that train. */
function startAndBest(
  space: Objective['space'],
  truth: Objective['truth'],
  from: Start,
  random: () => number,
): Pick<Objective, 'start' | 'best'> {
  const drawn = Array.from({ length: 4000 }, () => byLot(space, random))
    .map((settings) => ({ settings, loss: truth(settings) }))
    .filter(({ loss }) => !Number.isNaN(loss))
    .toSorted((a, b) => a.loss - b.loss);
  const at = drawn[Math.floor(drawn.length * (from === 'good' ? 0.2 : 0.8))];
  if (!at) throw new Error('expected settings that train, found none');
  return { start: at.settings, best: drawn[0]?.loss ?? Number.NaN };
}

/** The same 32 bits for the same text. */
const hashOf = (text: string): number => mixed(...Buffer.from(text));

/** A recorded lab: the script's own start, or the point that four fifths of the others are better than. */
export function recorded(table: Table, from: Start): Objective {
  const known = arms(table);
  const armAt = (settings: Settings): Arms['points'][number] => {
    const arm = known.at.get(pointKey(settings));
    if (!arm) throw new Error(`the table has no point ${JSON.stringify(settings)}`);
    return arm;
  };
  const ranked = known.points
    .filter(({ mean }) => !Number.isNaN(mean))
    .toSorted((a, b) => a.mean - b.mean);
  const bad = ranked[Math.floor(ranked.length * 0.8)]?.point ?? table.start;
  return {
    name: `${table.lab}, ${from} start`,
    space: Object.fromEntries(
      Object.entries(table.knobs).map(([name, values]) => [name, { ...FILE, values }]),
    ),
    start: from === 'good' ? table.start : bad,
    truth: (settings) => armAt(settings).mean,
    luckOf: (night) => (settings, seed) => {
      const { index, mean, sd, seconds } = armAt(settings);
      const shared = known.shared * normal(uniforms(mixed(night, seed ?? 0)));
      const own = known.residuals[mixed(night, seed ?? 0, index) % known.residuals.length] ?? 0;
      return { loss: mean + shared + sd * own, seconds };
    },
    best: ranked[0]?.mean ?? Number.NaN,
  };
}
