import { isExperimentId, isOwnRunId, isRunId } from '../orchestrator/domain/ids.ts';
import { detailsOf } from '../orchestrator/domain/own-run.ts';
import type { Param, SummaryValue } from '../orchestrator/domain/run.ts';
import { runsOf, type State } from '../orchestrator/domain/state.ts';
import { ownRunIn, measured } from '../orchestrator/lab/subject.ts';
import { readNoticing } from '../orchestrator/lab/own/reading.ts';
import { contrastOf, type Compared } from '../orchestrator/lab/contrast.ts';
import { bold, dim, oneLine, print, printJson, remark } from './output.ts';
import { short, signed, table } from './table.ts';
import { changeOfMean, counted } from './words.ts';

type Value = number | string;

/** One parameter or metric of two sides; `difference` is b minus a where both are numbers. */
interface Difference {
  readonly key: string;
  readonly a: Value | null;
  readonly b: Value | null;
  readonly difference: number | null;
}

/** `autolab compare A B`: experiments (means over their finished runs) or runs, one's own too, in any mix. */
export async function run(
  [first = '', second = '']: readonly string[],
  { json }: { json?: boolean },
): Promise<number> {
  const { state, remarks } = await readNoticing(process.cwd());
  remarks.forEach(remark);
  const [a, b] = [sideOf(state, first), sideOf(state, second)];
  const params = differences(a.params, b.params);
  const metrics = differences(a.metrics, b.metrics);
  const objective = objectiveOf(state, first, second);
  if (json) {
    printJson({ a: first, b: second, n: { a: a.n, b: b.n }, objective, params, metrics });
    return 0;
  }
  if (objective) {
    print(bold(inWords(objective)));
    print(dim(CAVEAT));
    print();
  }
  const differ = params.filter((row) => row.a !== row.b);
  print(bold(`parameters that differ (of ${params.length})`));
  print(asTable(differ, first, second));
  print();
  print(bold(`metrics: ${first} of ${a.n} run${a.n === 1 ? '' : 's'}, ${second} of ${b.n}`));
  print(asTable(metrics, first, second));
  print(dim('means over finished runs'));
  return 0;
}

const CAVEAT =
  'over every seed of both, the search’s own included: the best of many look better than they are, and only fresh seeds at dawn may claim it';

/** The objective of two experiments of one baseline; null for runs, and where they don't compare. */
function objectiveOf(state: State, first: string, second: string): Compared | null {
  if (!isExperimentId(first) || !isExperimentId(second)) return null;
  const [a, b] = [measured(state, first), measured(state, second)];
  return isExperimentId(a) && isExperimentId(b) ? contrastOf(state, a, b) : null;
}

/** `val_bpb 1.612 → 1.574: −0.038, 95 % interval −0.044 to −0.032, 5 seeds each`. */
function inWords({ metric, means: [a, b], n, contrast }: Compared): string {
  const seeds = n[0] === n[1] ? `${counted(n[0], 'seed')} each` : `${n[0]} against ${n[1]} seeds`;
  const { interval } = contrast;
  const settled = interval && (interval[0] > 0 || interval[1] < 0);
  const chance = interval && !settled ? '; that could be chance' : '';
  return `${oneLine(metric)} ${changeOfMean(a, b, contrast)}, ${seeds}${chance}`;
}

function sideOf(state: State, id: string) {
  if (isOwnRunId(id)) {
    const own = ownRunIn(state, id);
    const all = [detailsOf(own)];
    return {
      n: own.status === 'finished' ? 1 : 0,
      params: paramsOf(all),
      metrics: metricsOf(all),
    };
  }
  const target = measured(state, id);
  const runs = isExperimentId(target)
    ? runsOf(state, target).filter((run) => !run.variant && run.purpose !== 'repeat')
    : isRunId(target)
      ? [state.runs.get(target)].filter((found) => found !== undefined)
      : [];
  const finished = runs.filter((found) => found.status === 'finished');
  const results = (finished.length > 0 ? finished : runs).flatMap(({ result }) => result ?? []);
  return { n: finished.length, params: paramsOf(results), metrics: metricsOf(results) };
}

/** What a run left, a night's or one's own. */
interface Left {
  readonly params: readonly Param[];
  readonly summary: readonly SummaryValue[];
}

/** What all runs agree on; a parameter that differs between them (a printed seed) says so. */
function paramsOf(runs: readonly Left[]): Map<string, Value> {
  const seen = new Map<string, Set<string>>();
  for (const { params } of runs)
    for (const { key, value } of params) seen.set(key, (seen.get(key) ?? new Set()).add(value));
  return new Map(
    [...seen].map(([key, values]) => {
      const [only] = values;
      if (values.size !== 1 || only === undefined) return [key, `(${values.size} values)`];
      return [key, only.trim() !== '' && Number.isFinite(Number(only)) ? Number(only) : only];
    }),
  );
}

function metricsOf(runs: readonly Left[]): Map<string, Value> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const { summary } of runs)
    for (const { key, number } of summary) {
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
