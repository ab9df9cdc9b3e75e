import type { Action, Work } from '../../orchestrator/actions.ts';
import { room } from '../../orchestrator/budget.ts';
import { decide } from '../../orchestrator/decide.ts';
import { advance, replay } from '../../orchestrator/domain/fold.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { asksModels } from '../../orchestrator/told.ts';
import { answer, type World } from './simulate.ts';

export interface Timed {
  readonly state: State;
  readonly events: readonly Event[];
  /** Seconds that slots were free while more could be tried, and what was in hand then. */
  readonly idle: number;
  readonly waitedFor: readonly string[];
  /** Jobs that waited for others of their role to end, at any time. */
  readonly behind: readonly string[];
}

/**
 * A simulated night whose pieces of work take seconds and go side by side, as many of a role as
 * `places` says: what is answered late is taken in late.
 */
export function timed(
  world: World,
  started: EventBody,
  seconds: (work: Work) => number,
  places: Readonly<Partial<Record<Work['role'], number>>> = {},
): Timed {
  let state = replay([]);
  let actions: readonly Action[] = [];
  const events: Event[] = [];
  const [waitedFor, behind] = [new Set<string>(), new Set<string>()];
  let [clock, idle] = [Date.parse('2026-01-01T00:00:00Z'), 0];
  const inHand = new Map<string, { readonly work: Work; end: number }>();
  const record = (body: EventBody): void => {
    const event = { ...body, seq: events.length + 1, at: new Date(clock).toISOString() } as Event;
    ({ state, actions } = decide(state, event, advance));
    events.push(event);
    if (events.length > 4000) throw new Error('the night did not end');
  };
  const begin = (): void => {
    for (const held of inHand.values()) {
      const { role, id } = held.work;
      const busy = [...inHand.values()].filter((o) => o.end < Infinity && o.work.role === role);
      if (held.end < Infinity) continue;
      if (busy.length < (places[role] ?? Infinity)) held.end = clock + seconds(held.work) * 1000;
      else behind.add(id);
    }
  };
  record(started);
  for (;;) {
    const decision = actions.find((action) => action.kind === 'record');
    if (decision) {
      record(decision.event);
      continue;
    }
    for (const work of actions)
      if (work.kind !== 'record' && !inHand.has(work.id))
        inHand.set(work.id, { work, end: Infinity });
    begin();
    const night = currentNight(state);
    const held = [...inHand.values()].toSorted((a, b) => a.end - b.end);
    const [next] = held;
    if (!next || (night.ended && held.every(({ work }) => asksModels(work))))
      return { state, events, idle, waitedFor: [...waitedFor], behind: [...behind] };
    const free = night.slots - held.filter(({ work }) => work.kind === 'run').length;
    if (!night.dawn && !night.ended && free > 0 && room(night) > 0 && next.end > clock) {
      idle += (free * (next.end - clock)) / 1000;
      for (const { work } of held) waitedFor.add(work.kind);
    }
    clock = Math.max(clock, next.end);
    inHand.delete(next.work.id);
    record(answer(world, state, next.work));
  }
}
