import { areNumbers, numbersIn, rememberKeys, type Numbers } from './flat.ts';
import { measures, readLine, readRecord, STEP_KEYS, type Reading, type Values } from './formats.ts';
import type { Literal, Scalar } from './literal.ts';

/** One number of a run. `time` is milliseconds since 1970. */
export interface Point {
  readonly key: string;
  readonly step: number | null;
  readonly time: number;
  /** May be NaN or infinite. */
  readonly value: number;
}

/** What came for a key so far; `low` and `high` are its finite extremes. */
export interface Series {
  readonly count: number;
  readonly last: number;
  /** The step of `last`. */
  readonly step: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface MetricsReader {
  /** One line of output of either stream. */
  line(text: string, time: number): void;
  /** One object of metrics.jsonl. */
  record(value: Literal, time: number): void;
  /** A number that was read before. */
  point(found: Point): void;
  /** No more will come. */
  end(time: number): void;
  readonly series: ReadonlyMap<string, Series>;
  /** Last text of each key that carries one. */
  readonly texts: ReadonlyMap<string, string>;
  /** The configuration that was printed. */
  readonly printed: ReadonlyMap<string, Scalar>;
  /** Points handed over. */
  readonly points: number;
  /** The highest step that a number came with; null where none came with one. */
  readonly steps: number | null;
  readonly remarks: readonly string[];
}

export interface MetricsOptions {
  /** Name of the objective: an object that holds it is no configuration. */
  readonly objective: string;
  readonly onPoint: (point: Point) => void;
  /** Distinct keys, and points, beyond which more are only counted. */
  readonly maxKeys: number;
  readonly maxPoints: number;
}

const MAX_TEXT = 500;
/** Of a setting that was printed, such as a prompt. */
const MAX_SETTING = 4096;
const EPOCH = STEP_KEYS.indexOf('epoch');
type Found = Extract<Reading, { kind: 'values' }>;

/** Follows a run's output and says what it measured. Every number is a point, the summary's too. */
export function createMetricsReader(options: MetricsOptions): MetricsReader {
  const series = new Map<string, { -readonly [Part in keyof Series]: Series[Part] }>();
  const keyOf = rememberKeys(2 * options.maxKeys);
  const texts = new Map<string, string>();
  const printed = new Map<string, Scalar>();
  let position: number | null = null;
  let summary = false;
  let training = false;
  let waiting: { found: Found; time: number } | null = null;
  let fractions = false;
  let points = 0;
  let steps: number | null = null;
  let dropped = 0;
  const refused = new Set<string>();

  const number = (key: string, step: number | null, time: number, value: number): void => {
    let known = series.get(key);
    if (known === undefined) {
      if (series.size >= options.maxKeys) {
        if (refused.size < options.maxKeys) refused.add(key);
        return;
      }
      known = { count: 0, last: value, step, low: null, high: null };
      series.set(key, known);
    }
    if (step !== null && (steps === null || step > steps)) steps = step;
    known.count++;
    known.last = value;
    known.step = step;
    if (Number.isFinite(value)) {
      if (known.low === null || value < known.low) known.low = value;
      if (known.high === null || value > known.high) known.high = value;
    }
    if (points >= options.maxPoints) dropped++;
    else {
      points++;
      options.onPoint({ key, step, time, value });
    }
  };

  const record = (step: number | null, values: Values, time: number): void => {
    for (const [key, value] of values) {
      if (typeof value === 'number') number(key, step, time, value);
      else if (texts.has(key) || texts.size < options.maxKeys)
        texts.set(key, String(value).slice(0, MAX_TEXT));
    }
  };

  /**
   * The short way of a record of numbers, which floods are made of, to where the general way leads.
   * False, with nothing done, where only that one leads there.
   */
  const recordNumbers = (record: Numbers, time: number, printedLine: boolean): boolean => {
    let step: number | null = null;
    let stepKey: string | null = null;
    let rank = STEP_KEYS.length;
    for (const key in record) {
      const found = keyOf(key);
      const value = record[key] as number;
      if (found.rank < rank && !found.unfit && Number.isSafeInteger(value) && value >= 0) {
        rank = found.rank;
        step = value;
        stepKey = key;
      }
      if (key === 'epoch' && !Number.isInteger(value)) fractions = true;
    }
    if (fractions && rank === EPOCH) return false;
    if (printedLine) {
      release();
      if (step === null && !summary) step = position;
    }
    for (const key in record) {
      const found = keyOf(key);
      if (key === stepKey || found.unfit || (found.clock && !printedLine)) continue;
      number(key, step, time, record[key] as number);
    }
    return true;
  };

  const print = (values: Values): void => {
    for (const [key, value] of values) {
      if (printed.has(key) || printed.size < options.maxKeys)
        printed.set(key, typeof value === 'string' ? value.slice(0, MAX_SETTING) : value);
    }
  };

  const release = (): void => {
    if (waiting === null) return;
    const { found, time } = waiting;
    waiting = null;
    record(found.step ?? position, found.values, time);
  };

  /** Hugging Face logs epochs 0.5, 1.0, 1.5: once one was a fraction, none of them is a step. */
  const epochs = (found: Found): Found => {
    fractions ||= found.values.some(([key, value]) => key === 'epoch' && !Number.isInteger(value));
    if (!fractions || found.by !== 'epoch' || !found.object) return found;
    return { ...found, step: null, by: '', values: [...found.values, ['epoch', found.step ?? 0]] };
  };

  /** A bar is drawn again with nothing new in it. */
  const fresh = ({ bar, step, values }: Found): Values =>
    bar === null
      ? values
      : values.filter(([key, value]) => {
          const old = series.get(key);
          return (
            old === undefined || old.step !== (step ?? position) || !Object.is(old.last, value)
          );
        });

  const take = (given: Found, time: number): void => {
    const found = epochs(given);
    const fits = measures(found.step, found.values, options.objective);
    if (found.object && !training && !summary && !fits) return print(found.values);
    training ||= fits;
    const same = found.bar !== null && waiting?.found.bar?.name === found.bar.name;
    if (!same || (waiting?.found.bar?.n ?? 0) > (found.bar?.n ?? 0)) release();
    else waiting = null;
    // A bar under an epoch repeats that epoch's numbers: its last state counts.
    if (found.bar !== null && found.bar.name !== '' && !found.bar.full) waiting = { found, time };
    else record(found.step ?? (summary ? null : position), fresh(found), time);
  };

  return {
    series,
    texts,
    printed,
    get points() {
      return points;
    },
    get steps() {
      return steps;
    },
    get remarks() {
      const out: string[] = [];
      if (refused.size > 0)
        out.push(
          `more than ${options.maxKeys} metrics; not recorded: ${[...refused].slice(0, 5).join(', ')}, …`,
        );
      if (dropped > 0)
        out.push(
          `${dropped} points beyond the first ${options.maxPoints} are not in metrics.parquet`,
        );
      return out;
    },
    line(text, time) {
      // Before the training has begun, an object of numbers may be a configuration.
      const numbers = training ? numbersIn(text) : null;
      if (numbers !== null && recordNumbers(numbers, time, true)) return;
      const found = readLine(text);
      switch (found.kind) {
        case 'nothing':
          if (summary) record(null, textOf(text), time);
          return;
        case 'rule':
          release();
          summary = true;
          return;
        case 'position':
          release();
          if (summary) record(null, [[found.key, found.step]], time);
          else position = found.step;
          return;
        case 'configuration':
          return training ? undefined : print(found.values);
        case 'values':
          return take(found, time);
      }
    },
    record(value, time) {
      if (areNumbers(value) && recordNumbers(value, time, false)) {
        training = true;
        return;
      }
      const { step, values } = epochs(readRecord(value));
      training = true;
      record(
        step,
        values.filter(([key]) => key !== 'time' && key !== '_timestamp'),
        time,
      );
    },
    point: ({ key, step, time, value }) => number(key, step, time, value),
    end: release,
  };
}

/** `model: small` below the rule. */
function textOf(line: string): Values {
  const match = /^([A-Za-z_][\w /.-]{0,63}?)\s*[:=]\s+(\S.{0,499})$/.exec(line.trim());
  return match === null ? [] : [[match[1] as string, match[2] as string]];
}

/**
 * The key that a plan means by `metric`: the one of that name, or the only one that differs in
 * nothing but case, blanks, dashes and underscores (`val loss` is `val_loss`). Null for none.
 */
export function keyMeant(all: ReadonlyMap<string, Series>, metric: string): string | null {
  if (all.has(metric)) return metric;
  const alike = [...all.keys()].filter((key) => tidy(key) === tidy(metric));
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** Its series. */
export const seriesOf = (all: ReadonlyMap<string, Series>, metric: string): Series | null =>
  all.get(keyMeant(all, metric) ?? metric) ?? null;

/** Keys that a plan may mean by one name. */
export const tidy = (key: string): string => key.toLowerCase().replace(/[\s_-]+/g, '_');
