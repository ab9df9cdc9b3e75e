import { LabError } from '../domain/errors.ts';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';
import { ourBranches } from './refs.ts';

export interface Sides {
  readonly branch: string;
  /** Where the branch is now. */
  readonly tip: string;
  readonly experiment: string;
}

/**
 * The tree of base's tip with the experiment merged in, no checkout involved. Merge drivers of
 * the user's apply, as in a merge by hand. Throws LabError conflict naming the files, and refused
 * where base has the experiment already.
 */
export async function mergedTree(git: Git, user: Place, sides: Sides): Promise<string> {
  const { branch, tip, experiment } = sides;
  const base = await git.ask(user, ['merge-base', tip, experiment]);
  if (base.code !== 0) throw await conflict(git, user, sides, 'they share no history');
  const fork = base.stdout.toString('utf8').trim();
  if (fork === experiment) {
    throw new LabError('refused', `${experiment.slice(0, 12)} is already in ${branch}`, branch);
  }
  // Base stands where the experiment began, as after most nights: the experiment's tree is the merge.
  if (fork === tip)
    return (await git.text(user, ['rev-parse', '--verify', `${experiment}^{tree}`])).trim();

  const args = [
    'merge-tree',
    '--write-tree',
    '-z',
    '--name-only',
    '--no-messages',
    tip,
    experiment,
  ];
  const merged = await git.ask(user, args);
  const [tree = '', ...paths] = merged.stdout
    .toString('utf8')
    .split('\0')
    .map((item) => item.trim());
  if (merged.code === 0) return tree;
  if (merged.code === 1) {
    const files = [...new Set(paths)].filter((path) => path !== '');
    throw await conflict(git, user, sides, `conflict in ${files.join(', ')}`);
  }
  // Git before 2.38 answers with its usage.
  if (merged.code === 129) throw await conflict(git, user, sides, 'this needs git 2.38 or newer');
  throw failed(args, merged);
}

async function conflict(git: Git, user: Place, sides: Sides, why: string): Promise<LabError> {
  const { branch, experiment } = sides;
  const known = (await ourBranches(git, user)).find(({ commit }) => commit === experiment);
  return new LabError(
    'conflict',
    `${branch} has moved on, and AutoLab could not merge the experiment into it: ${why}. Do it by hand: git switch ${branch} && git merge ${known?.branch ?? experiment}`,
    known?.branch ?? experiment,
  );
}
