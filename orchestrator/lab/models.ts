import { NO_SPEND, spent, type Spend } from '../domain/call.ts';
import type { Event } from '../domain/event.ts';
import type { NightId } from '../domain/ids.ts';
import { NO_MODEL, type Model } from '../domain/model.ts';
import { modelOf, ROLES } from '../domain/plan-agents.ts';
import type { Plan } from '../domain/plan.ts';
import { clock, type Lab } from './lab.ts';

/** The night that calls are booked on, and what it has spent. */
export interface Booking {
  readonly id: NightId | null;
  readonly spent: Spend;
}

/** Between two nights all calls together have the plan's budget once more. */
export function betweenNights(events: readonly Event[]): Booking {
  const since = events.findLastIndex(({ type }) => type === 'night_started');
  const calls = events.slice(since + 1).filter(isOutside);
  return { id: null, spent: calls.reduce(spent, NO_SPEND) };
}

const isOutside = (event: Event): event is Extract<Event, { type: 'model_called' }> =>
  event.type === 'model_called' && event.night === null;

/**
 * The plan's models, their calls kept in the lab's notebook. What a role can't be asked, and why, is
 * a remark, and recorded. A plan without models loads nothing.
 */
export async function openModels(
  lab: Lab,
  { agents, budget }: Plan,
  { id: night, spent: before }: Booking,
  onRemark: (text: string) => void,
): Promise<Model> {
  const roles = ROLES.filter((role) => modelOf(agents, role) !== null);
  if (roles.length === 0) return NO_MODEL;
  const [{ createModel }, { openCalls }] = await Promise.all([
    import('../../agents/models/model.ts'),
    import('../../notebook/calls.ts'),
  ]);
  const calls = await openCalls(lab.notebookDir, () => clock.now());
  const { env: environment } = process;
  const model = createModel({
    ...{ agents, night, budget, spent: before, environment, calls, clock },
    random: Math.random,
  });
  for (const role of roles) {
    const failure = await model.unasked(role);
    if (failure) onRemark(`the ${role} works without its model: ${failure.message}`);
  }
  return model;
}
