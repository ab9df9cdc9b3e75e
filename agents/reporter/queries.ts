import type { NightId, RunId } from '../../orchestrator/domain/ids.ts';
import { LARGEST } from '../../orchestrator/domain/objective.ts';
import type { Source } from './fact.ts';

/**
 * Everything the Reporter asks the notebook: one query per kind of thing and night, never one per
 * experiment. Their names hold no digits, so that they can stand in a text as its sources.
 */

/** Newest last, `E-10000` behind `E-9999`. */
const inOrder = (id: string): string => `length(${id}), ${id}`;

/** The night's experiments and the baseline they are measured against, be it of an earlier night. */
const ofNight = (night: NightId): string => `${withPlanned(night)} AND e.source <> 'plan'`;

/** The same, with the work of the plan's own. */
const withPlanned = (night: NightId): string =>
  `(e.night = '${night}' OR e.id = (SELECT baseline FROM nights WHERE id = '${night}'))`;

/** One finished run with a finite objective per seed: a seed's repeat is no replicate. */
const oncePerSeed = (where: string): string => `WITH once AS (
  SELECT DISTINCT ON (r.experiment, coalesce(r.seed::VARCHAR, r.id)) r.id, r.experiment, r.seed, r.objective
  FROM runs r JOIN experiments e ON e.id = r.experiment
  WHERE ${where} AND r.purpose <> 'repeat' AND r.status = 'finished' AND isfinite(r.objective)
  ORDER BY r.experiment, coalesce(r.seed::VARCHAR, r.id), ${inOrder('r.id')}
)`;

/** The metric that every finished run has: how long its command took, by our clock and not by the script's. */
export const WALL_SECONDS = 'wall_seconds';

export interface Queries {
  readonly nights: Source;
  readonly experiments: Source;
  readonly planned: Source;
  readonly ended: Source;
  readonly arms: Source;
  readonly dawn: Source;
  readonly runs: Source;
  readonly failures: Source;
  readonly repaired: Source;
  readonly hypotheses: Source;
  readonly counts: Source;
  readonly slots: Source;
  readonly sandboxes: Source;
  readonly pauses: Source;
  readonly calls: Source;
  readonly without: Source;
  readonly metrics: Source;
  readonly curves: Source;
  readonly settings: Source;
  readonly artifacts: Source;
  readonly flags: Source;
  readonly holdouts: Source;
  readonly notes: Source;
  readonly decisions: Source;
  readonly tags: Source;
  readonly predictions: Source;
}

/** The queries of a night. Throws where the id is none: it becomes part of SQL. */
export function queriesOf(night: NightId): Queries {
  if (!/^N-\d{4,}$/.test(night)) throw new Error(`expected a night such as N-0001, found ${night}`);
  const sql = { ...lab(night), ...measured(night), ...beside(night), ...words(night) };
  const named = Object.entries(sql).map(([name, text]) => [name, { name, sql: text }] as const);
  return Object.fromEntries(named) as unknown as Queries;
}

const THOUGHT_OF =
  'h.idea, h.expected_effect, h.refuted_by, h.link, h.model, h.written_by, h.account, h.not_taken';

