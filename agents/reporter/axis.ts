import { plain } from './numbers.ts';

/** The vertical axis of the picture: a range that no failure or outlier can stretch, and its ticks. */

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** How many interquartile ranges beyond the quartiles a value may lie before it is clipped. */
const FENCE = 1.5;

/**
 * An axis over the values that lie near each other, and over `always` (the baseline, the running
 * best) wherever they lie. Values that are not finite count for nothing; with no value at all it
 * runs from 0 to 1.
 */
export function axisFor(values: readonly number[], always: readonly number[]): Axis {
  const must = always.filter(Number.isFinite);
  const all = [...values.filter(Number.isFinite), ...must].toSorted((a, b) => a - b);
  if (all.length === 0) return { low: 0, high: 1, ticks: ticksOver(0, 1) };
  const [q1, q3] = [quantile(all, 0.25), quantile(all, 0.75)];
  const reach = FENCE * Math.max(q3 - q1, Math.max(...must) - Math.min(...must) || 0);
  const near = reach > 0 ? all.filter((value) => value >= q1 - reach && value <= q3 + reach) : all;
  const low = Math.min(...near, ...must);
  const high = Math.max(...near, ...must);
  const margin = 0.1 * (high - low) || 0.05 * Math.abs(high) || 1;
  // Arrows to what was clipped need room of their own.
  const above = (all.at(-1) ?? high) > high ? 1.6 * margin : margin;
  const below = (all[0] ?? low) < low ? 1.6 * margin : margin;
  return { low: low - below, high: high + above, ticks: ticksOver(low - below, high + above) };
}

/** Linear between neighbours; `sorted` holds at least one value. */
function quantile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (at - Math.floor(at)) * (above - below);
}

/** Five to nine ticks at 1, 2 or 5 times a power of ten. */
function ticksOver(low: number, high: number): Axis['ticks'] {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.75) ?? 10) * power;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => {
    const value = (first + i) * step;
    return { value, label: plain(Number(value.toFixed(decimals)), decimals) };
  });
}
