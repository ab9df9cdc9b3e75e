/**
 * npm run bench:prune -- [--table FILE] [--lab DIR]
 * npm run bench:prune -- record …                          (bench/record-curves.ts)
 *
 * Plays the rule of `prune` on recorded curves: every run of a change is held against the runs of
 * the unchanged script, as the worker would. Says what it would have saved of the changes' training
 * time, and whether it would have ended a run of a change that is better in the end.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { keepsCurves } from '../orchestrator/pruning.ts';
import { curveOf, followHopeless, type Curve, type Hopeless, type Mode } from '../workers/prune.ts';
import { changeOf, readCurves, type Curves, type RecordedRun } from './curves.ts';
import { record } from './record-curves.ts';
import { planOf } from './recording.ts';

const MODES: readonly Mode[] = ['cautious', 'eager'];

interface Played {
  readonly run: RecordedRun;
  readonly found: Hopeless | null;
  /** Seconds that need not have been trained. */
  readonly saved: number;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      table: { type: 'string', default: 'bench/tables/char-lm-curves.ndjson' },
      lab: { type: 'string', default: 'examples/char-lm' },
    },
  });
  const table = readCurves(readFileSync(values.table, 'utf8'));
  const plan = planOf(values.lab);
  const { unchanged, changed } = parted(table);
  const winners = winnersOf(table);
  process.stdout.write(
    `${unchanged.length} runs unchanged, ${changed.length} of ${new Set(changed.map(({ change }) => changeOf(change))).size} changes, ${winners.size} of them better in the end: ${[...winners].join(', ')}\n`,
  );
  for (const references of [4, unchanged.length])
    for (const mode of MODES)
      for (const exempt of [true, false]) print(table, plan, { references, mode, exempt }, winners);
}

interface Setting {
  readonly references: number;
  readonly mode: Mode;
  /** Whether changes whose curves cross are left alone; the night's rule does. */
  readonly exempt: boolean;
}

function print(table: Curves, plan: Plan, setting: Setting, winners: ReadonlySet<string>): void {
  const { references, mode, exempt } = setting;
  const played = replay(table, plan, setting);
  const seconds = played.reduce((sum, { run }) => sum + run.seconds, 0);
  const saved = played.reduce((sum, one) => sum + one.saved, 0);
  const ended = played.filter(({ found }) => found !== null);
  const lost = ended.filter(({ run }) => winners.has(changeOf(run.change)));
  const who = exempt ? 'changes that keep curves' : 'every change (not a rule of AutoLab)';
  const names = (runs: readonly Played[]): string =>
    runs
      .map(
        ({ run, found }) =>
          `${changeOf(run.change)} at ${Math.floor(100 * (found?.progress ?? 0))}%`,
      )
      .join(', ');
  process.stdout.write(
    `\n${mode}, ${references} curves, ${who}: saved ${((100 * saved) / seconds).toFixed(1)} % of the seconds, ended ${ended.length} of ${played.length} runs, winners among them ${lost.length}${lost.length > 0 ? ` (${names(lost)})` : ''}\n  ${names(ended)}\n`,
  );
}

function parted({ runs }: Curves) {
  return {
    unchanged: runs.filter(({ change }) => changeOf(change) === ''),
    changed: runs.filter(({ change }) => changeOf(change) !== ''),
  };
}

function replay(
  table: Curves,
  plan: Plan,
  { references, mode, exempt }: Setting,
): readonly Played[] {
  const { unchanged, changed } = parted(table);
  const curves = unchanged
    .slice(0, references)
    .map(asCurve)
    .filter((curve) => curve !== null);
  const sense = { direction: table.direction, at: plan.objective.at };
  return changed.map((run) => {
    const may = !exempt || keepsCurves({ kind: 'knobs', values: run.change }, plan, mode);
    const follow = followHopeless(curves, sense, mode);
    const found = may
      ? ((asCurve(run) ?? []).map(follow).find((hopeless) => hopeless !== null) ?? null)
      : null;
    return { run, found, saved: found === null ? 0 : run.seconds * (1 - found.progress) };
  });
}

const asCurve = ({ curve }: RecordedRun): Curve | null =>
  curveOf(curve.map(([step, value]) => ({ step, value })));

/** Changes whose mean at the end is better than the unchanged script's. */
function winnersOf(table: Curves): ReadonlySet<string> {
  const { unchanged, changed } = parted(table);
  const sign = table.direction === 'minimize' ? 1 : -1;
  const mean = (runs: readonly RecordedRun[]): number =>
    runs.reduce((sum, { value }) => sum + sign * (value ?? Number.POSITIVE_INFINITY), 0) /
    runs.length;
  const base = mean(unchanged);
  const names = changed.map(({ change }) => changeOf(change));
  const runsOf = (name: string) => changed.filter(({ change }) => changeOf(change) === name);
  return new Set(names.filter((name) => mean(runsOf(name)) < base));
}

if (process.argv[2] === 'record') await record(process.argv.slice(3));
else main();
