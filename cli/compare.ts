import { isExperimentId, isRunId } from '../orchestrator/domain/ids.ts';
import type { Run } from '../orchestrator/domain/run.ts';
import { runsOf, type State } from '../orchestrator/domain/state.ts';
import { readLabState } from '../orchestrator/lab/lab.ts';
import { subject } from '../orchestrator/lab/marks.ts';
import { bold, dim, print, printJson } from './output.ts';
import { short, signed, table } from './table.ts';

type Value = number | string;

/** One parameter or metric of two sides; `difference` is b minus a where both are numbers. */
interface Difference {
  readonly key: string;
  readonly a: Value | null;
  readonly b: Value | null;
  readonly difference: number | null;
}

/** `autolab compare A B`: experiments (means over their finished runs) or runs, in any mix. */
export async function run(
  [first = '', second = '']: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const { state } = await readLabState(process.cwd());
  const [a, b] = [sideOf(state, first), sideOf(state, second)];
  const params = differences(a.params, b.params);
  const metrics = differences(a.metrics, b.metrics);
  if (json) {
    printJson({ a: first, b: second, n: { a: a.n, b: b.n }, params, metrics });
    return 0;
  }
  const differ = params.filter((row) => row.a !== row.b);
  print(bold(`parameters that differ (of ${params.length})`));
  print(asTable(differ, first, second));
  print();
  print(bold(`metrics: ${first} of ${a.n} run${a.n === 1 ? '' : 's'}, ${second} of ${b.n}`));
  print(asTable(metrics, first, second));
  print(dim('means over finished runs; autolab show says which differences are more than chance'));
  return 0;
}

function sideOf(state: State, id: string) {
  const target = subject(state, id);
  const runs = isExperimentId(target)
    ? runsOf(state, target)
    : isRunId(target)
      ? [state.runs.get(target)].filter((found) => found !== undefined)
      : [];
  const finished = runs.filter((found) => found.status === 'finished');
  const counted = finished.length > 0 ? finished : runs;
  return { n: finished.length, params: paramsOf(counted), metrics: metricsOf(counted) };
}

/** What all runs agree on; a parameter that differs between them (a printed seed) says so. */
function paramsOf(runs: readonly Run[]): Map<string, Value> {
  const seen = new Map<string, Set<string>>();
  for (const { result } of runs)
    for (const { key, value } of result?.params ?? [])
      seen.set(key, (seen.get(key) ?? new Set()).add(value));
  return new Map(
    [...seen].map(([key, values]) => {
      const [only] = values;
      if (values.size !== 1 || only === undefined) return [key, `(${values.size} values)`];
      return [key, only.trim() !== '' && Number.isFinite(Number(only)) ? Number(only) : only];
    }),
  );
}

function metricsOf(runs: readonly Run[]): Map<string, Value> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const { result } of runs)
    for (const { key, number } of result?.summary ?? []) {
      if (number === null) continue;
      const { sum, n } = sums.get(key) ?? { sum: 0, n: 0 };
      sums.set(key, { sum: sum + number, n: n + 1 });
    }
  return new Map([...sums].map(([key, { sum, n }]) => [key, sum / n]));
}

function differences(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): Difference[] {
  return [...new Set([...a.keys(), ...b.keys()])].toSorted().map((key) => {
    const [left, right] = [a.get(key) ?? null, b.get(key) ?? null];
    const both = typeof left === 'number' && typeof right === 'number';
    return { key, a: left, b: right, difference: both ? right - left : null };
  });
}

const asTable = (rows: readonly Difference[], first: string, second: string): string =>
  table<Difference>(
    [
      { title: '', cell: (row) => row.key, flexible: true },
      { title: first, cell: (row) => short(row.a), right: true },
      { title: second, cell: (row) => short(row.b), right: true },
      { title: `${second} − ${first}`, cell: (row) => signed(row.difference), right: true },
    ],
    rows,
  );
