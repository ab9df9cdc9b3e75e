import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coded, CodingOrder } from '../../orchestrator/domain/coding-agent.ts';
import { isEditable } from '../../orchestrator/domain/editable.ts';
import { hiddenBy } from '../../orchestrator/domain/labels.ts';
import type { Repository } from '../../orchestrator/domain/ports.ts';
import type { Secrets } from '../secrets.ts';
import { walk, type Entry } from '../walk.ts';

const MOST_FILES = 200;
const LONGEST = 1024 * 1024;
/** What tools leave wherever they work: not worth a word. */
const LITTER = new Set(['.git', '__pycache__', 'node_modules']);
const isLitter = (path: string): boolean => path.split('/').some((name) => LITTER.has(name));

/**
 * What differs from the commit in a folder where anybody may have done anything: files that the
 * plan lets an experiment change, and the names of all else. No link is followed, and no key taken.
 */
export async function collected(
  repository: Repository,
  { commit, plan }: CodingOrder,
  folder: string,
  secrets: Secrets,
): Promise<Pick<Exclude<Coded, { readonly failure: unknown }>, 'files' | 'left_out'>> {
  const tracked = new Set(await repository.listFiles(commit));
  const changed = new Set((await repository.worktreeChanges(folder, commit)).tracked);
  const isHidden = hiddenBy(plan);
  const files = new Map<string, string | null>();
  const leftOut: string[] = [];
  const leave = (path: string, why: string): void => void leftOut.push(`${path} (${why})`);

  const found = new Map<string, Entry>();
  for await (const entry of walk(folder, new Set(), LITTER))
    if (entry.kind !== 'folder' && (!tracked.has(entry.path) || changed.has(entry.path)))
      found.set(entry.path, entry);
  // Labels are not there to begin with, and what lies in litter nobody looked at.
  for (const path of changed)
    if (isLitter(path)) leave(path, 'among what tools leave');
    else if (!found.has(path) && !isHidden(path)) take(path, null);
  for (const [path, entry] of found) {
    if (entry.kind !== 'file') leave(path, `a ${entry.kind}`);
    else if (entry.bytes > LONGEST) leave(path, 'too long');
    else {
      const bytes = await readFile(join(folder, path));
      const text = isUtf8(bytes) ? bytes.toString('utf8') : null;
      const key = text === null ? null : secrets.heldBy(text);
      if (text === null) leave(path, 'no text');
      else if (key !== null) leave(path, `holds the value of ${key}`);
      else take(path, text);
    }
  }
  return { files, left_out: leftOut };

  function take(path: string, text: string | null): void {
    if (!isEditable(plan, path) || isHidden(path)) leave(path, 'protected');
    else if (files.size >= MOST_FILES) leave(path, 'too many');
    else files.set(path, text);
  }
}
