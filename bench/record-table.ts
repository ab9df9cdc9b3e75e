import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { currentLiteral } from '../orchestrator/knobs/knobs.ts';
import { copied, pair, planOf, trainedIn } from './recording.ts';
import { nearestValue, pointKey, readTable, type Point, type Table } from './table.ts';

/**
 * npm run bench:search -- record --lab DIR --out FILE --knob name=a,b,c [--knob …]
 *   [--env NAME=VALUE] [--seeds 5] [--limit RUNS]
 *
 * Trains every combination of the values for real, one after the other, and appends each run to a
 * table (bench/tables/README.md). Knobs have to stand in files. Nice it, and stop it at any time:
 * the next call goes on from there. The lab is copied, and stays as it is.
 */
export async function record(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      lab: { type: 'string', default: 'examples/char-lm' },
      out: { type: 'string' },
      knob: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', multiple: true, default: [] },
      seeds: { type: 'string', default: '5' },
      limit: { type: 'string', default: 'Infinity' },
    },
  });
  if (values.out === undefined) throw new Error('--out: expected a file to write the table to');
  const lab = resolve(values.lab);
  const plan = planOf(lab);
  const knobs = Object.fromEntries(
    values.knob.map(pair).map(([name, list]) => [name, list.split(',')]),
  );
  const { metric, direction } = plan.objective;
  const start = startIn(lab, plan, knobs);
  const env = Object.fromEntries(values.env.map(pair));
  const seeds = Number(values.seeds);
  const head = {
    table: 1,
    lab: plan.project,
    metric,
    direction,
    env,
    knobs,
    start,
    seeds,
  } as const;
  const table = opened(values.out, { ...head, runs: [] });
  const done = new Set(table.runs.map(({ point, seed }) => `${seed} ${pointKey(point)}`));
  const todo = pointsAndSeeds(table).filter(
    ({ point, seed }) => !done.has(`${seed} ${pointKey(point)}`),
  );
  process.stderr.write(`${done.size} runs recorded, ${todo.length} to go\n`);
  const copy = copied(lab, plan);
  try {
    for (const { point, seed } of todo.slice(0, Number(values.limit))) {
      const run = trained(copy, lab, plan, table, point, seed);
      appendFileSync(values.out, `${JSON.stringify(run)}\n`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function startIn(lab: string, plan: Plan, knobs: Table['knobs']): Point {
  return Object.fromEntries(
    Object.entries(knobs).map(([name, values]) => {
      const knob = plan.search_space[name];
      if (knob?.file === undefined)
        throw new Error(`--knob ${name}: expected a knob of the plan that stands in a file`);
      const literal = currentLiteral(readFileSync(join(lab, knob.file), 'utf8'), knob.file, knob);
      return [name, nearestValue(values, literal)];
    }),
  );
}

/** The table as the file has it, the file started or mended where it has to be. */
function opened(file: string, wanted: Table): Table {
  const { runs: _, ...head } = wanted;
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(head)}\n`);
  const found = readTable(readFileSync(file, 'utf8'));
  const { runs, ...said } = found;
  if (JSON.stringify({ ...said, seeds: 0 }) !== JSON.stringify({ ...head, seeds: 0 }))
    throw new Error(
      `${file}: expected a table of these knobs and variables, found ${JSON.stringify(said)}`,
    );
  const whole = [head, ...runs].map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(file, whole);
  return { ...found, seeds: wanted.seeds };
}

function pointsAndSeeds({ knobs, seeds }: Table): { point: Point; seed: number }[] {
  const points = Object.entries(knobs).reduce<Point[]>(
    (some, [name, values]) => some.flatMap((p) => values.map((value) => ({ ...p, [name]: value }))),
    [{}],
  );
  return Array.from({ length: seeds }, (_, i) =>
    points.map((point) => ({ point, seed: i + 1 })),
  ).flat();
}

function trained(copy: string, lab: string, plan: Plan, table: Table, point: Point, seed: number) {
  const { env, metric } = table;
  const { status, stdout, seconds } = trainedIn(copy, lab, plan, { settings: point, env, seed });
  const printed = stdout.split('\n').findLast((line) => line.startsWith(`${metric}:`));
  const value = Number(printed?.split(':')[1] ?? Number.NaN);
  return { point, seed, value: status === 0 && Number.isFinite(value) ? value : null, seconds };
}
