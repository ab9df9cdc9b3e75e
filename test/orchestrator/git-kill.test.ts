import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import { LabError } from '../../orchestrator/domain/errors.ts';
import type { CommitOrder, PromoteOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import type { TestRepo } from '../support/repo.ts';

/** Node 20 runs no TypeScript, and a kill needs a process of its own. `npm test` builds it first. */
const GIT = new URL('../../dist/orchestrator/git.js', import.meta.url).pathname;

const branchOf = (n: number): string => `autolab/E-${n}`;
const textOf = (n: number): string => `rate = ${n}\n`;

/** Experiment n; on its own all it needs, so that its text can be handed to another process. */
function orderOf(base: string, n: number): CommitOrder {
  const made = Array.from({ length: 60 }, (_, k) => [`new-${n}/${k}`, `${n} `.repeat(2000)]);
  const rate = [`rates/${n % 150}`, `rate = ${n}\n`];
  return {
    branch: `autolab/E-${n}`,
    parent: base,
    message: `E-${n}\n`,
    change: { kind: 'files', files: new Map([...made, rate] as [string, string][]) },
  };
}

/** Works like a night, from experiment `first` on, and says what it was acknowledged. */
const NIGHT = (repo: TestRepo, base: string, first: number, promotes: boolean): string => `
  import { openRepository } from ${JSON.stringify(GIT)};
  // A large process has others started from a small one.
  const ballast = ${first} % 2 === 0 ? null : Buffer.alloc(160 << 20, 1);
  const lab = await openRepository(${JSON.stringify(repo.root)});
  const slot = ${JSON.stringify(join(repo.folder, 'cache'))} + '/slot-';
  const base = ${JSON.stringify(base)};
  console.log('ready', 0);
  for (let n = ${first}; ; n++) {
    const trying = async (act) => { try { await act(); } catch (error) {
      if (error.name !== 'LabError') throw error;
      console.log('trouble', n, error.message);
    } };
    await trying(async () => {
      const commit = await lab.commit((${orderOf.toString()})(base, n));
      console.log('made', n, commit);
      if (${promotes}) {
        const scores = new Map([['scores', (old) => (old ?? '') + n + '\\n']]);
        const at = await lab.resolveBase('main');
        await lab.promote({ base: at, commit, message: 'promote ' + n, files: scores });
        return console.log('promoted', n);
      }
      await Promise.all([lab.checkOut(slot + 1, commit, []), lab.checkOut(slot + 2, base, [])]);
      if (n % 2 === 0) await lab.removeWorktree(slot + 2);
      console.log('checked', n);
    });
  }`;

type Victim = 'AutoLab' | 'both' | 'git' | 'nobody';

/** Kills at a moment of its own; what was acknowledged before, by number. */
async function cutOff(
  repo: TestRepo,
  code: string,
  victim: Victim,
): Promise<readonly (readonly [string, number, string])[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: repo.env,
    detached: true,
  });
  const said: [string, number, string][] = [];
  let ready: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (ready = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word = '', n = '', ...rest] = line.split(' ');
    said.push([word, Number(n), rest.join(' ')]);
    ready();
  });
  const over = once(child, 'exit');
  await begun;
  if (victim === 'nobody') {
    await over;
    return said;
  }
  await wait(30 + Math.random() * 350);
  if (victim === 'git') {
    killGits(child);
    await wait(150 + Math.random() * 200);
  }
  const left = descendants(child);
  process.kill(victim === 'AutoLab' ? (child.pid ?? 0) : -(child.pid ?? 0), 'SIGKILL');
  await over;
  // What it started to stay ends with it, whatever was under way a moment later.
  await expect.poll(() => left.filter(lives), { timeout: 10_000 }).toEqual([]);
  return said;
}

/** Of a process: those that it started, and those that these did. */
function descendants({ pid }: ChildProcess): readonly { pid: number; command: string }[] {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const below = (parent: string): readonly { pid: number; command: string }[] =>
    rows
      .filter(([, ppid]) => ppid === parent)
      .flatMap(([id = '', , command = '']) => [{ pid: Number(id), command }, ...below(id)]);
  return below(`${pid}`);
}

function killGits(child: ChildProcess): void {
  for (const { pid, command } of descendants(child)) {
    if (command !== 'git') continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was quicker.
    }
  }
}

const lives = ({ pid }: { readonly pid: number }): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function lab({
  onTestFinished,
}: TestContext): Promise<{ repo: TestRepo; lab: Repository; base: string }> {
  const many = Array.from({ length: 150 }, (_, n) => [`rates/${n}`, 'rate = 0\n']);
  const repo = makeRepo({ files: Object.fromEntries(many) });
  onTestFinished(() => repo.remove());
  return {
    repo,
    lab: await openRepository(repo.root, repo.env),
    base: repo.git(['rev-parse', 'HEAD']),
  };
}

