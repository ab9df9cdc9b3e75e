import { z } from 'zod';
import type { At } from './tool.ts';

/** SQL that the tools share. Whatever comes from a question becomes a literal, never SQL. */

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** `E-10000` behind `E-9999`. */
export const inOrder = (id: string): string => `length(${id}), ${id}`;

export const all = (conditions: readonly (string | null)[]): string => {
  const some = conditions.filter((one) => one !== null);
  return some.length === 0 ? 'true' : some.map((one) => `(${one})`).join('\n  AND ');
};

/** Whether any of the columns holds the text, in any case. `_` and space are one. */
export const mentions = (text: string, columns: readonly string[]): string =>
  columns
    .map(
      (column) =>
        `contains(replace(lower(${column}::VARCHAR), '_', ' '), ${literal(text.toLowerCase().replaceAll('_', ' '))})`,
    )
    .join(' OR ');

export const scopeArgs = {
  night: z
    .string()
    .regex(/^(?:last|N-\d{4,})$/)
    .nullable()
    .describe('a night such as N-0002, or last; null: all'),
  when: z
    .enum(['today', 'yesterday', 'this_week', 'last_week'])
    .nullable()
    .describe('a stretch of days (UTC); null: any time'),
};
export interface Scope {
  readonly night: string | null;
  readonly when: Period | null;
}
export type Period = 'today' | 'yesterday' | 'this_week' | 'last_week';

const DAY = 86_400_000;

/** First moment and the one after the last; weeks begin on Monday. */
export function periodOf(when: Period, now: number): readonly [from: string, to: string] {
  const today = Math.floor(now / DAY) * DAY;
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY;
  const [from, to] = {
    today: [today, today + DAY],
    yesterday: [today - DAY, today],
    this_week: [monday, monday + 7 * DAY],
    last_week: [monday - 7 * DAY, monday],
  }[when] as [number, number];
  return [stamp(from), stamp(to)];
}
const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Rows of the scope, where `night` and `time` are columns. */
export function within({ night, when }: Scope, columns: Columns, { now }: At): string {
  const period = when === null ? null : periodOf(when, now);
  return all([
    night === null
      ? null
      : night === 'last'
        ? `${columns.night} = ${LAST_NIGHT}`
        : `${columns.night} = ${literal(night)}`,
    period && `${columns.time} >= TIMESTAMP '${period[0]}'`,
    period && `${columns.time} < TIMESTAMP '${period[1]}'`,
  ]);
}
interface Columns {
  readonly night: string;
  readonly time: string;
}

/** Runs of an experiment, or the one run, also one's own. */
export const runOf = (id: string): string =>
  `${/[.R]/.test(id) ? 'r.id' : 'r.experiment'} = ${literal(id)}`;

const LAST_NIGHT = `(SELECT id FROM nights ORDER BY length(id) DESC, id DESC LIMIT 1)`;

/** The runs that an experiment's mean rests on. */
export const ARMS = `arms AS (
  SELECT experiment, list(id ORDER BY ${inOrder('id')}) AS runs FROM runs
  WHERE status = 'finished' AND purpose <> 'repeat' AND variant IS NULL AND isfinite(objective)
  GROUP BY experiment
)`;

/** What is told of an experiment wherever it stands. `e` the experiment, `w` its night, `a` and `b` arms. */
export const OF_EXPERIMENT = `e.id, e.title, e.change, e.source, e.line, w.metric, w.direction, e.verdict, e.objective, e.n, e.spread,
  e.tier, e.effect, e.interval, e.parent, e.effect_on_parent,
  CASE WHEN e.parent_interval_low IS NULL THEN NULL ELSE [e.parent_interval_low, e.parent_interval_high] END AS parent_interval, e.dawn_confirmed, e.baseline, e.night, a.runs, b.runs AS base_runs`;
export const FROM_EXPERIMENTS = `FROM experiments e JOIN nights w ON w.id = e.night
LEFT JOIN arms a ON a.experiment = e.id LEFT JOIN arms b ON b.experiment = e.baseline`;

/** Candidates: no baseline, no work of the plan's own, no arm of dawn. */
export const CANDIDATE = `e.id <> e.baseline AND e.source NOT IN ('plan', 'baseline') AND e.left_out IS NULL`;

/** Numbers under another goal are not ranked with these. */
export const SAME_GOAL = `w.plan_key = (SELECT plan_key FROM nights ORDER BY length(id) DESC, id DESC LIMIT 1)`;

/** Lower is better where the plan says minimize. */
export const BETTER_FIRST = `CASE WHEN w.direction = 'minimize' THEN e.objective ELSE -e.objective END`;
