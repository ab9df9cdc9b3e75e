import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { LabError } from '../../orchestrator/domain/errors.ts';
import type { CommitOrder, PromoteOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import type { TestRepo } from '../support/repo.ts';

interface Night {
  readonly repo: TestRepo;
  readonly lab: Repository;
  readonly base: string;
  /** A slot's worktree, checked out at base, and its administration. */
  readonly folder: string;
  readonly admin: string;
  /** A path in the slot, and in the common .git folder. */
  readonly at: (path: string) => string;
  readonly inGit: (path: string) => string;
}

async function night({
  onTestFinished,
}: {
  onTestFinished: (after: () => void) => void;
}): Promise<Night> {
  const repo = makeRepo();
  onTestFinished(() => repo.remove());
  const lab = await openRepository(repo.root, repo.env);
  const base = repo.git(['rev-parse', 'HEAD']);
  const folder = join(repo.folder, 'cache', 'slot-1');
  await lab.checkOut(folder, base, []);
  const inGit = (path: string): string => join(repo.root, '.git', path);
  const admin = inGit('worktrees/slot-1');
  return { repo, lab, base, folder, admin, at: (path) => join(folder, path), inGit };
}

const trouble = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => expect.fail('expected it to fail'),
    (error: unknown) => error as LabError,
  );

const order = (parent: string, text: string, branch = 'autolab/E-0007'): CommitOrder => ({
  branch,
  parent,
  message: `${branch}\n`,
  change: { kind: 'files', files: new Map([['train.mjs', text]]) },
});

const promotion = (base: string, commit: string): PromoteOrder => ({
  base: { branch: 'main', commit: base },
  commit,
  message: 'promote',
  files: new Map([['new/scores.json', (old) => `${old ?? ''}score\n`]]),
});

/** git lists the user's checkout and the one slot, and administers no other. */
function expectTwoWorktrees({ repo, folder, inGit }: Night, what: string): void {
  const listed = repo.git(['worktree', 'list', '--porcelain']);
  const folders = [...listed.matchAll(/^worktree (.+)$/gm)].map((line) => line[1]);
  expect(folders, what).toEqual([repo.root, folder]);
  expect(listed, what).not.toMatch(/^(?:prunable|locked initializing)/m);
  expect(readdirSync(inGit('worktrees')), what).toHaveLength(1);
}

const RUBBISH = Buffer.from(Array.from({ length: 600 }, (_, n) => (n * 89 + 7) % 256));

