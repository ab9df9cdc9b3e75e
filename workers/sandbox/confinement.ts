import { isAbsolute } from 'node:path';
import type { SandboxKind } from '../../orchestrator/domain/plan-sandbox.ts';

/** What a sandbox is told: a command, what it sees of the machine, and how much it may take. */
export interface Confinement {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  /** All that it sees beside the system's programs and libraries. What lies deeper wins. */
  readonly mounts: readonly Mount[];
  /** A folder of the machine that its empty places lie in; null for places in memory. */
  readonly scratch: string | null;
  /** Files below what it may write to that it may not change. They are there. */
  readonly seals: readonly string[];
  /** Without it there is 127.0.0.1, its own. */
  readonly network: boolean;
  readonly gpus: boolean;
  readonly limits: SandboxLimits;
  /** Marks what the sandbox makes on the machine as this lab's. */
  readonly lab: string;
}

/** `empty`: a folder of its own, thrown away at the end, whatever lies there on the machine. */
export type Mount =
  | { readonly kind: 'empty'; readonly at: string }
  | { readonly kind: 'read' | 'write'; readonly at: string; readonly from: string };

export interface SandboxLimits {
  /** Bytes of a run and all that it starts. */
  readonly memory: number;
  /** Processes and threads. */
  readonly processes: number;
  /** Bytes of one file. */
  readonly file_size: number;
  /** Bytes below the folders that it may write to. */
  readonly disk: number;
}

/** A command as it is spawned, shut in. */
export interface Shut {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The process that is spawned keeps the sandbox and is not to be asked to stop: what it keeps is. */
  readonly keeper: boolean;
  /** Who holds it to its limits; those of nobody are watched. */
  readonly held: { readonly memory: boolean; readonly processes: boolean };
  /** Of a command that has ended, before its release: false where the sandbox could not be made, and it never ran. */
  began(): boolean;
  /** Of a command that has ended, before its release: whether the kernel held it to its memory by ending some of it. */
  ranOut(): boolean;
  /** To be called when it has ended: takes away what it left on the machine. */
  release(): Promise<void>;
}

/** One way to shut commands in, as it was found to work on this machine. */
export interface Sandbox {
  readonly kind: Exclude<SandboxKind, 'none'>;
  /** What it holds runs to itself; the rest is watched, best effort. */
  readonly holds: readonly ('memory' | 'processes')[];
  /** Whether a run keeps the machine's own programs, or has those of an image. */
  readonly ownPrograms: boolean;
  shutIn(confinement: Confinement): Promise<Shut>;
}

export const reads = (...paths: readonly string[]): readonly Mount[] =>
  paths.map((path) => ({ kind: 'read', at: path, from: path }));
export const writes = (...paths: readonly string[]): readonly Mount[] =>
  paths.map((path) => ({ kind: 'write', at: path, from: path }));

/** Is the path that folder, or in it? */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const depth = (path: string): number => path.split('/').filter(Boolean).length;

/**
 * All mounts in the order in which they lie one over the other: deeper ones later, so that an empty
 * place hides what a folder around it shows, and is shown through by what lies in it. A folder of
 * the machine that may be written to is written to in whole, but for the seals.
 */
export function inOrder({
  mounts,
  seals,
}: Pick<Confinement, 'mounts' | 'seals'>): readonly Mount[] {
  const written = mounts.flatMap((mount) =>
    mount.kind === 'write' && mount.from === mount.at ? [mount.at] : [],
  );
  const kept = mounts.filter(
    ({ kind, at }) => kind === 'write' || !written.some((folder) => isWithin(at, folder)),
  );
  return [...kept, ...reads(...seals)]
    .filter(({ at }) => isAbsolute(at) && depth(at) > 0)
    .toSorted((a, b) => depth(a.at) - depth(b.at));
}
