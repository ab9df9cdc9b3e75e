import { resolve } from 'node:path';

import type { Event } from '../orchestrator/domain/event.ts';
import type { NotebookReader } from '../orchestrator/domain/ports.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { answering, type Seen } from './answering.ts';
import { follow, withMore } from './contents.ts';
import { inWords } from './durable.ts';
import { readInbox, stamped } from './inbox.ts';
import { BEGINNING, readJournal } from './journal-reader.ts';
import { usualRunsDir } from './live.ts';
import type { Limits } from './query.ts';
import { CURRENT, type Schema } from './schema.ts';
import { oneAtATime } from './turns.ts';

/** The notebook for a process that does not write it, also while another one does. */
export interface NotebookView extends NotebookReader {
  /** The journal to its last whole line, then what lies in the inbox (with numbers of its own). */
  readonly events: readonly Event[];
  readonly state: State;
  /** What could not be read and was left out, in words. */
  readonly warnings: readonly string[];
  /** Reads on; `query` does so by itself. Throws LabError damaged. */
  refresh(): Promise<void>;
}

export interface ReadOptions {
  readonly schema?: Schema;
  readonly limits?: Limits;
  /** The lab's `experiments/` folder, where it is not at its usual place. */
  readonly runsDir?: string;
}

/**
 * Opens a notebook for reading; a folder that does not exist yet is an empty notebook. Loads no
 * DuckDB before the first query. Throws LabError damaged and refused (a newer AutoLab's).
 */
export async function readNotebook(
  folder: string,
  { schema = CURRENT, limits, runsDir = usualRunsDir(folder) }: ReadOptions = {},
): Promise<NotebookView> {
  const dir = resolve(folder);
  const follower = follow();
  const journal: Event[] = [];
  const drained = new Set<string>();
  const warnings = new Set<string>();
  const answer = answering(dir, { schema, limits, runsDir, warnings });
  let position = BEGINNING;
  /** As of the last look; `recorded` is the journal's last record, the rest is in the inbox. */
  let seen: Seen = {
    ...{ contents: follower.upTo(journal), events: [], recorded: 0 },
  };

  const inTurn = oneAtATime();
  const refresh = (): Promise<void> => inTurn(readOn);

  async function readOn(): Promise<void> {
    // The inbox first: what is drained between the two looks is then seen twice, and known by its id.
    const inbox = await readInbox(dir);
    const read = await readJournal(dir, schema, position);
    for (const { event, inbox: id } of read.records) {
      journal.push(event);
      if (id !== null) drained.add(id);
    }
    position = read.position;
    const recorded = follower.upTo(journal);
    const more = inbox.flatMap(({ id, event }) => (event && !drained.has(id) ? event : []));
    const waiting = stamped(more, recorded.state.now, position.seq);
    const refused = new Set<Event>();
    const contents = withMore(recorded, waiting, (event, error) => {
      refused.add(event);
      warnings.add(`a record in ${dir}/inbox does not fit the lab: ${inWords(error)}`);
    });
    const events = [...journal, ...waiting.filter((event) => !refused.has(event))];
    seen = { contents, events, recorded: position.seq };
  }

  await refresh();
  return {
    get events() {
      return seen.events;
    },
    get state() {
      return seen.contents.state;
    },
    get warnings() {
      return [...warnings];
    },
    refresh,
    query: (sql) =>
      answer(sql, async () => {
        await refresh();
        return seen;
      }),
  };
}
