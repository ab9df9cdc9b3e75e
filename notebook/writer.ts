import { dirname, resolve } from 'node:path';

import type { Event, EventBody } from '../orchestrator/domain/event.ts';
import type { Clock, Notebook } from '../orchestrator/domain/ports.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { follow, type Contents } from './contents.ts';
import { drain } from './drain.ts';
import { makeNotebookFolder } from './durable.ts';
import { takeIn } from './intake.ts';
import { takeInOwn } from './intake-own.ts';
import { openJournal, type Journal } from './journal.ts';
import { usualRunsDir } from './live.ts';
import { takeLock, type Lock } from './lock.ts';
import { asOf, keepManifest } from './manifest.ts';
import { sweep } from './mend.ts';
import type { Problem } from './problem.ts';
import { createAnswerer } from './query.ts';
import { CURRENT, type Schema } from './schema.ts';
import { createSealer } from './sealer.ts';
import { findManifest, takeStock, type Found } from './stock.ts';
import { oneAtATime } from './turns.ts';
import { createVerifier } from './verify.ts';
import { writeViews } from './views.ts';

export interface NotebookOptions {
  /** The notebook's folder; made where it is missing. */
  readonly dir: string;
  /** The lab's `experiments/` folder, where it is not at its usual place. */
  readonly runsDir?: string;
  readonly clock: Clock;
  readonly schema?: Schema;
  /** `take_in`: for a moment, to bring in what waits. A launch that begins meanwhile waits for it. */
  readonly purpose?: 'launch' | 'take_in';
  /** Milliseconds until what was recorded is sealed into Parquet without being asked. */
  readonly sealAfter?: number;
  /**
   * Told of what befell the journal's file meanwhile, which is mended by then. Left out: it is among
   * the warnings.
   */
  readonly onTrouble?: (text: string) => void;
  /** So many files of one table may wait; more are merged. */
  readonly mostFiles?: number;
}

export interface OpenNotebook extends Notebook {
  /** The fold of `events`. */
  state(): State;
  /** What was found damaged or could not be read, in words; the same is in the alerts. */
  readonly warnings: readonly string[];
  /**
   * Takes the metrics of runs of one's own in that ended, for as long as `goOn` says. Throws LabError
   * failed.
   */
  takeInOwn(goOn?: () => boolean): Promise<void>;
}

/**
 * Opens the notebook to write it; there is one writer. What is damaged is named, set aside and
 * built anew where that is possible; the rest stands. Throws LabError busy (another process has
 * it), damaged (the journal is), refused (a newer AutoLab wrote it).
 */
export async function openNotebook(options: NotebookOptions): Promise<OpenNotebook> {
  const dir = resolve(options.dir);
  await makeNotebookFolder(dir);
  const lock = await takeLock(dir, new Date(options.clock.now()).toISOString(), options.purpose);
  try {
    const notebook = await openLocked({ ...options, dir }, lock);
    let closed: Promise<void> | null = null;
    const close = () => (closed ??= notebook.close().finally(() => lock.release()));
    return { ...notebook, close };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openLocked(options: NotebookOptions, lock: Lock): Promise<OpenNotebook> {
  const { dir, schema = CURRENT } = options;
  const found = await findManifest(dir, schema);
  const warnings: string[] = [];
  const { onTrouble = (text: string) => void warnings.push(text) } = options;
  const journal = await openJournal(dir, schema, lock.check, onTrouble);
  try {
    return await openOver(journal, found, { ...options, warnings }, lock);
  } catch (error) {
    await journal.close();
    throw error;
  }
}

async function openOver(
  journal: Journal,
  found: Found,
  options: NotebookOptions & { readonly warnings: string[] },
  lock: Lock,
): Promise<OpenNotebook> {
  const { dir, clock, schema = CURRENT, sealAfter = 10_000, warnings } = options;
  const { runsDir = usualRunsDir(dir) } = options;
  const follower = follow();
  const contents = (): Contents => follower.upTo(journal.events);
  const stock = await takeStock(dir, found, contents().state, runsDir, schema);
  const keeper = keepManifest(dir, found.manifest, lock.check);
  await keeper.change(() => ({ ...stock.manifest, journal: journal.live }));
  warnings.push(...stock.remarks);
  const sealer = createSealer({
    ...{ dir, journal, contents, keeper, warnings, sealAfter, schema },
    mostFiles: options.mostFiles,
    pictured: 0,
  });
  const verify = createVerifier(dir);
  const answerer = createAnswerer(dir);
  const drainInTurn = oneAtATime();

  const append = async (body: EventBody, inbox?: string, at?: string): Promise<Event> => {
    // A clock that was put back between two launches turns no order round.
    const last = journal.events.at(-1)?.at ?? '';
    const now = at ?? new Date(clock.now()).toISOString();
    const event = await journal.append(body, now > last ? now : last, inbox);
    sealer.soon();
    return event;
  };
  const warn = async ({ text, run }: Problem): Promise<void> => {
    warnings.push(text);
    const subject = run ?? contents().state.night;
    if (subject !== null) await append({ type: 'alert', level: 'error', subject, text });
  };

  for (const problem of stock.problems) await warn(problem);
  if (stock.problems.length > 0) await sealer.seal();
  else await writeViews(dir, asOf(contents().state, keeper.current));
  // Replaced files are a reader's until the next launch.
  if (options.purpose !== 'take_in') await sweep(dir, keeper.current, found.whole);
  if (keeper.current.sealed < (journal.events.at(-1)?.seq ?? 0)) sealer.soon();

  return {
    events: journal.events,
    warnings,
    state: () => contents().state,
    append: (body) => append(body),
    async takeIn(result, metricsFile) {
      const file = resolve(dirname(runsDir), metricsFile);
      for (const problem of await takeIn(dir, keeper, contents().state, result, file))
        await warn(problem);
      sealer.soon();
    },
    async takeInOwn(goOn = () => true) {
      const problems = await takeInOwn(dir, keeper, contents().state, runsDir, goOn);
      for (const problem of problems) await warn(problem);
      sealer.soon();
    },
    drainInbox: () =>
      drainInTurn(() => drain({ dir, journal, state: () => contents().state, append, warnings })),
    seal: () => sealer.seal(),
    async query(sql) {
      const { events } = journal;
      const recorded = events.at(-1)?.seq ?? 0;
      const { rows, warnings: more } = await answerer.answer(sql, {
        ...{ contents: contents(), events, recorded, manifest: keeper.current, runsDir, verify },
      });
      warnings.push(...more.filter((warning) => !warnings.includes(warning)));
      return rows;
    },
    async close() {
      await answerer.close();
      await journal.settled();
      await keeper.change((manifest) => manifest); // whatever is being taken in
      try {
        const mayWrite = await lock.check().then(
          () => true,
          () => false,
        );
        await sealer.close(mayWrite);
      } finally {
        await journal.close();
      }
    },
  };
}
