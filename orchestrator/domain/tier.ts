import type { ExperimentId } from './ids.ts';
import { tierOf, type Tier } from './run.ts';
import { experimentIn, runsOf, type State } from './state.ts';

/**
 * The lowest tier of the numbers that an experiment's verdict rests on, those of what it was
 * compared with included; before the verdict, of its own. Null where nothing was measured.
 */
export function experimentTier(state: State, id: ExperimentId): Tier | null {
  const { judgement } = experimentIn(state, id);
  const { runs = [], dawn, attribution } = judgement ?? {};
  const compared = new Set([...runs, ...(dawn?.runs ?? []), ...(attribution?.runs ?? [])]);
  if (compared.size === 0) return tierOf(runsOf(state, id));
  return tierOf([...compared].flatMap((run) => state.runs.get(run) ?? []));
}
