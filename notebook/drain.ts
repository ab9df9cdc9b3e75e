import { join } from 'node:path';

import type { Event, EventBody } from '../orchestrator/domain/event.ts';
import { fold } from '../orchestrator/domain/fold.ts';
import { type State } from '../orchestrator/domain/state.ts';
import { inWords } from './durable.ts';
import { forget, readInbox, stamped, type InboxRecord } from './inbox.ts';
import type { Journal } from './journal.ts';
import { setAside } from './mend.ts';

export interface DrainOptions {
  readonly dir: string;
  readonly journal: Journal;
  readonly state: () => State;
  readonly append: (body: EventBody, inbox: string, at: string) => Promise<Event>;
  readonly warnings: string[];
}

/**
 * Moves what lies in the inbox into the journal, each record once: the journal keeps its id, so a
 * crash before the file is gone changes nothing. A record that would not fit the lab is set aside,
 * for in the journal it would stop every later launch.
 */
export async function drain(options: DrainOptions): Promise<readonly Event[]> {
  const { dir, journal, state, append } = options;
  const records = await readInbox(dir);
  // A night drains at every heartbeat: so long a deleted journal stays deleted, also where nothing is recorded.
  await journal.tend();
  const events: Event[] = [];
  for (const record of records) {
    if (journal.drained.has(record.id)) continue;
    const event = await fitting(options, record, state());
    if (event) events.push(await append(bodyOf(event), record.id, event.at));
  }
  await forget(
    dir,
    records.filter(({ id }) => journal.drained.has(id)),
  );
  return events;
}

async function fitting(
  { dir, warnings }: DrainOptions,
  { path, id, event }: InboxRecord,
  state: State,
): Promise<Event | null> {
  try {
    const [stamp] = event ? stamped([event], state.now, 0) : [];
    if (!stamp) throw new Error('it is not what was written');
    fold(state, stamp);
    return stamp;
  } catch (error) {
    await setAside(dir, join('inbox', `${id}.json`));
    warnings.push(`${path} was set aside under damaged/: ${inWords(error)}`);
    return null;
  }
}

function bodyOf({ seq: _seq, at: _at, ...body }: Event): EventBody {
  return body as EventBody;
}
