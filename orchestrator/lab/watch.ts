import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import type { EventBody } from '../domain/event.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import type { Clock } from '../domain/ports.ts';
import { currentNight, type Night, type State } from '../domain/state.ts';
import type { Lab } from './lab.ts';

/** What happens around a night while it runs, and what the journal is to say of it. */
export type Watch = (state: State) => Promise<readonly EventBody[]>;

/** Less free space than this, and nothing new is started. Bytes. */
export const LOW_WATER = 512e6;
/** So much again has to come free before it goes on: at the mark itself it would stop and go. */
const RELIEF = 1.5;
/** Shorter than this, nobody needs to hear that the machine slept. */
const LEAST_SLEEP_SECONDS = 10;
const DISK_EVERY_MS = 5000;
const PLAN_EVERY_MS = 5000;
const BASE_EVERY_MS = 30_000;

export interface Heard {
  readonly level: 'info' | 'warning';
  readonly text: string;
}

export interface WatchOptions {
  readonly lab: Lab;
  readonly clock: Clock;
  /** The plan's text as it counts for this launch. */
  readonly planText: string;
  /** Of what is wrong with the queue, or right again, what was not asked for before. */
  readonly heard: () => readonly Heard[];
  /** Bytes free in a folder. */
  readonly freeIn?: (folder: string) => Promise<number>;
}

/** Each look costs a few system calls at most, and git one process in half a minute. */
export function createWatch(options: WatchOptions): Watch {
  const { lab, clock, planText, heard, freeIn = freeOf } = options;
  const dozing = sleep(clock);
  const disk = every(clock, DISK_EVERY_MS, (night) => diskNow(lab, night, freeIn));
  const plan = every(clock, PLAN_EVERY_MS, planWatch(lab, planText));
  const base = every(clock, BASE_EVERY_MS, baseWatch(lab));
  return async (state) => {
    const night = currentNight(state);
    if (night.ended) return [];
    return [
      ...dozing(night),
      ...heard().map(({ level, text }) => alertOf(night, level, text)),
      ...(await disk(night)),
      ...(await plan(night)),
      ...(await base(night)),
    ];
  };
}

const alertOf = ({ id }: Night, level: Heard['level'], text: string): EventBody => ({
  ...{ type: 'alert', level, subject: id, text },
});

type Look = (night: Night) => Promise<readonly EventBody[]>;

function every(clock: Clock, ms: number, look: Look): Look {
  let due = -Infinity;
  return async (night) => {
    if (clock.monotonic() < due) return [];
    due = clock.monotonic() + ms;
    return look(night);
  };
}

function sleep(clock: Clock): (night: Night) => readonly EventBody[] {
  let known = clock.asleep();
  return (night) => {
    const seconds = (clock.asleep() - known) / 1000;
    if (seconds < LEAST_SLEEP_SECONDS) return [];
    known += seconds * 1000;
    return [{ type: 'slept', night: night.id, seconds }];
  };
}

async function diskNow(
  lab: Lab,
  { id: night, paused, trouble }: Night,
  freeIn: (folder: string) => Promise<number>,
): Promise<readonly EventBody[]> {
  const folders = [lab.root, lab.cacheDir];
  const free = await Promise.all(folders.map(freeIn));
  const least = Math.min(...free);
  const folder = folders[free.indexOf(least)] ?? lab.root;
  if (paused === null && least < LOW_WATER) {
    const because = `${megabytes(least)} MB free in ${folder}, and below ${megabytes(LOW_WATER)} MB nothing new is started; make room, and the night goes on by itself`;
    return [{ type: 'paused', night, because }];
  }
  // A pause with an end of its own is not this one's to end.
  const mine = paused !== null && trouble.until === null;
  return mine && least >= LOW_WATER * RELIEF ? [{ type: 'unpaused', night }] : [];
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Of a folder that is not there yet, its parent's. Where it cannot be seen, no reason to pause. */
async function freeOf(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? Infinity : freeOf(parent);
  }
}

/** The plan is read at launch: whoever edits it at night hears when the change will count. */
function planWatch(lab: Lab, planText: string): Look {
  const path = join(lab.root, PLAN_FILE);
  let seen = '';
  let known = planText;
  return async ({ id }) => {
    const print = await stat(path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => 'gone',
    );
    if (print === seen) return [];
    seen = print;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text === known) return [];
    known = text;
    const what =
      text === planText
        ? `${PLAN_FILE} is again as this night has it`
        : `${PLAN_FILE} was edited: this night goes on with the plan it began with, the next launch uses the new one`;
    return [{ type: 'alert', kind: 'plan_edited', level: 'warning', subject: id, text: what }];
  };
}

/** A night builds on a commit; where the branch goes meanwhile is the user's business, and said. */
function baseWatch({ repository }: Lab): Look {
  let known: string | null = null;
  return async ({ id, base }) => {
    if (base.branch === null) return [];
    const from = (known ??= base.commit);
    const now = await repository.resolveBase(base.branch).then(
      ({ commit }) => commit,
      (error: unknown) => {
        if (error instanceof LabError && error.code === 'not_found') return 'gone';
        return from; // git had other trouble, which the next look will see again
      },
    );
    if (now === from) return [];
    known = now;
    const what = now === 'gone' ? 'was deleted' : `moved to ${now.slice(0, 10)}`;
    const text = `${base.branch} ${what}: this night goes on from ${base.commit.slice(0, 10)}, and its experiments' branches hold that commit`;
    return [{ type: 'alert', kind: 'base_moved', level: 'warning', subject: id, text }];
  };
}