const lab = (night: NightId) => ({
  nights: `WITH last AS (
  SELECT night, max(started + to_seconds(coalesce(seconds, 0))) AS seen FROM runs GROUP BY night
)
SELECT n.*, strftime(n.started, '%-d %B %Y, %H:%M') AS began,
  strftime(coalesce(n.ended, last.seen), '%H:%M') AS until,
  epoch(coalesce(n.ended, last.seen) - n.started) AS seconds,
  tip.id AS tip, tip.dawn_effect AS tip_effect, tip.dawn_low AS tip_low, tip.dawn_high AS tip_high
FROM nights n LEFT JOIN last ON last.night = n.id
LEFT JOIN experiments tip ON tip.night = n.id AND tip.dawn_confirmed
ORDER BY ${inOrder('n.id')}`,
  experiments: `SELECT e.*, ${THOUGHT_OF} FROM experiments e LEFT JOIN hypotheses h ON h.id = e.hypothesis
WHERE ${ofNight(night)}
ORDER BY ${inOrder('e.id')}`,
  planned: `SELECT e.*, ${THOUGHT_OF} FROM experiments e LEFT JOIN hypotheses h ON h.id = e.hypothesis
WHERE e.source = 'plan' AND (e.night = '${night}'
  OR list_contains((SELECT stands FROM nights WHERE id = '${night}'), e.id))
ORDER BY ${inOrder('e.id')}`,
  ended: `WITH own AS (
  SELECT coalesce(verdict, outcome) AS outcome FROM experiments
  WHERE night = '${night}' AND (id <> baseline OR source = 'plan') AND left_out IS NULL
)
SELECT count(outcome) FILTER (outcome NOT IN ('failed', 'invalid')) AS completed,
  count(outcome) FILTER (outcome IN ('failed', 'invalid')) AS failed
FROM own`,
  runs: `SELECT r.* FROM runs r JOIN experiments e ON e.id = r.experiment
WHERE ${withPlanned(night)}
ORDER BY ${inOrder('r.experiment')}, ${inOrder('r.id')}`,
  failures: `SELECT e.id, coalesce(e.failure_class, any_value(r.failure), any_value(r.killed_because), e.verdict) AS class,
  coalesce(e.failure, any_value(r.failure_message), e.verdict_because) AS message,
  coalesce(list(r.id ORDER BY ${inOrder('r.id')}) FILTER (r.id IS NOT NULL), []) AS runs
FROM experiments e LEFT JOIN runs r
  ON r.experiment = e.id AND r.purpose <> 'dawn' AND r.status IN ('failed', 'killed')
WHERE ${ofNight(night)} AND (e.verdict IN ('failed', 'invalid') OR (e.id = e.baseline AND r.id IS NOT NULL))
GROUP BY e.id, e.failure_class, e.failure, e.verdict, e.verdict_because
ORDER BY ${inOrder('e.id')}`,
  // What came to nothing all the same is among the failures.
  repaired: `SELECT e.id, count(*) OVER () AS n, json_extract_string(e.repairs, '$[0].failure') AS message,
  list_distinct(json_extract_string(e.repairs, '$[*].run')) AS runs
FROM experiments e
WHERE ${ofNight(night)} AND json_array_length(e.repairs) > 0
  AND coalesce(e.verdict, '') NOT IN ('failed', 'invalid')
ORDER BY ${inOrder('e.id')}`,
});

/**
 * The standard deviation; null where there is none, or where a value is too large to be squared:
 * DuckDB throws there.
 */
const spreadOf = (value: string): string =>
  `CASE WHEN max(abs(${value})) < ${LARGEST} THEN stddev_samp(${value}) FILTER (abs(${value}) < ${LARGEST}) END`;

const measured = (night: NightId) => ({
  arms: `${oncePerSeed(`${ofNight(night)} AND r.variant IS NULL`)}
SELECT experiment, count(*) AS n, avg(objective) AS mean, ${spreadOf('objective')} AS spread,
  list(id ORDER BY ${inOrder('id')}) AS runs
FROM once GROUP BY experiment ORDER BY ${inOrder('experiment')}`,
  dawn: `${oncePerSeed(`${ofNight(night)} AND r.purpose = 'dawn'
    AND r.started >= (SELECT started FROM nights WHERE id = '${night}')`)}
SELECT experiment, count(*) AS n, avg(objective) AS mean, ${spreadOf('objective')} AS spread,
  list(seed ORDER BY ${inOrder('id')}) AS seeds, list(objective ORDER BY ${inOrder('id')}) AS "values",
  list(id ORDER BY ${inOrder('id')}) AS runs
FROM once GROUP BY experiment ORDER BY ${inOrder('experiment')}`,
  metrics: `WITH measured AS (
  SELECT run_id, key, number FROM summary WHERE number IS NOT NULL AND key <> '${WALL_SECONDS}'
  UNION ALL SELECT id, '${WALL_SECONDS}', seconds FROM runs
)
SELECT r.experiment, m.key, count(*) AS n, avg(m.number) AS mean, ${spreadOf('m.number')} AS spread,
  list(r.id ORDER BY ${inOrder('r.id')}) AS runs
FROM measured m JOIN runs r ON r.id = m.run_id JOIN experiments e ON e.id = r.experiment
WHERE ${withPlanned(night)} AND r.purpose <> 'repeat' AND r.status = 'finished' AND r.variant IS NULL AND isfinite(m.number)
GROUP BY r.experiment, m.key ORDER BY ${inOrder('r.experiment')}, m.key`,
  // Where a series stood in the last tenth of its steps, against the tenth before; with the spread
  // within runs alone, since how far apart seeds lie says nothing of how a series moves.
  curves: `WITH ends AS (
  SELECT m.run_id, m.key, min(m.step) AS first, max(m.step) AS last
  FROM metrics m JOIN runs r ON r.id = m.run_id JOIN experiments e ON e.id = r.experiment
  WHERE ${ofNight(night)} AND r.status = 'finished' AND r.variant IS NULL AND isfinite(m.value) AND m.step IS NOT NULL
  GROUP BY m.run_id, m.key HAVING count(*) >= 20
), tenths AS (
  SELECT m.run_id, m.key, least(9, floor(10 * (m.step - ends.first) / (ends.last - ends.first))) AS tenth, m.value
  FROM metrics m JOIN ends USING (run_id, key) WHERE abs(m.value) < ${LARGEST} AND ends.last > ends.first
), each AS (
  SELECT run_id, key, avg(value) FILTER (tenth = 9) AS at_end,
    avg(value) FILTER (tenth = 8) AS before, avg(value) FILTER (tenth = 0) AS at_start,
    var_samp(value) FILTER (tenth = 9) / count(*) FILTER (tenth = 9)
      + var_samp(value) FILTER (tenth = 8) / count(*) FILTER (tenth = 8) AS squared
  FROM tenths GROUP BY run_id, key
)
SELECT r.experiment, t.key, avg(t.at_end) AS at_end, avg(t.before) AS before, avg(t.at_start) AS at_start,
  sqrt(sum(t.squared)) / count(*) AS error, list(r.id ORDER BY ${inOrder('r.id')}) AS runs
FROM each t JOIN runs r ON r.id = t.run_id WHERE t.squared IS NOT NULL
GROUP BY r.experiment, t.key ORDER BY ${inOrder('r.experiment')}, t.key`,
});