/** A sample of one; `npm run test:faults` does more. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 1);
const VICTIMS: readonly Victim[] = ['AutoLab', 'both', 'git'];

describe('killed at any moment', () => {
  test('a night’s commits and worktrees: the next call works, and no branch is other than meant', async (context) => {
    const { repo, lab: night, base } = await lab(context);
    const before = snapshot(repo);
    let next = 1;
    for (let round = 0; round < ROUNDS; round++) {
      const victim = VICTIMS[round % 3] ?? 'both';
      const said = await cutOff(repo, NIGHT(repo, base, next, false), victim);
      const tips = new Map((await night.branches()).map(({ branch, commit }) => [branch, commit]));
      for (const [word, n, commit] of said)
        if (word === 'made') expect(tips.get(branchOf(n)), `round ${round}`).toBe(commit);
      next = Math.max(next, ...said.map(([, n]) => n), await night.highestExperiment());
      // A branch that stands anywhere but at this very commit would be refused.
      const made = await night.commit(orderOf(base, next));
      for (const slot of ['slot-1', 'slot-2']) {
        const folder = join(repo.folder, 'cache', slot);
        await night.checkOut(folder, made, []);
        expect(readFileSync(join(folder, `rates/${next % 150}`), 'utf8')).toBe(textOf(next));
        expect(await night.worktreeChanges(folder, made)).toEqual({ tracked: [] });
      }
      expect(repo.git(['worktree', 'list']).split('\n'), `round ${round}`).toHaveLength(3);
      next += 1;
    }
    for (let n = 1; n < next; n++)
      expect(await night.commit(orderOf(base, n))).toBe(repo.git(['rev-parse', branchOf(n)]));
    expect(repo.git(['fsck', '--strict', '--no-dangling'])).toBe('');
    expect(snapshot(repo)).toEqual(before);
  }, 120_000);

  test('promote: base is where it was or at a whole merge, and what is in the way is named, with a way out', async (context) => {
    const { repo, lab: morning, base } = await lab(context);
    const seen = { locks: 0, paths: 0 };
    let next = 1;
    for (let round = 0; round < ROUNDS; round++) {
      // Not the one that the sample of the other test takes.
      const victim = VICTIMS[(round + 1) % 3] ?? 'both';
      const before = repo.git(['rev-parse', 'main']);
      const said = await cutOff(repo, NIGHT(repo, base, next, true), victim);
      const merges = repo.git(['log', '--first-parent', '--format=%P %s', `${before}..main`]);
      for (const line of merges.split('\n').filter(Boolean))
        expect(line, `round ${round}`).toMatch(/^\w+ \w+ promote \d+$/);
      for (const [word, n] of said)
        if (word === 'promoted')
          expect(repo.git(['show', 'main:scores']).split('\n')).toContain(String(n));

      // What was cut off is promoted again: only that says what is left of it in the checkout.
      const highest = Math.max(0, await morning.highestExperiment());
      const subjects = repo.git(['log', '--format=%s', 'main']).split('\n');
      const over = highest === 0 || subjects.includes(`promote ${highest}`);
      next = over ? highest + 1 : highest;
      const commit = await morning.commit(orderOf(base, next));
      await promoteAsTold(repo, morning, commit, next, seen);
      expect(repo.git(['status', '--porcelain']), `round ${round}`).toBe('');
      expect(repo.read(`rates/${next % 150}`)).toBe(textOf(next));
      next += 1;
    }
    expect(repo.git(['fsck', '--strict', '--no-dangling'])).toBe('');
  }, 120_000);

  /** A filter of the user's that ends whoever writes that file of experiment 1. */
  function deadly(repo: TestRepo, command: string): void {
    repo.write({ '.git/info/attributes': 'new-1/30 filter=deadly\n' });
    repo.git(['config', 'filter.deadly.smudge', command]);
  }

  test('promote together with git, halfway through the files: the next ones name lock and paths', async (context) => {
    const { repo, lab: morning, base } = await lab(context);
    deadly(repo, 'kill -9 0');
    const said = await cutOff(repo, NIGHT(repo, base, 1, true), 'nobody');
    expect(said.map(([word]) => word)).toEqual(['ready', 'made']);
    expect(repo.git(['rev-parse', 'main'])).toBe(base);
    repo.git(['config', '--remove-section', 'filter.deadly']);
    const seen = { locks: 0, paths: 0 };
    const commit = await morning.commit(orderOf(base, 1));
    await promoteAsTold(repo, morning, commit, 1, seen);
    expect(seen).toEqual({ locks: 1, paths: 1 });
    expect(repo.git(['status', '--porcelain'])).toBe('');
    expect(repo.read('rates/1')).toBe(textOf(1));
  }, 60_000);

  test('git alone, halfway through promote’s files: they are put back, and the lock is named', async (context) => {
    const { repo, lab: morning, base } = await lab(context);
    const commit = await morning.commit(orderOf(base, 1));
    const before = snapshot(repo);
    deadly(repo, 'kill -9 $PPID');
    const seen = { locks: 0, paths: 0 };
    const order = { base: { branch: 'main', commit: base }, commit, message: '', files: new Map() };
    const error: unknown = await morning.promote(order).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'refused' });
    expect(String(error)).toContain('it is as it was');
    expect(snapshot(repo)).toEqual(before);
    repo.git(['config', '--remove-section', 'filter.deadly']);
    await promoteAsTold(repo, morning, commit, 1, seen);
    expect(seen).toEqual({ locks: 1, paths: 0 });
    expect(repo.git(['status', '--porcelain'])).toBe('');
  }, 60_000);
});

/** Promotes, and does what a refusal says: at most a lock for each of git's files, then paths. */
async function promoteAsTold(
  repo: TestRepo,
  morning: Repository,
  commit: string,
  n: number,
  seen: { locks: number; paths: number },
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const order: PromoteOrder = {
      base: await morning.resolveBase('main'),
      commit,
      message: `promote ${n}`,
      files: new Map([['scores', (old) => `${old ?? ''}${n}\n`]]),
    };
    const error: unknown = await morning.promote(order).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error === null) return;
    if (!(error instanceof LabError) || error.code !== 'refused' || tries === 5) throw error;
    const lock = /rm '(.+?)', and try again/.exec(error.message)?.[1];
    if (lock !== undefined) {
      seen.locks += 1;
      rmSync(lock);
    } else {
      expect(error.message).toContain('Commit, stash or move it');
      seen.paths += 1;
      repo.git(['stash', '--include-untracked']);
    }
  }
}
