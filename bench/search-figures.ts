import { uniforms } from '../test/support/simulate.ts';
import { mean } from './trust/intervals.ts';
import type { Outcome } from './search-night.ts';

/** From nights to figures. Nights are paired by their index: the same luck for every policy. */

export type Level = 'confirmed' | 'provisional';

/** The nights of one policy at one budget, in order. */
export type Nights = readonly Pick<Outcome, 'seconds' | Level>[];

export interface Figure {
  readonly value: number;
  /** The 2.5 % and 97.5 % quantiles of a bootstrap over paired nights. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * Seconds that one policy takes to the mean level which `rival` reaches at its end, over the
 * rival's seconds. `own` are the nights of one budget each, smallest first: what a night confirms
 * it confirms at its end, so that going on longer means a larger budget, and the curve goes
 * through the means of whole nights. NaN where the rival reaches nothing; infinite where no budget
 * gets there.
 */
export const ratioTo = (own: readonly Nights[], rival: Nights, of: Level): Figure =>
  bootstrapped(rival.length, (which) => {
    const [goal, end] = [average(rival, which, of), average(rival, which, 'seconds')];
    if (!(goal > 0)) return Number.NaN;
    const curve = own.map((nights) => ({
      seconds: average(nights, which, 'seconds'),
      level: average(nights, which, of),
    }));
    return secondsTo(curve, goal) / end;
  });

/** The mean level, and by how much it is above the rival's. */
export const differenceTo = (own: Nights, rival: Nights, of: Level): Figure =>
  bootstrapped(rival.length, (which) => average(own, which, of) - average(rival, which, of));

const average = (nights: Nights, which: readonly number[], of: Level | 'seconds'): number =>
  mean(which.map((i) => nights[i]?.[of] ?? 0));

function bootstrapped(nights: number, figure: (which: readonly number[]) => number): Figure {
  const all = Array.from({ length: nights }, (_, i) => i);
  const random = uniforms(nights);
  const drawn = Array.from({ length: RESAMPLES }, () =>
    figure(all.map(() => Math.floor(random() * nights))),
  )
    .filter((one) => !Number.isNaN(one))
    .toSorted((a, b) => a - b);
  const quantile = (q: number): number => drawn[Math.floor(q * drawn.length)] ?? Number.NaN;
  return { value: figure(all), low: quantile(0.025), high: quantile(0.975) };
}

interface Station {
  readonly seconds: number;
  readonly level: number;
}

/**
 * When a curve first reaches a level, between two stations on a straight line; infinite where it
 * never does. The curve is made to rise first (`rising`), since the first crossing of a noisy one
 * comes too early.
 */
export function secondsTo(curve: readonly Station[], goal: number): number {
  const steps = [{ seconds: 0, level: 0 }, ...rising(curve)];
  const at = steps.findIndex(({ level }) => level >= goal - 1e-12);
  const [before, after] = [steps[at - 1], steps[at]];
  if (!after) return Infinity;
  if (!before || after.level === before.level) return after.seconds;
  const share = (goal - before.level) / (after.level - before.level);
  return before.seconds + share * (after.seconds - before.seconds);
}

/**
 * The nearest curve that never falls: neighbours that do are put at their mean (pool adjacent
 * violators; Barlow, Bartholomew, Bremner, Brunk, "Statistical Inference under Order
 * Restrictions", 1972).
 */
export function rising(curve: readonly Station[]): readonly Station[] {
  const pools: { level: number; size: number }[] = [];
  for (const { level } of curve) {
    let pool = { level, size: 1 };
    for (let last = pools.at(-1); last && last.level > pool.level; last = pools.at(-1)) {
      pools.pop();
      const size = last.size + pool.size;
      pool = { level: (last.level * last.size + pool.level * pool.size) / size, size };
    }
    pools.push(pool);
  }
  const levels = pools.flatMap(({ level, size }) => Array.from({ length: size }, () => level));
  return curve.map(({ seconds }, i) => ({ seconds, level: levels[i] ?? 0 }));
}
