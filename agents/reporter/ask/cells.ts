import type { Json } from '../../../orchestrator/domain/ports.ts';
import { oneLine } from '../markdown.ts';
import { counted, decimalsFor, duration, percent, plain, signed, telling } from '../numbers.ts';
import type { Row } from './tool.ts';

/** How a cell is written, by its column: number, unit and rounding, on one line of plain text. */

/** In place of a cell that holds nothing. */
export const NOTHING = 'not recorded';
/** Characters of a text of others. */
const LONGEST = 300;

export function shownAs(column: string, value: Json, row: Row): string {
  if (value === null || value === undefined) return NOTHING;
  const format = FORMATS[column];
  return format ? format(value, row) : plainly(value);
}

/** By its type alone: what a column of free SQL holds, its name does not say. */
export function plainly(value: Json): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === 'number') return plain(value, Number.isInteger(value) ? 0 : undefined);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map((one) => oneLine(text(one), LONGEST)).join(', ');
  return oneLine(text(value), LONGEST);
}

type Format = (value: Json, row: Row) => string;

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** Numbers that are not finite come as their names. */
const number = (value: Json): number => Number(value);

const count =
  (one: string, many?: string): Format =>
  (value) =>
    counted(number(value), one, many);
const words: Format = (value) => oneLine(text(value).replaceAll('_', ' '), LONGEST);
const quote: Format = (value) => `“${oneLine(text(value), LONGEST)}”`;
const moment: Format = (value) => `${saidOf(text(value))} UTC`;

const MONTHS =
  'January February March April May June July August September October November December';

/** `20 November 2026, 21:04` of an ISO time. */
function saidOf(iso: string): string {
  const [, year, month, day, time = ''] = /^(\d+)-(\d+)-(\d+)[T ](\d+:\d+)/.exec(iso) ?? [];
  return `${Number(day)} ${MONTHS.split(' ')[Number(month) - 1] ?? ''} ${year ?? ''}, ${time}`;
}

/** Decimals that the row's interval leaves meaningful. */
function decimalsIn(row: Row, column: string): number | undefined {
  const own = row[column.startsWith('dawn') ? 'dawn_interval' : (OWN[column] ?? 'interval')];
  if (!Array.isArray(own)) return undefined;
  const [low, high] = own.map(number);
  if (low === undefined || high === undefined || !Number.isFinite(high - low)) return undefined;
  const value = number(row[column] ?? Number.NaN);
  const written = Number.isFinite(value) ? [value] : [];
  return telling(decimalsFor((high - low) / 2), low, high, ...written);
}
const OWN: Readonly<Record<string, string>> = {
  effect_on_parent: 'parent_interval',
  parent_interval: 'parent_interval',
  difference: 'difference_interval',
  difference_interval: 'difference_interval',
};

const measured =
  (column: string): Format =>
  (value, row) =>
    plain(number(value), decimalsIn(row, column));
const effect =
  (column: string): Format =>
  (value, row) =>
    signed(number(value), decimalsIn(row, column));
/** `95 % interval −44 to −32`. */
const interval =
  (column: string): Format =>
  (value, row) => {
    const ends = (value as readonly Json[]).map((end) =>
      signed(number(end), decimalsIn(row, column)),
    );
    return `95 % interval ${ends.join(' to ')}`;
  };

/** Calls whose price nobody knows cost something, and not 0. */
const NOT_KNOWN = 'an unknown number of US dollars';
const isUnpriced = (row: Row): boolean =>
  row['usd'] === 0 && number(row['unpriced_calls'] ?? 0) > 0;

const FORMATS: Readonly<Record<string, Format>> = {
  n: count('seed'),
  dawn_n: count('fresh seed'),
  run_count: count('run'),
  failed_runs: count('failed run'),
  experiments: count('experiment'),
  nights: count('night'),
  flags_set: count('flag'),
  seconds: (value) => duration(number(value)),
  hours: (value) => duration(number(value) * 3600),
  cpu_hours: (value) => duration(number(value) * 3600),
  share: (value) => percent(number(value)),
  peak_memory_mb: (value) => `${plain(number(value), 0)} MB`,
  failed_hours: (value) => duration(number(value) * 3600),
  model_calls: count('model call'),
  unpriced_calls: count('call'),
  tokens: count('token'),
  usd: (value, row) => (isUnpriced(row) ? NOT_KNOWN : `${plain(number(value))} US dollars`),
  verdict: words,
  source: words,
  tier: words,
  failure: words,
  end_reason: words,
  status: words,
  change: changeInWords,
  note: quote,
  decision: quote,
  reason: quote,
  message: quote,
  when: moment,
  started: moment,
  ended: moment,
  promoted: moment,
  objective: measured('objective'),
  baseline_objective: measured('objective'),
  spread: measured('objective'),
  dawn_objective: measured('dawn_objective'),
  dawn_baseline: measured('dawn_baseline'),
  effect: effect('effect'),
  effect_on_parent: effect('effect_on_parent'),
  dawn_effect: effect('dawn_effect'),
  attribution_effect: effect('attribution_effect'),
  difference: effect('difference'),
  interval: interval('interval'),
  parent_interval: interval('parent_interval'),
  dawn_interval: interval('dawn_interval'),
  difference_interval: interval('difference_interval'),
};

/** `learning_rate=0.03` of JSON; a patch by its file. */
function changeInWords(value: Json): string {
  try {
    const settings = Object.entries(JSON.parse(text(value)) as Record<string, Json>);
    if (settings.length === 0) return 'no change';
    const one = ([knob, to]: readonly [string, Json]): string =>
      knob === 'patch' && to === 'inline' ? 'a patch' : `${knob}=${text(to)}`;
    return oneLine(settings.map(one).join(', '), 120);
  } catch {
    return oneLine(text(value), 120);
  }
}
