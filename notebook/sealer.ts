import { LabError } from '../orchestrator/domain/errors.ts';
import type { State } from '../orchestrator/domain/state.ts';
import type { Contents } from './contents.ts';
import { inWords } from './durable.ts';
import type { Journal } from './journal.ts';
import { asOf, type Keeper, type Manifest } from './manifest.ts';
import { dueMerges, merge } from './merge.ts';
import { sealTouched } from './seal.ts';
import type { Schema } from './schema.ts';
import { writeSnapshot } from './snapshot.ts';
import { touchedSince } from './touched.ts';
import { oneAtATime } from './turns.ts';
import { writeViews } from './views.ts';

export interface SealerOptions {
  readonly dir: string;
  readonly journal: Journal;
  readonly contents: () => Contents;
  readonly keeper: Keeper;
  readonly warnings: string[];
  readonly schema: Schema;
  /** `seq` that the last snapshot was written at. */
  readonly pictured: number;
  /** Milliseconds from a change to its seal. */
  readonly sealAfter: number;
  /** Files of a table and level that may wait to be merged; left out: as many as readers can bear. */
  readonly mostFiles: number | undefined;
}

/** Keeps the Parquet tables up to the journal, beside the work and never in its way. */
export interface Sealer {
  /** Brings them up now. Throws LabError failed. */
  seal(): Promise<void>;
  /** Sees to it that they are brought up before long. Never throws. */
  soon(): void;
  /**
   * Brings them up for the last time, unless this process may write no more. Never throws: the
   * journal has it all, the next launch brings them up, and why it ends is worth more than this.
   */
  close(mayWrite: boolean): Promise<void>;
}

/** So many records more cost a reader some ten milliseconds. */
const SNAPSHOT_EVERY = 500;
/** And this share of the journal, so that a record costs the same in a large lab as in a small one. */
const SNAPSHOT_SHARE = 1 / 20;

export function createSealer(options: SealerOptions): Sealer {
  const { dir, journal, keeper, warnings, sealAfter, mostFiles } = options;
  const inTurn = oneAtATime();
  let shown = -1;
  let pictured = options.pictured;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function sealNow(): Promise<void> {
    await journal.settled();
    const contents = options.contents();
    const seq = journal.events.at(-1)?.seq ?? 0;
    await snapshot(contents.state, seq);
    const touched = touchedSince(journal.events, keeper.current.sealed, contents);
    const files = await sealTouched(dir, contents, touched, seq);
    await keeper.change((manifest) => {
      if (seq === manifest.sealed) return manifest;
      return { ...manifest, sealed: seq, files: [...manifest.files, ...files] };
    });
    await mergeAll();
    if (shown === keeper.current.generation) return;
    const manifest = keeper.current;
    await writeViews(dir, asOf(contents.state, manifest));
    shown = manifest.generation;
  }

  /** A shortcut for readers; without it they read the whole journal. */
  async function snapshot(state: State, seq: number): Promise<void> {
    if (seq - pictured < Math.max(SNAPSHOT_EVERY, seq * SNAPSHOT_SHARE)) return;
    pictured = seq;
    await writeSnapshot(dir, options.schema, state, journal.position(), journal.drained).catch(
      (error: unknown) => remark(`the snapshot could not be written: ${inWords(error)}`),
    );
  }

  async function mergeAll(): Promise<void> {
    for (const due of dueMerges(keeper.current, mostFiles)) {
      try {
        const merged = await merge(dir, keeper.current, due);
        await keeper.change((manifest) => replaced(manifest, due.files, merged));
      } catch (error) {
        // The files still stand as they were; the next seal tries again.
        remark(`${due.table.name} could not be merged: ${inWords(error)}`);
      }
    }
  }

  const remark = (text: string): void => {
    if (!warnings.includes(text)) warnings.push(text);
  };
  const seal = (): Promise<void> =>
    inTurn(() =>
      sealNow().catch((error: unknown) => {
        throw new LabError(
          'failed',
          `the tables could not be brought up to the journal, which has it all: ${inWords(error)}`,
          dir,
          error,
        );
      }),
    );
  return {
    seal,
    soon() {
      if (closed) return;
      timer ??= setTimeout(() => {
        timer = null;
        seal().catch((error: unknown) => {
          remark(inWords(error));
        });
      }, sealAfter).unref();
    },
    async close(mayWrite) {
      closed = true;
      if (timer) clearTimeout(timer);
      if (mayWrite) await seal().catch((error: unknown) => remark(inWords(error)));
    },
  };
}

const replaced = (
  manifest: Manifest,
  old: Manifest['files'],
  merged: Manifest['files'][number],
): Manifest => {
  const gone = new Set(old.map((file) => file.path));
  return { ...manifest, files: [...manifest.files.filter((f) => !gone.has(f.path)), merged] };
};
