import type { Look } from './text.ts';

/** Numbers as a row of little bars. */

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const ASCII_BARS = ['_', '.', '-', '~', '=', '+', '*', '#'] as const;
/** Values further than so many interquartile ranges outside are drawn at the edge. */
const FAR = 3;

export interface Scale {
  readonly low: number;
  readonly high: number;
}

/** From the lowest to the highest finite value, but for outliers: one of them would flatten the rest. */
export function scaleOf(values: readonly number[]): Scale {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const range = at(0.75) - at(0.25);
  if (range === 0) return { low: at(0), high: at(1) };
  return {
    low: Math.max(at(0), at(0.25) - FAR * range),
    high: Math.min(at(1), at(0.75) + FAR * range),
  };
}

/** A bar per value, × where it is not finite. */
export function spark(
  values: readonly number[],
  look: Pick<Look, 'unicode'>,
  { low, high }: Scale = scaleOf(values),
): string {
  const bars = look.unicode ? BARS : ASCII_BARS;
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return look.unicode ? '×' : 'x';
      const share = high === low ? 0.5 : (value - low) / (high - low);
      return bars[Math.min(7, Math.max(0, Math.floor(share * 8)))];
    })
    .join('');
}

/** At most `columns` values: means of neighbours where there are more. */
export function squeezed(values: readonly number[], columns: number): readonly number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: Math.max(0, columns) }, (_, i) => {
    const from = Math.floor((i * values.length) / columns);
    const until = Math.floor(((i + 1) * values.length) / columns);
    const finite = values.slice(from, until).filter((value) => Number.isFinite(value));
    return finite.length === 0 ? NaN : finite.reduce((sum, v) => sum + v, 0) / finite.length;
  });
}
