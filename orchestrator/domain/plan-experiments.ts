import { z } from 'zod';
import { criterion } from './plan-limits.ts';
import { duration, list, mapping, name, path, together } from './plan-parts.ts';
import { BASELINE, runnerOf, type PlannedExperiment } from './planned-work.ts';

/**
 * `experiments` of the plan: work of its own that is no change of the script. Each is run once, and
 * judged by its own criteria.
 */

const NAME = { error: 'expected a name of letters, digits, _ . and -' };
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
