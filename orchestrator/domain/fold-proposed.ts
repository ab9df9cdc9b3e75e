import type { Event } from './event.ts';
import type { Put } from './fold-beside.ts';
import type { Night, State } from './state.ts';

/** What the rounds of the Researcher make of a night, and what a look of a model does. Pure. */

type Proposed = Extract<Event, { readonly type: 'hypotheses_proposed' }>;

/** A round of moves. */
export const round = (night: Night, event: Proposed): Partial<Night> => ({
  rounds: event.round,
  // What was thought before a line was opened again says nothing of that line.
  exhausted_for:
    event.exhausted && event.round > (night.asked_anew ?? 0)
      ? event.incumbent
      : night.held_back
        ? null
        : night.exhausted_for,
  held_back: event.exhausted && event.held_back === true,
});

/** A round of ideas; more moves may bring a model that had none to others. */
export const invention = ({ rounds }: Night, event: Proposed): Partial<Night> => ({
  inventions: event.round,
  uninventive: event.exhausted ? { incumbent: event.incumbent, rounds } : null,
});

/** What was taken up or turned down meanwhile stays what it is. */
export function compared(
  now: State,
  event: Extract<Event, { readonly type: 'hypotheses_compared' }>,
  put: Put,
): State {
  const night = now.nights.get(event.night);
  if (!night) throw new Error(`the journal knows no ${event.night}`);
  let { hypotheses } = now;
  for (const id of event.hypotheses) {
    const record = hypotheses.get(id);
    if (record?.status === 'proposed')
      hypotheses = put(hypotheses, id, { ...record, compared: true });
  }
  const gone = new Set<string>();
  for (const { id, because } of event.rejected) {
    const record = hypotheses.get(id);
    if (record?.status !== 'proposed') continue;
    gone.add(id);
    hypotheses = put(hypotheses, id, { ...record, status: 'rejected', rejected_because: because });
  }
  const proposed = night.proposed.filter((id) => !gone.has(id));
  const nights = put(now.nights, night.id, { ...night, comparisons: event.round, proposed });
  return { ...now, hypotheses, nights };
}
