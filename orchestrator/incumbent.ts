import type { Action } from './actions.ts';
import type { Experiment } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { experimentIn, type Night, type State } from './domain/state.ts';
import { fallenIn } from './fallen.ts';
import { raceOf } from './race.ts';
import { baselineIsMeasured, isRunning } from './replicate.ts';
import { searchMoves } from './search.ts';
import { awaitsRepeat } from './suspicious.ts';

/** What the search builds on, and when it builds on something else. Pure. */

/**
 * Moves the search to the best of what replicated on the present incumbent, or to another value of
 * the knob that it turned, measured on the same parent: such a one cannot be put on top of it. Back
 * to its parent from one that turned out worse on further seeds, and from what was built on that.
 */
export function incumbentMoves(state: State, night: Night): Action[] {
  if (night.dawn || night.incumbent === null || !baselineIsMeasured(state, night)) return [];
  if (night.drift) return [];
  const { beliefs } = raceOf(state, night);
  const gainOf = (id: ExperimentId): number => beliefs.get(id)?.gain ?? 0;
  const present = experimentIn(state, night.incumbent);
  const fell = fallenIn(state, present.id);
  if (fell?.parent) {
    const because = `${fell.id} turned out worse than ${fell.parent} on further seeds`;
    return [moved(night, present.id, fell.parent, because)];
  }
  const reached = gainOf(present.id);
  let best: { to: Experiment; lead: number } | null = null;
  for (const id of night.tried) {
    const to = experimentIn(state, id);
    if (to.judgement?.verdict !== 'promising') continue;
    const isNext = to.parent === present.id;
    const lead = isNext ? gainOf(id) : gainOf(id) - reached;
    if (!isNext && !(isAlternative(to, present) && lead > 0)) continue;
    if (isRunning(state, id) || awaitsRepeat(state, night, id)) continue;
    if (best === null || lead > best.lead) best = { to, lead };
  }
  if (best === null || awaitsLastBest(state, night, best.lead)) return [];
  const { to } = best;
  const because =
    to.parent === present.id
      ? `${to.id} was better than ${present.id} on replicated seeds, as far as the night can tell`
      : `${to.id} gained more on ${to.parent} than ${present.id} with another value, as far as the night can tell`;
  return [moved(night, present.id, to.id, because)];
}

const moved = (
  { id: night }: Night,
  from: ExperimentId,
  to: ExperimentId,
  because: string,
): Action => ({
  kind: 'record',
  event: { type: 'incumbent_moved', night, from, to, because },
});

/** Whether both put a value of the same knob on the same parent. */
function isAlternative(one: Experiment, other: Experiment): boolean {
  if (one.id === other.id || one.parent === null || one.parent !== other.parent) return false;
  const [own, its] = [one.change, other.change];
  if (own.kind !== 'knobs' || its.kind !== 'knobs') return false;
  return Object.keys(own.values).some((knob) => knob in its.values);
}

/**
 * Last night's best is tried again as one change. Where it is believed to gain more and has further
 * runs coming, the search does not move to one of its own parts: the whole does not apply there.
 */
function awaitsLastBest(state: State, night: Night, gain: number): boolean {
  const { beliefs } = raceOf(state, night);
  const rival = night.tried
    .map((id) => experimentIn(state, id))
    .find(({ id, source, parent }) => {
      const more = (beliefs.get(id)?.gain ?? 0) > gain;
      return more && source === 'incumbent' && parent === night.incumbent;
    });
  if (!rival) return false;
  const coming = searchMoves(state, night).some(
    (move) => move.kind === 'run' && move.next.experiment === rival.id,
  );
  return coming || isRunning(state, rival.id);
}
