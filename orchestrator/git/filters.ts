import { lstat, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
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
export type FiltersOff = (place: Place) => Promise<readonly string[]>;

interface Known {
  readonly files: readonly string[];
  /** How the files stood before git read them; null where it is not known of all. */
  readonly stamp: string | null;
  readonly off: readonly string[];
}

/** git is asked again as soon as any file that its settings come from, or could, is another one. */
export function filtersOff(git: Git, environment: NodeJS.ProcessEnv): FiltersOff {
  const known = new Map<string, Known>();
  return async (place) => {
    const before = known.get(place.gitDir);
    const stamp = await stampOf(before?.files ?? []);
    if (before?.stamp === stamp) return before.off;
    const args = ['config', '-z', '--show-origin', '--list'];
    const listed = await git.ask(place, args);
    if (listed.code !== 0) throw failed(args, listed);
    const settings = parseSettings(listed.stdout.toString('utf8'), place);
    const files = sourcesOf(settings, place, environment);
    const same = files.join('\n') === before?.files.join('\n');
    const off = switchedOff(settings);
    known.set(place.gitDir, { files, stamp: same ? stamp : null, off });
    return off;
  };
}

interface Setting {
  /** A file's absolute path, or another origin as git calls it. */
  readonly origin: string;
  readonly key: string;
  readonly value: string;
}

/** `file:<path>\0<key>\n<value>\0`, again and again. */
function parseSettings(listed: string, place: Place): readonly Setting[] {
  const items = listed.split('\0');
  return items.flatMap((origin, n) => {
    const item = items[n + 1];
    if (n % 2 === 1 || item === undefined) return [];
    const path = /^file:(.*)$/s.exec(origin)?.[1];
    return {
      origin: path === undefined ? origin : resolve(place.workTree, path),
      key: item.split('\n', 1)[0] ?? '',
      value: item.slice(item.indexOf('\n') + 1),
    };
  });
}

/** Where the settings came from, and where others would come from if those files were there. */
function sourcesOf(
  settings: readonly Setting[],
  place: Place,
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const home = environment['HOME'] ?? '/';
  const included = settings
    .filter(({ key }) => /^include(?:if\..*)?\.path$/is.test(key))
    .map(({ origin, value }) => resolve(dirname(origin), value.replace(/^~(?=\/)/, home)));
  const usual = [
    environment['GIT_CONFIG_SYSTEM'] ?? '/etc/gitconfig',
    environment['GIT_CONFIG_GLOBAL'] ?? join(home, '.gitconfig'),
    join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'git', 'config'),
    join(place.gitDir, 'config.worktree'),
  ];
  const read = settings.map(({ origin }) => origin).filter((origin) => origin.startsWith('/'));
  return [...new Set([...usual, ...read, ...included])].toSorted();
}

/** Also of what a symlink leads to. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      const [link, found] = await Promise.all(
        [lstat, stat].map((look) => look(file, { bigint: true }).catch(() => null)),
      );
      return `${link?.ino}@${link?.ctimeNs} ${found?.ino}@${found?.ctimeNs} ${found?.size}`;
    }),
  );
  return stamps.join('\n');
}

function switchedOff(settings: readonly Setting[]): readonly string[] {
  const suspect = settings
    .filter(({ key }) => /^filter\..*\.(?:clean|smudge|process|required)$/s.test(key))
    .filter(
      ({ key, value }) =>
        !key.endsWith('.required') && !HARMLESS.some((usual) => usual.test(value)),
    )
    .map(({ key }) => key.slice('filter.'.length, key.lastIndexOf('.')));
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
