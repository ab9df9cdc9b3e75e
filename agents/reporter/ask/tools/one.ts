import { z } from 'zod';
import {
  all,
  ARMS,
  FROM_EXPERIMENTS,
  inOrder,
  literal,
  mentions,
  OF_EXPERIMENT,
  runOf,
  scopeArgs,
  within,
} from '../sql.ts';
import { tool } from '../tool.ts';
import type { ExperimentId } from '../../../../orchestrator/domain/ids.ts';

/** Tools about one thing, or two. */

const experiment = z.string().regex(/^E-\d{4,}$/);

/** All that is recorded of an experiment: what, why, how it came out, how sure that is. */
export const show = tool({
  name: 'show',
  about:
    'one experiment: change, reason, verdict and its evidence, confidence, effect on baseline and parent, what dawn said',
  args: z.strictObject({ id: experiment }),
  ask: ({ id }) => ({
    sql: `WITH ${ARMS}
SELECT ${OF_EXPERIMENT}, e.hypothesis, e.because AS reason, e.verdict_because, e.confidence, e.confidence_because,
  e.borderline, e.dawn_n, e.dawn_objective, e.dawn_baseline, e.dawn_effect, CASE WHEN e.dawn_low IS NULL THEN NULL ELSE [e.dawn_low, e.dawn_high] END AS dawn_interval,
  e.failure_class AS failure, e.failure AS message, e.branch, e."commit", e.opened AS started, e.promoted, e.tags, e.flags
${FROM_EXPERIMENTS}
WHERE e.id = ${literal(id)}`,
    whole: null,
    ranked: null,
  }),
});

/** Two experiments and their difference; rows a and b, the difference with b. */
export const compare = tool({
  name: 'compare',
  about: 'two experiments side by side, and the difference b minus a with its interval',
  args: z.strictObject({ a: experiment, b: experiment }),
  ask: ({ a, b }, { contrast }) => ({
    sql: `WITH ${ARMS}
SELECT ${OF_EXPERIMENT}, e.verdict_because
${FROM_EXPERIMENTS}
WHERE e.id IN (${literal(a)}, ${literal(b)})
ORDER BY CASE WHEN e.id = ${literal(a)} THEN 0 ELSE 1 END`,
    whole: null,
    ranked: null,
    more(row) {
      if (row['id'] !== b) return row;
      const found = contrast(a as ExperimentId, b as ExperimentId);
      return {
        ...row,
        difference: found?.effect ?? null,
        difference_interval: found?.interval ?? null,
      };
    },
  }),
});

/** A hypothesis from its proposal to its verdict; by its id, its experiment, or words. */
export const history = tool({
  name: 'history',
  about:
    'what became of an idea: each time it was proposed, rejected (with the reason) or tested (with the verdict); by id (H-…, E-…) or words',
  args: z.strictObject({
    id: z.string().nullable(),
    about: z.string().nullable(),
    value: z.string().nullable().describe('only where a knob was set to this'),
  }),
  ask({ id, about, value }) {
    const where =
      id === null
        ? all([mentions(about ?? '', SPEAKING), value && setTo(about ?? '', value)])
        : sameIdea(id);
    return {
      sql: `WITH ${ARMS}
SELECT h.id, h.title, h.change, h.source, h.line, h.night, h.proposed AS started, h.because AS reason, h.standing, h.rejected_because AS message,
  coalesce(e.id, h.experiment) AS experiment, e.verdict, e.verdict_because, e.objective, e.effect, e.interval, e.n, e.tier, a.runs, b.runs AS base_runs
FROM hypotheses h LEFT JOIN experiments e ON e.hypothesis = h.id
LEFT JOIN arms a ON a.experiment = e.id LEFT JOIN arms b ON b.experiment = e.baseline
WHERE ${where} ORDER BY ${inOrder('h.id')}, ${inOrder('e.id')}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) AS "of", count(*) FILTER (${about === null ? where : mentions(about, SPEAKING)}) AS about FROM hypotheses h`,
      ranked: null,
    };
  },
});

