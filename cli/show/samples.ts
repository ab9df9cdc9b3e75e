import type { Questions } from '../../notebook/questions.ts';
import { text } from '../../notebook/sql.ts';
import type { OwnRunId, RunId } from '../../orchestrator/domain/ids.ts';
import { dim, print, remark } from '../output.ts';
import { fitted } from '../table.ts';

/** Single predictions, of one run, or of two where they differ. */

type Samples = Pick<Questions, 'query'>;
type AnyRun = RunId | OwnRunId;
type Row = Readonly<Record<string, unknown>>;

/** So many are a page; all of them are a query, or `--json`. */
const PAGE = 50;
/** As many rows as a query gives. */
const MOST = 100_000;

/** What there is to be known of a list that may not be whole. */
export function remarkOn(rows: readonly unknown[], waiting: boolean): void {
  if (rows.length === MOST) remark(`these are the first ${MOST}: autolab query gives the rest`);
  if (waiting)
    remark('what a run logged just now waits until the night that works here takes it in');
}

export const samplesOf = async (notebook: Samples, run: AnyRun): Promise<readonly Row[]> =>
  (
    await notebook.query(
      `SELECT task, sample_id, input, target, prediction, metrics FROM samples ` +
        `WHERE run_id = ${text(run)} ORDER BY task, sample_id LIMIT ${MOST}`,
    )
  ).rows;

/** Samples that both runs predicted, and not alike: `a` and `b` are their predictions. */
export const differingSamples = async (
  notebook: Samples,
  a: AnyRun,
  b: AnyRun,
): Promise<readonly Row[]> =>
  (
    await notebook.query(
      `SELECT a.task, a.sample_id, a.input, a.target, a.prediction AS a, b.prediction AS b, ` +
        `a.metrics AS metrics_a, b.metrics AS metrics_b FROM samples a JOIN samples b ` +
        `ON a.task IS NOT DISTINCT FROM b.task AND a.sample_id = b.sample_id ` +
        `WHERE a.run_id = ${text(a)} AND b.run_id = ${text(b)} ` +
        `AND a.prediction IS DISTINCT FROM b.prediction ORDER BY a.task, a.sample_id LIMIT ${MOST}`,
    )
  ).rows;

/** `columns` of the rows as a table, the input where there is room for it. */
export function printSamples(rows: readonly Row[], columns: readonly string[]): void {
  const shown = rows.slice(0, PAGE);
  const plain = (value: unknown): string =>
    value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  const { head, lines, left_out } = fitted(
    columns.map((name, i) => ({
      ...{ title: name.replace('_', ' '), cell: (row: Row) => plain(row[name]) },
      ...(name === 'input' ? { flexible: true, importance: 0 } : { importance: 10 - i }),
    })),
    shown,
  );
  print([head, ...lines].join('\n'));
  if (rows.length === 0) print(dim('(none)'));
  if (left_out.length > 0) print(dim(`no room for: ${left_out.join(', ')}`));
  if (rows.length > PAGE)
    print(dim(`${rows.length - PAGE} more: --json, or query the table samples`));
}
