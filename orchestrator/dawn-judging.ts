import type { Contrast, Experiment, Judgement } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { usableObjective } from './domain/run.ts';
import { armOf, experimentIn, type Night, type State } from './domain/state.ts';
import { baselineOf } from './budget.ts';
import { armWithout, dawnArms, dawnRuns, stackOf } from './dawn.ts';
import { confirmed, unconfirmed } from './dawn-words.ts';
import { limitsOf, objection } from './limits.ts';
import { moderationOf } from './race.ts';
import { mean, spread } from './statistics/compare.ts';
import { attribute, judgeDawn, lackAtDawn, type FreshArm } from './statistics/dawn.ts';
import { nightContrast, RULE } from './statistics/verdict.ts';
import { changesOf, plain, UNREPEATED, type Judged } from './judging.ts';
import { awaitsRepeat } from './suspicious.ts';
import { isUnprepared } from './preparing.ts';
import { untrained } from './untrained.ts';

/** From the state to what dawn's statistics say: of the tip, of its stack's members, of every effect. Pure. */

/**
 * The next judgement of dawn that is not recorded yet: the tip's; then what each change of a
 * confirmed stack is worth, and of the arms that told. Null when dawn has said it all.
 */
export const dawnVerdict = (state: State, night: Night): Judged | null =>
  tipVerdict(state, night) ?? memberVerdict(state, night) ?? leftOutVerdict(state, night);

function tipVerdict(state: State, night: Night): Judged | null {
  const [base, tip] = night.dawn?.arms ?? [];
  const judged = tip && experimentIn(state, tip).judgement;
  if (base === undefined || tip === undefined || !judged || judged.dawn !== null) return null;
  return { experiment: tip, judgement: tipJudgement(state, night, tip, base, judged) };
}

/** Fresh seeds of an arm that finished. */
const freshArm = (state: State, night: Night, id: ExperimentId): FreshArm =>
  dawnRuns(state, night, id).flatMap((run) => {
    const value = usableObjective(run);
    return value === null ? [] : [{ run: run.id, seed: run.seed, value }];
  });

/** The members of a confirmed stack get its tip's name, and what each is worth where dawn asked. */
function memberVerdict(state: State, night: Night): Judged | null {
  const { dawn } = night;
  const tip = dawn?.arms[1];
  if (!dawn || tip === undefined || experimentIn(state, tip).judgement?.verdict !== 'improved')
    return null;
  const members = stackOf(state, tip);
  const due = members.findIndex((id) => {
    const { judgement } = experimentIn(state, id);
    return judgement && (id === tip ? dawn.attribute && !judgement.attribution : !judgement.stack);
  });
  const experiment = members[due];
  const judgement = experiment && experimentIn(state, experiment).judgement;
  if (!experiment || !judgement) return null;
  const stack = experiment === tip ? judgement.stack : tip;
  const attribution = dawn.attribute
    ? (attribute(
        night.plan.objective,
        freshArm(state, night, tip),
        members.map((member) => {
          const without = armWithout(state, night, member);
          return { without: without === null ? [] : freshArm(state, night, without) };
        }),
        { test: dawn.test, deterministic: night.plan.run.deterministic },
      )[due] ?? null)
    : null;
  // As an arm that leaves the last change out, a member ran fresh seeds of its own.
  return {
    experiment,
    judgement: { ...judgement, ...numbersOf(state, experiment), stack, attribution },
  };
}

/** The stack without one change is no idea of its own: what it tells is said of that change. */
function leftOutVerdict(state: State, night: Night): Judged | null {
  for (const id of night.dawn?.left_out ?? []) {
    const experiment = experimentIn(state, id);
    if (experiment.judgement) continue;
    const { failure, without } = experiment;
    const because = failure
      ? `the stack without ${without} could not be made: ${failure.message}`
      : `the confirmed stack without ${without}; what that is worth is said of ${without}`;
    return { experiment: id, judgement: plain(state, experiment, 'inconclusive', because) };
  }
  return null;
}

/** Arms of dawn that are still to be prepared. */
export const unpreparedArms = (state: State, night: Night): readonly Experiment[] =>
  dawnArms(state, night)
    .map((id) => experimentIn(state, id))
    .filter(isUnprepared);

