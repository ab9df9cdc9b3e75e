import { quoteArgument, splitCommand } from './command.ts';
import type { Command } from './experiment.ts';
import { runnerOf, type PlannedExperiment, type PlannedWork } from './planned-work.ts';
import type { Plan } from './plan.ts';

/** What a piece of the plan's own work executes, and what makes it the same work. Pure. */

/** Names and needs aside: what is run, under what, and what is asked of it. */
export const definitionOf = (plan: Plan, { name, experiment }: PlannedWork): string =>
  JSON.stringify([
    name,
    commandOf(plan, experiment),
    plan.run.shell,
    plan.run.setup ?? null,
    plan.workspace.directory,
    experiment.timeout ?? plan.run.timeout,
    experiment.success_criteria,
  ]);

export function commandOf(plan: Plan, { command, handler = '' }: PlannedExperiment): Command {
  const { env } = plan.run;
  if (command !== undefined) return { command, env };
  const runner = runnerOf(handler) === 'node' ? 'node' : pythonOf(plan);
  return { command: `${runner} ${quoteArgument(handler)}`, env };
}

/** The one that the plan trains with, as its packages are there. */
function pythonOf({ run }: Plan): string {
  const [program = ''] = run.shell ? [] : splitCommand(run.command);
  return /(?:^|\/)python[\d.]*$/.test(program) ? quoteArgument(program) : 'python3';
}
