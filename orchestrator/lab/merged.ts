import type { EventBody } from '../domain/event.ts';
import type { ExperimentId } from '../domain/ids.ts';
import type { State } from '../domain/state.ts';
import type { Lab } from './lab.ts';

export type Promoted = Extract<EventBody, { type: 'promoted' }>;

/**
 * What base holds, and no record tells of: a promote that was killed between the two, or a merge by
 * hand. git is asked, because nothing else could have known. Oldest first.
 */
export async function unrecordedMerges(
  { repository }: Pick<Lab, 'repository'>,
  state: State,
): Promise<readonly Promoted[]> {
  const known = new Set(state.promotions.map(({ experiment }) => experiment));
  const open = new Map<string, ExperimentId>();
  for (const { id, parent, commit } of state.experiments.values())
    if (parent !== null && commit !== null && !known.has(id)) open.set(commit, id);
  if (open.size === 0) return [];
  const bases = new Set([...state.nights.values()].map(({ base }) => base.branch));
  const merges = await Promise.all([...bases].map((base) => repository.mergesInto(base)));
  return merges
    .flat()
    .toReversed()
    .flatMap(({ branch, commit, brought, who }) =>
      brought.flatMap((each): readonly Promoted[] => {
        const experiment = open.get(each);
        // Merged once more, after a revert say: its first merge is the one that counts.
        open.delete(each);
        return experiment === undefined
          ? []
          : [{ type: 'promoted', experiment, branch, commit, who }];
      }),
    );
}
