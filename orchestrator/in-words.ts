import { changeKey, type Hypothesis } from './domain/hypothesis.ts';
import type { HypothesisId } from './domain/ids.ts';
import { ideasPerRound, mayCompare } from './domain/plan-writing.ts';
import type { Plan } from './domain/plan.ts';
import type { Night, State } from './domain/state.ts';

/** Ideas in words, on their way to a patch, and when more of them are wanted. Pure. */

const isInWords = (state: State, id: HypothesisId): boolean =>
  state.hypotheses.get(id)?.change.kind === 'idea';

/** Proposed, and nobody has written it yet; what the user asked for by hand first. */
export function unwritten(state: State, { proposed }: Night): readonly HypothesisId[] {
  const ids = proposed.filter((id) => isInWords(state, id));
  const asked = ids.filter((id) => state.hypotheses.get(id)?.asked !== undefined);
  return [...asked, ...ids.filter((id) => !asked.includes(id))];
}

/** Patches that an author wrote, and that a model has yet to compare with what is known. */
export const uncompared = (state: State, night: Night): readonly HypothesisId[] =>
  mayCompare(night.plan) ? night.proposed.filter((id) => isUncompared(state, id)) : [];

/** Proposed, and ready for the Planner. */
export const written = (state: State, night: Night): readonly HypothesisId[] => {
  const others = new Set(uncompared(state, night));
  return night.proposed.filter((id) => !isInWords(state, id) && !others.has(id));
};

/** What the user asks for is not a model's to veto. */
function isUncompared(state: State, id: HypothesisId): boolean {
  const { change, source, written: by, compared } = state.hypotheses.get(id) ?? {};
  return change?.kind === 'patch' && by !== undefined && source !== 'yours' && !compared;
}

/** A model's, or in words: what takes an author's or a model's time before it is tried. */
function isThoughtUp(state: State, id: HypothesisId): boolean {
  const { source, written: by } = state.hypotheses.get(id) ?? {};
  return source === 'model' || source === 'paper' || by !== undefined || isInWords(state, id);
}

/**
 * Ideas that a model is asked for: none while as many as there are slots are on their way to one,
 * and none where it had no more for this incumbent and no round of moves was thought of since.
 */
export function ideasWanted(state: State, night: Night): number {
  const onTheWay = [...night.proposed, ...night.waiting].filter((id) => isThoughtUp(state, id));
  const { uninventive, incumbent, rounds } = night;
  const isDry = uninventive?.incumbent === incumbent && uninventive?.rounds === rounds;
  return onTheWay.length < night.slots && !isDry ? ideasPerRound(night.plan) : 0;
}

/** What an answer of moves says of a model's ideas: where there may be some, it tells nothing of them. */
export const heldBack = (plan: Plan): { readonly held_back?: true } =>
  ideasPerRound(plan) > 0 ? { held_back: true } : {};

/** Whether the Researcher has said that it has no more moves for this incumbent. */
export const movesExhausted = ({ exhausted_for, incumbent }: Night): boolean =>
  exhausted_for !== null && exhausted_for === incumbent;

/** Whether nothing more comes for this incumbent, neither of the search space nor of a model. */
export const isExhausted = (state: State, night: Night): boolean =>
  movesExhausted(night) && !(night.held_back && ideasWanted(state, night) > 0);

/** The words of an idea, also of one that is a patch by now: equal keys, equal words; null without. */
export const wordsKey = ({ change, idea }: Pick<Hypothesis, 'change' | 'idea'>): string | null =>
  change.kind === 'idea'
    ? changeKey(change)
    : idea === undefined
      ? null
      : changeKey({ kind: 'idea', text: idea });
