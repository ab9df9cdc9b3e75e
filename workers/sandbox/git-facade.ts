import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin, type Mount } from './confinement.ts';

/**
 * What a run sees of git: enough that `git rev-parse HEAD` says its commit, as many scripts ask for
 * their log, and no more. The repository itself is out of sight: its objects hold what training may
 * not see, and whoever writes to it can have git run programs outside.
 */

/** Made in the folder `from`; null where the worktree is none of that repository's. */
export function gitFacade(
  from: string,
  { worktree, gitDir, commit }: { worktree: string; gitDir: string; commit: string },
): Mount | null {
  const at = /^gitdir: (.+)$/m.exec(textOf(join(worktree, '.git')))?.[1];
  if (at === undefined || !isWithin(at, join(gitDir, 'worktrees'))) return null;
  for (const folder of ['objects', 'refs']) mkdirSync(join(from, folder), { recursive: true });
  writeFileSync(join(from, 'HEAD'), `${commit}\n`);
  writeFileSync(join(from, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = false\n');
  return { kind: 'read', at, from };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
