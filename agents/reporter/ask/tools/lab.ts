import { z } from 'zod';
import {
  all,
  ARMS,
  BETTER_FIRST,
  CANDIDATE,
  FROM_EXPERIMENTS,
  inOrder,
  literal,
  mentions,
  OF_EXPERIMENT,
  periodOf,
  runOf,
  scopeArgs,
  within,
} from '../sql.ts';
import { tool } from '../tool.ts';

/** Tools about the lab as a whole. */

/** Failed and killed runs, newest last, and how many of how many. */
export const failures = tool({
  name: 'failures',
  about: 'runs that failed, with the class and message of each, and how many of all failed',
  args: z.strictObject({
    ...scopeArgs,
    experiment: z.string().nullable(),
    class: z
      .enum([
        'idea',
        'infrastructure',
        'timeout',
        'out_of_memory',
        'not_a_number',
        'no_metric',
        'invalid',
      ])
      .nullable(),
  }),
  ask({ experiment, class: kind, ...scope }, at) {
    const of = all([
      'r.night IS NOT NULL',
      within(scope, { night: 'r.night', time: 'r.started' }, at),
      experiment && runOf(experiment),
    ]);
    const where = all([of, `r.status = 'failed'`, kind && `r.failure = ${literal(kind)}`]);
    return {
      sql: `SELECT r.id, r.experiment, e.title, r.failure, r.failure_message AS message, r.started, [r.id] AS runs
FROM runs r JOIN experiments e ON e.id = r.experiment
WHERE ${where} ORDER BY ${inOrder('r.experiment')}, ${inOrder('r.id')}`,
      whole: `WITH classes AS (
  SELECT r.failure, count(*) AS n FROM runs r WHERE ${where} GROUP BY r.failure
)
SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of",
  (SELECT string_agg(n || ' × ' || replace(failure, '_', ' '), ', ' ORDER BY n DESC, failure) FROM classes) AS classes
FROM runs r WHERE ${of}`,
      ranked: null,
    };
  },
});

export const flags = tool({
  name: 'flags',
  about: 'marks that are set: on what, by whom, and why',
  args: z.strictObject({ target: z.string().nullable(), label: z.string().nullable() }),
  ask({ target, label }) {
    const where = all([
      target && `f.target = ${literal(target)}`,
      label && `f.label = ${literal(label)}`,
    ]);
    return {
      sql: `SELECT f.target AS id, f.label, f.because AS reason, f.who, f.time AS "when" FROM flags f WHERE ${where} ORDER BY f.time, f.target, f.label`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of" FROM flags f`,
      ranked: null,
    };
  },
});

/** What people wrote: quoted, with author and date. */
export const words = tool({
  name: 'words',
  about: "people's notes and decisions as they wrote them, with author and date",
  args: z.strictObject({
    kind: z.enum(['note', 'decision']).nullable(),
    about: z.string().nullable().describe('an id, or words that the text holds'),
  }),
  ask({ kind, about }) {
    const where = all([
      kind && `kind = ${literal(kind)}`,
      about &&
        (/^[EHNR]-\d{4,}/.test(about)
          ? `target = ${literal(about)} OR starts_with(target, ${literal(`${about}.`)}) OR list_contains(evidence, ${literal(about)})
    OR target IN (SELECT id FROM hypotheses WHERE experiment = ${literal(about)})`
          : mentions(about, ['text', 'reason', 'line'])),
    ]);
    const said = `WITH said AS (
  SELECT 'note' AS kind, target, text, NULL AS reason, NULL AS line, []::VARCHAR[] AS evidence, who, time FROM notes
  UNION ALL SELECT 'decision', NULL, text, because, coalesce(closes, opens), evidence, who, time FROM decisions
)`;
    return {
      sql: `${said}
SELECT kind, text AS note, reason, target AS id, line, who, time AS "when" FROM said WHERE ${where} ORDER BY time DESC`,
      whole: `${said}
SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of" FROM said`,
      ranked: null,
    };
  },
});

export const spend = tool({
  name: 'spend',
  about:
    'what was spent: experiments, runs, hours of training and of processors, model calls, tokens, US dollars',
  args: z.strictObject(scopeArgs),
  ask(scope, at) {
    const calls = `FROM spans s WHERE s.model IS NOT NULL AND (s.tokens_in + s.tokens_out > 0 OR s.outcome = 'answered') AND ${within(scope, { night: 's.night', time: 's.start' }, at)}`;
    return {
      sql: `SELECT count(DISTINCT r.night) AS nights, count(DISTINCT r.experiment) AS experiments, count(*) AS run_count,
  sum(r.seconds) / 3600 AS hours, sum(r.cpu_seconds) / 3600 AS cpu_hours,
  count(*) FILTER (r.status = 'failed') AS failed_runs, coalesce(sum(r.seconds) FILTER (r.status = 'failed'), 0) / 3600 AS failed_hours,
  (SELECT count(*) ${calls}) AS model_calls, (SELECT coalesce(sum(s.tokens_in + s.tokens_out), 0) ${calls}) AS tokens,
  (SELECT coalesce(sum(s.usd), 0) ${calls}) AS usd, (SELECT count(*) ${calls} AND s.usd IS NULL) AS unpriced_calls
FROM runs r WHERE r.night IS NOT NULL AND ${within(scope, { night: 'r.night', time: 'r.started' }, at)}`,
      whole: null,
      ranked: null,
    };
  },
});