const beside = (night: NightId) => ({
  // Ideas: what was put on a newer incumbent is the same one again, an arm of dawn is none.
  counts: `WITH RECURSIVE own AS (
  SELECT * FROM experiments WHERE night = '${night}' AND id <> baseline AND left_out IS NULL
), ideas AS (
  SELECT id, id AS idea FROM own WHERE reapplies IS NULL
  UNION ALL SELECT own.id, ideas.idea FROM own JOIN ideas ON own.reapplies = ideas.id
)
SELECT count(DISTINCT idea) AS tried,
  count(DISTINCT idea) FILTER (verdict = 'promising' OR dawn_confirmed IS NOT NULL) AS promising,
  count(DISTINCT idea) FILTER (stack IS NOT NULL OR dawn_confirmed) AS confirmed,
  count(DISTINCT idea) FILTER (attributed) AS attributed
FROM own JOIN ideas USING (id)`,
  hypotheses: `SELECT status, rejected_because AS because, count(*) AS n, list(id ORDER BY ${inOrder('id')}) AS ids
FROM hypotheses WHERE night = '${night}' AND status <> 'tested'
GROUP BY status, rejected_because ORDER BY n DESC, because`,
  // Of the whole lab: one night tests too few to say how well somebody predicts.
  predictions: `SELECT source, model, count(*) AS n, count(*) FILTER (measured_effect / expected_effect > 0) AS right_way,
  avg(measured_effect / expected_effect) AS ratio
FROM hypotheses WHERE expected_effect <> 0 AND measured_effect IS NOT NULL
GROUP BY source, model ORDER BY n DESC, source, model`,
  slots: `WITH trained AS (
  SELECT sum(s.seconds) AS seconds, min(s.start) AS first, max(s.start + to_seconds(s.seconds)) AS last
  FROM spans s WHERE s.night = '${night}' AND s.name = 'train'
)
SELECT n.slots, t.seconds, t.seconds / nullif(n.slots * epoch(t.last - t.first), 0) AS share
FROM trained t, nights n WHERE n.id = '${night}'`,
  sandboxes: `SELECT count(*) AS n, count(*) FILTER (sandbox <> 'none') AS shut,
  coalesce(list(DISTINCT sandbox ORDER BY sandbox) FILTER (sandbox <> 'none'), []) AS kinds
FROM runs WHERE night = '${night}' AND sandbox IS NOT NULL`,
  pauses: `SELECT count(*) AS n, strftime(min(time), '%H:%M') AS since, arg_min(text, time) AS text
FROM alerts WHERE subject = '${night}' AND kind = 'paused' HAVING count(*) > 0`,
  calls: `SELECT who AS role, model, count(*) AS calls, sum(tokens_in + tokens_out)::BIGINT AS tokens,
  bool_or(estimated) AS estimated, coalesce(sum(usd), 0) AS usd, count(*) FILTER (usd IS NULL) AS unpriced
FROM spans WHERE night = '${night}' AND requests > 0
GROUP BY who, model ORDER BY who, model`,
  without: `SELECT who AS role, model, outcome, count(*) AS n, strftime(min(start), '%H:%M') AS since,
  arg_min(message, start) AS message,
  outcome IN ('refused_key', 'rate_limited', 'unreachable', 'timeout', 'bad_request', 'budget') AS away
FROM spans WHERE night = '${night}'
  AND outcome <> 'answered'
GROUP BY who, model, outcome ORDER BY min(start), who`,
  settings: `SELECT r.experiment, p.key, any_value(p.value) AS "value"
FROM params p JOIN runs r ON r.id = p.run_id JOIN experiments e ON e.id = r.experiment
WHERE ${ofNight(night)} AND p.source = 'knob'
GROUP BY r.experiment, p.key ORDER BY ${inOrder('r.experiment')}, p.key`,
  artifacts: `SELECT r.experiment, a.run_id, r.attempt, a.name, a.bytes, a.sha256, a.saved_as, a.version, a.step, a.best
FROM artifacts a JOIN runs r ON r.id = a.run_id JOIN experiments e ON e.id = r.experiment
WHERE ${withPlanned(night)}
ORDER BY ${inOrder('a.run_id')}, a.name`,
  holdouts: `SELECT h.* FROM holdouts h WHERE h.night = '${night}' ORDER BY ${inOrder('h.experiment')}`,
  flags: `SELECT coalesce(r.experiment, f.target) AS experiment, f.target, f.label, f.because, f.who
FROM flags f LEFT JOIN runs r ON r.id = f.target JOIN experiments e ON e.id = coalesce(r.experiment, f.target)
WHERE ${withPlanned(night)}
ORDER BY ${inOrder('f.target')}, f.label`,
});

