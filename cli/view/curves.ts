import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { followCurve, pointsOf, type Curve, type CurveReader } from '../../notebook/live-curve.ts';

/** Follows what each run that trains logs. */
export interface Curves {
  readonly now: ReadonlyMap<RunId, Curve>;
  stop(): void;
}

const EVERY_MS = 1000;

/** `state` is asked every second; `changed` is called when a curve went on. */
export function watchCurves(
  runsDir: string,
  state: () => State | null,
  changed: () => void,
): Curves {
  let now: ReadonlyMap<RunId, Curve> = new Map();
  let readers: ReadonlyMap<string, CurveReader> = new Map();
  let reading = false;

  const look = async (): Promise<void> => {
    const known = state();
    const night = known?.night ? known.nights.get(known.night) : undefined;
    if (!known || !night || reading) return;
    reading = true;
    const running = [...known.runs.values()].filter((run) => run.status === 'running');
    const next = new Map<string, CurveReader>();
    const curves = new Map<RunId, Curve>();
    for (const { id, attempt } of running) {
      const file = pointsOf(runsDir, id, attempt);
      const reader = readers.get(file) ?? followCurve(file, night.plan.objective.metric);
      next.set(file, reader);
      // A file that cannot be read costs its curve, never the night.
      const curve = await reader.read().catch(() => null);
      if (curve) curves.set(id, curve);
    }
    readers = next;
    now = curves;
    reading = false;
    if (curves.size > 0) changed();
  };
  const timer = setInterval(() => void look(), EVERY_MS).unref();
  return {
    get now() {
      return now;
    },
    stop: () => clearInterval(timer),
  };
}
