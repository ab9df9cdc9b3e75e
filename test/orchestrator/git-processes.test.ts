import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { CommitOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { startElsewhere } from '../../orchestrator/git/starter.ts';
import { makeRepo } from '../support/repo.ts';
import type { TestRepo } from '../support/repo.ts';

interface Counted {
  readonly repo: TestRepo;
  readonly lab: Repository;
  readonly base: string;
  readonly folder: string;
  readonly at: (path: string) => string;
  /** The git commands that were started since it was last asked. */
  readonly started: () => readonly string[];
}

const FILES = { 'src/deep/rate.txt': 'rate = 1\n', 'src/run.sh': 'run\n', 'train.mjs': 'first\n' };

/** A lab whose git writes down what it is asked for. */
async function counted({ onTestFinished }: TestContext): Promise<Counted> {
  const repo = makeRepo({ files: FILES });
  onTestFinished(() => repo.remove());
  const log = join(repo.folder, 'log');
  const bin = join(repo.folder, 'bin');
  mkdirSync(bin);
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\nprintf '%s ' "$@" >> '${log}'; echo >> '${log}'\nexec '${real}' "$@"\n`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  const env = { ...repo.env, PATH: `${bin}:${process.env['PATH']}` };
  const lab = await openRepository(repo.root, env);
  const folder = join(repo.folder, 'cache', 'slot-1');
  const started = (): readonly string[] => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
    rmSync(log, { force: true });
    return lines.map((line) => / --no-pager (\S+)/.exec(line)?.[1] ?? line);
  };
  const at = (path: string): string => join(folder, path);
  return { repo, lab, base: repo.git(['rev-parse', 'HEAD']), folder, at, started };
}

const order = (
  parent: string,
  files: Readonly<Record<string, string | null>>,
  branch = 'autolab/E-0001',
): CommitOrder => ({
  branch,
  parent,
  message: `${branch}: ü\n\nbecause`,
  change: { kind: 'files', files: new Map(Object.entries(files)) },
});

/** What one experiment asks of git, from the change to the look at what the run left. */
async function experiment({ lab, base, folder }: Counted, n: number): Promise<string> {
  const text = await lab.readFile(base, 'src/deep/rate.txt');
  const files = { 'src/deep/rate.txt': `${text}rate = ${n}\n` };
  const commit = await lab.commit(order(base, files, `autolab/E-${n}`));
  expect(await lab.changedPaths(base, commit)).toEqual(['src/deep/rate.txt']);
  expect(await lab.diff(base, commit)).toContain(`+rate = ${n}`);
  await lab.checkOut(folder, commit, []);
  expect(await lab.listFiles(commit)).toContain('src/run.sh');
  expect(await lab.worktreeChanges(folder, commit)).toEqual({ tracked: [] });
  return commit;
}

describe('git processes', () => {
  test('of an experiment are two: the branch, and the diff that reads the commit back', async (context) => {
    const it = await counted(context);
    for (const n of [1, 2]) await experiment(it, n);
    it.started();
    await experiment(it, 3);
    expect(it.started()).toEqual(['update-ref', 'diff-tree']);
    expect(it.repo.git(['fsck', '--strict'])).toBe('');
    expect(it.repo.git(['status', '--porcelain'], it.folder)).toBe('');
  });

  test('that stay end when nobody asked for a while, and the next question starts others', async (context) => {
    const it = await counted(context);
    const serving = (): readonly string[] => servingFor(it.repo);
    await experiment(it, 1);
    expect(serving().toSorted()).toEqual(['cat-file', 'hash-object', 'hash-object', 'hash-object']);
    await expect.poll(serving, { timeout: 20_000, interval: 200 }).toEqual([]);
    await experiment(it, 2);
  });

  test('that stay may be killed: the next question is answered all the same', async (context) => {
    const it = await counted(context);
    await experiment(it, 1);
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      for (const pid of pidsFor(it.repo)) process.kill(pid, signal);
      const commit = await experiment(it, signal === 'SIGINT' ? 2 : 3);
      expect(it.repo.git(['cat-file', '-t', commit])).toBe('commit');
    }
  });

  test('started from another process have the same answers, exit codes, input and environment', async () => {
    const ballast = Array.from({ length: 16 }, () => Buffer.alloc(16 << 20, 1));
    const env = { PATH: process.env['PATH'] ?? '', WORD: 'ü' };
    const ask = (command: string, args: readonly string[], input = '') =>
      startElsewhere({ command, args, cwd: '/', env, input, silence: 60_000 });
    await expect.poll(() => ask('true', []) !== null, { timeout: 20_000 }).toBe(true);
    const script = 'cat; printf %s "$WORD"; pwd; echo oh >&2; exit 3';
    const ending = await ask('sh', ['-c', script], 'in ');
    expect(ending).toEqual({
      code: 3,
      stdout: Buffer.from('in ü/\n'),
      stderr: Buffer.from('oh\n'),
    });
    expect(await ask('sh', ['-c', 'kill -9 $$'])).toMatchObject({ code: -1 });
    expect((await ask('no-such-program', []))?.stderr.toString()).toContain('ENOENT');
    expect((await ask('head', ['-c', '5000000', '/dev/zero']))?.stdout).toHaveLength(5_000_000);
    const silent = { command: 'sleep', args: ['60'], cwd: '/', env, input: '', silence: 50 };
    expect(await startElsewhere(silent)).toMatchObject({ code: -1 });
    expect(ballast).toHaveLength(16);
  });
});

describe('a commit of other texts for files', () => {
  test('is the one that git commit-tree makes, objects and all', async (context) => {
    const { repo, lab, base, started } = await counted(context);
    chmodSync(join(repo.root, 'src/run.sh'), 0o755);
    const parent = repo.commit('more', {
      'ö/ä b': '1',
      'ö/z': '1',
      o: '1',
      'o.x/y': '1',
      'o-': '1',
    });
    const files = { 'ö/ä b': '2', o: '', 'o.x/y': '2\r\n', 'src/run.sh': 'two', 'train.mjs': 'x' };
    const made = await lab.commit(order(parent, files));
    expect(started()).not.toContain('commit-tree');
    for (const [path, text] of Object.entries(files)) writeFileSync(join(repo.root, path), text);
    repo.git(['add', '--all']);
    const tree = repo.git(['write-tree']);
    const date = `@${Number(repo.git(['log', '-1', '--format=%ct', parent])) + 1} +0000`;
    const plain = execFileSync('git', ['commit-tree', tree, '-p', parent, '-F', '-'], {
      cwd: repo.root,
      encoding: 'utf8',
      input: order(parent, files).message,
      env: {
        ...repo.env,
        ...{ GIT_AUTHOR_NAME: 'AutoLab', GIT_AUTHOR_EMAIL: 'autolab@localhost' },
        ...{ GIT_COMMITTER_NAME: 'AutoLab', GIT_COMMITTER_EMAIL: 'autolab@localhost' },
        ...{ GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
      },
    });
    expect(made).toBe(plain.trim());
    expect(repo.git(['fsck', '--strict'])).toBe('');
    expect(await lab.changedPaths(parent, made)).toEqual(
      repo.git(['-c', 'core.quotePath=false', 'diff', '--name-only', parent, made]).split('\n'),
    );
    expect(await lab.changedPaths(base, made)).toEqual(
      repo.git(['-c', 'core.quotePath=false', 'diff', '--name-only', base, made]).split('\n'),
    );
    const all = repo.git(['-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', made]);
    expect(await lab.listFiles(made)).toEqual(all.split('\n'));
  });

  test('is made in a repository with SHA-256, too', async (context) => {
    const it = await counted(context);
    rmSync(join(it.repo.root, '.git'), { recursive: true });
    it.repo.git(['init', '--quiet', '--object-format=sha256', '--initial-branch=main']);
    const base = it.repo.commit('start');
    const lab = await openRepository(it.repo.root, it.repo.env);
    expect(base).toHaveLength(64);
    for (const n of [1, 2]) expect(await experiment({ ...it, lab, base }, n)).toHaveLength(64);
    expect(it.repo.git(['fsck', '--strict'])).toBe('');
  });
});

describe('what is remembered', () => {
  test('is what full ids stand for, never what a branch does', async (context) => {
    const { repo, lab, base, started } = await counted(context);
    const read = () => Promise.all(['main', base].map((at) => lab.readFile(at, 'train.mjs')));
    expect(await read()).toEqual(['first\n', 'first\n']);
    const next = repo.commit('next', { 'train.mjs': 'next' });
    expect(await read()).toEqual(['next', 'first\n']);
    expect(await lab.listFiles('main')).toEqual(await lab.listFiles(next));
    expect(await lab.changedPaths(base, 'main')).toEqual(['train.mjs']);
    expect(await lab.diff('main', next)).toBe('');
    started();
    const diffs = await Promise.all([1, 2, 3].map(() => lab.diff(base, next)));
    expect(new Set(diffs).size).toBe(1);
    expect(started()).toEqual(['diff-tree']);
  });

  test('is no failure: a commit that was fetched since is found', async (context) => {
    const { repo, lab } = await counted(context);
    const clone = join(repo.folder, 'clone');
    repo.git(['clone', '--quiet', repo.root, clone]);
    writeFileSync(join(clone, 'new'), 'new');
    repo.git(['add', 'new'], clone);
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    repo.git([...who, 'commit', '--quiet', '-m', 'new'], clone);
    const made = repo.git(['rev-parse', 'HEAD'], clone);
    await expect(lab.listFiles(made)).rejects.toMatchObject({ name: 'LabError' });
    await expect(lab.readFile(made, 'new')).rejects.toMatchObject({ name: 'LabError' });
    await expect(lab.commit(order(made, { new: 'x' }))).rejects.toMatchObject({
      code: 'not_found',
    });
    repo.git(['fetch', '--quiet', clone]);
    expect(await lab.readFile(made, 'new')).toBe('new');
  });

  test('of the filters lasts until a settings file changes, included ones among them', async (context) => {
    const { repo, lab, base, folder } = await counted(context);
    const attributed = repo.commit('filtered', { '.gitattributes': '*.mjs filter=strip\n' });
    const included = join(repo.folder, 'included');
    repo.git(['config', 'include.path', included]);
    for (const commit of [base, attributed, base]) await lab.checkOut(folder, commit, []);
    repo.git(['config', '--file', included, 'filter.strip.smudge', repo.trap('smudge')]);
    await lab.checkOut(folder, attributed, []);
    writeFileSync(join(folder, 'train.mjs'), 'changed');
    repo.git(['config', 'filter.strip.clean', repo.trap('clean')]);
    expect(await lab.worktreeChanges(folder, attributed)).toEqual({ tracked: ['train.mjs'] });
    expect(repo.marks()).toEqual([]);
  });

  test('of a damaged object is nothing: it fails, and says which', async (context) => {
    const { repo, lab, base } = await counted(context);
    const made = await lab.commit(order(base, { 'src/deep/rate.txt': 'other' }));
    const oid = repo.git(['rev-parse', `${made}:src/deep/rate.txt`]);
    const file = join(repo.root, '.git/objects', oid.slice(0, 2), oid.slice(2));
    chmodSync(file, 0o644);
    truncateSync(file, 0);
    const reading = lab.readFile(made, 'src/deep/rate.txt');
    await expect(reading).rejects.toMatchObject({ name: 'LabError', code: 'damaged' });
    expect(await lab.readFile(made, 'src/run.sh')).toBe('run\n');
  });
});

describe('a run that changed a tracked file is seen', () => {
  const changes: readonly (readonly [string, (at: Counted['at']) => void, readonly string[]])[] = [
    [
      'through its bytes',
      (at) => writeFileSync(at('src/run.sh'), readFileSync(at('src/run.sh'), 'utf8').toUpperCase()),
      ['src/run.sh'],
    ],
    ['through its mode', (at) => chmodSync(at('src/run.sh'), 0o755), ['src/run.sh']],
    ['when it is gone', (at) => rmSync(at('src/run.sh')), ['src/run.sh']],
    [
      'when a symlink to the same text is in its place',
      (at) => {
        renameSync(at('src/run.sh'), at('other'));
        symlinkSync('../other', at('src/run.sh'));
      },
      ['src/run.sh'],
    ],
    [
      'when its folder is a symlink to the same files',
      (at) => {
        renameSync(at('src'), at('elsewhere'));
        symlinkSync('elsewhere', at('src'));
      },
      ['src/deep/rate.txt', 'src/run.sh'],
    ],
    [
      'when a pipe is in its place',
      (at) => {
        rmSync(at('src/run.sh'));
        execFileSync('mkfifo', [at('src/run.sh')]);
      },
      ['src/run.sh'],
    ],
  ];

  const sample = changes.filter((_, n) => n % 2 === 0);
  test.for(process.env['FULL'] ? changes : sample)('%s', async ([, change, tracked], context) => {
    const { lab, base, folder, at } = await counted(context);
    // Once it was just written, and once it was looked at long after.
    for (const pause of [0, 150]) {
      await lab.checkOut(folder, base, []);
      await wait(pause);
      expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: [] });
      change(at);
      expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked });
    }
    await lab.checkOut(folder, base, []);
    expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: [] });
  });
});

/** Processes whose GIT_DIR is the repository's. */
function pidsFor({ root }: TestRepo): readonly number[] {
  const mine = `GIT_DIR=${join(root, '.git')}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(pid, 'environ').includes(mine))
    .map(Number);
}

const servingFor = (repo: TestRepo): readonly string[] =>
  pidsFor(repo).flatMap((pid) => {
    const words = readProc(`${pid}`, 'cmdline').split('\0');
    return words[words.indexOf('--no-pager') + 1] ?? [];
  });

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
