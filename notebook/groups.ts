import { text } from './sql.ts';

/**
 * Groups of runs, a row for each metric, out of what finished runs gave last. A key `task/metric`
 * belongs to its task. Runs of one task are averaged first, then the tasks: `mean` counts each task
 * alike, `weighted` by its samples, and is null where a task logged none.
 */
export const groupsQuery = (group: string | undefined): string => `
  WITH given AS (
    SELECT r.run_group, r.id AS run_id, s.number AS value,
      regexp_extract(s.key, '^(.*)/[^/]*$', 1) AS task, regexp_extract(s.key, '[^/]*$') AS metric
    FROM runs r JOIN summary s ON s.run_id = r.id
    WHERE r.status = 'finished' AND s.number IS NOT NULL AND r.run_group ${
      group === undefined ? 'IS NOT NULL' : `= ${text(group)}`
    }),
  counted AS (SELECT run_id, coalesce(task, '') AS task, count(*) AS n FROM samples GROUP BY ALL),
  tasks AS (
    SELECT g.run_group, g.metric, g.task, avg(g.value) AS value, avg(c.n) AS n,
      list(DISTINCT g.run_id) AS ids
    FROM given g LEFT JOIN counted c ON c.run_id = g.run_id AND c.task = g.task GROUP BY ALL)
  SELECT run_group AS "group", metric, count(*) AS tasks,
    len(list_distinct(flatten(list(ids)))) AS runs, avg(value) AS mean,
    CASE WHEN count(n) = count(*) THEN sum(value * n) / sum(n) END AS weighted
  FROM tasks GROUP BY ALL ORDER BY 1, 2`;