function tipJudgement(
  state: State,
  night: Night,
  tip: ExperimentId,
  base: ExperimentId,
  judged: Judgement,
): Judgement {
  const [tipArm, baseArm] = [freshArm(state, night, tip), freshArm(state, night, base)];
  const numbers = numbersOf(state, tip);
  const limits = limitsOf(state, night, experimentIn(state, tip));
  const forbids =
    objection(limits) ?? doubted(state, night, tip) ?? objectionAtDawn(state, night, tip, base);
  if (tipArm.length === 0 || baseArm.length === 0) {
    const silent = tipArm.length === 0 ? tip : `the baseline ${base}`;
    const because = `looked promising at night; no fresh seed of ${silent} finished at dawn, so nothing is claimed`;
    const dawn = { ...NO_DAWN, runs: [...tipArm, ...baseArm].map((point) => point.run) };
    return {
      ...judged,
      ...numbers,
      ...(forbids ?? { verdict: 'inconclusive', because }),
      dawn,
      limits,
    };
  }
  const { objective, run } = night.plan;
  const how = { test: night.dawn?.test ?? 'welch', deterministic: run.deterministic };
  const word = judgeDawn(objective, tipArm, baseArm, how);
  const dawn = { ...word, confirmed: word.confirmed && forbids === null };
  const lack = lackAtDawn(objective, tipArm, baseArm, how);
  const words = word.confirmed ? confirmed(word) : unconfirmed(objective, lack, { tip, base });
  return { ...judged, ...numbers, ...(forbids ?? words), dawn, limits };
}

/** What all finished seeds of an experiment come to, the night's and dawn's. */
function numbersOf(state: State, id: ExperimentId) {
  const all = armOf(state, id).map((point) => point.value);
  return { rule: RULE, n: all.length, objective: mean(all), spread: spread(all) };
}

type Word = Pick<Judgement, 'verdict' | 'because'>;

/** Fresh seeds do not clear what was found out, or never looked into, of a part of the stack. */
function doubted(state: State, night: Night, tip: ExperimentId): Word | null {
  for (const id of stackOf(state, tip)) {
    const { judgement } = experimentIn(state, id);
    const what = id === tip ? '' : `it is built on ${id}: `;
    if (judgement?.verdict === 'invalid')
      return { verdict: 'invalid', because: `${what}${judgement.because}` };
    if (awaitsRepeat(state, night, id))
      return { verdict: 'inconclusive', because: `${what}${UNREPEATED}` };
  }
  return null;
}

/** What beside a constraint forbids a claim whatever the means say, or null. */
function objectionAtDawn(
  state: State,
  night: Night,
  tip: ExperimentId,
  base: ExperimentId,
): Word | null {
  const [own, others] = [dawnRuns(state, night, tip), dawnRuns(state, night, base)];
  const idle = untrained(night.plan, changesOf(state, experimentIn(state, tip)), others, own);
  if (idle !== null) return { verdict: 'invalid', because: idle };
  const places = new Set(
    [...own, ...others].flatMap(({ result }) => result?.environment?.hard ?? []),
  );
  if (places.size > 1) {
    const because =
      'looked promising at night; dawn’s runs did not all have the same devices, data, evaluator, command, limits and threads (their manifests say which), so nothing is claimed';
    return { verdict: 'inconclusive', because };
  }
  // A mean over the seeds that survived would hide the one that diverged.
  const failed = own.find(
    ({ result }) => result?.failure && result.failure.class !== 'infrastructure',
  );
  if (failed?.result?.failure) {
    const { class: kind, message } = failed.result.failure;
    const because = `looked promising at night; the fresh seed of ${failed.id} failed at dawn (${kind}: ${message})`;
    return { verdict: 'inconclusive', because };
  }
  // One number where the plan promises one: a second run that differs breaks the promise.
  const differs = (id: ExperimentId) =>
    new Set(armOf(state, id).map((point) => point.value)).size > 1;
  const { baseline } = experimentIn(state, tip);
  if (!night.plan.run.deterministic || !(differs(tip) || differs(baseline))) return null;
  return {
    verdict: 'inconclusive',
    because: 'the plan calls the script deterministic, and the same commit gave different numbers',
  };
}

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
  const baselineArm = armOf(state, base);
  const objective = mean(baselineArm.map((point) => point.value));
  const moderation = moderationOf(state, base);
  for (const { id, baseline, judgement } of state.experiments.values()) {
    if (baseline !== base || !judgement?.on_baseline) continue;
    const arm = armOf(state, id);
    const effect = mean(arm.map((point) => point.value)) - objective;
    if (effect === judgement.on_baseline.effect) continue;
    return { experiment: id, on_baseline: nightContrast(arm, baselineArm, moderation) };
  }
  return null;
}
