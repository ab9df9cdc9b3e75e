/**
 * npm run bench:search -- [--repetitions N] [--rule single|night] [--batch N] [--prior N]
 *   [--table FILE] [--json FILE]
 * npm run bench:search -- record …                        (bench/record-table.ts)
 *
 * Plays AutoLab's policy for the search space, a plain TPE and random search on objectives whose
 * truth is known: same start, same prior runs, same luck of the seeds. Says in how many runs each
 * gets to where TPE is after 12, 24, 36 and 60, as a ratio with a 95 % interval.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { record } from './record-table.ts';
import { generator, recorded, synthetic, type Objective, type Start } from './search-objectives.ts';
import { search, type PolicyName, type Rule } from './search-night.ts';
import { readTable } from './table.ts';

const HORIZONS = [12, 24, 36, 60];
/** Runs that each gets: one and a half times the last horizon, so that a ratio above 1 is seen. */
const RUNS = 90;
const POLICIES: readonly PolicyName[] = ['autolab', 'lot', 'tpe'];
const RESAMPLES = 1000;

/** Level of the recommendation after each run: 0 the start, 1 the best there is. One row a repetition. */
type Curves = readonly (readonly number[])[];
interface Options {
  readonly rule: Rule;
  readonly batch: number;
  readonly prior: number;
}

type Ratio = { readonly ratio: number; readonly low: number; readonly high: number };

const average = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / numbers.length;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      repetitions: { type: 'string', default: '20' },
      rule: { type: 'string', default: 'single' },
      batch: { type: 'string', default: '1' },
      prior: { type: 'string', default: '0' },
      table: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const table = values.table === undefined ? null : readTable(readFileSync(values.table, 'utf8'));
  const { rule } = values;
  if (rule !== 'single' && rule !== 'night')
    throw new Error(`--rule: expected single or night, found ${rule}`);
  const options: Options = { rule, batch: Number(values.batch), prior: Number(values.prior) };
  const families = table
    ? (['good', 'bad'] as const).map((from) => () => recorded(table, from))
    : ([4, 8] as const).flatMap((knobs) =>
        (['good', 'bad'] satisfies Start[]).map(
          (from) => (seed: number) => synthetic(seed, knobs, from),
        ),
      );
  const said = [];
  for (const family of families) {
    const found = await compared(family, Number(values.repetitions), options);
    process.stdout.write(inWords(found));
    said.push(found);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(said, null, 2)}\n`);
}

interface Compared {
  readonly objective: string;
  readonly levels: Readonly<Record<PolicyName, readonly number[]>>;
  /** Runs to TPE's level at each horizon, over that horizon. */
  readonly ratios: Readonly<Record<PolicyName, readonly Ratio[]>>;
}

async function compared(
  family: (seed: number) => Objective,
  repetitions: number,
  options: Options,
): Promise<Compared> {
  const seeds = Array.from({ length: repetitions }, (_, i) => i + 1);
  const curves: Record<PolicyName, number[][]> = { autolab: [], lot: [], tpe: [] };
  let name = '';
  for (const seed of seeds) {
    const objective = family(seed);
    const start = objective.truth(objective.start);
    name = objective.name;
    for (const policy of POLICIES) {
      // The streams start alike for each policy: prior runs and the baseline's are the same.
      const [luck, own] = [generator(seed + 10_000), generator(seed + 20_000)];
      const given = { runs: RUNS, prior: options.prior, batch: options.batch, luck, own };
      const truths = await search(objective, policy, options.rule, given);
      curves[policy].push(truths.map((truth) => (start - truth) / (start - objective.best)));
    }
  }
  const each = <T>(of: (curves: Curves) => T): Record<PolicyName, T> => ({
    autolab: of(curves.autolab),
    lot: of(curves.lot),
    tpe: of(curves.tpe),
  });
  return {
    objective: name,
    levels: each((some) => HORIZONS.map((at) => average(some.map((curve) => curve[at - 1] ?? 0)))),
    ratios: each((some) => HORIZONS.map((at) => ratioAt(some, curves.tpe, at))),
  };
}

/** Of the mean curves, with the percentile interval of a bootstrap over paired repetitions. */
function ratioAt(own: Curves, tpe: Curves, horizon: number): Ratio {
  const all = own.map((_, i) => i);
  const random = generator(horizon);
  const drawn = Array.from({ length: RESAMPLES }, () =>
    runsTo(
      own,
      tpe,
      horizon,
      all.map(() => Math.floor(random() * all.length)),
    ),
  ).toSorted((a, b) => a - b);
  const quantile = (q: number): number => (drawn[Math.floor(q * RESAMPLES)] ?? 0) / horizon;
  const ratio = runsTo(own, tpe, horizon, all) / horizon;
  return { ratio, low: quantile(0.025), high: quantile(0.975) };
}

/** The first run at which the mean level is TPE's after `horizon`; infinite where it never is. */
function runsTo(own: Curves, tpe: Curves, horizon: number, which: readonly number[]): number {
  const level = (curves: Curves, run: number): number =>
    average(which.map((i) => curves[i]?.[run - 1] ?? 0));
  const goal = level(tpe, horizon);
  for (let run = 1; run <= RUNS; run += 1) if (level(own, run) >= goal) return run;
  return Infinity;
}

function inWords({ objective, levels, ratios }: Compared): string {
  const figure = (x: number, i: number): string =>
    Number.isFinite(x) ? x.toFixed(2) : `>${(RUNS / (HORIZONS[i] ?? RUNS)).toFixed(1)}`;
  const interval = ({ ratio, low, high }: Ratio, i: number): string =>
    `${figure(ratio, i)} [${figure(low, i)}, ${figure(high, i)}]`;
  const lines = POLICIES.flatMap((policy) => [
    `  ${policy.padEnd(8)} level ${levels[policy].map((x) => x.toFixed(3)).join('  ')}`,
    `           ratio ${ratios[policy].map(interval).join('  ')}`,
  ]);
  return `${objective}, after ${HORIZONS.join(', ')} runs\n${lines.join('\n')}\n`;
}

const [verb, ...rest] = process.argv.slice(2);
await (verb === 'record' ? record(rest) : main());
