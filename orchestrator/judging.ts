import type { Contrast, DawnJudgement, Experiment, Judgement } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { usableObjective } from './domain/run.ts';
import { ancestors, armOf, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { baselineOf, searchEnd } from './budget.ts';
import { brokenConstraint } from './constraints.ts';
import {
  baselineFailed,
  baselineIsMeasured,
  dawnRuns,
  evidenceFor,
  failedRun,
  noiseOf,
} from './replicate.ts';
import { mean, pooledContrast, spread } from './statistics/compare.ts';
import { judge, judgeDawn, RULE } from './statistics/verdict.ts';

/** From the state to what the statistics say of an experiment. Pure. */

/** A judgement that is due, and of what. */
export interface Judged {
  readonly experiment: ExperimentId;
  readonly judgement: Judgement;
}

/**
 * The night's verdict on an experiment that has had its runs, or null while it must wait: for its
 * branch, or for the baseline. A failure is a verdict of its own.
 */
export function nightVerdict(state: State, night: Night, experiment: Experiment): Judgement | null {
  const lost = failedRun(state, experiment.id);
  const failed = experiment.failure ?? lost?.result?.failure;
  if (failed)
    return plain(
      state,
      experiment,
      failed.class === 'invalid' ? 'invalid' : 'failed',
      `${failed.class}: ${failed.message}`,
    );
  if (lost) {
    const why = lost.result?.killed_because ?? 'unknown';
    return plain(state, experiment, 'failed', `the run was killed (${why})`);
  }
  if (experiment.commit === null) return null;
  if (baselineFailed(state, night))
    return plain(
      state,
      experiment,
      'inconclusive',
      'the baseline failed: there is nothing to compare with',
    );
  if (experiment.runs.length === 0)
    return searchEnd(state, night)
      ? plain(state, experiment, 'inconclusive', 'never run: the budget was spent')
      : null;
  const evidence = baselineIsMeasured(state, night) ? evidenceFor(state, night, experiment) : null;
  if (evidence === null) return null;
  const judgement = judge(evidence);
  const broken = brokenConstraint(night.plan.constraints, runsOf(state, experiment.id));
  return broken ? { ...judgement, verdict: 'invalid', because: broken } : judgement;
}

/** A verdict that rests on no comparison. */
const plain = (
  state: State,
  { id }: Experiment,
  verdict: Judgement['verdict'],
  because: string,
): Judgement => {
  const arm = armOf(state, id).map((point) => point.value);
  return {
    rule: RULE,
    verdict,
    because,
    n: arm.length,
    objective: arm.length > 0 ? mean(arm) : null,
    spread: spread(arm),
    ...{
      on_baseline: null,
      on_parent: null,
      dawn: null,
      stack: null,
    },
    runs: runsOf(state, id).map((run) => run.id),
  };
};

/**
 * The next judgement of dawn that is not recorded yet: the tip's, then its stack's members'. Null
 * when dawn has said it all.
 */
export const dawnVerdict = (state: State, night: Night): Judged | null =>
  tipVerdict(state, night) ?? memberVerdict(state, night);

function tipVerdict(state: State, night: Night): Judged | null {
  const [base, tip] = night.dawn?.arms ?? [];
  const judged = tip && experimentIn(state, tip).judgement;
  if (base === undefined || tip === undefined || !judged || judged.dawn !== null) return null;
  return { experiment: tip, judgement: tipJudgement(state, night, tip, base, judged) };
}

function memberVerdict(state: State, night: Night): Judged | null {
  const tip = night.dawn?.arms[1];
  if (tip === undefined || experimentIn(state, tip).judgement?.verdict !== 'improved') return null;
  for (const experiment of ancestors(state, tip)) {
    const { judgement } = experimentIn(state, experiment);
    if (judgement && judgement.stack === null)
      return { experiment, judgement: { ...judgement, stack: tip } };
  }
  return null;
}

function tipJudgement(
  state: State,
  night: Night,
  tip: ExperimentId,
  base: ExperimentId,
  judged: Judgement,
): Judgement {
  const fresh = (id: ExperimentId) =>
    dawnRuns(state, night, id).flatMap((run) => {
      const value = usableObjective(run);
      return value === null ? [] : [{ run: run.id, value }];
    });
  const [tipArm, baseArm] = [fresh(tip), fresh(base)];
  const all = armOf(state, tip).map((point) => point.value);
  const numbers = { rule: RULE, n: all.length, objective: mean(all), spread: spread(all) };
  const objection = objectionAtDawn(state, night, tip);
  if (tipArm.length === 0 || baseArm.length === 0) {
    const silent = tipArm.length === 0 ? tip : `the baseline ${base}`;
    const because = `looked promising at night; no fresh seed of ${silent} finished at dawn, so nothing is claimed`;
    const dawn = { ...NO_DAWN, runs: [...tipArm, ...baseArm].map((point) => point.run) };
    return { ...judged, ...numbers, ...(objection ?? { verdict: 'inconclusive', because }), dawn };
  }
  const { objective, run } = night.plan;
  const word = judgeDawn(objective, tipArm, baseArm, run.deterministic);
  const dawn = { ...word, confirmed: word.confirmed && objection === null };
  return { ...judged, ...numbers, ...(objection ?? wordsOfDawn(dawn)), dawn };
}

type Word = Pick<Judgement, 'verdict' | 'because'>;

/** What forbids a claim whatever the means say, or null. */
function objectionAtDawn(state: State, night: Night, tip: ExperimentId): Word | null {
  const broken = brokenConstraint(night.plan.constraints, runsOf(state, tip));
  if (broken !== null) return { verdict: 'invalid', because: broken };
  // A mean over the seeds that survived would hide the one that diverged.
  const failed = dawnRuns(state, night, tip).find(
    ({ result }) => result?.failure && result.failure.class !== 'infrastructure',
  );
  if (failed?.result?.failure) {
    const { class: kind, message } = failed.result.failure;
    const because = `looked promising at night; the fresh seed of ${failed.id} failed at dawn (${kind}: ${message})`;
    return { verdict: 'inconclusive', because };
  }
  // One number where the plan promises one: a second run that differs breaks the promise.
  const values = new Set(armOf(state, tip).map((point) => point.value));
  if (!night.plan.run.deterministic || values.size <= 1) return null;
  return {
    verdict: 'inconclusive',
    because: 'the plan calls the script deterministic, and the same commit gave different numbers',
  };
}

const wordsOfDawn = ({ confirmed, n, n_baseline }: DawnJudgement): Word =>
  confirmed
    ? {
        verdict: 'improved',
        because: `confirmed at dawn on ${n} fresh seeds against ${n_baseline} of the baseline`,
      }
    : {
        verdict: 'inconclusive',
        because: 'looked promising at night; fresh seeds at dawn did not confirm it',
      };

const NO_DAWN = {
  confirmed: false,
  n: 0,
  n_baseline: 0,
  objective: null,
  baseline: null,
  on_baseline: null,
};

/**
 * Dawn gave the baseline more seeds: the next effect to be stated against all of them, so that an
 * experiment's effect is always its objective minus the baseline's. Verdicts stay.
 */
export function restatedEffect(
  state: State,
  night: Night,
): { readonly experiment: ExperimentId; readonly on_baseline: Contrast } | null {
  const { id: base } = baselineOf(state, night);
  const baselineArm = armOf(state, base).map((point) => point.value);
  const noise = noiseOf(state, base);
  for (const { id, baseline, judgement } of state.experiments.values()) {
    if (baseline !== base || !judgement?.on_baseline) continue;
    const arm = armOf(state, id).map((point) => point.value);
    const on_baseline = pooledContrast(arm, baselineArm, noise);
    if (on_baseline.effect === judgement.on_baseline.effect) continue;
    return { experiment: id, on_baseline };
  }
  return null;
}
