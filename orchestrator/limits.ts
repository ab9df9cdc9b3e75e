import type { Experiment, JudgedLimit, Judgement } from './domain/experiment.ts';
import { LARGEST } from './domain/objective.ts';
import { usableObjective, type Run } from './domain/run.ts';
import { runsOf, type Night, type State } from './domain/state.ts';
import { moderate } from './statistics/moderate.ts';
import { isWithin, standingOf, type Limits } from './statistics/limits.ts';

/** What the plan and a hypothesis ask of an experiment's metrics, and what its runs say to it. Pure. */

/** Every limit on an experiment, judged on all its finished runs; constraints come first. */
export function limitsOf(
  state: State,
  night: Night,
  experiment: Experiment,
): readonly JudgedLimit[] {
  const { constraints, success_criteria } = night.plan;
  const judged = (of: JudgedLimit['of'], limits: readonly (Limits & { metric: string })[]) =>
    limits.map((limit): JudgedLimit => ({
      of,
      ...limit,
      ...found(state, night, experiment, limit),
    }));
  return [
    ...judged('constraint', constraints),
    ...judged('plan', success_criteria),
    ...judged('hypothesis', experiment.success_criteria),
  ];
}

/** As the objective's, the noise of a metric is what all arms on this baseline show together. */
function found(
  state: State,
  night: Night,
  { id, baseline }: Experiment,
  limit: Limits & { readonly metric: string },
) {
  // Of a dawn that trains otherwise, its own runs decide what it may claim.
  const fresh = runsOf(state, id).find((run) => run.variant && run.status === 'finished');
  const valuesIn = (one: Experiment['id']) => {
    const alike = runsOf(state, one).filter(({ variant }) => variant === fresh?.variant);
    return metricOf(night, alike, limit.metric);
  };
  const own = valuesIn(id);
  const measured = own.filter((value) => Number.isFinite(value));
  // What was not measured cannot be said to hold.
  if (measured.length < own.length) return standingOf(limit, [], null);
  if (night.plan.run.deterministic) return standingOf(limit, own, null);
  const arms = [...state.experiments.values()]
    .filter((one) => one.baseline === baseline && one.runs.length > 1)
    .map((one) => valuesIn(one.id).filter((value) => Number.isFinite(value)));
  return standingOf(limit, own, moderate(arms)?.noiseOf(own) ?? null);
}

/** One value per finished run, at most ±LARGEST; NaN where it did not report the metric. */
const metricOf = ({ plan }: Night, runs: readonly Run[], metric: string): readonly number[] =>
  runs
    .filter(({ status, purpose }) => status === 'finished' && purpose !== 'repeat')
    .map((run) => {
      if (metric === plan.objective.metric) return usableObjective(run) ?? Number.NaN;
      const value = run.result?.summary.find(({ key }) => key === metric)?.number ?? Number.NaN;
      return Number.isFinite(value) ? Math.min(LARGEST, Math.max(-LARGEST, value)) : value;
    });

/** What a limit of the plan does to a verdict, or null. */
export function objection(
  limits: readonly JudgedLimit[],
): Pick<Judgement, 'verdict' | 'because'> | null {
  const constraints = limits.filter(({ of }) => of === 'constraint');
  const broken = constraints.find(
    ({ status }) => status === 'not_met' || status === 'not_measured',
  );
  if (broken) return { verdict: 'invalid', because: inWords(broken) };
  const doubtful = constraints.find(
    (limit) => limit.status === 'borderline' && limit.mean !== null && !isWithin(limit, limit.mean),
  );
  return doubtful ? { verdict: 'inconclusive', because: inWords(doubtful) } : null;
}

function inWords({ metric, min, max, mean, interval, n, status }: JudgedLimit): string {
  if (mean === null)
    return `constraint on ${metric}: a finished run reported no finite value of it`;
  const short = (value: number) => Number(value.toPrecision(6));
  const limit = max !== undefined && mean > max ? `at most ${max}` : `at least ${min}`;
  const runs = n === 1 ? '1 run' : `${n} runs`;
  const ends = interval ? `95 % interval ${short(interval[0])} to ${short(interval[1])}, ` : '';
  const doubt = status === 'borderline' ? ', so whether it holds is open' : '';
  return `constraint: ${metric} ${limit}, found ${short(mean)} (${ends}${runs})${doubt}`;
}
