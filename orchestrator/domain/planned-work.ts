import type { Criterion } from './plan.ts';

/**
 * `experiments` of the plan, for whoever reads a lab: apart from their schema, since zod costs a verb
 * that checks no plan 50 ms. Pure.
 */

/** As the plan writes it, its sub-experiments inside. */
export interface PlannedExperiment {
  readonly name: string;
  readonly command?: string | undefined;
  readonly handler?: string | undefined;
  readonly plan?: string | undefined;
  readonly needs: readonly string[];
  readonly success_criteria: readonly Criterion[];
  /** Seconds; `run.timeout` where it says none. */
  readonly timeout?: number | undefined;
  readonly experiments: readonly PlannedExperiment[];
}

/** What `needs` may say besides names. */
export const BASELINE = 'baseline';
export const gateNeeded = (need: string): number | null => {
  const [, number] = /^gate ([1-9]\d{0,5})$/.exec(need.trim().replace(/\s+/g, ' ')) ?? [];
  return number === undefined ? null : Number(number);
};

/** How a script is run, by the end of its name. */
const RUNNERS: readonly (readonly [RegExp, 'python' | 'node'])[] = [
  [/\.py$/, 'python'],
  [/\.[cm]?js$/, 'node'],
];
export const runnerOf = (handler: string): 'python' | 'node' | null =>
  RUNNERS.find(([end]) => end.test(handler))?.[1] ?? null;

/** One piece of that work, on its own. */
export interface PlannedWork {
  /** `parent/child`. */
  readonly name: string;
  readonly experiment: PlannedExperiment;
  /** The parent among them. */
  readonly needs: readonly string[];
  /** Indices in the plan: from the plan's list down to it. */
  readonly at: readonly number[];
}

/** All of them, each behind its parent. Plans of earlier journals have none. */
export function plannedWork(plan: {
  readonly experiments?: readonly PlannedExperiment[];
}): readonly PlannedWork[] {
  const flat = (
    all: readonly PlannedExperiment[],
    parent: PlannedWork | null,
  ): readonly PlannedWork[] =>
    all.flatMap((experiment, i) => {
      const work: PlannedWork = {
        name: parent ? `${parent.name}/${experiment.name}` : experiment.name,
        experiment,
        needs: [...(parent ? [parent.name] : []), ...experiment.needs],
        at: [...(parent?.at ?? []), i],
      };
      return [work, ...flat(experiment.experiments, work)];
    });
  return flat(plan.experiments ?? [], null);
}
