import { z } from 'zod';
import { criterion, type Criterion } from './plan-limits.ts';
import { duration, list, mapping, name, path, together } from './plan-parts.ts';

/**
 * `experiments` of the plan: work of its own that is no change of the script. Each is run once, and
 * judged by its own criteria.
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

const NAME = { error: 'expected a name of letters, digits, _ . and -' };
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

export const plannedExperiment: z.ZodType<PlannedExperiment> = z.lazy(() =>
  mapping({
    name: name
      .regex(/^\w[\w.-]*$/, NAME)
      .refine((text) => text !== BASELINE, { error: 'expected another name than baseline' })
      .describe('How needs and FINDINGS.md call it; a sub-experiment is parent/child.'),
    command: name.optional().describe('What is run, as run.command is.'),
    handler: path
      .refine((text) => runnerOf(text) !== null, {
        error: 'expected a script that ends in .py, .js, .mjs or .cjs',
      })
      .optional()
      .describe('Or a script, run with python or node, from directory.'),
    plan: path
      .refine((text) => text.endsWith('.md'), { error: 'expected a file that ends in .md' })
      .optional()
      .describe('Notes (Markdown) that are kept and shown with it, from the repository’s top.'),
    needs: list(name)
      .default([])
      .describe('What has to be done before: baseline, gate 1, names of other experiments.'),
    success_criteria: list(criterion)
      .default([])
      .describe('Judged met, borderline or not met, by what its one run printed.'),
    timeout: duration
      .optional()
      .describe(
        'It is begun only where wall_clock and gpu_hours leave it that long beside dawn’s share. Default: run.timeout, or half of what they leave.',
      ),
    experiments: list(plannedExperiment)
      .default([])
      .describe('Sub-experiments: each needs this one.'),
  }).refine((one) => (one.command === undefined) !== (one.handler === undefined), {
    error: 'expected either command or handler (a script)',
    ...together,
  }),
);

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
