import type { Sourced } from './fact.ts';
import { candidatesOf } from './ideas.ts';
import { gainIn } from './phrases.ts';
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

function answerOn(record: NightRecord, { row }: Sourced<ExperimentRow>): Answer {
  const { dawn_effect, dawn_low, dawn_high } = row;
  if (row.dawn_confirmed) return 'confirmed';
  if (row.verdict === 'invalid') return 'invalid';
  if (dawn_effect === null) return 'unanswered';
  const interval = [dawn_low ?? dawn_effect, dawn_high ?? dawn_effect];
  return interval.every((effect) => gainIn(record, effect) > 0) ? 'objected' : 'refuted';
}

/** The incumbent where it moved, else the promising one with the largest gain on the baseline. */
function bestPromising(record: NightRecord): Sourced<ExperimentRow> | undefined {
  const { incumbent } = record.night.row;
  const promising = candidatesOf(record).filter(({ row }) => row.verdict === 'promising');
  return promising.find(({ row }) => row.id === incumbent) ?? byGain(record, promising)[0];
}

/** Largest gain on the baseline first; those without an effect last. */
export const byGain = (record: NightRecord, experiments: readonly Sourced<ExperimentRow>[]) =>
  experiments.toSorted((a, b) => gainOnBaseline(record, b) - gainOnBaseline(record, a));

const gainOnBaseline = (record: NightRecord, { row }: Sourced<ExperimentRow>): number =>
  row.effect === null ? -Infinity : gainIn(record, row.effect);
