import { experimentIn, type Night, type State } from './domain/state.ts';

/** What `budget.gpu_hours` allows: seconds of training times the GPUs that each run gets. Pure. */

/** Seconds of training, of all runs together, that the plan's GPU hours are; Infinity without. */
function secondsAllowed({ plan, gpus_per_run }: Night): number {
  const { gpu_hours } = plan.budget;
  const wanted = plan.compute.gpus_per_run;
  const gpus = wanted === 'auto' ? (gpus_per_run ?? 0) : wanted;
  return gpu_hours === undefined || gpus === 0 ? Infinity : (gpu_hours * 3600) / gpus;
}

/** Runs of so many seconds each that the GPU hours of a whole night are; Infinity without. */
export function gpuRuns(night: Night, seconds: number | null): number {
  const allowed = secondsAllowed(night);
  return allowed === Infinity || !seconds ? Infinity : Math.floor(allowed / seconds);
}

/** How many of them are left. */
export const gpuRunsLeft = (state: State, night: Night, seconds: number | null): number =>
  seconds ? Math.floor(gpuSecondsLeft(state, night, seconds) / seconds) : Infinity;

/**
 * Seconds of training that are left; Infinity without GPU hours. What runs now is taken to take as
 * long as a run does, or has by now; the plan's own work, which is like no other, as it may take.
 */
export function gpuSecondsLeft(state: State, night: Night, seconds: number): number {
  const allowed = secondsAllowed(night);
  if (allowed === Infinity) return Infinity;
  const now = Date.parse(state.now);
  const inFlight = night.running.flatMap((id) => {
    const run = state.runs.get(id);
    if (!run) return [];
    const usual = experimentIn(state, run.experiment).planned?.timeout ?? seconds;
    return [Math.max(usual, (now - Date.parse(run.started)) / 1000)];
  });
  return allowed - inFlight.reduce((sum, one) => sum + one, night.run_seconds);
}
