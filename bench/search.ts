/**
 * npm run bench:search -- [--nights N] [--from good|bad] [--table FILE]… [--synthetic]
 *   [--budgets 8,12,…] [--json FILE]
 * npm run bench:search -- record …                        (bench/record-table.ts)
 *
 * Whole nights of the real `decide` on recorded labs, or on synthetic ones, where AutoLab's policy
 * for the search space, a plain TPE and random search sit in the Researcher's place: what each
 * gets confirmed, and in how many seconds it confirms what TPE does with 12, 24, 36 and 60 runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { record } from './record-table.ts';
import { differenceTo, ratioTo, type Figure, type Level, type Nights } from './search-figures.ts';
import { aNightOf, autolab, type Outcome, type Policy } from './search-night.ts';
import { recorded, synthetic, type Objective, type Start } from './search-objectives.ts';
import { plainTpe, randomSearch } from './search-rivals.ts';
import { readTable } from './table.ts';

const HORIZONS = [12, 24, 36, 60];
/** Runs of the nights that make the curve; one and a half times the last horizon, so that a ratio above 1 is seen. */
const BUDGETS = [8, 10, 12, 15, 19, 24, 30, 36, 47, 60, 90];
const POLICIES: readonly Policy[] = [autolab, plainTpe, randomSearch];
const LEVELS: readonly Level[] = ['confirmed', 'provisional'];
const TABLES = new URL('../../bench/tables/', import.meta.url);

/** The objective of a night: the same one for all nights of a table. */
type Family = (night: number) => Objective;
/** Nights by budget. */
type Played = ReadonlyMap<number, readonly Outcome[]>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      nights: { type: 'string', default: '20' },
      from: { type: 'string', multiple: true, default: ['good', 'bad'] },
      table: { type: 'string', multiple: true },
      synthetic: { type: 'boolean', default: false },
      budgets: { type: 'string', default: BUDGETS.join() },
      json: { type: 'string' },
    },
  });
  const starts = values.from.map(asStart);
  const budgets = values.budgets.split(',').map(Number);
  const files =
    values.table ?? ['char-lm', 'boosting'].map((name) => new URL(`${name}.ndjson`, TABLES));
  const families = values.synthetic
    ? [4, 8].flatMap((knobs) =>
        starts.map(
          (from): Family =>
            (night) =>
              synthetic(night, knobs === 4 ? 4 : 8, from),
        ),
      )
    : files.flatMap((file) => {
        const table = readTable(readFileSync(file, 'utf8'));
        return starts.map((from): Family => {
          const objective = recorded(table, from);
          return () => objective;
        });
      });
  const said = [];
  for (const family of families) {
    const played = new Map<Policy, Played>();
    for (const policy of POLICIES) {
      // Of the TPE only its ends are asked for.
      const own = policy === plainTpe ? budgets.filter((runs) => HORIZONS.includes(runs)) : budgets;
      played.set(policy, await playedBy(policy, family, Number(values.nights), own));
      process.stderr.write(`  ${family(1).name}: ${policy.name} played\n`);
    }
    const lines = compared(played);
    process.stdout.write(`${family(1).name}, ${values.nights} nights\n${inWords(lines)}\n`);
    said.push({ objective: family(1).name, lines });
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(said, null, 2)}\n`);
}

function asStart(text: string): Start {
  if (text === 'good' || text === 'bad') return text;
  throw new Error(`--from: expected good or bad, found ${text}`);
}

async function playedBy(
  policy: Policy,
  family: Family,
  nights: number,
  budgets: readonly number[],
): Promise<Played> {
  const played = new Map<number, Outcome[]>();
  for (const runs of budgets) {
    const outcomes: Outcome[] = [];
    for (let night = 1; night <= nights; night += 1)
      outcomes.push(await aNightOf(policy, family(night), { night, runs }));
    played.set(runs, outcomes);
  }
  return played;
}

interface Line {
  readonly level: Level;
  readonly horizon: number;
  readonly policy: string;
  readonly mean: number;
  readonly difference: Figure | null;
  readonly ratio: Figure | null;
}

function compared(played: ReadonlyMap<Policy, Played>): readonly Line[] {
  return LEVELS.flatMap((level) =>
    HORIZONS.flatMap((horizon) => {
      const rival = played.get(plainTpe)?.get(horizon);
      if (!rival) return [];
      return [...played].map(([policy, byBudget]) => {
        const own = byBudget.get(horizon) ?? [];
        const curve: readonly Nights[] = [...byBudget.values()];
        return {
          ...{ level, horizon, policy: policy.name },
          mean: own.reduce((sum, night) => sum + night[level], 0) / own.length,
          difference: policy === plainTpe ? null : differenceTo(own, rival, level),
          ratio: policy === plainTpe ? null : ratioTo(curve, rival, level),
        };
      });
    }),
  );
}

function inWords(lines: readonly Line[]): string {
  const figure = (one: Figure | null): string =>
    one === null ? '' : `${shown(one.value)} [${shown(one.low)}, ${shown(one.high)}]`;
  const rows = lines.map(({ level, horizon, policy, mean, difference, ratio }) => [
    level,
    String(horizon),
    policy,
    mean.toFixed(3),
    figure(difference),
    figure(ratio),
  ]);
  const head = ['level', 'runs', 'policy', 'mean', 'minus TPE', 'seconds to TPE’s ÷ TPE’s'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const shown = (x: number): string =>
  Number.isNaN(x) ? '–' : Number.isFinite(x) ? x.toFixed(2) : 'never';

const [verb, ...rest] = process.argv.slice(2);
await (verb === 'record' ? record(rest) : main());
