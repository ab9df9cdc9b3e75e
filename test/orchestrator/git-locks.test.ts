import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { LabError } from '../../orchestrator/domain/errors.ts';
import type { CommitOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { openersByLsof } from '../../orchestrator/git/holders.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import type { TestRepo } from '../support/repo.ts';

/** Ends a process and what it started: an editor, too. */
function end(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // It has ended.
  }
}

interface Slot {
  /** Processes that end with the test. */
  readonly children: ChildProcess[];
  readonly repo: TestRepo;
  readonly lab: Repository;
  readonly base: string;
  /** The worktree, checked out, and its administration. */
  readonly folder: string;
  readonly admin: string;
  /** A path in the common .git folder. */
  readonly inGit: (path: string) => string;
}

async function slot({ onTestFinished }: TestContext): Promise<Slot> {
  const repo = makeRepo();
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) end(child, 'SIGKILL');
    repo.remove();
  });
  const lab = await openRepository(repo.root, repo.env);
  const base = repo.git(['rev-parse', 'HEAD']);
  const folder = join(repo.folder, 'cache', 'slot-1');
  await lab.checkOut(folder, base, []);
  const inGit = (path: string): string => join(repo.root, '.git', path);
  return { children, repo, lab, base, folder, admin: inGit('worktrees/slot-1'), inGit };
}

/** A real git that holds the index of `cwd` for as long as somebody edits a message. */
async function committing(
  { repo, children }: Slot,
  cwd: string,
  gitDir: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  writeFileSync(join(cwd, 'train.mjs'), 'edited');
  const git = spawn('git', ['commit', '--all'], {
    cwd,
    env: { ...repo.env, ...env, GIT_EDITOR: 'sleep 60; true' },
    detached: true,
    stdio: 'ignore',
  });
  children.push(git);
  // It locks the index several times; the lock that stays is there when the message is.
  while (!existsSync(join(gitDir, 'COMMIT_EDITMSG')) || !existsSync(join(gitDir, 'index.lock')))
    await wait(10);
  return git;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  end(child, 'SIGKILL');
  await gone;
}

const trouble = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => expect.fail('expected it to fail'),
    (error: unknown) => error as LabError,
  );

const order = (parent: string, text = 'better'): CommitOrder => ({
  branch: 'autolab/E-0007',
  parent,
  message: 'E-0007\n',
  change: { kind: 'files', files: new Map([['train.mjs', text]]) },
});

const leave = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
};

