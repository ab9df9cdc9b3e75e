import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Sourced } from './fact.ts';
import type { Limits, MetricRow, NightRecord } from './records.ts';

/** What the plan asked of an experiment, and whether its runs met it. */

export interface Criterion extends Limits {
  /** Who asked: the hypothesis itself, the plan of every experiment, or a constraint (must hold to win). */
  readonly of: 'hypothesis' | 'plan' | 'constraint';
  readonly status: 'met' | 'borderline' | 'not_met' | 'not_measured';
  /** The metric's mean over finished runs; undefined where no run reported it. */
  readonly measured: Sourced<MetricRow> | undefined;
  /** 95 %, of the mean; absent where nothing says how much is chance, or it was never judged. */
  readonly interval?: readonly [low: number, high: number] | null;
}

/**
 * Every criterion of an experiment. The criteria of a user's own hypothesis are found in the
 * night's plan by its title; the tables do not carry them.
 */
export function criteriaOf(record: NightRecord, id: ExperimentId): readonly Criterion[] {
  const { plan } = record.night.row;
  const experiment = record.experiments.get(id)?.row;
  const measuredOf = (metric: string) =>
    record.metrics.get(id)?.find(({ row }) => row.key === metric);
  // What the night judged is told as it was judged; a baseline, and an older lab, by the mean alone.
  if (experiment?.limits)
    return experiment.limits.map((limit) => ({ ...limit, measured: measuredOf(limit.metric) }));
  const own =
    experiment?.source === 'yours'
      ? plan?.hypotheses.find(({ title }) => title === experiment.title)?.success_criteria
      : undefined;
  const judged = (of: Criterion['of'], limits: readonly Limits[] = []) =>
    limits.map((limit): Criterion => {
      const measured = measuredOf(limit.metric);
      return { ...limit, of, measured, status: statusOf(limit, measured?.row.mean) };
    });
  return [
    ...judged('hypothesis', own),
    ...judged('plan', plan?.success_criteria),
    ...judged('constraint', plan?.constraints),
  ];
}

/** Borderline: past a limit by no more than `borderline`. */
function statusOf(
  { min, max, borderline = 0 }: Limits,
  value: number | undefined,
): Criterion['status'] {
  if (value === undefined) return 'not_measured';
  const past = Math.max((min ?? -Infinity) - value, value - (max ?? Infinity));
  if (past <= 0) return 'met';
  return past <= borderline ? 'borderline' : 'not_met';
}