const PERIODS = ['today', 'yesterday', 'this_week', 'last_week'] as const;

/** Stretches of days beside each other. */
export const timeline = tool({
  name: 'timeline',
  about: 'stretches of days side by side: experiments, runs, failures, verdicts, the best effect',
  args: z.strictObject({ periods: z.array(z.enum(PERIODS)).min(1).max(4) }),
  ask: ({ periods }, { now }) => ({
    sql: `${periods
      .map((period, i) => {
        const [from, to] = periodOf(period, now);
        const during = (column: string) =>
          `${column} >= TIMESTAMP '${from}' AND ${column} < TIMESTAMP '${to}'`;
        return `SELECT ${i} AS place, '${period.replace('_', ' ')}' AS period,
  (SELECT count(*) FROM nights w WHERE ${during('w.started')}) AS nights,
  count(e.id) AS experiments, count(e.id) FILTER (e.verdict = 'improved') AS improved,
  count(e.id) FILTER (e.verdict = 'promising') AS promising, count(e.id) FILTER (e.verdict = 'worse') AS worse,
  count(e.id) FILTER (e.verdict = 'failed') AS failed,
  (SELECT count(*) FROM runs r WHERE r.night IS NOT NULL AND ${during('r.started')}) AS run_count,
  coalesce((SELECT sum(r.seconds) FROM runs r WHERE r.night IS NOT NULL AND ${during('r.started')}), 0) / 3600 AS hours,
  arg_min(e.id, ${BETTER_FIRST}) FILTER (isfinite(e.objective) AND e.verdict NOT IN ('failed', 'invalid')) AS best,
  arg_min(e.objective, ${BETTER_FIRST}) FILTER (isfinite(e.objective) AND e.verdict NOT IN ('failed', 'invalid')) AS objective,
  arg_min(e.effect, ${BETTER_FIRST}) FILTER (isfinite(e.objective) AND e.verdict NOT IN ('failed', 'invalid')) AS effect
FROM experiments e JOIN nights w ON w.id = e.night WHERE ${CANDIDATE} AND ${during('e.opened')}`;
      })
      .join('\nUNION ALL ')}\nORDER BY place`,
    whole: null,
    ranked: null,
  }),
});

/** Baselines, the newest night's first. */
export const baseline = tool({
  name: 'baseline',
  about: 'what everything is measured against: its mean, spread, seeds, tier and commit',
  args: z.strictObject({ night: scopeArgs.night }),
  ask: ({ night }, at) => ({
    sql: `WITH ${ARMS}
SELECT e.id, w.id AS night, w.metric, w.direction, w.min_effect, e.objective, e.n, e.spread, e.tier, e."commit", a.runs
FROM nights w JOIN experiments e ON e.id = w.baseline LEFT JOIN arms a ON a.experiment = e.id
WHERE ${within({ night, when: null }, { night: 'w.id', time: 'w.started' }, at)}
ORDER BY length(w.id) DESC, w.id DESC`,
    whole: null,
    ranked: null,
  }),
});

const COUNTS = (run: string): string =>
  `${run}.status = 'finished' AND ${run}.purpose <> 'repeat' AND ${run}.variant IS NULL AND isfinite(${run}.objective)`;
/** Experiments minus their parents on the seeds that both ran: a seed’s luck is in both. */
const PAIRED = `paired AS (
  SELECT e.id, avg(own.objective - its.objective) AS difference FROM experiments e
  JOIN runs own ON own.experiment = e.id
  JOIN runs its ON its.experiment = coalesce(e.parent, e.baseline) AND its.seed = own.seed
  WHERE ${COUNTS('own')} AND ${COUNTS('its')}
  GROUP BY e.id
)`;