describe('a slot’s worktree', () => {
  const damages: readonly (readonly [string, (night: Night) => void])[] = [
    ['is deleted', ({ folder }) => rmSync(folder, { recursive: true })],
    ['is half deleted', ({ at }) => [at('train.mjs'), at('.git')].forEach((path) => rmSync(path))],
    ['has another .git file', ({ at }) => writeFileSync(at('.git'), 'gitdir: /nowhere\n')],
    [
      'is deleted and pruned',
      ({ repo, folder }) => {
        rmSync(folder, { recursive: true });
        repo.git(['worktree', 'prune']);
      },
    ],
    [
      'is pruned',
      ({ repo, at }) => {
        renameSync(at('.git'), at('.was'));
        repo.git(['worktree', 'prune', '--expire=now']);
        renameSync(at('.was'), at('.git'));
      },
    ],
    ['has lost its administration', ({ admin }) => rmSync(admin, { recursive: true })],
    ...['HEAD', 'index', 'commondir', 'gitdir', 'logs'].map(
      (name) =>
        [
          `has lost its ${name}`,
          ({ admin }: Night) => rmSync(join(admin, name), { recursive: true }),
        ] as const,
    ),
    ...['HEAD', 'index', 'commondir', 'gitdir', 'ORIG_HEAD'].map(
      (name) =>
        [
          `has an empty ${name}`,
          ({ admin }: Night) => writeFileSync(join(admin, name), ''),
        ] as const,
    ),
    ...['HEAD', 'index', 'commondir'].map(
      (name) =>
        [
          `has rubbish for its ${name}`,
          ({ admin }: Night) => writeFileSync(join(admin, name), RUBBISH),
        ] as const,
    ),
    ['has half an index', ({ admin }) => truncateSync(join(admin, 'index'), 100)],
    [
      'has a folder for its index',
      ({ admin }) => {
        rmSync(join(admin, 'index'));
        mkdirSync(join(admin, 'index', 'x'), { recursive: true });
      },
    ],
    [
      'has a HEAD that is no commit',
      ({ admin }) => writeFileSync(join(admin, 'HEAD'), '1'.repeat(40)),
    ],
    [
      'is a file',
      ({ folder }) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, 'a file');
      },
    ],
    [
      'is a symlink to the user’s checkout',
      ({ repo, folder }) => {
        rmSync(folder, { recursive: true });
        symlinkSync(repo.root, folder);
      },
    ],
    ['is locked by the user', ({ repo, folder }) => void repo.git(['worktree', 'lock', folder])],
    [
      'has a sibling that a kill left in git worktree add, before it said where',
      ({ admin, inGit }) => {
        rmSync(admin, { recursive: true });
        mkdirSync(inGit('worktrees/slot-1'));
        writeFileSync(inGit('worktrees/slot-1/locked'), 'initializing');
        execFileSync('touch', ['-d', '1 minute ago', inGit('worktrees/slot-1')]);
      },
    ],
    [
      'has a sibling that a kill left in git worktree add, locked',
      ({ repo, base }) => {
        const half = join(repo.folder, 'cache', '.autolab-x', 'slot-1');
        repo.git(['worktree', 'add', '--quiet', '--detach', '--no-checkout', half, base]);
        repo.git(['worktree', 'lock', '--reason', 'initializing', half]);
      },
    ],
    [
      'has a sibling from a night with more slots, whose folder is gone',
      ({ repo, inGit }) => {
        const other = join(repo.folder, 'cache', 'slot-9');
        repo.git(['worktree', 'add', '--quiet', '--detach', other]);
        writeFileSync(inGit('worktrees/slot-9/autolab'), '');
        rmSync(other, { recursive: true });
      },
    ],
  ];

  let shared: Night;
  beforeAll(async () => {
    shared = await night({ onTestFinished: () => undefined });
  });
  afterAll(() => shared.repo.remove());

  const sample = damages.filter((_, n) => n % 5 === 0);
  test.for(process.env['FULL'] ? damages : sample)(
    'that %s is mended by the next check-out',
    async ([what, damage]) => {
      const { repo, lab, base, folder, at } = shared;
      await lab.checkOut(folder, base, []);
      const next = await lab.commit(order(base, 'next'));
      const before = snapshot(repo);
      repo.write({ 'train.mjs': 'edited', left: 'left', '.venv/x': 'kept' }, folder);
      damage(shared);
      const kept = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
      await lab.checkOut(folder, next, ['.venv']);
      expect(readFileSync(at('train.mjs'), 'utf8')).toBe('next');
      expect([existsSync(at('left')), existsSync(at('.venv/x'))]).toEqual([false, kept]);
      expect(lstatSync(folder).isDirectory()).toBe(true);
      expect(repo.git(['status', '--porcelain', '-uno'], folder)).toBe('');
      expect(repo.git(['rev-parse', 'HEAD'], folder)).toBe(next);
      expectTwoWorktrees(shared, what);
      expect(snapshot(repo)).toEqual(before);
    },
  );

  test('that a removal left half gone is no obstacle, and no entry of git’s', async (context) => {
    const it = await night(context);
    rmSync(join(it.admin, 'gitdir'));
    rmSync(it.folder, { recursive: true });
    await it.lab.removeWorktree(it.folder);
    await it.lab.checkOut(it.folder, it.base, []);
    expectTwoWorktrees(it, 'after a half removal');
    expect(existsSync(it.at('train.mjs'))).toBe(true);
  });

  test('of the user’s, beside the slots, stays, gone or not', async (context) => {
    const it = await night(context);
    const { repo, lab, base, folder, inGit } = it;
    for (const name of ['mine', 'gone'])
      repo.git(['worktree', 'add', '--quiet', '--detach', join(repo.folder, 'cache', name)]);
    rmSync(join(repo.folder, 'cache/gone'), { recursive: true });
    await lab.checkOut(folder, base, []);
    expect(readdirSync(inGit('worktrees')).toSorted()).toEqual(['gone', 'mine', 'slot-1']);
  });
});

