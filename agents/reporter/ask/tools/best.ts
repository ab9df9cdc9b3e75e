import { z } from 'zod';
import {
  all,
  ARMS,
  BETTER_FIRST,
  CANDIDATE,
  FROM_EXPERIMENTS,
  inOrder,
  mentions,
  OF_EXPERIMENT,
  SAME_GOAL,
  scopeArgs,
  within,
} from '../sql.ts';
import { tool } from '../tool.ts';

const args = z.strictObject({
  ...scopeArgs,
  worst: z.boolean().describe('the worst instead'),
  confirmed: z.boolean().describe('only what dawn confirmed on fresh seeds'),
  about: z.string().nullable().describe('only of this knob, line or title; null: all'),
  skip: z.int().min(0).describe('leave out so many from the top: 1 for the second best'),
  limit: z.int().min(1).max(20),
});

/** Candidates by the mean of the objective, under the goal of the newest night alone. */
export const best = tool({
  name: 'best',
  about:
    'experiments ranked by the mean of the objective, with effect on the baseline, 95 % interval, number of seeds, tier and verdict',
  args,
  ask({ worst, confirmed, about, skip, limit, ...scope }, at) {
    const where = all([
      CANDIDATE,
      SAME_GOAL,
      `isfinite(e.objective) AND coalesce(e.verdict, '') NOT IN ('failed', 'invalid')`,
      within(scope, { night: 'e.night', time: 'e.opened' }, at),
      confirmed ? 'coalesce(e.dawn_confirmed, false) OR e.stack IS NOT NULL' : null,
      about === null ? null : mentions(about, ['e.title', 'e.line', 'e.change']),
    ]);
    return {
      sql: `WITH ${ARMS}
SELECT ${OF_EXPERIMENT}
${FROM_EXPERIMENTS}
WHERE ${where}
ORDER BY ${BETTER_FIRST} ${worst ? 'DESC' : 'ASC'}, ${inOrder('e.id')}
LIMIT ${limit} OFFSET ${skip}`,
      whole: `SELECT count(*) FILTER (${where}) AS matching, count(*) FILTER (${CANDIDATE}) AS "of",
  any_value(w.metric) AS metric FROM experiments e JOIN nights w ON w.id = e.night`,
      ranked: worst ? 'worst' : 'best',
    };
  },
});
