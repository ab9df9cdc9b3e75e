import { cp, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { CodingOrder } from '../../orchestrator/domain/coding-agent.ts';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { hiddenBy } from '../../orchestrator/domain/labels.ts';
import type { Repository } from '../../orchestrator/domain/ports.ts';
import { listed } from '../protect.ts';
import { removeWhole } from '../remove.ts';
import { removeFrom } from '../stand.ts';

/** Where a coding agent works: files of a commit in a repository of their own, and a home. */

/**
 * The commit's files at `folder`, but for the labels that no training may see: an agent has the
 * network, and what it reads it may write into the patch. In place of the pointer to the lab's .git lies a fresh repository
 * with one commit: many agents want one, and what they do to it stays there.
 */
export async function makeScratch(
  repository: Repository,
  folder: string,
  { commit, plan }: Pick<CodingOrder, 'commit' | 'plan'>,
): Promise<void> {
  await repository.checkOut(folder, commit, []);
  const hidden = (await repository.listFiles(commit)).filter(hiddenBy(plan));
  const left = await removeFrom(folder, hidden);
  if (left.length > 0)
    throw new LabError(
      'failed',
      `expected no labels for the coding agent, could not remove ${listed(left)}`,
    );
  await rm(join(folder, '.git'), { recursive: true, force: true });
  const git = async (...args: string[]): Promise<void> => {
    const options = { cwd: folder, env: OWN, extendEnv: false, reject: false };
    const { failed, stderr } = await execa('git', args, options);
    if (failed) throw new LabError('failed', `git ${args[0]}, for the coding agent: ${stderr}`);
  };
  await git('init', '--quiet', '--template=', '--initial-branch=main');
  await git('add', '--all', '--force');
  await git('commit', '--quiet', '--allow-empty', '-m', 'The lab');
}

/** No configuration of the user's, which may start programs. */
const OWN = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'AutoLab',
  GIT_AUTHOR_EMAIL: 'autolab@localhost',
  GIT_COMMITTER_NAME: 'AutoLab',
  GIT_COMMITTER_EMAIL: 'autolab@localhost',
};

/** Homes that a killed launch left, with copies of credentials in them, below `<cacheDir>/coding`. */
export async function clearHomes(cacheDir: string): Promise<void> {
  const coding = join(cacheDir, 'coding');
  const names: string[] = await readdir(coding).catch(() => []);
  for (const name of names) await removeWhole(join(coding, name, 'home'));
}

/**
 * A home with copies of what the plan names below `~/`; what is not there is left out. Returns the
 * absolute paths, which are to be seen where they are.
 */
export async function makeHome(
  home: string,
  userHome: string | undefined,
  named: readonly string[],
): Promise<readonly string[]> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  for (const path of named) {
    if (!path.startsWith('~/') || userHome === undefined) continue;
    const from = join(userHome, path.slice(2));
    const to = join(home, path.slice(2));
    if ((await lstat(from).catch(() => null)) === null) continue;
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { recursive: true, dereference: true });
  }
  return named.filter((path) => path.startsWith('/'));
}