/** When it was said: to be sorted by, and as a text has it. */
const timeOf = (time: string): string =>
  `${time}::VARCHAR AS time, strftime(${time}, '%-d %B %Y, %H:%M') AS said`;

/** What people said; of the whole lab, since nobody says of which night they speak. */
const words = (night: NightId) => ({
  notes: `SELECT n.target, coalesce(r.experiment, h.experiment, n.target) AS about, n.text, n.who, ${timeOf('n.time')}
FROM notes n LEFT JOIN runs r ON r.id = n.target LEFT JOIN hypotheses h ON h.id = n.target
ORDER BY n.time, n.id`,
  decisions: `SELECT d.text, d.because, d.closes, d.opens, d.in_force, d.evidence, d.who, ${timeOf('d.time')}
FROM decisions d
ORDER BY d.time, d.id`,
  tags: `SELECT coalesce(r.experiment, t.target) AS experiment, t.target, list(t.tag ORDER BY t.time, t.tag) AS tags
FROM tags t LEFT JOIN runs r ON r.id = t.target JOIN experiments e ON e.id = coalesce(r.experiment, t.target)
WHERE ${withPlanned(night)}
GROUP BY 1, 2 ORDER BY ${inOrder('t.target')}`,
});

/** What the line on one run needs: the run, and its baseline's mean. */
export function queryOfRun(run: RunId): Source {
  if (!/^E-\d{4,}\.[1-9]\d*$/.test(run))
    throw new Error(`expected a run such as E-0007.2, found ${run}`);
  return {
    name: 'run',
    sql: `${oncePerSeed(`e.id = (SELECT b.baseline FROM experiments b JOIN runs x ON x.experiment = b.id WHERE x.id = '${run}')
    AND r.id <> '${run}'
    AND r.variant IS NOT DISTINCT FROM (SELECT variant FROM runs WHERE id = '${run}')`)}
SELECT r.id, r.experiment, e.baseline, e.planned, r.seed, r.status, r.failure, r.failure_message, r.killed_because, r.prune_because, r.objective, r.seconds, n.metric,
  (SELECT avg(objective) FROM once) AS base, (SELECT ${spreadOf('objective')} FROM once) AS spread,
  (SELECT count(*) FROM once) AS n, r.objective - (SELECT avg(objective) FROM once) AS effect
FROM runs r JOIN experiments e ON e.id = r.experiment JOIN nights n ON n.id = r.night
WHERE r.id = '${run}'`,
  };
}
