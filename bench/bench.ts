/** A bench measures; it never judges. What a figure aims at stands beside it, for people. */
export interface Bench {
  readonly name: string;
  readonly about: string;
  run(options: Options): Promise<readonly Figure[]>;
}

export interface Options {
  /** Experiments, points or runs, as the bench counts; undefined: the bench's own size. */
  readonly n: number | undefined;
  /** Samples of what is measured several times. */
  readonly repeats: number;
  /** The built `autolab`, or another build's, to compare with. */
  readonly cli: string;
  /** What is going on, for whoever waits. */
  readonly say: (text: string) => void;
}

export type Unit = 'ms' | 's' | '%' | 'MB' | 'points/s' | '×';

export interface Figure {
  readonly what: string;
  readonly unit: Unit;
  readonly p50: number;
  /** Null where there are too few samples for one. */
  readonly p95: number | null;
  readonly n: number;
  /** What it is meant to be, in words. */
  readonly aim: string | null;
}

/** The figure of some samples. Throws where there are none: a bench that measured nothing. */
export function figure(
  what: string,
  unit: Unit,
  samples: readonly number[],
  aim: string | null = null,
): Figure {
  if (samples.length === 0 || samples.some((sample) => !Number.isFinite(sample)))
    throw new Error(`${what}: expected finite samples, found ${samples.join(', ') || 'none'}`);
  const p95 = samples.length < 10 ? null : quantile(samples, 0.95);
  return { what, unit, p50: quantile(samples, 0.5), p95, n: samples.length, aim };
}

/** Linear between the two nearest samples (Hyndman and Fan 1996, definition 7). */
function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

export const sum = (samples: readonly number[]): number =>
  samples.reduce((total, sample) => total + sample, 0);

/** Rows under each other, numbers to the right. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ['', 'p50', 'p95', '', 'n', 'aim'],
    ...figures.map(({ what, unit, p50, p95, n, aim }) => [
      what,
      shown(p50),
      p95 === null ? '' : shown(p95),
      unit,
      String(n),
      aim ?? '',
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const width = widths[i] ?? 0;
          return i === 1 || i === 2 || i === 4 ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const shown = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 10_000) return `${Math.round(value / 1000)} k`;
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
};
