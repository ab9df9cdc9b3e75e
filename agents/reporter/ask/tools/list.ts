import { z } from 'zod';
import {
  all,
  ARMS,
  CANDIDATE,
  FROM_EXPERIMENTS,
  inOrder,
  literal,
  mentions,
  OF_EXPERIMENT,
  runOf,
  scopeArgs,
  within,
  type Scope,
} from '../sql.ts';
import { tool, type At } from '../tool.ts';

const VERDICTS = [
  'improved',
  'promising',
  'worse',
  'no_difference',
  'inconclusive',
  'failed',
  'pruned',
  'invalid',
] as const;

/** Experiments whatever came of them. */
export const NO_LIMITS = {
  ...{ confirmed: null, promoted: null, than_baseline: null, below: null, above: null },
} as const;

/** Experiments, counted and listed. */
export const experiments = tool({
  name: 'experiments',
  about:
    'candidate experiments by verdict, tag, source, words, mean, or what dawn confirmed; counts them',
  args: z.strictObject({
    ...scopeArgs,
    verdict: z.enum(VERDICTS).nullable(),
    judged: z.boolean().nullable().describe('false: only those without a verdict yet'),
    tag: z.string().nullable(),
    source: z
      .enum(['yours', 'search_space', 'incumbent', 'paper', 'model'])
      .nullable()
      .describe('who thought of it'),
    about: z.string().nullable().describe('only where title, line, change or reason hold this'),
    confirmed: z.boolean().nullable().describe('whether dawn confirmed it on fresh seeds'),
    promoted: z.boolean().nullable(),
    than_baseline: z.enum(['better', 'worse']).nullable().describe('by its mean alone'),
    below: z.number().nullable().describe('only where the mean of the objective is below this'),
    above: z.number().nullable(),
  }),
  ask({ verdict, judged, tag, source, about, ...rest }, at) {
    const { confirmed, promoted, than_baseline: than, below, above, ...scope } = rest;
    const usable = `isfinite(e.objective) AND coalesce(e.verdict, '') NOT IN ('failed', 'invalid')`;
    const where = all([
      CANDIDATE,
      within(scope, { night: 'e.night', time: 'e.opened' }, at),
      verdict && `e.verdict = ${literal(verdict)}`,
      judged === null ? null : `(e.verdict IS NOT NULL) = ${judged}`,
      tag && `list_contains(e.tags, ${literal(tag)})`,
      source && `e.source = ${literal(source)}`,
      about && mentions(about, ['e.title', 'e.line', 'e.change', 'e.because']),
      confirmed === null ? null : `coalesce(e.dawn_confirmed, false) = ${confirmed}`,
      promoted === null ? null : `(e.promoted IS NOT NULL) = ${promoted}`,
      than && `${usable} AND ${GAIN} ${than === 'better' ? '>' : '<'} 0`,
      below === null ? null : `${usable} AND e.objective < ${below}`,
      above === null ? null : `${usable} AND e.objective > ${above}`,
    ]);
    const of = all([CANDIDATE, within(scope, { night: 'e.night', time: 'e.opened' }, at)]);
    return {
      sql: `WITH ${ARMS}
SELECT ${OF_EXPERIMENT}, e.verdict_because
${FROM_EXPERIMENTS}
WHERE ${where}
ORDER BY ${inOrder('e.id')}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of", count(*) FILTER ((${where}) AND coalesce(e.dawn_confirmed, false)) AS confirmed,
  ${below ?? 'NULL'} AS below, ${above ?? 'NULL'} AS above
FROM experiments e JOIN nights w ON w.id = e.night WHERE ${of}`,
      ranked: null,
    };
  },
});

const GAIN = `CASE WHEN w.direction = 'minimize' THEN -e.effect ELSE e.effect END`;

const SORTS = { seconds: 'seconds', memory: 'peak_memory_mb', objective: 'objective' } as const;