describe('git gc --prune=now in the middle of a night', () => {
  const collectAll = ({ repo }: Night): void => {
    repo.git(['reflog', 'expire', '--expire=now', '--all']);
    repo.git(['gc', '--quiet', '--prune=now']);
  };

  test('takes nothing that the night builds on, even when base was force-pushed away or deleted', async (context) => {
    const it = await night(context);
    const { repo, lab, base, folder, at } = it;
    const begun = repo.commit('where the night begins', { data: 'data' });
    await lab.createBranch('autolab/E-0000', begun);
    const made = await lab.commit(order(begun, 'better'));
    repo.git(['reset', '--quiet', '--hard', base]);
    repo.commit('something else', { other: 'other' });
    collectAll(it);
    await lab.checkOut(folder, begun, []);
    expect(readFileSync(at('data'), 'utf8')).toBe('data');

    repo.git(['checkout', '--quiet', '-b', 'elsewhere', base]);
    repo.git(['branch', '-D', 'main']);
    collectAll(it);
    expect(await lab.commit(order(begun, 'better'))).toBe(made);
    const second = await lab.commit(order(made, 'best', 'autolab/E-0008'));
    await lab.checkOut(folder, second, []);
    expect(readFileSync(at('train.mjs'), 'utf8')).toBe('best');
    expect(await trouble(lab.resolveBase('main'))).toMatchObject({
      code: 'not_found',
      where: 'main',
    });
    expect(repo.git(['fsck', '--strict'])).toBe('');
  });

  test('while a commit is made costs it no object', async (context) => {
    const { repo, lab, base } = await night(context);
    for (let n = 1; n <= (process.env['FULL'] ? 12 : 4); n++) {
      // At another moment of each commit.
      const pruning = wait(n * 10).then(() =>
        promisify(execFile)('git', ['prune', '--expire=now'], { cwd: repo.root, env: repo.env }),
      );
      const commit = await lab.commit(order(base, `text ${n}\n`, `autolab/E-${n}`));
      await pruning;
      expect(await lab.readFile(commit, 'train.mjs')).toBe(`text ${n}\n`);
    }
    expect(repo.git(['fsck', '--strict'])).toBe('');
  });
});

describe('base', () => {
  test('is found without the index, deleted or not', async (context) => {
    const { repo, lab, base, inGit } = await night(context);
    const moved = repo.commit('moved');
    rmSync(inGit('index'));
    mkdirSync(inGit('index'));
    expect(await lab.resolveBase('main')).toEqual({ branch: 'main', commit: moved });
    repo.git(['update-ref', 'refs/heads/main', base]);
    expect(await lab.resolveBase('main')).toEqual({ branch: 'main', commit: base });
    repo.git(['update-ref', '-d', 'refs/heads/main']);
    const error = await trouble(lab.resolveBase('main'));
    expect(error).toMatchObject({ code: 'not_found', where: 'main' });
    expect(error.message).toContain('git branch main');
  });

  test('that moved gets the promotion merged in; one that was deleted has to be made again', async (context) => {
    const { repo, lab, base } = await night(context);
    const commit = await lab.commit(order(base, 'better'));
    repo.commit('moved', { other: 'other' });
    await lab.promote(promotion(base, commit));
    expect([repo.read('train.mjs'), repo.read('other')]).toEqual(['better', 'other']);

    repo.git(['checkout', '--quiet', '-b', 'elsewhere', base]);
    repo.git(['branch', '-D', 'main']);
    const error = await trouble(lab.promote(promotion(base, commit)));
    expect(error).toMatchObject({ code: 'not_found', where: 'main' });
    expect(error.message).toContain(`git branch main ${base}`);
    repo.git(['branch', 'main', base]);
    await lab.promote(promotion(base, commit));
    expect(repo.git(['show', 'main:train.mjs'])).toBe('better');
  });
});

