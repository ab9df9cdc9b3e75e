import type { Change } from './domain/hypothesis.ts';
import type { Plan } from './domain/plan.ts';
import type { Run } from './domain/run.ts';
import { changedLines } from './touches.ts';

/**
 * A run that finished, and of which nothing shows that it trained. It cannot be said of an honest
 * script without being wrong, so each part of the rule needs time *and* steps, as AutoLab itself
 * measured the one and heard the other, and nothing is said where the baseline shows too little to
 * compare with: every run of it has to have logged numbers up to step 5 or further.
 *
 * No step at all, in less than a quarter of the shortest of the baseline's runs. Or less than a
 * tenth of its steps in less than a tenth of its time, unless the change is to something that says
 * how long to train. Pure.
 */
export function untrained(
  plan: Plan,
  /** Of the experiment and of all that it is built on. */
  changes: readonly Change[],
  baseline: readonly Run[],
  runs: readonly Run[],
): string | null {
  const shown = finished(baseline).map(({ steps, seconds }) => ({ steps: steps ?? 0, seconds }));
  const least = Math.min(...shown.map(({ steps }) => steps));
  const shortest = Math.min(...shown.map(({ seconds }) => seconds));
  if (shown.length === 0 || least < LEAST_STEPS) return null;
  const explained = changes.some((change) =>
    changedLines(plan, change).some((line) => HOW_LONG.test(line)),
  );
  for (const { run, steps, seconds } of finished(runs.filter(beganAnew))) {
    // Older results say nothing of steps.
    if (steps === undefined) continue;
    const logged = steps ?? 0;
    const none = logged <= 0 && seconds < shortest / 4;
    const hardly = !explained && logged < least / 10 && seconds < shortest / 10;
    if (none || hardly)
      return `no training was seen: ${run} logged ${logged <= 0 ? 'no step' : `${logged} steps`} in ${inShort(seconds)} s, each run of the baseline ${least} or more in ${inShort(shortest)} s or more`;
  }
  return null;
}

const LEAST_STEPS = 5;
const HOW_LONG = /step|epoch|iter|batch|token|sample|accum|patience|early|budget|time|duration/i;

/** A later attempt may find the work of an earlier one, but for one whose patch was repaired. */
const beganAnew = ({ attempt, result, repaired_after }: Run): boolean =>
  (result?.attempt ?? attempt) === 1 + (repaired_after ?? 0);

const finished = (runs: readonly Run[]) =>
  runs.flatMap(({ status, result }) => (status === 'finished' && result ? [result] : []));

const inShort = (seconds: number): string => String(Number(seconds.toPrecision(2)));
