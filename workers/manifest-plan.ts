import { LabError } from '../orchestrator/domain/errors.ts';
import { planSchema, type Plan } from '../orchestrator/domain/plan.ts';
import type { Manifest } from './manifest.ts';

/** What of the plan has a hand in a run: into its manifest, and back out of it in another clone. */

export const planPart = ({
  objective,
  workspace,
  run,
  evaluate,
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
  gpus_per_run: compute.gpus_per_run,
});

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
