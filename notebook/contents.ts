import type { Event } from '../orchestrator/domain/event.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import type { NightId } from '../orchestrator/domain/ids.ts';
import { advance, fold, replay } from '../orchestrator/domain/fold.ts';
import { EMPTY, type State } from '../orchestrator/domain/state.ts';
import { inWords } from './durable.ts';
import { alertOf, type AlertRow } from './tables/alerts.ts';
import { spansOf, type SpanRow } from './tables/spans.ts';

/** What the journal says, folded: everything that rows of tables are made from. */
export interface Contents {
  readonly state: State;
  /** What the state does not keep, by id. */
  readonly spans: ReadonlyMap<string, SpanRow>;
  readonly alerts: ReadonlyMap<string, AlertRow>;
}

/** Contents that follow a growing list of events. */
export interface Follower {
  /**
   * Folds what is new in `events`, in place, so that an event costs the same in a large lab as in a
   * small one: earlier contents must not be used any more, or only for what may be newer than they.
   */
  upTo(events: readonly Event[]): Contents;
}

export function follow(): Follower {
  let state = EMPTY;
  let seen = 0;
  let night: NightId | null = null;
  const spans = new Map<string, SpanRow>();
  const alerts = new Map<string, AlertRow>();
  return {
    upTo(events) {
      // The first time without a copy per event: opening stays linear in the journal.
      const wholly = seen === 0;
      if (wholly) state = replayed(events);
      for (; seen < events.length; seen++) {
        const event = events[seen] as Event;
        if (!wholly) state = advance(state, event);
        if (event.type === 'night_started') night = event.night;
        for (const span of spansOf(event, night)) spans.set(span.id, span);
        const alert = alertOf(state, event);
        if (alert) alerts.set(alert.id, alert);
      }
      return { state, spans, alerts };
    },
  };
}

/** Throws LabError damaged, naming the record that does not fit those before it. */
function replayed(events: readonly Event[]): State {
  try {
    return replay(events);
  } catch {
    let state = EMPTY;
    for (const event of events) {
      try {
        state = fold(state, event);
      } catch (error) {
        throw new LabError(
          'damaged',
          `record ${event.seq} of the journal (${event.type}) does not fit those before it: ` +
            `${inWords(error)}. Restore the journal from a backup, or delete the record's line too`,
          `record ${event.seq}`,
          error,
        );
      }
    }
    return state;
  }
}

/** Contents with events on top that are not in the journal yet. `refused` gets those that do not fit. */
export function withMore(
  contents: Contents,
  events: readonly Event[],
  refused: (event: Event, error: unknown) => void,
): Contents {
  if (events.length === 0) return contents;
  let { state } = contents;
  const spans = new Map(contents.spans);
  const alerts = new Map(contents.alerts);
  for (const event of events) {
    try {
      state = fold(state, event);
    } catch (error) {
      refused(event, error);
      continue;
    }
    for (const span of spansOf(event, state.night)) spans.set(span.id, span);
    const alert = alertOf(state, event);
    if (alert) alerts.set(alert.id, alert);
  }
  return { state, spans, alerts };
}
