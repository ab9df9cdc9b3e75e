import { z } from 'zod';
import { splitCommand } from './command.ts';
import { agents } from './plan-agents.ts';
import { plannedExperiment } from './plan-experiments.ts';
import { gates, plateau } from './plan-gates.ts';
import { knob, seed } from './plan-knob.ts';
import { constraint, criterion } from './plan-limits.ts';
import { dawn, holdout, score } from './plan-measuring.ts';
import { worker } from './plan-worker.ts';
import { sandbox } from './plan-sandbox.ts';
import {
  canBeMeasured,
  canBeVerified,
  evaluate,
  duration,
  share,
  name,
  number,
  flag,
  count,
  list,
  mapping,
  named,
  literal,
  path,
  prune,
  smoke,
  together,
} from './plan-parts.ts';

/**
 * research_plan.yaml, the one file a human edits. This schema is the only description of it:
 * the JSON Schema that editors use is generated from here.
 */

const ownHypothesis = mapping({
  title: name,
  because: name.optional().describe('Why you think so.'),
  line: name.optional().describe('The line of inquiry it belongs to.'),
  change: named(z.string(), literal)
    .refine((change) => Object.keys(change).length > 0, {
      error: 'expected at least one knob in change',
    })
    .optional()
    .describe('A knob of search_space and its value.'),
  patch: path.optional().describe('A unified diff, from the repository’s top.'),
  idea: name
    .optional()
    .describe('The change in words: a model or a coding agent writes it as a patch.'),
  success_criteria: list(criterion).optional(),
}).refine((h) => [h.change, h.patch, h.idea].filter((way) => way !== undefined).length === 1, {
  error:
    'expected one of change (a knob and its value), patch (a diff file) and idea (the change in words)',
  ...together,
});

const QUEUE = { error: 'expected embedded, or an address such as redis://host:6379' };

const NOTIFY = {
  error: 'expected a URL such as https://…, a command, or $NAME of a variable that holds either',
};
/** Whether a target of `notify` can be one: an address that parses, or words with quotes closed. */
function canBeTold(target: string): boolean {
  if (/^https?:/.test(target)) return URL.canParse(target);
  try {
    return splitCommand(target).length > 0;
  } catch {
    return false;
  }
}