describe('a power cut', () => {
  const objectFile = ({ inGit }: Night, oid: string): string =>
    inGit(`objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
  const empty = (file: string): void => {
    chmodSync(file, 0o644);
    truncateSync(file, 0);
  };

  test('that left any of a commit’s objects empty is mended by the same commit again', async (context) => {
    const it = await night(context);
    const { repo, lab, base } = it;
    const made = await lab.commit(order(base, 'better'));
    const oids = repo.git(['rev-parse', made, `${made}^{tree}`, `${made}:train.mjs`]).split('\n');
    for (const lost of [...oids.map((oid) => [oid]), oids]) {
      for (const oid of lost) empty(objectFile(it, oid));
      repo.git(['update-ref', '-d', '--no-deref', 'refs/heads/autolab/E-0007']);
      expect(await lab.commit(order(base, 'better'))).toBe(made);
      expect(await lab.readFile(made, 'train.mjs')).toBe('better');
      expect(repo.git(['fsck', '--strict'])).toBe('');
    }
  });

  test('that left a branch’s file empty is mended by the same commit again', async (context) => {
    const { repo, lab, base, inGit } = await night(context);
    const made = await lab.commit(order(base, 'better'));
    for (const text of ['', '\0'.repeat(41)]) {
      writeFileSync(inGit('refs/heads/autolab/E-0007'), text);
      expect(await lab.commit(order(base, 'better'))).toBe(made);
      expect(repo.git(['rev-parse', 'autolab/E-0007'])).toBe(made);
    }
  });

  test('that lost an object for good: the check-out says which, and what to do', async (context) => {
    const it = await night(context);
    const made = await it.lab.commit(order(it.base, 'better'));
    const oid = it.repo.git(['rev-parse', `${made}:train.mjs`]);
    empty(objectFile(it, oid));
    const error = await trouble(it.lab.checkOut(it.folder, made, []));
    expect(error).toMatchObject({ name: 'LabError', code: 'damaged' });
    expect(error.message).toContain(oid.slice(2));
    expect(error.message).toContain('git fsck --full');
    await it.lab.checkOut(it.folder, it.base, []);
    expectTwoWorktrees(it, 'after damage');
  });

  test('finds commits and branches on disk: git was told to sync both', async (context) => {
    const { repo } = await night(context);
    const trace = join(repo.folder, 'trace');
    const lab = await openRepository(repo.root, repo.env);
    const bin = join(repo.folder, 'bin');
    mkdirSync(bin);
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const script = `#!/bin/sh\nGIT_TRACE2_EVENT='${trace}' exec '${real}' "$@"\n`;
    writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
    const traced = await openRepository(repo.root, {
      ...repo.env,
      PATH: `${bin}:${process.env['PATH']}`,
    });
    await traced.commit(order(repo.git(['rev-parse', 'HEAD']), 'better'));
    const syncs = (): number => {
      const text = readFileSync(trace, 'utf8');
      const counts = text.matchAll(/"fsync\/hardware-flush","value":"(\d+)"/g);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    // A blob, a tree, a commit, a branch. git tells at its end, which for some comes after a while.
    await expect.poll(syncs, { timeout: 20_000 }).toBe(4);
    expect(await lab.branches()).toHaveLength(1);
  });
});