/** Runs, counted and listed. */
export const runs = tool({
  name: 'runs',
  about: 'runs of nights, or of one experiment, with status, seed, objective and time',
  args: z.strictObject({
    ...scopeArgs,
    experiment: z.string().nullable().describe('such as E-0007; of one run E-0007.2 or R-0001'),
    status: z.enum(['running', 'finished', 'failed', 'killed']).nullable(),
    sort: z.enum(['seconds', 'memory', 'objective']).nullable(),
    descending: z.boolean().describe('the largest first'),
    limit: z.int().min(1).max(50),
  }),
  ask({ experiment, status, sort, descending, limit, ...scope }, at) {
    const within = all([
      experiment?.startsWith('R') ? null : ofRuns(scope, at),
      experiment && runOf(experiment),
    ]);
    const where = all([within, status && `r.status = ${literal(status)}`]);
    const column = sort === null ? null : `r.${SORTS[sort]}`;
    return {
      sql: `SELECT r.id, r.name, r.experiment, r.seed, r.purpose, r.status, r.failure, r.objective, w.metric, r.tier, r.seconds,
  r.peak_memory_mb, r.started, [r.id] AS runs
FROM runs r LEFT JOIN nights w ON w.id = r.night
WHERE ${where}${column ? ` AND isfinite(${column})` : ''}
ORDER BY ${column ? `${column} ${descending ? 'DESC' : 'ASC'}, ` : ''}${inOrder('r.experiment')}, ${inOrder('r.id')}
LIMIT ${limit}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of", sum(r.seconds) FILTER (${where}) / 3600 AS hours
FROM runs r WHERE ${within}`,
      ranked: sort === null ? null : descending ? 'highest' : 'lowest',
    };
  },
});

/** Hypotheses, counted and listed. */
export const hypotheses = tool({
  name: 'hypotheses',
  about: 'hypotheses by standing or words: proposed, waiting, tested, rejected with the reason',
  args: z.strictObject({
    ...scopeArgs,
    standing: z.enum(['queued', 'running', 'done', 'rejected', 'untried']).nullable(),
    about: z.string().nullable(),
  }),
  ask({ standing, about, ...scope }, at) {
    const of = within(scope, { night: 'h.night', time: 'h.proposed' }, at);
    const where = all([
      of,
      standing && `h.standing = ${literal(standing)}`,
      about && mentions(about, ['h.title', 'h.line', 'h.change', 'h.because']),
    ]);
    return {
      sql: `SELECT h.id, h.title, h.change, h.source, h.line, h.standing, h.rejected_because AS reason, h.experiment, h.night
FROM hypotheses h WHERE ${where} ORDER BY ${inOrder('h.id')}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of" FROM hypotheses h WHERE ${of}`,
      ranked: null,
    };
  },
});

/** Nights of the lab, newest first. */
export const nights = tool({
  name: 'nights',
  about: 'nights: when they began and ended and why, what they tried and came to',
  args: z.strictObject({ ...scopeArgs, limit: z.int().min(1).max(50) }),
  ask({ limit, ...scope }, at) {
    const where = within(scope, { night: 'w.id', time: 'w.started' }, at);
    return {
      sql: `WITH ended AS (
  SELECT e.night, count(*) FILTER (e.verdict = 'improved') AS improved, count(*) FILTER (e.verdict = 'promising') AS promising,
    count(*) FILTER (e.verdict = 'failed') AS failed
  FROM experiments e WHERE ${CANDIDATE} GROUP BY e.night
)
SELECT w.id, w.started, w.ended, w.end_reason, w.message, w.candidates, w.runs_started AS run_count, w.metric, w.baseline, w.incumbent,
  coalesce(improved, 0) AS improved, coalesce(promising, 0) AS promising, coalesce(failed, 0) AS failed
FROM nights w LEFT JOIN ended ON ended.night = w.id
WHERE ${where} ORDER BY length(w.id) DESC, w.id DESC LIMIT ${limit}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of" FROM nights w`,
      ranked: null,
    };
  },
});

const ofRuns = (scope: Scope, at: At): string =>
  all([`r.night IS NOT NULL`, within(scope, { night: 'r.night', time: 'r.started' }, at)]);
