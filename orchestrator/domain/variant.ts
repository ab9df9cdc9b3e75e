import { extended } from './command.ts';
import type { Command } from './experiment.ts';
import type { Plan } from './plan.ts';
import type { Night, State } from './state.ts';

/** How dawn trains where the plan has it train otherwise than the night. Pure. */

type Dawn = NonNullable<Plan['dawn']>;

/**
 * Whether dawn's numbers are of another training than the night's, and so are compared with each
 * other alone. More time or more seeds make no other training.
 */
export const trainsOtherwise = ({ dawn }: Pick<Plan, 'dawn'>): boolean =>
  dawn?.command !== undefined || dawn?.args !== undefined || dawn?.env !== undefined;

/** What a dawn run of an experiment executes, whose own command says its arguments and variables. */
export const dawnCommand = (command: Command, dawn: Dawn): Command =>
  extended({ ...command, command: dawn.command ?? command.command }, dawn);

/** The plan as a dawn run is carried out under it. */
export const dawnPlanOf = (plan: Plan): Plan => ({
  ...plan,
  run: { ...plan.run, timeout: plan.dawn?.timeout ?? plan.run.timeout },
});

/** `node long.py`, `--steps 5000` added, `STEPS=5000`; empty where it trains as the night does. */
export const otherwiseIn = ({
  command,
  args,
  env,
}: Partial<Pick<Dawn, 'command' | 'args' | 'env'>>): readonly string[] => [
  ...(command === undefined ? [] : [command]),
  ...(args === undefined ? [] : [args]),
  ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`),
];

/** Attempts of a night that its budget counts: not those of a dawn that the plan pays apart. */
export function countedRuns({ runs }: State, { plan, started, runs_started }: Night): number {
  if (plan.dawn === undefined) return runs_started;
  const own = [...runs.values()].filter((run) => run.purpose === 'dawn' && run.started >= started);
  return runs_started - own.reduce((sum, run) => sum + run.attempt, 0);
}