describe('a full disk', () => {
  /** Moves `folder` to a disk of its own, of `kilobytes`; skips where none can be mounted. */
  function ownDisk(folder: string, kilobytes: number, context: TestContext): void {
    const aside = `${folder}.aside`;
    renameSync(folder, aside);
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], {
        stdio: 'ignore',
      });
    } catch {
      renameSync(aside, `${folder}.back`);
      context.skip('a disk of one’s own needs root: mount -t tmpfs');
    }
    context.onTestFinished(() => void execFileSync('umount', ['-l', folder]));
    execFileSync('cp', ['-a', `${aside}/.`, folder]);
  }
  /** Leaves `kilobytes` of room; call it to have the room back. */
  function fill(folder: string, kilobytes = 0): () => void {
    const file = join(folder, '.fill');
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - kilobytes * 1024)));
    return () => rmSync(file);
  }

  test.for(process.env['FULL'] ? [0, 4, 8, 12, 16, 24] : [0, 12])(
    'with %i KiB left under .git fails commits as such, and nothing of it is in the way of the next try',
    async (kilobytes, context) => {
      const { repo, lab, base, folder, inGit } = await night(context);
      rmSync(inGit('hooks'), { recursive: true, force: true });
      ownDisk(inGit(''), 2048, context);
      const before = snapshot(repo);
      const makeRoom = fill(inGit(''), kilobytes);
      const outcomes = await Promise.allSettled(
        [1, 2, 3].map((n) => lab.commit(order(base, `${n}`, `autolab/E-${n}`))),
      );
      const slot = join(repo.folder, 'cache', 'slot-2');
      const others = await Promise.allSettled([
        lab.checkOut(slot, base, []),
        lab.checkOut(folder, base, []),
      ]);
      for (const outcome of [...outcomes, ...others]) {
        if (outcome.status === 'fulfilled') continue;
        const error = outcome.reason as Error;
        expect(error.message).toMatch(/No space left on device|ENOSPC/);
      }
      makeRoom();
      expect(
        readdirSync(inGit(''), { recursive: true }).filter((name) => `${name}`.endsWith('.lock')),
      ).toEqual([]);
      if (kilobytes === 0) expect(outcomes.map(({ status }) => status)).not.toContain('fulfilled');
      const branches = await lab.branches();
      const made = outcomes
        .filter((outcome) => outcome.status === 'fulfilled')
        .map(({ value }) => value);
      expect(branches.map(({ commit }) => commit)).toEqual(made);
      for (const n of [1, 2, 3]) {
        const commit = await lab.commit(order(base, `${n}`, `autolab/E-${n}`));
        await lab.checkOut(slot, commit, []);
        await lab.checkOut(folder, commit, []);
        expect(await lab.readFile(commit, 'train.mjs')).toBe(`${n}`);
      }
      expect(repo.git(['fsck', '--strict'])).toBe('');
      expect(repo.git(['worktree', 'list']).split('\n')).toHaveLength(3);
      expect(snapshot(repo)).toEqual(before);
    },
  );

  test('under the worktrees fails the check-out, and the next one succeeds', async (given) => {
    const it = await night(given);
    const { repo, lab, folder, at } = it;
    const big = repo.commit('big', { big: 'x'.repeat(600_000), bigger: 'y'.repeat(600_000) });
    ownDisk(join(repo.folder, 'cache'), 1024, given);
    const error = await trouble(lab.checkOut(folder, big, []));
    expect(error).toMatchObject({ name: 'LabError', code: 'failed' });
    expect(error.message).toContain('No space left on device');
    execFileSync('mount', ['-o', 'remount,size=4m', join(repo.folder, 'cache')]);
    await lab.checkOut(folder, big, []);
    expect(readFileSync(at('bigger'), 'utf8')).toHaveLength(600_000);
    expectTwoWorktrees(it, 'after a full disk');
  });

  test('under the user’s checkout fails promote, and leaves the checkout as it was', async (given) => {
    const { repo, lab, base, inGit } = await night(given);
    repo.write({ 'README.md': 'mine, not committed', untracked: 'mine' });
    const files = new Map([
      ['a/first', 'x'.repeat(300_000)],
      ['train.mjs', 'better'],
      ['z', 'z'.repeat(500_000)],
    ]);
    const commit = await lab.commit({ ...order(base, ''), change: { kind: 'files', files } });
    // git keeps its own files elsewhere: only the files of the checkout find no room.
    renameSync(inGit(''), join(repo.folder, 'elsewhere.git'));
    writeFileSync(join(repo.root, '.git'), `gitdir: ${join(repo.folder, 'elsewhere.git')}\n`);
    ownDisk(repo.root, 600, given);
    const opened = await openRepository(repo.root, repo.env);
    const noted = () => ({ ...snapshot(repo), index: repo.git(['ls-files', '--stage']) });
    const before = noted();
    const error = await trouble(opened.promote(promotion(base, commit)));
    expect(error).toMatchObject({ name: 'LabError', code: 'refused' });
    expect(error.message).toContain('it is as it was');
    expect(error.message).toContain('No space left on device');
    expect(noted()).toEqual(before);
    expect(readdirSync(repo.root).toSorted()).toEqual([
      '.git',
      '.gitignore',
      'README.md',
      'train.mjs',
      'untracked',
    ]);

    execFileSync('mount', ['-o', 'remount,size=4m', repo.root]);
    await opened.promote(promotion(base, commit));
    expect(repo.read('train.mjs')).toBe('better');
    expect(repo.git(['status', '--porcelain'])).toBe(' M README.md\n?? untracked');
  });
});
