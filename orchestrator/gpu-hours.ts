import type { Night, State } from './domain/state.ts';

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

/** How many of them are left; what runs now is taken to take as long as a run does, or has by now. */
export function gpuRunsLeft(state: State, night: Night, seconds: number | null): number {
  const allowed = secondsAllowed(night);
  if (allowed === Infinity || !seconds) return Infinity;
  const now = Date.parse(state.now);
  const inFlight = night.running.flatMap((id) => {
    const run = state.runs.get(id);
    return run ? [Math.max(seconds, (now - Date.parse(run.started)) / 1000)] : [];
  });
  const used = inFlight.reduce((sum, one) => sum + one, night.run_seconds);
  return Math.floor((allowed - used) / seconds);
}
