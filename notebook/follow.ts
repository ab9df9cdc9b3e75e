import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { LabError } from '../orchestrator/domain/errors.ts';
import type { Event } from '../orchestrator/domain/event.ts';
import { fold, replay } from '../orchestrator/domain/fold.ts';
import { type State } from '../orchestrator/domain/state.ts';
import { ignoring } from './durable.ts';
import { readInbox, stamped, type InboxRecord } from './inbox.ts';
import {
  BEGINNING,
  readJournal,
  segmentName,
  type JournalRecord,
  type Position,
} from './journal-reader.ts';
import { CURRENT, type Schema } from './schema.ts';

export interface Following {
  /** When it fires, one last look is taken. */
  readonly signal: AbortSignal;
  /** Between two looks, milliseconds. */
  readonly every_ms?: number;
  readonly schema?: Schema;
  /** Once, before anything else: the lab as it stands, and the last events that led there. */
  readonly onState: (state: State, latest: readonly Event[]) => void;
  /** Each new event, in order, with the state after it. */
  readonly onEvent: (state: State, event: Event) => void;
}

const EVERY_MS = 300;
const LATEST = 200;
/** Within the tick of a file system's clock a folder may change twice and look the same. */
const TICK_MS = 1000;

/**
 * Reads a notebook along while another process writes it. What lies in the inbox counts at once,
 * under a number of its own, and is not told again when the writer takes it in. A look that finds
 * nothing new costs three `stat`s, however large the lab. Resolves after `signal` has fired;
 * throws LabError damaged and refused as reading does.
 */
export async function followNotebook(folder: string, following: Following): Promise<void> {
  const { signal, every_ms = EVERY_MS, schema = CURRENT, onState, onEvent } = following;
  const dir = resolve(folder);
  const watch = changesOf(dir);
  let position = BEGINNING;
  let recorded = replay([]);
  /** What the inbox held at the last look and the journal does not have yet. */
  let waiting: readonly InboxRecord[] = [];
  const told = new Set<string>();
  const drained = new Set<string>();

  /** Reads on; from the beginning again where a writer has undone what a full disk did not take. */
  const readOn = async (): Promise<readonly JournalRecord[]> => {
    const known = position.seq;
    const read = await readJournal(dir, schema, position).catch(async (error: unknown) => {
      if (!(error instanceof LabError) || error.code !== 'damaged') throw error;
      const { records, position: end } = await readJournal(dir, schema, BEGINNING);
      const old = records.filter(({ event }) => event.seq <= known);
      recorded = replay(old.map(({ event }) => event));
      return { records: records.slice(old.length), position: end };
    });
    position = read.position;
    return read.records;
  };

  /** The state with what waits in the inbox on top; what does not fit the lab is left to the writer. */
  const overlaid = (tell: (state: State, event: Event) => void): State => {
    let state = recorded;
    const open = waiting.filter(({ id }) => !drained.has(id));
    open.forEach(({ id, event }, i) => {
      const [whole] = event ? stamped([event], state.now, position.seq + i) : [];
      if (!whole) return;
      try {
        state = fold(state, whole);
      } catch {
        return;
      }
      if (!told.has(id)) tell(state, whole);
      told.add(id);
    });
    return state;
  };

  const look = async (tell: (state: State, event: Event) => void): Promise<State> => {
    // The inbox first: what is drained between the two looks is then seen twice, and known by its id.
    waiting = await readInbox(dir);
    for (const { event, inbox } of await readOn()) {
      recorded = fold(recorded, event);
      if (inbox !== null) drained.add(inbox);
      if (inbox === null || !told.has(inbox)) tell(recorded, event);
    }
    return overlaid(tell);
  };

  await watch.changed(position);
  waiting = await readInbox(dir);
  const records = await readOn();
  for (const { inbox } of records) if (inbox !== null) drained.add(inbox);
  recorded = replay(records.map(({ event }) => event));
  const latest = records.slice(-LATEST).map(({ event }) => event);
  const begun = overlaid((_, event) => latest.push(event));
  onState(begun, latest);
  for (;;) {
    if (await watch.changed(position)) await look(onEvent);
    if (signal.aborted) return;
    await pause(every_ms, undefined, { signal }).catch(() => undefined);
  }
}

/** Says whether the journal or the inbox may hold something new since it was last asked. */
function changesOf(dir: string) {
  let seen = '';
  return {
    async changed(position: Position): Promise<boolean> {
      const print = (path: string) =>
        stat(join(dir, path)).then(({ size, mtimeMs }) => ({ size, mtimeMs }), ignoring('ENOENT'));
      const [live, next, inbox] = await Promise.all([
        print(join('journal', segmentName(position.segment))),
        print(join('journal', segmentName(position.segment + 1))),
        print('inbox'),
      ]);
      const now = JSON.stringify([position.segment, live, next, inbox]);
      const fresh = inbox !== undefined && Date.now() - inbox.mtimeMs < TICK_MS;
      const changed = now !== seen || fresh;
      seen = now;
      return changed;
    },
  };
}
