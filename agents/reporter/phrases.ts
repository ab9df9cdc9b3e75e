import { dataInWords } from '../../orchestrator/domain/hypothesis.ts';
import type { ExperimentId, RunId } from '../../orchestrator/domain/ids.ts';
import { fact, joined, say, type Fact, type Sentence, type Sourced } from './fact.ts';
import { restingOn } from './gather.ts';
import { code, escaped } from './markdown.ts';
import { counted, decimalsFor, decimalsOfArm, plain, signed, telling } from './numbers.ts';
import type { ArmRow, ExperimentRow, NightRecord, NightRow } from './records.ts';

/** Turns of phrase that all documents share, so that one thing reads the same everywhere. */

export const experimentOf = (record: NightRecord, id: ExperimentId): Sourced<ExperimentRow> => {
  const found = record.experiments.get(id);
  if (!found) throw new Error(`expected ${id} among the night's experiments`);
  return found;
};

export const metricName = ({ night }: NightRecord): Fact =>
  fact(night, 'metric', (name) => escaped(name));

/** An effect on the objective as a gain: positive where it moved the way it should. */
export const gainIn = ({ objective }: NightRecord, effect: number): number =>
  objective.direction === 'minimize' ? -effect : effect;

/** What a plan that has one asks a gain to be. */
export const leastGain = ({ night }: NightRecord): Fact =>
  fact(night, 'min_effect', (size) => plain(size));

/** `lower is better`. */
export const betterWay = ({ objective }: NightRecord): string =>
  objective.direction === 'minimize' ? 'lower is better' : 'higher is better';

/** An experiment's id; its numbers come from elsewhere, so it names no runs. */
export const idOf = (experiment: Sourced<ExperimentRow>): Fact =>
  fact({ ...experiment, runs: [] }, 'id', String);

/** Knobs and their values, a patch by its file; one without, or written from words, by its title. */
export const changeOf = (experiment: Sourced<ExperimentRow>): Fact =>
  isTitled(experiment)
    ? titleOf(experiment, 80)
    : fact({ ...experiment, runs: [] }, 'change', (change) => {
        const words = dataInWords(change);
        return words === 'unchanged' ? words : code(words, 80);
      });

/** Whether its change is told by its title, as nothing shorter tells it. */
export const isTitled = ({ row }: Sourced<ExperimentRow>): boolean =>
  row.idea !== null || dataInWords(row.change) === 'a patch';

export const titleOf = (experiment: Sourced<ExperimentRow>, most?: number): Fact =>
  fact({ ...experiment, runs: [] }, 'title', (title) => escaped(title, most));

/** ``E-0007 `learning_rate=0.03` ``; a baseline is called so. */
export const named = (experiment: Sourced<ExperimentRow>): Sentence =>
  experiment.row.id === experiment.row.baseline
    ? say`the baseline ${idOf(experiment)}`
    : say`${idOf(experiment)} ${changeOf(experiment)}`;

/** `1.574 ± 0.002 (standard deviation of 3 seeds)`, `1.574 (1 seed)`. */
export function meanWithSpread(arm: Sourced<ArmRow>, ofPage: number | undefined): Sentence {
  const decimals = decimalsOfArm(arm.row, ofPage);
  const mean = fact(arm, 'mean', (value) => plain(value, decimals));
  if (arm.row.spread === null) return say`${mean} (${fact(arm, 'n', (n) => counted(n, 'seed'))})`;
  const spread = fact(arm, 'spread', (value) => plain(value, decimals));
  return say`${mean} ± ${spread} (standard deviation of ${fact(arm, 'n', (n) => counted(n, 'seed'))})`;
}

type Columns<T> = readonly [
  effect: keyof T & string,
  low: keyof T & string,
  high: keyof T & string,
];
export const ON_PARENT: Columns<ExperimentRow> = [
  'effect_on_parent',
  'parent_interval_low',
  'parent_interval_high',
];
export const ATTRIBUTION: Columns<ExperimentRow> = [
  'attribution_effect',
  'attribution_low',
  'attribution_high',
];
const AT_DAWN: Columns<ExperimentRow> = ['dawn_effect', 'dawn_low', 'dawn_high'];
export const OF_TIP: Columns<NightRow> = ['tip_effect', 'tip_low', 'tip_high'];

const cells = <T>({ row }: Sourced<T>, columns: Columns<T>): readonly (number | null)[] =>
  columns.map((column) => row[column] as number | null);

/** Decimals for an effect, its interval and the means it is the difference of. */
function decimalsOfEffect<T>(from: Sourced<T>, columns: Columns<T>, fallback: number | undefined) {
  const [effect = null, low = null, high = null] = cells(from, columns);
  if (effect === null || low === null || high === null) return fallback;
  return telling(decimalsFor((high - low) / 2), effect, low, high);
}