/** What could be done next, by stated rules, the most useful first. */
export const next = tool({
  name: 'next',
  about:
    'what to do next: confirmed and not promoted, promising and not confirmed, unsettled with a gain, hypotheses that wait',
  args: z.strictObject({ limit: z.int().min(1).max(20) }),
  ask: ({ limit }) => ({
    sql: `WITH ${ARMS}, ${PAIRED}, now AS (
  SELECT ${OF_EXPERIMENT}, CASE
    WHEN e.dawn_confirmed AND e.promoted IS NULL THEN 0
    WHEN e.verdict = 'promising' AND e.stack IS NULL AND e.dawn_confirmed IS NULL THEN 1
    WHEN e.verdict = 'inconclusive' AND e.effect * CASE WHEN w.direction = 'minimize' THEN -1 ELSE 1 END > 0
      AND coalesce(p.difference * CASE WHEN w.direction = 'minimize' THEN -1 ELSE 1 END > 0, true) THEN 2
  END AS rank, row_number() OVER (PARTITION BY rank ORDER BY ${BETTER_FIRST}, ${inOrder('e.id')}) AS place
  ${FROM_EXPERIMENTS} LEFT JOIN paired p ON p.id = e.id WHERE ${CANDIDATE} AND e.night = (SELECT id FROM nights ORDER BY length(id) DESC, id DESC LIMIT 1)
)
SELECT ['promote', 'confirm', 'more seeds'][rank + 1] AS "action", * EXCLUDE (rank, place) FROM now
WHERE rank IS NOT NULL AND place <= 3 ORDER BY rank, place LIMIT ${limit}`,
    whole: `SELECT count(*) AS waiting FROM hypotheses WHERE standing IN ('queued', 'untried')`,
    ranked: null,
  }),
});

/** What a change brought on what it was built on, above 0 where that is better. */
const gain = (effect: string): string =>
  `CASE WHEN w.direction = 'minimize' THEN -${effect} ELSE ${effect} END`;
const OWN = gain('e.effect_on_parent');
const LEFT_OUT = gain('e.attribution_effect');

/** Lines of inquiry: what was tried on each, and what came of it. The best of a stack is no merit of its last line. */
export const lines = tool({
  name: 'lines',
  about:
    'lines of inquiry (knobs, themes): how much was tried on each, the largest gain of one change on its parent, and what dawn attributed to it',
  args: z.strictObject({ ...scopeArgs, limit: z.int().min(1).max(50) }),
  ask: ({ limit, ...scope }, at) => {
    const where = all([CANDIDATE, within(scope, { night: 'e.night', time: 'e.opened' }, at)]);
    const best = (of: string) =>
      `arg_max(${of}, ${OWN}) FILTER (isfinite(e.effect_on_parent) AND e.verdict NOT IN ('failed', 'invalid'))`;
    const attributed = (of: string) => `arg_max(${of}, ${LEFT_OUT}) FILTER (e.attributed)`;
    return {
      sql: `SELECT e.line AS id, count(*) AS experiments, count(*) FILTER (e.verdict IN ('improved', 'promising')) AS promising,
  count(*) FILTER (e.verdict = 'failed') AS failed, ${best('e.id')} AS best, ${best('e.parent')} AS parent,
  ${best('e.effect_on_parent')} AS effect_on_parent,
  ${best('CASE WHEN e.parent_interval_low IS NULL THEN NULL ELSE [e.parent_interval_low, e.parent_interval_high] END')} AS parent_interval,
  ${attributed('e.id')} AS attributed, ${attributed('e.attribution_effect')} AS attribution_effect, any_value(w.metric) AS metric, any_value(w.direction) AS direction
FROM experiments e JOIN nights w ON w.id = e.night WHERE ${where}
GROUP BY e.line ORDER BY max(${LEFT_OUT}) FILTER (e.attributed) DESC NULLS LAST, max(${OWN}) FILTER (isfinite(e.effect_on_parent) AND e.verdict NOT IN ('failed', 'invalid')) DESC NULLS LAST, e.line LIMIT ${limit}`,
      whole: `SELECT count(DISTINCT e.line) AS matching FROM experiments e WHERE ${where}`,
      ranked: 'best',
    };
  },
});

/** What the runs were shut in, and how many nobody said it of. */
export const sandbox = tool({
  name: 'sandbox',
  about: 'what runs were shut in (bubblewrap, docker, …, or none), and how many in each',
  args: z.strictObject({ ...scopeArgs, experiment: z.string().nullable() }),
  ask({ experiment, ...scope }, at) {
    const where = all([
      'r.night IS NOT NULL',
      within(scope, { night: 'r.night', time: 'r.started' }, at),
      experiment && runOf(experiment),
    ]);
    return {
      sql: `SELECT coalesce(r.sandbox, 'not recorded') AS sandbox, count(*) AS run_count, list(r.id ORDER BY ${inOrder('r.id')}) AS runs
FROM runs r WHERE ${where} GROUP BY 1 ORDER BY 2 DESC, 1`,
      whole: `SELECT count(*) FILTER (r.sandbox <> 'none') AS matching, count(*) AS "of" FROM runs r WHERE ${where}`,
      ranked: null,
    };
  },
});

/**
 * One SELECT of one's own: the notebook refuses everything else, and whatever takes too long. It may
 * hold constants, so that its rows are shown as a table and nothing is worded from them.
 */
export const sql = tool({
  name: 'sql',
  about:
    'one SELECT of your own, shown as a table, over the tables nights, hypotheses, experiments, runs, params, metrics, summary, flags, tags, notes, decisions; only where no other tool fits',
  args: z.strictObject({ query: z.string().max(4000) }),
  ask: ({ query }) => ({ sql: query, whole: null, ranked: null, free: true }),
});
