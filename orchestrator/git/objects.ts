import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git, Place } from './hardened.ts';
import type { TreeEntry } from './paths.ts';
import { isFullId, remembered } from './remembered.ts';
import { standing } from './standing.ts';
import type { Standing } from './standing.ts';
import { listTree, parseTree } from './trees.ts';
import type { Tree } from './trees.ts';

/**
 * The repository's objects, read and written by git processes that stay, and remembered by their ids:
 * what an id stands for never changes. For all but full ids git is asked each time.
 */
export interface Objects {
  /** Where git works that is asked for what stands here in no other way. */
  readonly store: Place;
  /** Null where the repository has no such commit. */
  commit(commitish: string): Promise<CommitObject | null>;
  tree(oid: string): Promise<Tree>;
  /** Entries below a tree that are no folders. */
  listing(tree: string): Promise<readonly TreeEntry[]>;
  blob(oid: string): Promise<Buffer>;
  /** Has git write objects of a kind, by way of files in `folder`; their ids. */
  write(kind: Kind, bodies: readonly Buffer[], folder: string): Promise<readonly string[]>;
  /** Forgets which packs there are: processes that stay take some for there that a gc removed. */
  renew(): void;
}

export type Kind = 'blob' | 'tree' | 'commit';

export interface CommitObject {
  readonly oid: string;
  readonly tree: string;
  /** Seconds since 1970. */
  readonly committed: number;
}

/** Asked by its name the repository has no such object. */
export class Missing extends Error {}

interface Found {
  readonly oid: string;
  readonly kind: string;
  readonly body: Buffer;
}

const COMMIT_BYTES = 200;
const MOST_BYTES = 8 << 20;
/** Of a large repository one listing alone is megabytes, and each run needs it. */
const LISTING_BYTES = 64 << 20;

export function openObjects(git: Git, store: Place): Objects {
  const reader = standing(() => git.start(store, ['cat-file', '--batch']), lengthOfObject);
  const writers = new Map<Kind, Standing>();
  const trees = remembered<Tree>(
    2 * MOST_BYTES,
    ({ bytes, items }) => bytes.length + items.size * 300,
  );
  const blobs = remembered<Buffer>(MOST_BYTES, (bytes) => bytes.length);
  const listings = remembered<readonly TreeEntry[]>(LISTING_BYTES, (all) =>
    all.reduce((sum, { path }) => sum + 200 + path.length, 0),
  );
  const commits = remembered<CommitObject | null>(1 << 20, () => COMMIT_BYTES);

  const read = async (name: string): Promise<Found> => {
    // Requests are lines.
    if (/[\n\0]/.test(name)) throw new Missing(name);
    return parseObject(await reader.ask(`${name}\n`));
  };

  const commit = async (commitish: string): Promise<CommitObject | null> => {
    const { oid, body } = await read(`${commitish}^{commit}`);
    const header = body.toString('latin1', 0, body.indexOf('\n\n'));
    const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
    const committed = /^committer .* (\d+) [-+]\d{4}$/m.exec(header)?.[1];
    if (tree === undefined || committed === undefined) throw new Missing(commitish);
    return { oid, tree, committed: Number(committed) };
  };

  const tree = (oid: string): Promise<Tree> =>
    trees.get(oid, async () => parseTree(Buffer.from((await read(oid)).body), oid.length / 2));

  const writer = (kind: Kind): Standing => {
    const args = ['hash-object', '-w', '--no-filters', '-t', kind, '--stdin-paths'];
    const made = writers.get(kind) ?? standing(() => git.start(store, args), lengthOfLine);
    writers.set(kind, made);
    return made;
  };

  return {
    store,
    commit: (commitish) =>
      (isFullId(commitish)
        ? commits.get(commitish, () => commit(commitish))
        : commit(commitish)
      ).catch((error: unknown) => {
        if (error instanceof Missing) return null;
        throw error;
      }),
    tree,
    listing: (oid) => listings.get(oid, () => listTree(tree, oid)),
    blob: (oid) => blobs.get(oid, async () => Buffer.from((await read(oid)).body)),
    write: (kind, bodies, folder) =>
      Promise.all(
        bodies.map(async (body, n) => {
          const file = join(folder, `${kind}-${n}`);
          await writeFile(file, body);
          return (await writer(kind).ask(`${file}\n`)).toString('latin1').trim();
        }),
      ),
    renew: () => {
      for (const each of [reader, ...writers.values()]) each.renew();
    },
  };
}

const lengthOfLine = (bytes: Buffer): number | null => bytes.indexOf('\n') + 1 || null;

const HEADER = /^([0-9a-f]+) ([a-z]+) (\d+)\n$/;

/** `<id> <kind> <size>\n<body>\n`, or a line that says that there is no such object. */
function lengthOfObject(bytes: Buffer): number | null {
  const line = lengthOfLine(bytes);
  const size = line === null ? undefined : HEADER.exec(bytes.toString('latin1', 0, line))?.[3];
  return line === null || size === undefined ? line : line + Number(size) + 1;
}

function parseObject(answer: Buffer): Found {
  const line = answer.indexOf('\n') + 1;
  const header = answer.toString('latin1', 0, line);
  const [, oid, kind] = HEADER.exec(header) ?? [];
  if (oid === undefined || kind === undefined) throw new Missing(header.trim());
  return { oid, kind, body: answer.subarray(line, -1) };
}
