import type { Attribution, Experiment } from '../../orchestrator/domain/experiment.ts';
import { changeKey } from '../../orchestrator/domain/hypothesis.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { ancestors, experimentIn, type State } from '../../orchestrator/domain/state.ts';

/** What dawn said a change adds to its stack, or null where it did not say. */
export const attributionOf = ({ judgement }: Experiment): Attribution | null =>
  judgement?.attribution ?? null;

/**
 * The titles of all changes that an arm runs with, its own and its ancestors', each once: a stack
 * by what it is made of, without the change that was left out. Throws where the stack is made of
 * a change that no experiment has.
 */
export function titlesOf(state: State, id: ExperimentId): readonly string[] {
  const titles = new Set<string>();
  for (const at of [id, ...ancestors(state, id)])
    for (const title of ownTitles(state, experimentIn(state, at))) titles.add(title);
  const { without } = experimentIn(state, id);
  if (without) titles.delete(experimentIn(state, without).title);
  return [...titles];
}

function ownTitles(state: State, { id, title, change }: Experiment): readonly string[] {
  if (change.kind === 'none') return [];
  if (change.kind !== 'stack') return [title];
  return change.changes.map((one) => {
    const key = changeKey(one);
    for (const { title: known, change: same } of state.experiments.values())
      if (changeKey(same) === key) return known;
    throw new Error(`${id} is made of a change that no experiment has: ${key}`);
  });
}
