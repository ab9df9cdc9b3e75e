import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { SandboxLimits } from './confinement.ts';

/**
 * Control groups, where this process may make some: root mostly may, and whoever systemd hands a
 * part of the tree to. Both versions, which a machine may mix: in version 2 one folder holds memory
 * and processes, in version 1 each has a tree of its own.
 */

type Held = 'memory' | 'processes';

export interface Cgroups {
  readonly holds: readonly Held[];
  /** A group for one command. Null where none can be made any more. */
  make(lab: string, limits: SandboxLimits): Cgroup | null;
  /** Removes groups that former launches left, of which no process is alive. */
  sweep(lab: string): void;
}

export interface Cgroup {
  readonly holds: readonly Held[];
  /** Files that take a pid. */
  readonly enter: readonly string[];
  /** Whether the kernel has ended a process of it that wanted more memory than it may have. */
  ranOut(): boolean;
  remove(): Promise<void>;
}

/** A folder that groups can be made in, with what is written into one: the first must succeed. */
interface Place {
  readonly folder: string;
  readonly holds: readonly Held[];
  readonly settings: (limits: SandboxLimits) => readonly (readonly [string, string])[];
  /** Where the kernel counts what it ended for want of memory, as `oom_kill`. */
  readonly kills?: string;
}

const V2 = (folder: string): Place => ({
  folder,
  holds: ['memory', 'processes'],
  kills: 'memory.events',
  settings: ({ memory, processes }) => [
    ['memory.max', String(memory)],
    ['pids.max', String(processes)],
    // All at once: half a run is no run.
    ['memory.oom.group', '1'],
    ['memory.swap.max', '0'],
  ],
});
const V1: Readonly<Record<string, (folder: string) => Place>> = {
  memory: (folder) => ({
    folder,
    holds: ['memory'],
    kills: 'memory.oom_control',
    settings: ({ memory }) => [
      ['memory.limit_in_bytes', String(memory)],
      ['memory.memsw.limit_in_bytes', String(memory)],
    ],
  }),
  pids: (folder) => ({
    folder,
    holds: ['processes'],
    settings: ({ processes }) => [['pids.max', String(processes)]],
  }),
};

/** What can be had on this machine; null for nothing. Makes a group of each kind to find out. */
export function findCgroups(proc = '/proc/self'): Cgroups | null {
  const places = placesIn(text(join(proc, 'cgroup')), text(join(proc, 'mountinfo'))).filter(works);
  if (places.length === 0) return null;
  return {
    holds: places.flatMap(({ holds }) => holds),
    make: (lab, limits) => make(places, lab, limits),
    sweep(lab) {
      for (const { folder } of places) {
        for (const name of list(folder))
          if (name.startsWith(nameOf(lab))) removed(join(folder, name));
      }
    },
  };
}

/** Where groups might be made: in version 2 no folder with processes of its own may have some. */
export function placesIn(cgroup: string, mountinfo: string): readonly Place[] {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [kind = '', , options = ''] = after.split(' ');
    const at = before.split(' ')[4];
    return at !== undefined && kind.startsWith('cgroup') ? [{ at, kind, options }] : [];
  });
  return cgroup.split('\n').flatMap((line): readonly Place[] => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '') return [];
    if (controllers === '') {
      const at = mounts.find(({ kind }) => kind === 'cgroup2')?.at;
      const above = at === undefined ? null : handing(at, path);
      return above === null ? [] : [V2(above)];
    }
    return controllers.split(',').flatMap((controller) => {
      const mount = mounts.find(
        ({ kind, options }) => kind === 'cgroup' && options.split(',').includes(controller),
      );
      const place = V1[controller];
      return mount === undefined || place === undefined ? [] : [place(join(mount.at, path))];
    });
  });
}

/** The nearest folder above that hands both controllers on. */
function handing(mount: string, path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    const on = text(join(mount, at, 'cgroup.subtree_control'))
      .trim()
      .split(' ');
    if (on.includes('memory') && on.includes('pids')) return join(mount, at);
    if (at === '/' || at === '.') return null;
  }
}

function works(place: Place): boolean {
  const group = make([place], 'probe', { memory: 1e9, processes: 64, file_size: 0, disk: 0 });
  if (group === null) return false;
  for (const file of group.enter) removed(dirname(file));
  return true;
}

const nameOf = (lab: string): string => `autolab-${lab}-`;

function make(places: readonly Place[], lab: string, limits: SandboxLimits): Cgroup | null {
  const name = `${nameOf(lab)}${process.pid}-${randomBytes(4).toString('hex')}`;
  const made = places.flatMap((place) => {
    const folder = join(place.folder, name);
    try {
      mkdirSync(folder);
      for (const [i, [file, value]] of place.settings(limits).entries()) {
        if (i < place.holds.length) writeFileSync(join(folder, file), value);
        else attempted(() => writeFileSync(join(folder, file), value));
      }
      return [{ folder, holds: place.holds, kills: place.kills }];
    } catch {
      removed(folder);
      return [];
    }
  });
  if (made.length === 0) return null;
  return {
    holds: made.flatMap(({ holds }) => holds),
    enter: made.map(({ folder }) => join(folder, 'cgroup.procs')),
    ranOut: () =>
      made.some(
        ({ folder, kills }) =>
          kills !== undefined && /^oom_kill [1-9]/m.test(text(join(folder, kills))),
      ),
    async remove() {
      for (const { folder } of made)
        for (let i = 0; i < TRIES && !removed(folder); i++) await setTimeout(PAUSE_MS);
    },
  };
}

/** The last of its processes may still be on their way out. */
const TRIES = 50;
const PAUSE_MS = 10;

const removed = (folder: string): boolean => attempted(() => rmdirSync(folder)) || !exists(folder);
const exists = (folder: string): boolean => list(folder).length > 0;

function attempted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
