import type { EventBody } from './domain/event.ts';
import type { Experiment, Judgement } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { gainOf } from './domain/objective.ts';
import { usableObjective, type Run } from './domain/run.ts';
import {
  armOf,
  AUTOLAB,
  experimentIn,
  runsOf,
  SUSPICIOUS,
  type Night,
  type State,
} from './domain/state.ts';
import { fallenIn } from './fallen.ts';
import { raceOf } from './race.ts';
import { isRunning, repeat, type NextRun } from './replicate.ts';
import { mean } from './statistics/compare.ts';
import { cameBack, tooGood } from './statistics/suspicious.ts';

/**
 * A result that is too good goes no further until the same commit on the same seed, laid out in a
 * worktree made anew, gave it again: until then it gets no further seed, is not promising, and is
 * not built on. The mark stays where the number came back. Pure.
 */

/** The mark that a judgement calls for; null where it is not too good, or was marked before. */
export function suspicion(
  state: State,
  night: Night,
  { id, parent, baseline }: Experiment,
  { on_parent, verdict }: Judgement,
): EventBody | null {
  const { objective, run } = night.plan;
  if (on_parent === null || verdict === 'invalid' || night.suspected.includes(id)) return null;
  const { moderation } = raceOf(state, night);
  const noise = run.deterministic ? null : moderation?.typical;
  // Without a spread between seeds nothing is called promising, so nothing is to be kept back.
  if (noise === undefined || !(run.deterministic || run.seed)) return null;
  const [own, base] = [armOf(state, id), armOf(state, parent ?? baseline)];
  // Beside a training that came apart whatever held together looks too good.
  if (!run.deterministic && moderation?.isWild(base.map(({ value }) => value))) return null;
  const why = tooGood({
    gain: gainOf(objective, on_parent.effect),
    noise,
    ...{ n: own.length, m: base.length },
    parent: mean(base.map(({ value }) => value)),
    others: gainsBeside(state, night, id),
  });
  if (why === null) return null;
  const because = `a gain of ${size(on_parent.effect)} is ${why}; its first run is made again from a fresh checkout before anything is built on it`;
  return { type: 'flagged', target: id, label: SUSPICIOUS, because, who: AUTOLAB };
}

/** What other changes of this lab gained on what they were built on, where that stands and the numbers compare. */
const gainsBeside = (state: State, night: Night, id: ExperimentId): readonly number[] =>
  [...state.experiments.values()].flatMap((one) =>
    one.id !== id &&
    one.judgement?.on_parent &&
    one.judgement.verdict !== 'invalid' &&
    !(one.parent && fallenIn(state, one.parent)) &&
    state.nights.get(one.night)?.plan_key === night.plan_key
      ? [gainOf(night.plan.objective, one.judgement.on_parent.effect)]
      : [],
  );

/** The repeat of an experiment's run, its latest. */
const repeatOf = (state: State, id: ExperimentId): Run | undefined =>
  runsOf(state, id).findLast(({ purpose }) => purpose === 'repeat');

/** Whether a result is under suspicion and no repeat has given a number yet. */
export function awaitsRepeat(state: State, night: Night, id: ExperimentId): boolean {
  if (!night.suspected.includes(id)) return false;
  const again = repeatOf(state, id);
  return again === undefined || usableObjective(again) === null;
}

/** Repeats that are to be started. */
export const repeatsDue = (state: State, night: Night): readonly NextRun[] =>
  night.suspected
    .filter((id) => night.active.includes(id) && !repeatOf(state, id) && !isRunning(state, id))
    .flatMap((id) => {
      const [first] = armOf(state, id);
      const run = first && state.runs.get(first.run);
      return run ? [repeat(state, night, run)] : [];
    });

/** Why a suspected number is none, as its repeat tells; null where it came back, or nobody knows. */
export function notComeBack(state: State, night: Night, id: ExperimentId): string | null {
  const again = night.suspected.includes(id) ? repeatOf(state, id) : undefined;
  const first = again?.repeats && state.runs.get(again.repeats);
  if (!again || !first) return null;
  const failure = again.result?.failure;
  if (failure && failure.class !== 'infrastructure')
    return `too good to be built on unseen, and the number did not come back: ${again.id} repeats ${first.id} and failed (${failure.class}: ${failure.message})`;
  const [was, now] = [usableObjective(first), usableObjective(again)];
  if (was === null || now === null) return null;
  const { plan } = night;
  const noise = plan.run.deterministic ? null : raceOf(state, night).moderation?.typical;
  const { parent, baseline } = experimentIn(state, id);
  const base = mean(armOf(state, parent ?? baseline).map(({ value }) => value));
  const gain = (value: number): number => gainOf(plan.objective, value - base);
  if (noise === undefined || cameBack(was, now, noise, { first: gain(was), second: gain(now) }))
    return null;
  return `too good to be built on unseen, and the number did not come back: ${first.id} gave ${size(was)}, its repeat ${again.id} gave ${size(now)} on the same seed and commit`;
}

const size = (value: number): string => String(Number(value.toPrecision(5)));