/** `−0.038, 95 % interval −0.044 to −0.032`; without an interval it says that none is known. */
export function effectWithInterval<T>(
  from: Sourced<T>,
  columns: Columns<T>,
  fallback: number | undefined,
  unknown = ' (how much of it is chance is not known)',
): Sentence {
  const [effect, low, high] = columns;
  const [, lowest] = cells(from, columns);
  const decimals = decimalsOfEffect(from, columns, fallback);
  const as = (column: keyof T & string) =>
    fact(from, column, (value) => signed(value as number, decimals));
  return lowest === null || lowest === undefined
    ? say`${as(effect)}${unknown}`
    : say`${as(effect)}, 95 % interval ${as(low)} to ${as(high)}`;
}

/** The experiments between one and its baseline, oldest first, itself included. */
export function stackOf(record: NightRecord, tip: ExperimentId): readonly Sourced<ExperimentRow>[] {
  const stack: Sourced<ExperimentRow>[] = [];
  for (let at = record.experiments.get(tip); at && at.row.id !== at.row.baseline;) {
    stack.unshift(at);
    at = at.row.parent === null ? undefined : record.experiments.get(at.row.parent);
  }
  return stack;
}

/** Verdicts on which nothing is built. */
const FELL: ReadonlySet<ExperimentRow['verdict']> = new Set(['worse', 'failed', 'invalid']);

/** Whether it came to nothing, or is built on what did: the search left that. */
export const fell = (record: NightRecord, id: ExperimentId): boolean =>
  stackOf(record, id).some(({ row }) => FELL.has(row.verdict));

/** An experiment's dawn columns, resting on the fresh seeds of both arms. */
export const atDawn = (
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): Sourced<ExperimentRow> =>
  restingOn(
    experiment,
    record.dawn.get(experiment.row.id),
    record.dawn.get(experiment.row.baseline),
  );

/** An experiment's columns against its parent: said at night, so they rest on the night's runs alone. */
export const onParent = (
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): Sourced<ExperimentRow> => {
  const { id, parent } = experiment.row;
  const ofNight = (of: ExperimentId | null): readonly RunId[] => {
    if (of === null) return [];
    const fresh = new Set(record.dawn.get(of)?.runs);
    return (record.arms.get(of)?.runs ?? []).filter((run) => !fresh.has(run));
  };
  return { ...experiment, runs: [...ofNight(id), ...ofNight(parent)] };
};

/** `val_bpb 1.612 → 1.574: −0.038, 95 % interval −0.044 to −0.032, 4 fresh seeds each`. */
export function dawnInWords(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const from = atDawn(record, experiment);
  const decimals = decimalsOfEffect(from, AT_DAWN, record.decimals);
  const mean = (column: 'dawn_baseline' | 'dawn_objective') =>
    fact(from, column, (value) => plain(value, decimals));
  const { dawn_n, dawn_n_baseline } = from.row;
  const n = fact(from, 'dawn_n', (count) => counted(count, 'fresh seed'));
  const seeds =
    dawn_n === dawn_n_baseline
      ? say`${n} each`
      : say`${n} against ${fact(from, 'dawn_n_baseline', String)}`;
  return say`${metricName(record)} ${mean('dawn_baseline')} → ${mean('dawn_objective')}: ${effectWithInterval(from, AT_DAWN, record.decimals)}, ${seeds}`;
}

/** `val_bpb 1.581: −0.019 on its parent E-0003, 95 % interval … (3 seeds)`. */
export function nightInWords(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const arm = record.arms.get(experiment.row.id);
  if (!arm) return say`no run gave a usable ${metricName(record)}`;
  const from = onParent(record, experiment);
  const parent =
    experiment.row.parent === null ? undefined : record.experiments.get(experiment.row.parent);
  const mean = fact(arm, 'mean', (value) => plain(value, record.decimals));
  const seeds = fact(arm, 'n', (n) => counted(n, 'seed'));
  if (!parent || experiment.row.effect_on_parent === null)
    return say`${metricName(record)} ${mean} (${seeds})`;
  return say`${metricName(record)} ${mean} (${seeds}), on ${named(parent)} ${effectWithInterval(from, ON_PARENT, record.decimals)}`;
}

/** `on E-0003 width=64, −0.009, 95 % interval …`. */
export function gainOnParent(record: NightRecord, one: Sourced<ExperimentRow>): Sentence {
  const { parent, baseline } = one.row;
  return say`on ${named(experimentOf(record, parent ?? baseline))}, ${onItsParent(record, one)}`;
}

/** `−0.009, 95 % interval …`. */
export const onItsParent = (record: NightRecord, one: Sourced<ExperimentRow>): Sentence =>
  effectWithInterval(onParent(record, one), ON_PARENT, record.decimals);

export const listed = (sentences: readonly Sentence[]): Sentence =>
  sentences.length < 2
    ? sentences.flat()
    : [...joined(sentences.slice(0, -1), ', '), ' and ', ...(sentences.at(-1) ?? [])];
