import type { NotebookReader } from '../../../orchestrator/domain/ports.ts';
import type { Names } from './reading.ts';

/** What this notebook's metrics, knobs, lines and marks are called, so that a question may name them. */
export async function namesOf(notebook: NotebookReader): Promise<Names> {
  const { rows } =
    await notebook.query(`SELECT 'metric' AS kind, key AS name FROM summary WHERE number IS NOT NULL GROUP BY key
UNION ALL SELECT 'setting', key FROM params GROUP BY key
UNION ALL SELECT 'line', line FROM hypotheses WHERE line IS NOT NULL GROUP BY line
UNION ALL SELECT 'title', title FROM hypotheses GROUP BY title
UNION ALL SELECT 'label', label FROM flags GROUP BY label
UNION ALL SELECT 'label', tag FROM tags GROUP BY tag
UNION ALL SELECT unnest(['objective', 'direction']), unnest([metric, direction]) FROM (SELECT metric, direction FROM nights ORDER BY length(id) DESC, id DESC LIMIT 1)
ORDER BY 1, 2`);
  const of = (kind: string): readonly string[] =>
    rows.flatMap((row) =>
      row['kind'] === kind && typeof row['name'] === 'string' ? row['name'] : [],
    );
  return {
    ...{ metrics: of('metric'), settings: of('setting'), lines: of('line') },
    ...{ titles: of('title'), labels: of('label'), objective: of('objective')[0] ?? null },
    minimize: of('direction')[0] !== 'maximize',
  };
}
