import type { Experiment } from './domain/experiment.ts';
import type { SingleChange } from './domain/hypothesis.ts';
import type { ExperimentId } from './domain/ids.ts';
import type { Run } from './domain/run.ts';
import { ancestors, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { again, fresh, lostAmong, type NextRun } from './replicate.ts';
import { isDue } from './trouble.ts';

/** Which arms dawn compares, and its next run. Pure. */

/** The experiments that a tip is made of, first built first, the tip last; the baseline is none. */
export function stackOf(state: State, tip: ExperimentId): readonly ExperimentId[] {
  return [tip, ...ancestors(state, tip)]
    .filter((id) => experimentIn(state, id).parent !== null)
    .toReversed();
}

/** The arm that is the stack without one of its members, null while it is not open. */
export function armWithout(state: State, night: Night, member: ExperimentId): ExperimentId | null {
  const [, tip] = night.dawn?.arms ?? [];
  // Without its last change the stack is what it was built on.
  if (member === tip) return experimentIn(state, member).parent;
  return night.dawn?.left_out.find((id) => experimentIn(state, id).without === member) ?? null;
}

/** Members of the confirmed stack that no arm leaves out yet. */
export function missingArms(state: State, night: Night): readonly ExperimentId[] {
  const tip = confirmedTip(state, night);
  if (tip === null || !night.dawn?.attribute) return [];
  return stackOf(state, tip).filter((member) => armWithout(state, night, member) === null);
}

/** The tip that dawn confirmed tonight, or null. */
function confirmedTip(state: State, night: Night): ExperimentId | null {
  const tip = night.dawn?.arms[1];
  return tip !== undefined && experimentIn(state, tip).judgement?.verdict === 'improved'
    ? tip
    : null;
}

/** Arms that run fresh seeds by now: baseline and tip; then the stack without each of its changes. */
export function dawnArms(state: State, night: Night): readonly ExperimentId[] {
  if (night.dawn === null) return [];
  const { arms, attribute } = night.dawn;
  const tip = confirmedTip(state, night);
  if (tip === null || !attribute) return arms;
  const more = stackOf(state, tip).flatMap((member) => armWithout(state, night, member) ?? []);
  return [...new Set([...arms, ...more])];
}

/** The changes of a stack without one member's, in the order they were built. */
export const changesWithout = (
  state: State,
  tip: ExperimentId,
  member: ExperimentId,
): readonly SingleChange[] =>
  stackOf(state, tip).flatMap((id) => {
    const { change } = experimentIn(state, id);
    return id !== member && (change.kind === 'knobs' || change.kind === 'patch') ? [change] : [];
  });

/** This night's dawn runs of an experiment; a baseline that was taken over had others before. */
export const dawnRuns = (state: State, night: Night, id: ExperimentId): readonly Run[] =>
  runsOf(state, id).filter((run) => run.purpose === 'dawn' && run.started >= night.started);

/** Dawn's next run: its arms take turns, so that a drift of the machine meets all alike. */
export function nextDawnRun(state: State, night: Night): NextRun | null {
  if (night.dawn === null) return null;
  const ready = dawnArms(state, night).filter((id) => isReady(experimentIn(state, id)));
  const started = ready.map((arm) => [arm, dawnRuns(state, night, arm)] as const);
  for (const [, runs] of started) {
    const lost = lostAmong(runs);
    if (lost && isDue(state, again(lost))) return again(lost);
  }
  for (const [i, seed] of night.dawn.seeds.entries()) {
    // The first takes turns too: else, of two slots, one would get all of an arm.
    for (const [arm, runs] of i % 2 === 0 ? started : started.toReversed())
      if (runs.length <= i) return fresh(state, night, arm, 'dawn', seed);
  }
  return null;
}

/** Whether an arm's branch stands. */
const isReady = ({ commit }: Experiment): boolean => commit !== null;