/** The hypothesis of that id or experiment, and others of the same change; every patch's is called inline. */
function sameIdea(id: string): string {
  const own = `x.id = ${literal(id)} OR x.id = (SELECT y.hypothesis FROM experiments y WHERE y.id = ${literal(id)})`;
  const named = `json_extract_string(h.change, '$.patch') IS DISTINCT FROM 'inline'`;
  return `(h.id IN (SELECT x.id FROM hypotheses x WHERE ${own}) OR (${named} AND h.change IN (SELECT x.change FROM hypotheses x WHERE ${own})))`;
}

const SPEAKING = ['h.title', 'h.line', 'h.change', 'h.because'];

/** The knob's own new value, `0.2` and `0.20` alike; of words that are no knob any value of the change. */
const setTo = (knob: string, value: string): string => {
  const own = `json_extract_string(h.change, ${literal(`$.${JSON.stringify(knob)}`)})`;
  const same = (one: string) =>
    `${one} = ${literal(value)} OR TRY_CAST(${one} AS DOUBLE) = TRY_CAST(${literal(value)} AS DOUBLE)`;
  return `CASE WHEN ${own} IS NULL THEN len(list_filter(json_extract_string(h.change, '$.*'), lambda x: ${same('x')})) > 0 ELSE ${same(own)} END`;
};

/** Final values of an experiment's runs, or of all, by metric. */
export const metrics = tool({
  name: 'metrics',
  about:
    'a metric other than the objective: its mean over the finished runs of one experiment, or ranked over all',
  args: z.strictObject({
    ...scopeArgs,
    key: z.string(),
    experiment: experiment.nullable(),
    descending: z.boolean().describe('the largest first'),
    limit: z.int().min(1).max(20),
  }),
  ask: ({ key, experiment: id, descending, limit, ...scope }, at) => ({
    sql: `SELECT r.experiment AS id, e.title, s.key AS metric, avg(s.number) AS "value", count(*) AS run_count,
  list(r.id ORDER BY ${inOrder('r.id')}) AS runs
FROM summary s JOIN runs r ON r.id = s.run_id JOIN experiments e ON e.id = r.experiment
WHERE s.key = ${literal(key)} AND isfinite(s.number) AND r.status = 'finished' AND r.purpose <> 'repeat' AND r.variant IS NULL
  AND ${within(scope, { night: 'r.night', time: 'r.started' }, at)}${id === null ? '' : ` AND r.experiment = ${literal(id)}`}
GROUP BY r.experiment, e.title, s.key ORDER BY "value" ${descending ? 'DESC' : 'ASC'}, ${inOrder('r.experiment')} LIMIT ${limit}`,
    whole: `SELECT count(DISTINCT run_id) AS matching FROM summary WHERE key = ${literal(key)}`,
    ranked: descending ? 'highest' : 'lowest',
  }),
});

/** What an experiment's runs were configured with. */
export const settings = tool({
  name: 'settings',
  about: 'the parameters that an experiment ran with: knobs, arguments, variables',
  args: z.strictObject({
    id: z.string().regex(/^E-\d{4,}(?:\.\d+)?$/),
    key: z.string().nullable(),
  }),
  ask: ({ id, key }) => ({
    sql: `SELECT r.experiment AS id, p.key, string_agg(DISTINCT p.value, ', ' ORDER BY p.value) AS "value", p.source,
  list(r.id ORDER BY ${inOrder('r.id')}) AS runs
FROM params p JOIN runs r ON r.id = p.run_id
WHERE ${runOf(id)}${key === null ? '' : ` AND p.key = ${literal(key)}`}
GROUP BY ALL ORDER BY p.key`,
    whole: `SELECT count(DISTINCT key) AS "of" FROM params p JOIN runs r ON r.id = p.run_id WHERE ${runOf(id)}`,
    ranked: null,
  }),
});
