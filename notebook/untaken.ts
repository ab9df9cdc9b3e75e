import type { OwnRun } from '../orchestrator/domain/own-run.ts';
import type { State } from '../orchestrator/domain/state.ts';
import type { Manifest } from './manifest.ts';

/** Runs of one's own that ended, and whose metrics are not in the notebook yet. */
export const untaken = (
  { own }: Pick<State, 'own'>,
  { attempts }: Pick<Manifest, 'attempts'>,
): readonly OwnRun[] =>
  [...own.values()].filter(
    ({ id, attempt, end }) =>
      end !== null && (attempts[id] ?? 0) < attempt && (end.metric_points || end.sample_rows) > 0,
  );
