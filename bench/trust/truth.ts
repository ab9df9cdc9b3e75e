import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { ancestors, experimentIn, type State } from '../../orchestrator/domain/state.ts';

/** What a rule may add to experiments and judgements without this bench knowing the rule. */
interface Built {
  readonly title: string;
  readonly change: { readonly kind: string; readonly changes?: readonly unknown[] };
  /** The change that was left out of a stack. */
  readonly without?: ExperimentId | null;
}

export interface Attribution {
  /** What the change adds to the stack; sign as measured. */
  readonly effect: number;
  readonly interval: readonly [number, number] | null;
  /** Whether the change is claimed to help. */
  readonly attributed: boolean;
}

/** The attribution of a member of a stack, or null where nothing was said. */
export function attributionOf({ judgement }: Experiment): Attribution | null {
  const said: { readonly rule: string; readonly attribution?: Attribution | null } | null =
    judgement;
  return said?.attribution ?? null;
}

/**
 * The titles of all changes that an arm runs with, its own and its ancestors', each once: a stack
 * by what it is made of, without the change that was left out. Throws where the stack is made of
 * a change that no experiment has.
 */
export function titlesOf(state: State, id: ExperimentId): readonly string[] {
  const titles = new Set<string>();
  for (const at of [id, ...ancestors(state, id)])
    for (const title of ownTitles(state, experimentIn(state, at))) titles.add(title);
  const { without }: Built = experimentIn(state, id);
  if (without) titles.delete(experimentIn(state, without).title);
  return [...titles];
}

function ownTitles(state: State, experiment: Built & { id: ExperimentId }): readonly string[] {
  const { kind, changes } = experiment.change;
  if (kind === 'none') return [];
  if (kind !== 'stack' || changes === undefined) return [experiment.title];
  return changes.map((change) => {
    const key = JSON.stringify(change);
    for (const { title, change } of state.experiments.values())
      if (JSON.stringify(change) === key) return title;
    throw new Error(`${experiment.id} is made of a change that no experiment has: ${key}`);
  });
}
