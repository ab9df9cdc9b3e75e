import { LabError } from '../domain/errors.ts';

/** Files that tell git what to run or where to look, wherever in the tree they lie. */
const STEERING = new Set(['.gitattributes', '.gitmodules']);
const NO_NAMES = new Set(['', '.', '..', '.git']);
export const FOLDER = '040000';
export const REGULAR = new Set(['100644', '100755']);
/** How git writes "no entry". */
export const ABSENT = '000000';

export interface TreeEntry {
  readonly mode: string;
  readonly oid: string;
  readonly path: string;
}

/** `100644 blob 5f2c…\ttrain.mjs`, an item of `git ls-tree -z`. */
export function parseTreeEntry(item: string): TreeEntry {
  const tab = item.indexOf('\t');
  const [mode = '', , oid = ''] = item.slice(0, tab).split(' ');
  return { mode, oid, path: item.slice(tab + 1) };
}

/**
 * Refuses what a change may not make of a path: a symlink would lead writes out of the worktree,
 * a submodule or an attribute would let git itself fetch or run something.
 * `mode` is the new one, ABSENT for a deletion.
 */
export function refuseUnsafe(path: string, mode: string): void {
  // git's own check comes as late as the index, and other commands stumble before it.
  if (path.split('/').some((part) => NO_NAMES.has(part.toLowerCase()))) {
    throw new LabError(
      'refused',
      `expected a path from the repository's top, found ${JSON.stringify(path)}`,
      path,
    );
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  // Case-insensitive file systems read `.GitAttributes` too.
  if (STEERING.has(name.toLowerCase())) {
    throw new LabError(
      'refused',
      `the change touches ${path}: it steers git, and is the user's to edit`,
      path,
    );
  }
  if (mode !== ABSENT && !REGULAR.has(mode)) {
    const what =
      mode === '120000' ? 'a symlink' : mode === '160000' ? 'a submodule' : 'no regular file';
    throw new LabError('refused', `${path} is ${what}: only regular files may be changed`, path);
  }
}

/** `a/b/c` → `a`, `a/b`. */
export function ancestors(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, n) => parts.slice(0, n + 1).join('/'));
}

/** Refuses a path below what is a file in the tree: making it would delete that file unsaid. */
export function refuseBelowFile(path: string, tree: ReadonlyMap<string, TreeEntry>): void {
  const above = ancestors(path).find((folder) => (tree.get(folder)?.mode ?? FOLDER) !== FOLDER);
  if (above === undefined) return;
  throw new LabError('refused', `there can be no ${path}: ${above} is no folder`, path);
}
