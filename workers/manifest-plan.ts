import { LabError } from '../orchestrator/domain/errors.ts';
import { planSchema, type Plan } from '../orchestrator/domain/plan.ts';
import type { Manifest } from './manifest.ts';

/** What of the plan has a hand in a run: into its manifest, and back out of it in another clone. */

export const planPart = ({
  objective,
  workspace,
  run,
  evaluate,
  score,
  holdout,
  compute,
}: Plan): Manifest['plan'] => ({
  objective: { metric: objective.metric, direction: objective.direction, at: objective.at },
  editable: [...workspace.editable],
  link: [...workspace.link],
  command: run.command,
  env: { ...run.env },
  setup: run.setup ?? null,
  shell: run.shell,
  seed: run.seed === undefined ? null : { ...run.seed },
  keep: [...run.keep],
  ...(evaluate === undefined
    ? {}
    : {
        evaluate: {
          command: evaluate.command,
          ...(evaluate.timeout === undefined ? {} : { timeout_seconds: evaluate.timeout }),
        },
      }),
  ...(score === undefined ? {} : { score: scorePart(score) }),
  ...(holdout === undefined || holdout.labels.length === 0 ? {} : { hidden: [...holdout.labels] }),
  gpus_per_run: compute.gpus_per_run,
});

type PlanPart = NonNullable<Manifest['plan']>;

const scorePart = ({
  max_size,
  timeout,
  rows,
  ...score
}: NonNullable<Plan['score']>): NonNullable<PlanPart['score']> => ({
  ...score,
  max_bytes: max_size,
  ...(rows === undefined ? {} : { rows }),
  ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
});

/** What was scored and hidden, in the plan's own words. */
function goalFrom({ score, hidden }: PlanPart): Record<string, unknown> {
  const { max_bytes, timeout_seconds, ...rest } = score ?? { max_bytes: 0 };
  const timeout = timeout_seconds === undefined ? {} : { timeout: `${timeout_seconds}s` };
  return {
    ...(score && { score: { ...rest, max_size: `${max_bytes / 1e3}kB`, ...timeout } }),
    // A rerun looks at nothing that was held out: it only hides it again.
    ...(hidden && { holdout: { command: 'none', metric: 'none', labels: hidden } }),
  };
}

/** A plan under which the run is what it was; null for manifests of before they held one. Throws LabError usage. */
export function planFrom(manifest: Manifest, where: string): Plan | null {
  const { plan, directory, timeout_seconds, env_names } = manifest;
  if (plan === undefined) return null;
  const { objective, editable, link, command, env, setup, shell, seed, keep, evaluate } = plan;
  const read = planSchema.safeParse({
    project: manifest.experiment,
    question: `Does ${manifest.run} come out the same?`,
    objective,
    workspace: { directory, editable, link },
    run: {
      ...{ command, env, shell, keep, timeout: `${timeout_seconds}s`, env_from: env_names },
      ...(setup === null ? {} : { setup }),
      ...(seed === null ? {} : { seed }),
    },
    ...(evaluate === undefined
      ? {}
      : {
          evaluate: {
            command: evaluate.command,
            ...(evaluate.timeout_seconds === undefined
              ? {}
              : { timeout: `${evaluate.timeout_seconds}s` }),
          },
        }),
    ...goalFrom(plan),
    compute: { gpus_per_run: plan.gpus_per_run },
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new LabError(
    'usage',
    `${where}: plan.${issue?.path.join('.')}: ${issue?.message ?? 'not what AutoLab wrote'}`,
    where,
  );
}
