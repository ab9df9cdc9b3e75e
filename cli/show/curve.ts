import { openQuestions, type Questions } from '../../notebook/questions.ts';
import { text } from '../../notebook/sql.ts';
import type { OwnRunId, RunId } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { LabPlace } from '../../orchestrator/lab/place.ts';
import { bold, oneLine, print, remark } from '../output.ts';
import { speaksUnicode } from '../view/text.ts';
import { plot, type Series } from './plot.ts';

/** How a run's objective went, as a small picture below its page. */

/** More points than a terminal has columns say nothing more. */
const MOST_POINTS = 500;

type AnyRun = RunId | OwnRunId;

/** `metric`: null, or not logged by steps: what the first run logged most often is drawn. */
export async function showCurve(
  { lab, state }: { readonly lab: LabPlace; readonly state: State },
  runs: readonly { readonly id: AnyRun; readonly name: string }[],
  metric: string | null,
): Promise<void> {
  const [first] = runs;
  if (!first) return;
  const notebook = openQuestions(lab.notebookDir, { runsDir: lab.experimentsDir, state });
  const key = await keyOf(notebook, first.id, metric);
  if (key === null) return;
  const { rows } = await notebook.query(`WITH curve AS (
    SELECT run_id, step, value, row_number() OVER (PARTITION BY run_id ORDER BY step, time) AS i,
      count(*) OVER (PARTITION BY run_id) AS n
    FROM metrics WHERE key = ${text(key)} AND step IS NOT NULL
      AND run_id IN (${runs.map(({ id }) => text(id)).join(', ')}))
    SELECT run_id, step, value FROM curve
    WHERE i % greatest(1, n // ${MOST_POINTS}) = 0 OR i = 1 OR i = n ORDER BY run_id, step`);
  notebook.warnings.forEach(remark);
  const series = runs.map(({ id, name }): Series => ({
    name,
    points: rows
      .filter((row) => row['run_id'] === id)
      .map((row) => ({ step: Number(row['step']), value: Number(row['value']) })),
  }));
  const canvas = {
    columns: process.stdout.columns ?? 80,
    unicode: speaksUnicode(process.env) || !process.stdout.isTTY,
  };
  const drawn = plot(series, canvas);
  if (drawn !== '') print(`\n${bold(oneLine(key))}\n${drawn}`);
}

async function keyOf(
  notebook: Questions,
  run: AnyRun,
  metric: string | null,
): Promise<string | null> {
  const { rows } = await notebook.query(
    `SELECT key FROM metrics WHERE run_id = ${text(run)} AND step IS NOT NULL GROUP BY key ` +
      `HAVING count(*) > 1 ORDER BY key = ${text(metric ?? '')} DESC, count(*) DESC, key LIMIT 1`,
  );
  return rows[0] ? String(rows[0]['key']) : null;
}
