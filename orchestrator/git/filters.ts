import { LabError } from '../domain/errors.ts';
import { failed } from './hardened.ts';
import type { Git, Place } from './hardened.ts';

/**
 * Filters (`filter.<name>.smudge`, `clean`, `process`) are programs that git runs on files. Their
 * commands come from the user's own settings, but they run inside the worktree, and a command
 * such as `python tools/strip.py` there is the experiment's code, out of its sandbox. So in
 * worktrees all are off, and files are what was committed, except two that data and sources
 * can't be read without and whose usual commands name a program on the PATH, nothing in the
 * tree: git-lfs and git-crypt. The user's own checkout keeps all of its filters.
 */
const HARMLESS = [
  /^git-lfs (?:clean|smudge|filter-process)(?: --skip)?(?: --)?(?: %f)?$/,
  /^"?git-crypt"? (?:clean|smudge)(?: --key-name=[\w-]+)?$/,
];

/** Settings (`key=value`) that switch a worktree's filters off. */
export async function filtersOff(git: Git, place: Place): Promise<readonly string[]> {
  const args = ['config', '-z', '--get-regexp', '^filter\\..*\\.(clean|smudge|process|required)$'];
  const listed = await git.ask(place, args);
  // 1 means that there is none.
  if (listed.code > 1 || listed.code < 0) throw failed(args, listed);
  const settings = listed.stdout
    .toString('utf8')
    .split('\0')
    .filter((item) => item !== '')
    .map((item) => ({
      key: item.split('\n', 1)[0] ?? '',
      command: item.slice(item.indexOf('\n') + 1),
    }));
  const nameOf = (key: string): string => key.slice('filter.'.length, key.lastIndexOf('.'));
  const suspect = settings
    .filter(
      ({ key, command }) =>
        !key.endsWith('.required') && !HARMLESS.some((usual) => usual.test(command)),
    )
    .map(({ key }) => nameOf(key));
  return [...new Set(suspect)].flatMap((name) => {
    if (name.includes('=')) {
      throw new LabError(
        'refused',
        `the git filter "${name}" can't be switched off for experiments: rename it without "="`,
        name,
      );
    }
    return ['clean=', 'smudge=', 'process=', 'required=false'].map(
      (value) => `filter.${name}.${value}`,
    );
  });
}
