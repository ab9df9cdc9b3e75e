import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { parseIndex } from '../../orchestrator/git/index-file.ts';
import { makeRepo } from '../support/repo.ts';
import type { TestRepo } from '../support/repo.ts';

const FILES = { 'src/deep/rate.txt': 'rate = 1\n', 'src/run.sh': 'run\n', 'train.mjs': 'first\n' };
const CHANGED = { ...FILES, 'src/deep/rate.txt': 'rate = 2\n', 'train.mjs': 'second\n' };

interface Stands {
  readonly repo: TestRepo;
  readonly lab: Repository;
  readonly base: string;
  readonly changed: string;
  readonly folder: string;
  readonly at: (path: string) => string;
  readonly admin: (name: string) => string;
  /** git as a script in the worktree would call it. */
  readonly inside: (...args: string[]) => string;
  /** Commands of the gits that were started since it was last asked. */
  readonly started: () => readonly string[];
}

/** A worktree that git has just brought to base, and a commit with other texts in two of its files. */
async function stands(
  { onTestFinished }: TestContext,
  files: Readonly<Record<string, string>> = FILES,
): Promise<Stands> {
  const repo = makeRepo({ files });
  onTestFinished(() => repo.remove());
  const [log, bin] = [join(repo.folder, 'log'), join(repo.folder, 'bin')];
  mkdirSync(bin);
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\nprintf '%s ' "$@" >> '${log}'; echo >> '${log}'\nexec '${real}' "$@"\n`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  const env = { ...repo.env, PATH: `${bin}:${process.env['PATH']}` };
  const lab = await openRepository(repo.root, env);
  const folder = join(repo.folder, 'cache', 'slot-1');
  const base = repo.git(['rev-parse', 'HEAD']);
  const news = new Map(Object.entries(CHANGED).filter(([path, text]) => files[path] !== text));
  const changed = await lab.commit({
    ...{ branch: 'autolab/E-0001', parent: base, message: 'A change\n' },
    change: { kind: 'files', files: news },
  });
  await lab.checkOut(folder, base, []);
  const inside = (...args: string[]): string =>
    execFileSync(real, ['-C', folder, ...args], { encoding: 'utf8', env: repo.env }).trim();
  const started = (): readonly string[] => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
    rmSync(log, { force: true });
    return lines.map((line) => / --no-pager (\S+)/.exec(line)?.[1] ?? line);
  };
  started();
  const admin = (name: string): string => join(repo.root, '.git', 'worktrees', 'slot-1', name);
  return {
    repo,
    lab,
    base,
    changed,
    folder,
    at: (path) => join(folder, path),
    admin,
    inside,
    started,
  };
}

/** Files, index and HEAD are those of the commit, as far as git itself can tell. */
function expectAt({ at, inside }: Stands, commit: string, files = CHANGED): void {
  for (const [path, text] of Object.entries(files)) {
    expect(lstatSync(at(path)).isFile(), path).toBe(true);
    expect(readFileSync(at(path), 'utf8'), path).toBe(text);
    expect(statSync(at(path)).mode & 0o111, path).toBe(0);
  }
  expect(inside('rev-parse', 'HEAD')).toBe(commit);
  expect(inside('status', '--porcelain', '--ignored')).toBe('');
  const staged = inside('ls-files', '--stage').replaceAll(' 0\t', '\t');
  const tree = inside('ls-tree', '-r', 'HEAD').replaceAll(' blob ', ' ');
  expect(staged).toBe(tree);
}

describe('a worktree that git has brought to a commit', () => {
  test('is brought to another and back without a process, and git finds it as it should be', async (context) => {
    const stand = await stands(context);
    const { lab, folder, base, changed, started } = stand;
    await lab.checkOut(folder, changed, []);
    expect(started().filter((command) => command !== 'cat-file')).toEqual([]);
    expectAt(stand, changed);
    await lab.checkOut(folder, base, []);
    expect(started().filter((command) => command !== 'cat-file')).toEqual([]);
    expectAt(stand, base, FILES);
  });

  test('keeps the files that are the same, so that what was built of them need not be built again', async (context) => {
    const { lab, folder, changed, at } = await stands(context);
    utimesSync(at('src/run.sh'), 1e9, 1e9);
    const { ino, mtimeMs } = statSync(at('src/run.sh'));
    await lab.checkOut(folder, changed, []);
    expect(statSync(at('src/run.sh'))).toMatchObject({ ino, mtimeMs });
  });

  test('writes through no name that a run gave to a file of it', async (context) => {
    const { lab, folder, changed, at, repo } = await stands(context);
    const elsewhere = join(repo.folder, 'elsewhere');
    linkSync(at('train.mjs'), elsewhere);
    await lab.checkOut(folder, changed, []);
    expect(readFileSync(elsewhere, 'utf8')).toBe(FILES['train.mjs']);
    expect(readFileSync(at('train.mjs'), 'utf8')).toBe(CHANGED['train.mjs']);
  });

  const done: Readonly<Record<string, (stand: Stands) => void>> = {
    'wrote to a file': ({ at }) => writeFileSync(at('src/run.sh'), 'mine\n'),
    'wrote as many bytes, and set the time back': ({ at }) => {
      const { atime, mtime } = statSync(at('src/run.sh'));
      writeFileSync(at('src/run.sh'), 'RUN\n');
      utimesSync(at('src/run.sh'), atime, mtime);
    },
    'removed a file': ({ at }) => rmSync(at('train.mjs')),
    'removed a folder': ({ at }) => rmSync(at('src'), { recursive: true }),
    'made a file executable': ({ at }) => chmodSync(at('src/run.sh'), 0o755),
    'put a link in a file’s place': ({ at }) => {
      rmSync(at('src/run.sh'));
      symlinkSync('/etc/passwd', at('src/run.sh'));
    },
    'put a folder in a file’s place': ({ at }) => {
      rmSync(at('src/run.sh'));
      mkdirSync(at('src/run.sh/in'), { recursive: true });
    },
    'put a link in a folder’s place': ({ at, repo }) => {
      renameSync(at('src'), join(repo.folder, 'away'));
      symlinkSync(join(repo.folder, 'away'), at('src'));
    },
    'put a pipe in a file’s place': ({ at }) => {
      rmSync(at('src/run.sh'));
      execFileSync('mkfifo', [at('src/run.sh')]);
    },
    'left files of its own': ({ at }) => {
      mkdirSync(at('src/own'));
      writeFileSync(at('src/own/made'), 'x');
    },
    'staged a change': ({ at, inside }) => {
      writeFileSync(at('src/run.sh'), 'mine\n');
      inside('add', 'src/run.sh');
    },
    'staged a new file': ({ at, inside }) => {
      writeFileSync(at('new'), 'mine\n');
      inside('add', 'new');
    },
    'hid a change from git': ({ at, inside }) => {
      inside('update-index', '--assume-unchanged', 'src/run.sh');
      writeFileSync(at('src/run.sh'), 'mine\n');
    },
    'skipped a file': ({ at, inside }) => {
      inside('update-index', '--skip-worktree', 'src/run.sh');
      rmSync(at('src/run.sh'));
    },
    committed: ({ at, inside }) => {
      writeFileSync(at('src/run.sh'), 'mine\n');
      inside('-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qam', 'mine');
    },
    'checked a branch out': ({ inside }) => inside('checkout', '-q', '-b', 'mine'),
    'began a merge': ({ inside, changed }) => {
      inside(
        '-c',
        'user.name=A',
        '-c',
        'user.email=a@b',
        'merge',
        '--no-ff',
        '--no-commit',
        changed,
      );
    },
    'spoilt the index': ({ admin }) => writeFileSync(admin('index'), 'DIRC and so on'),
    'removed the index': ({ admin }) => rmSync(admin('index')),
    'had git write another kind of index': ({ inside }) =>
      inside('update-index', '--index-version', '4'),
    'split the index': ({ inside }) => inside('update-index', '--split-index'),
    'put a repository in the place of .git': ({ at }) => {
      rmSync(at('.git'));
      execFileSync('git', ['init', '-q', at('.')]);
    },
  };
  const sample = Object.entries(done).filter((_, n) => process.env['FULL'] || n % 3 === 0);
  for (const [what, run] of sample)
    test(`is as the commit says after a run that ${what}`, async (context) => {
      const stand = await stands(context);
      run(stand);
      await expect(stand.lab.checkOut(stand.folder, stand.changed, [])).resolves.toBe(undefined);
      expectAt(stand, stand.changed);
    });

  test('is left to git where attributes say how files are written', async (context) => {
    const stand = await stands(context, { ...FILES, '.gitattributes': '*.mjs text eol=crlf\n' });
    const { lab, folder, changed, at, started, inside } = stand;
    await lab.checkOut(folder, changed, []);
    expect(started()).toContain('reset');
    expect(readFileSync(at('train.mjs'), 'utf8')).toBe('second\r\n');
    expect(inside('status', '--porcelain')).toBe('');
  });

  test('is left to git where files come or go', async (context) => {
    const { lab, folder, base, at, inside } = await stands(context);
    const commit = await lab.commit({
      ...{ branch: 'autolab/E-0002', parent: base, message: 'Others\n' },
      change: {
        kind: 'files',
        files: new Map([
          ['new/file', 'x\n'],
          ['train.mjs', null],
        ]),
      },
    });
    await lab.checkOut(folder, commit, []);
    expect([existsSync(at('new/file')), existsSync(at('train.mjs'))]).toEqual([true, false]);
    expect(inside('status', '--porcelain')).toBe('');
  });

  test('has to be one still: another’s lock is waited for, and said', async (context) => {
    const { lab, folder, changed, admin, inside } = await stands(context);
    writeFileSync(admin('index.lock'), '');
    await lab.checkOut(folder, changed, []);
    expect(inside('status', '--porcelain')).toBe('');
    expect(existsSync(admin('index.lock'))).toBe(false);
  });
});

describe('an index', () => {
  test('that is not whole, or of a kind that hides something, is none for us', async (context) => {
    const { admin, inside } = await stands(context);
    const good = readFileSync(admin('index'));
    expect(parseIndex(good)?.entries.size).toBe(3);
    for (let length = 0; length < good.length; length += 7)
      expect(parseIndex(good.subarray(0, length))).toBe(null);
    const flipped = Buffer.from(good);
    flipped.writeUInt8(flipped.readUInt8(70) ^ 1, 70);
    expect(parseIndex(flipped)).toBe(null);
    inside('update-index', '--assume-unchanged', 'src/run.sh');
    expect(parseIndex(readFileSync(admin('index')))).toBe(null);
  });
});