describe.concurrent('a lock in the way of a night', () => {
  test('that a killed git left in a worktree is removed, and the worktree checked out', async (context) => {
    const it = await slot(context);
    await killed(await committing(it, it.folder, it.admin));
    expect(existsSync(join(it.admin, 'index.lock'))).toBe(true);
    for (const name of ['HEAD.lock', 'ORIG_HEAD.lock']) leave(join(it.admin, name));
    await it.lab.checkOut(it.folder, it.base, []);
    expect(readFileSync(join(it.folder, 'train.mjs'), 'utf8')).toContain('LEARNING_RATE');
    expect(existsSync(join(it.admin, 'index.lock'))).toBe(false);
    expect(it.repo.git(['status', '--porcelain'], it.folder)).toBe('');
  });

  test('that a living git holds in a worktree is waited for', async (context) => {
    const it = await slot(context);
    const git = await committing(it, it.folder, it.admin);
    const checkedOut = it.lab.checkOut(it.folder, it.base, []);
    await wait(1500);
    expect(existsSync(join(it.admin, 'index.lock'))).toBe(true);
    end(git, 'SIGTERM');
    await checkedOut;
    expect(it.repo.git(['status', '--porcelain'], it.folder)).toBe('');
  });

  test('that a living git does not give up is kept, and named with its holder and a way out', async (context) => {
    const it = await slot(context);
    const git = await committing(it, it.folder, it.admin);
    const error = await trouble(it.lab.checkOut(it.folder, it.base, []));
    const lock = join(it.admin, 'index.lock');
    expect(error).toMatchObject({ name: 'LabError', code: 'failed', where: lock });
    expect(error.message).toContain(`${lock}: it is held (git commit, process ${git.pid})`);
    expect(error.message).toContain('end it, and try again');
    expect(existsSync(lock)).toBe(true);
    await killed(git);
    await it.lab.checkOut(it.folder, it.base, []);
  });

  test('that the git of an AutoLab that was killed holds ends with that git', async (context) => {
    const it = await slot(context);
    const known = { GIT_DIR: it.admin, GIT_WORK_TREE: it.folder };
    const git = await committing(it, it.folder, it.admin, known);
    const gone = once(git, 'exit');
    await it.lab.checkOut(it.folder, it.base, []);
    expect(await gone).toBeDefined();
    expect(it.repo.git(['status', '--porcelain'], it.folder)).toBe('');
  });

  test('that was left on a branch or on the packed branches is removed, and nobody else’s is', async (context) => {
    const { repo, lab, base, inGit } = await slot(context);
    const ours = ['refs/heads/autolab/E-0007.lock', 'packed-refs.lock', 'packed-refs.new'];
    const others = ['index.lock', 'HEAD.lock', 'config.lock', 'refs/heads/main.lock'];
    for (const name of [...ours, ...others]) leave(inGit(name));
    const commit = await lab.commit(order(base));
    expect(await lab.branches()).toEqual([{ branch: 'autolab/E-0007', commit }]);
    repo.git(['update-ref', 'refs/heads/autolab/E-0008', base]);
    await lab.deleteBranch('autolab/E-0008');
    expect([...ours, ...others].filter((name) => existsSync(inGit(name)))).toEqual(others);
  });

  test('that a process has open is kept, and its holder named', async (context) => {
    const { children, repo, lab, base, inGit } = await slot(context);
    const lock = inGit('refs/heads/autolab/E-0007.lock');
    leave(lock);
    const holder = spawn('sh', ['-c', 'exec 9< "$0"; echo open; read line', lock], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(holder);
    await once(holder.stdout, 'data');
    const error = await trouble(lab.commit(order(base)));
    expect(error).toMatchObject({ code: 'failed', where: lock });
    expect(error.message).toContain(`sh, process ${holder.pid}`);
    expect(existsSync(lock)).toBe(true);
    expect(await lab.branches()).toEqual([]);
    await killed(holder);
    await lab.commit(order(base));
    expect(repo.git(['fsck', '--strict'])).toBe('');
  });

  test('is looked up with lsof where there is no /proc', async (context) => {
    const { children, inGit } = await slot(context);
    leave(inGit('some.lock'));
    const nobody = await openersByLsof(inGit('some.lock'));
    if (nobody === null) context.skip('no lsof here');
    expect(nobody).toEqual([]);
    const holder = spawn('sh', ['-c', 'exec 9< "$0"; echo open; read line', inGit('some.lock')], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(holder);
    await once(holder.stdout, 'data');
    expect(await openersByLsof(inGit('some.lock'))).toEqual([
      { pid: holder.pid, command: 'sh', told: null },
    ]);
  });
});

describe.concurrent('a lock of the user’s checkout', () => {
  test('does not disturb a night, and is still there in the morning', async (context) => {
    const { repo, lab, base, folder, inGit } = await slot(context);
    const before = snapshot(repo);
    for (const name of ['index.lock', 'HEAD.lock', 'config.lock']) leave(inGit(name));
    expect(await lab.dirtyPaths()).toEqual([]);
    expect(await lab.resolveBase(undefined)).toEqual({ branch: 'main', commit: base });
    const commit = await lab.commit(order(base));
    await lab.checkOut(folder, commit, []);
    await lab.checkOut(join(repo.folder, 'cache', 'slot-2'), commit, []);
    await lab.removeWorktree(folder);
    for (const name of ['index.lock', 'HEAD.lock', 'config.lock'])
      expect(existsSync(inGit(name)), name).toBe(true);
    expect(snapshot(repo)).toEqual(before);
  });

  const locks = ['index.lock', 'HEAD.lock', 'refs/heads/main.lock'];
  test.for(process.env['FULL'] ? locks : locks.slice(0, 1))(
    'keeps promote from it while %s is there, with a way out, and nothing is changed',
    async (name, context) => {
      const { repo, lab, base, inGit } = await slot(context);
      const commit = await lab.commit(order(base));
      const promotion = {
        base: { branch: 'main', commit: base },
        commit,
        message: 'promote',
        files: new Map([['new/scores.json', () => '[]\n']]),
      };
      const before = snapshot(repo);
      leave(inGit(name));
      const error = await trouble(lab.promote(promotion));
      expect(error).toMatchObject({ code: 'refused', where: inGit(name) });
      expect(error.message).toContain(`rm '${inGit(name)}', and try again`);
      expect(existsSync(inGit(name))).toBe(true);
      expect(snapshot(repo)).toEqual(before);

      repo.write({ [`.git/${name}`]: null });
      await lab.promote(promotion);
      expect(repo.read('train.mjs')).toBe('better');
      expect(repo.git(['status', '--porcelain'])).toBe('');
    },
  );

  test('keeps promote from it while a git holds it, naming that git', async (context) => {
    const it = await slot(context);
    const { repo, lab, base, inGit } = it;
    const commit = await lab.commit(order(base));
    const git = await committing(it, repo.root, inGit(''));
    const error = await trouble(
      lab.promote({
        base: { branch: 'main', commit: base },
        commit,
        message: '',
        files: new Map(),
      }),
    );
    expect(error).toMatchObject({ code: 'refused', where: inGit('index.lock') });
    expect(error.message).toContain(`git commit, process ${git.pid}`);
    expect(repo.read('train.mjs')).toBe('edited');
    expect(repo.git(['rev-parse', 'main'])).toBe(base);
  });
});
