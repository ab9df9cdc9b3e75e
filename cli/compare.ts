import { holderOf } from '../notebook/lock.ts';
import { openQuestions } from '../notebook/questions.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import { isExperimentId, isOwnRunId, isRunId } from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { measured } from '../orchestrator/lab/subject.ts';
import { readNoticing, takeInWhatWaits, type OwnReading } from '../orchestrator/lab/own/reading.ts';
import { asData, printSides } from './compare/many.ts';
import { footnotes, sideOf, type Value } from './compare/side.ts';
import { contrastOf, type Compared } from '../orchestrator/lab/contrast.ts';
import { bold, dim, oneLine, print, printJson, remark } from './output.ts';
import { short, signed, table } from './table.ts';
import { changeOfMean, counted } from './words.ts';

/** One parameter or metric of two sides; `difference` is b minus a where both are numbers. */
interface Difference {
  readonly key: string;
  readonly a: Value | null;
  readonly b: Value | null;
  readonly difference: number | null;
}

/** `autolab compare A B…`: experiments (means over their finished runs) or runs, one's own too, in any mix. */
export async function run(
  ids: readonly string[],
  { json, samples }: { json?: boolean; samples?: boolean },
): Promise<number> {
  const [first = '', second = ''] = ids;
  const { lab, state, remarks } = await readNoticing(process.cwd());
  remarks.forEach(remark);
  const sides = ids.map((id) => sideOf(state, id));
  if (samples) return compareSamples({ lab, state }, ids, json === true);
  if (sides.length !== 2) {
    if (json) printJson(asData(sides));
    else printSides(sides);
    return 0;
  }
  compareTwo(state, first, second, json === true);
  return 0;
}

function compareTwo(state: State, first: string, second: string, json: boolean): void {
  const [a, b] = [sideOf(state, first), sideOf(state, second)];
  const params = differences(a.params, b.params);
  const metrics = differences(a.metrics, b.metrics);
  const objective = objectiveOf(state, first, second);
  if (json) {
    printJson({ a: first, b: second, n: { a: a.n, b: b.n }, objective, params, metrics });
    return;
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
  const [left, right] = [a, b].map(({ n, unfinished }) =>
    unfinished ? `(${unfinished})` : `of ${counted(n, 'run')}`,
  );
  print(bold(`metrics: ${first} ${left}, ${second} ${right}`));
  print(asTable(metrics, first, second));
  for (const line of footnotes([a, b])) print(dim(line));
}

/** Predictions of two runs that differ. Throws LabError usage for anything but two runs. */
async function compareSamples(
  read: Pick<OwnReading, 'lab' | 'state'>,
  ids: readonly string[],
  json: boolean,
): Promise<number> {
  const { lab } = read;
  const [a, b, more] = ids.map((id) => (isRunId(id) || isOwnRunId(id) ? id : null));
  if (!a || !b || more !== undefined)
    throw new LabError(
      'usage',
      `expected two runs, such as E-0000.1 E-0007.1, found ${ids.join(' ')}`,
    );
  const { differingSamples, printSamples, remarkOn } = await import('./show/samples.ts');
  (await takeInWhatWaits(read, 1)).forEach(remark);
  const notebook = openQuestions(lab.notebookDir, { runsDir: lab.experimentsDir });
  const rows = await differingSamples(notebook, a, b);
  notebook.warnings.forEach(remark);
  remarkOn(rows, rows.length === 0 && (await holderOf(lab.notebookDir)) !== null);
  if (json) printJson({ a, b, samples: rows });
  else {
    print(bold(`${counted(rows.length, 'sample')} that ${a} (a) and ${b} (b) predict otherwise`));
    printSamples(rows, ['task', 'sample_id', 'target', 'a', 'b', 'input']);
  }
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