export const planSchema = mapping({
  project: name.describe('A short name of the lab.'),
  question: name.describe('What the night is to find out, in one sentence.'),

  objective: mapping({
    metric: name.describe('The metric that runs are judged by, as the script prints it.'),
    direction: z.enum(['minimize', 'maximize'], { error: 'expected minimize or maximize' }),
    min_effect: number
      .positive({ error: 'expected a number above 0' })
      .optional()
      .describe('The smallest change of the metric that matters to you.'),
    at: z
      .enum(['last', 'best'], { error: 'expected last or best' })
      .default('last')
      .describe('Which of a run’s values counts.'),
    tier: z
      .enum(['self_reported', 'checked', 'verified'], {
        error: 'expected self_reported, checked or verified',
      })
      .optional()
      .describe(
        'What a number must be for promote: checked is measured by evaluate, verified by score.',
      ),
    target: number
      .optional()
      .describe('The search ends when what it builds on is as good as this, on two seeds or more.'),
  }).describe('The one number that experiments are judged by.'),
  constraints: list(constraint)
    .default([])
    .describe('What breaks one, by an interval over its runs, cannot win.'),
  success_criteria: list(criterion)
    .default([])
    .describe('Judged met, borderline or not met, by an interval, for every experiment.'),

  workspace: mapping({
    base: name
      .optional()
      .describe('Branch that holds the current best; default: the one checked out.'),
    directory: path.default('.').describe('Where commands run, from the repository’s top.'),
    editable: list(path)
      .min(1, { error: 'expected at least one path or glob' })
      .describe(
        'Files (or globs) an experiment may change, from directory; all else is protected.',
      ),
    link: list(path).default([]).describe('Untracked paths every worktree gets, read-only.'),
  }).describe('Where experiments happen and what they may change.'),

  run: mapping({
    setup: name.optional().describe('Run once per worktree before training.'),
    command: name.describe('The training command; split into arguments, no shell.'),
    shell: flag.default(false).describe('Give command to sh -c instead.'),
    timeout: duration.prefault('1h').describe('A run that takes longer is ended, as failed.'),
    seed: seed.optional().describe('How a run is told its seed.'),
    deterministic: flag
      .default(false)
      .describe('The script gives the same number every time: one run settles it.'),
    keep: list(path).default([]).describe('Files a run leaves (globs) that are kept as artifacts.'),
    env: named(z.string(), literal).default({}).describe('Variables that runs get.'),
    env_from: list(name).default([]).describe('Names of your variables that runs may see.'),
    smoke: smoke
      .optional()
      .describe('How a run is cut to a moment; autolab check --stub runs it so.'),
  }).describe('How one run is made.'),

  search_space: named(
    z.string().regex(/^[\w.-]+$/, { error: 'expected a name of letters, digits, _ . and -' }),
    knob,
  )
    .default({})
    .describe('Knobs: what may be tried without a model.'),
  hypotheses: list(ownHypothesis).default([]).describe('Yours; tried first.'),

  budget: mapping({
    experiments: count.default(24).describe('How many candidates a night may try.'),
    runs: count.optional().describe('How many runs a night may start.'),
    wall_clock: duration.optional().describe('How long a night may take.'),
    parallel: z
      .union([count, z.literal('auto')], { error: 'expected a whole number above 0, or auto' })
      .default('auto')
      .describe('How many runs at once.'),
    verification: share
      .prefault('20%')
      .describe('Share of the runs that is kept for dawn, when claims are tested on fresh seeds.'),
    gpu_hours: number
      .positive({ error: 'expected a number above 0' })
      .optional()
      .describe('Hours of training times GPUs per run that a night may take, dawn included.'),
    plateau: plateau
      .optional()
      .describe('The search ends when so many brought nothing better: 12 experiments.'),
    llm_usd: number
      .positive({ error: 'expected a number above 0' })
      .optional()
      .describe('US dollars that a night’s calls of models may cost; spent, it goes on without.'),
    tokens: count
      .optional()
      .describe('Tokens, read and written, that a night’s calls of models may take.'),
  })
    .prefault({})
    .describe('Where a night ends.'),

  compute: mapping({
    backend: z
      .literal('local', {
        error: 'expected local: this version of AutoLab runs on this machine only',
      })
      .default('local'),
    gpus_per_run: z
      .union([z.int().nonnegative(), z.literal('auto')], {
        error: 'expected a whole number, 0 or above, or auto',
      })
      .default('auto')
      .describe('auto: one where the machine has GPUs, none where it has not.'),
  })
    .prefault({})
    .describe('What runs are run on.'),
  agents,
  worker: worker.optional(),
  queue: z
    .string(QUEUE)
    .regex(/^(?:embedded|rediss?:\/\/\S+)$/, QUEUE)
    .default('embedded')
    .describe('What carries work between the agents: embedded, or redis://host:6379.'),
  sandbox,

  evaluate: evaluate.optional(),
  score: score.optional(),
  holdout: holdout.optional(),
  dawn: dawn.optional(),
  experiments: list(plannedExperiment)
    .default([])
    .describe(
      'Work of its own that is no change of the script: run once, judged by its criteria. Each is a run of the budget, and none of its experiments.',
    ),
  gates,
  prune: prune.optional(),
  notify: z
    .string(NOTIFY)
    .trim()
    .refine(canBeTold, NOTIFY)
    .optional()
    .describe(
      'Who hears of alerts: a URL that gets JSON, a command that reads it, or $NAME of a variable that holds either.',
    ),
})
  .refine(canBeMeasured, {
    error: 'expected evaluate or score beside tier: checked, as nothing else measures it',
    path: ['objective', 'tier'],
    ...together,
  })
  .refine(canBeVerified, {
    error: 'expected score beside tier: verified, as nothing else measures it',
    path: ['objective', 'tier'],
    ...together,
  });

/** A validated plan. Durations are seconds, shares are fractions, literals are source text. */
export type Plan = z.output<typeof planSchema>;
export type Objective = Plan['objective'];
export type Knob = Plan['search_space'][string];
export type { Criterion } from './plan-limits.ts';
export type OwnHypothesis = Plan['hypotheses'][number];

/**
 * Canonical JSON of what makes two numbers of a night comparable: objective, workspace, run, evaluate
 * and score, but not what was tried, how much was spent or what promote demands; nor dawn, whose
 * numbers are compared with its own alone, nor what is held out, but for what that hides from
 * training. Equal texts, equal meaning; its hash is `plan_key`.
 */
export function planMeaning(plan: Plan): string {
  const { base, directory, editable, link } = plan.workspace;
  // No night runs it so: how a rehearsal is cut short moves no number.
  const { smoke: _, ...run } = plan.run;
  const { tier: __, target: ___, ...objective } = plan.objective;
  return canonical({
    objective,
    run,
    evaluate: plan.evaluate,
    score: plan.score,
    hidden: plan.holdout?.labels.length ? { labels: plan.holdout.labels.toSorted() } : undefined,
    workspace: { base, directory, editable: editable.toSorted(), link: link.toSorted() },
  });
}

/** JSON with sorted keys; keys that are undefined are left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
