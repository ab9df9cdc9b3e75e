import type { Experiment, JudgedLimit } from './domain/experiment.ts';
import type { PlannedOutcome } from './domain/planned.ts';
import type { RunResult } from './domain/run.ts';
import { runsOf, type State } from './domain/state.ts';
import { lostAmong } from './replicate.ts';
import { standingOf } from './statistics/limits.ts';

/** What the one run of the plan's own work came to, by its criteria. Null while it has no end. Pure. */
export function outcomeOf(state: State, experiment: Experiment): PlannedOutcome | null {
  const runs = runsOf(state, experiment.id);
  const result = runs.at(-1)?.result ?? null;
  if (result === null || lostAmong(runs)) return null;
  if (result.status !== 'finished') {
    const why = result.failure
      ? `${result.failure.class.replaceAll('_', ' ')}: ${result.failure.message}`
      : `it was ended (${result.killed_because ?? 'killed'})`;
    const cut = result.failure?.class === 'timeout' ? cutShort(experiment) : '';
    return { status: 'failed', because: `${why}${cut}`, limits: [] };
  }
  const limits = experiment.success_criteria.map((criterion): JudgedLimit => ({
    of: 'plan',
    ...criterion,
    ...standingOf(criterion, valuesOf(result, criterion.metric), null),
  }));
  return { ...judged(limits), limits };
}

/** Why it had less time than the plan gives a run. */
function cutShort({ planned }: Experiment): string {
  if (planned?.cut_from === undefined) return '';
  const { timeout, cut_from } = planned;
  return ` (the budget had ${timeout} s for it, and not run.timeout’s ${cut_from}; a timeout of its own is never cut)`;
}

/** What is no number says nothing. */
function valuesOf({ summary }: RunResult, metric: string): readonly number[] {
  const value = summary.find(({ key }) => key === metric)?.number ?? Number.NaN;
  return Number.isFinite(value) ? [value] : [];
}

/** The worst of its criteria is its outcome. */
function judged(limits: readonly JudgedLimit[]): Pick<PlannedOutcome, 'status' | 'because'> {
  if (limits.length === 0)
    return { status: 'finished', because: 'nothing was asked of its metrics' };
  const silent = limits.find(({ status }) => status === 'not_measured');
  if (silent)
    return {
      status: 'failed',
      because: `no metric: expected a finite ${silent.metric}, which a criterion asks for, found none`,
    };
  const worst = (['not_met', 'borderline', 'met'] as const).find((status) =>
    limits.some((limit) => limit.status === status),
  );
  const telling = limits.filter(({ status }) => status === worst).map(inWords);
  return { status: worst ?? 'met', because: telling.join('; ') };
}

function inWords({ metric, min, max, mean }: JudgedLimit): string {
  const ends = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return `${metric} ${ends.join(' and ')}, found ${mean === null ? 'none' : Number(mean.toPrecision(6))}`;
}
