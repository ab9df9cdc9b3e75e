import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { createMetricsReader } from '../workers/metrics.ts';
import { changeOf, readCurves, type Curves, type RecordedRun } from './curves.ts';
import { copied, pair, planOf, trainedIn } from './recording.ts';

/**
 * npm run bench:prune -- record --out FILE [--lab DIR] --knob name=a,b,c [--knob …]
 *   [--env NAME=VALUE] [--seeds 2] [--unchanged 6] [--limit RUNS]
 *
 * Trains the unchanged script, and each value of each knob by itself, and appends what each run
 * logged of the objective on its way to a table (bench/tables/README.md). Nice it, and stop it at
 * any time: the next call goes on from there. The lab is copied, and stays as it is.
 */
export async function record(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      lab: { type: 'string', default: 'examples/char-lm' },
      out: { type: 'string' },
      knob: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', multiple: true, default: [] },
      seeds: { type: 'string', default: '2' },
      unchanged: { type: 'string', default: '6' },
      limit: { type: 'string', default: 'Infinity' },
    },
  });
  if (values.out === undefined) throw new Error('--out: expected a file to write the table to');
  const lab = resolve(values.lab);
  const plan = planOf(lab);
  const { metric, direction } = plan.objective;
  const env = Object.fromEntries(values.env.map(pair));
  const changes = values.knob
    .map(pair)
    .flatMap(([name, list]) => list.split(',').map((value) => ({ [name]: value })));
  const wanted = [
    ...seedsUpTo(Number(values.unchanged)).map((seed) => ({ change: {}, seed })),
    ...seedsUpTo(Number(values.seeds)).flatMap((seed) =>
      changes.map((change) => ({ change, seed })),
    ),
  ];
  // A last line that was cut short goes, so that the next one is whole.
  if (existsSync(values.out)) keepWholeLines(values.out);
  else
    writeFileSync(
      values.out,
      `${JSON.stringify({ curves: 1, lab: plan.project, metric, direction, env })}\n`,
    );
  const { runs } = readCurves(readFileSync(values.out, 'utf8'));
  const done = new Set(runs.map(nameOf));
  const todo = wanted.filter((one) => !done.has(nameOf(one))).slice(0, Number(values.limit));
  process.stderr.write(`${done.size} runs recorded, ${todo.length} to go\n`);
  const copy = copied(lab, plan);
  try {
    for (const one of todo)
      appendFileSync(values.out, `${JSON.stringify(trained(copy, lab, plan, env, one))}\n`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function keepWholeLines(file: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, text.lastIndexOf('\n') + 1));
}

type Wanted = Pick<RecordedRun, 'change' | 'seed'>;

const nameOf = ({ change, seed }: Wanted): string => `${changeOf(change)} ${seed}`;
const seedsUpTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

function trained(
  copy: string,
  lab: string,
  plan: Plan,
  env: Curves['env'],
  { change, seed }: Wanted,
): RecordedRun {
  const run = trainedIn(copy, lab, plan, { settings: change, env, seed });
  return { change, seed, seconds: run.seconds, ...logged(plan, run.stdout, run.status === 0) };
}

/** What the script said of the objective, by the reader that runs are followed with. */
function logged(plan: Plan, stdout: string, ended: boolean): Pick<RecordedRun, 'value' | 'curve'> {
  const { metric } = plan.objective;
  const curve: [number, number][] = [];
  const reader = createMetricsReader({
    objective: metric,
    onPoint: ({ key, step, value }) => {
      if (key === metric && step !== null && Number.isFinite(value)) curve.push([step, value]);
    },
    maxKeys: 1000,
    maxPoints: 1e6,
  });
  for (const line of stdout.split('\n')) reader.line(line, 0);
  reader.end(0);
  const value = reader.series.get(metric)?.last ?? Number.NaN;
  return { value: ended && Number.isFinite(value) ? value : null, curve };
}
