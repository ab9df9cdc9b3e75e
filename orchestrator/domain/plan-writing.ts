import type { Plan } from './plan.ts';
import type { Role } from './ports.ts';

/** Whether a plan's night can turn words into patches, and how often it tries. Pure. */

/** By the names alone: lists load this, and no more of what a plan may say of models. */
const hasModel = ({ agents }: Plan, role: Role): boolean =>
  (agents[role]?.model ?? agents.model) !== 'none';

/** Whether a hypothesis in words can become a patch: by a coding agent, or by a model. */
export const canWrite = (plan: Plan): boolean =>
  plan.worker !== undefined || hasModel(plan, 'worker');

/** What to do where nobody can. */
export const WHO_COULD_WRITE =
  'name a model (agents.model) or a coding agent (worker.command) in research_plan.yaml, or give a patch';

/** Tries at a repair of one patch; none where nobody could write it. */
export const mostRepairs = (plan: Plan): number => (canWrite(plan) ? plan.agents.repairs : 0);

/** Ideas in words that a round may have; none where nobody has any, or nobody could write them. */
export const ideasPerRound = (plan: Plan): number =>
  canWrite(plan) && hasModel(plan, 'researcher') ? plan.agents.ideas : 0;

/** Whether a model may find that a patch is known in other words. */
export const mayCompare = (plan: Plan): boolean => hasModel(plan, 'planner');
