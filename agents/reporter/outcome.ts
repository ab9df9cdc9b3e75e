import type { Sourced } from './fact.ts';
import { candidatesOf } from './ideas.ts';
import { fell, gainIn } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** How far the night's claim got. */
export type Outcome =
  | { readonly kind: Answer; readonly tip: Sourced<ExperimentRow> }
  /** Something is promising, and dawn did not test it (yet, or at all). */
  | { readonly kind: 'untested'; readonly tip: Sourced<ExperimentRow> }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'no_baseline' };

/** What dawn said of what it tested. */
type Answer =
  | 'confirmed'
  /** The fresh seeds do not bear it out. */
  | 'refuted'
  /** The fresh seeds bear it out, and the gain is below min_effect. */
  | 'too_small'
  /** Too few fresh seeds finished to say anything. */
  | 'too_few'
  /** The fresh seeds bear it out, and something else forbids the claim. */
  | 'objected'
  | 'invalid'
  /** No fresh seed finished. */
  | 'unanswered';

/** Where the tip met fresh seeds, whatever they said. */
export type Tested = Extract<Outcome, { readonly kind: Answer }>;

export function outcomeOf(record: NightRecord): Outcome {
  if (record.night.row.end_reason === 'baseline_failed') return { kind: 'no_baseline' };
  const tested = candidatesOf(record).filter(({ row }) => row.dawn_confirmed !== null);
  const tip = tested.find(({ row }) => row.dawn_confirmed) ?? tested.at(-1);
  if (tip) return { kind: answerOn(record, tip), tip };
  const best = bestPromising(record);
  if (best) return { kind: 'untested', tip: best };
  const { baseline } = record.night.row;
  return baseline === null || !record.arms.has(baseline)
    ? { kind: 'no_baseline' }
    : { kind: 'nothing' };
}

export const isTested = (outcome: Outcome): outcome is Tested =>
  'tip' in outcome && outcome.kind !== 'untested';

/** LEAST_DAWN_SEEDS of judgeDawn: what a claim needs of each arm, unless the script is deterministic. */
const LEAST_FRESH = 3;

function answerOn(record: NightRecord, { row }: Sourced<ExperimentRow>): Answer {
  const { dawn_effect, dawn_low, dawn_high } = row;
  if (row.dawn_confirmed) return 'confirmed';
  if (row.verdict === 'invalid') return 'invalid';
  if (dawn_effect === null) return 'unanswered';
  const { deterministic } = record.night.row.plan?.run ?? { deterministic: false };
  if (!deterministic && comparedSeeds(record, row) < LEAST_FRESH) return 'too_few';
  // So many seeds leave no interval only where each arm gave one number every time.
  const interval = [dawn_low ?? dawn_effect, dawn_high ?? dawn_effect];
  if (!interval.every((effect) => gainIn(record, effect) > 0)) return 'refuted';
  const least = record.objective.min_effect ?? 0;
  return gainIn(record, dawn_effect) < least ? 'too_small' : 'objected';
}

/** Fresh seeds of the smaller arm; of a paired test those that both arms finished, if there are any. */
function comparedSeeds(record: NightRecord, row: ExperimentRow): number {
  const smaller = Math.min(row.dawn_n ?? 0, row.dawn_n_baseline ?? 0);
  if (row.dawn_test !== 'paired') return smaller;
  const others = new Set(record.dawn.get(row.baseline)?.row.seeds);
  const shared = record.dawn.get(row.id)?.row.seeds.filter((seed) => others.has(seed)).length;
  return shared || smaller;
}

/** Of `too_few`: whether each arm finished enough, and the two of them too few of the same seeds. */
export const lacksPairs = ({ row }: Sourced<ExperimentRow>): boolean =>
  Math.min(row.dawn_n ?? 0, row.dawn_n_baseline ?? 0) >= LEAST_FRESH;

/**
 * The incumbent where it moved, else the promising one with the largest gain on the baseline. None
 * that is built on what fell: the search left that, and what was better than it may be no better.
 */
function bestPromising(record: NightRecord): Sourced<ExperimentRow> | undefined {
  const { incumbent } = record.night.row;
  const promising = candidatesOf(record).filter(
    ({ row }) => row.verdict === 'promising' && !fell(record, row.id),
  );
  return promising.find(({ row }) => row.id === incumbent) ?? byGain(record, promising)[0];
}

/** Largest gain on the baseline first; those without an effect last. */
export const byGain = (record: NightRecord, experiments: readonly Sourced<ExperimentRow>[]) =>
  experiments.toSorted((a, b) => gainOnBaseline(record, b) - gainOnBaseline(record, a));

const gainOnBaseline = (record: NightRecord, { row }: Sourced<ExperimentRow>): number =>
  row.effect === null ? -Infinity : gainIn(record, row.effect);
