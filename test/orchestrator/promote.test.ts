import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { LabError } from '../../orchestrator/domain/errors.ts';
import type { Base } from '../../orchestrator/domain/event.ts';
import type { PromoteOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import type { RepoOptions, TestRepo } from '../support/repo.ts';

const repos: TestRepo[] = [];
afterEach(() => {
  for (const repo of repos.splice(0)) repo.remove();
});

const TRAIN = 'train.mjs';
const SCORES = 'experiments/scores.json';
const WORSE = 'rate = 0.1\n\n\n\n\n\n\ndepth = 2\n';
const BETTER = 'rate = 0.2\n\n\n\n\n\n\ndepth = 2\n';
const FILES = {
  [TRAIN]: WORSE,
  'notes ü.md': 'notes\n',
  'old.txt': 'old\n',
  '.gitignore': '*.local\n',
};

interface Situation {
  readonly repo: TestRepo;
  readonly lab: Repository;
  readonly base: Base;
  /** On branch autolab/E-0001: train.mjs changed, old.txt deleted, src/new.mjs and kept.local added. */
  readonly experiment: string;
  readonly order: (changes?: Partial<PromoteOrder>) => PromoteOrder;
}

async function evening(options: RepoOptions = {}): Promise<Situation> {
  const repo = makeRepo({ files: FILES, ...options });
  repos.push(repo);
  const lab = await openRepository(repo.root, { ...repo.env, USER: '', LOGNAME: '' });
  const base = await lab.resolveBase(undefined);
  const files = {
    [TRAIN]: BETTER,
    'old.txt': null,
    'src/new.mjs': 'new\n',
    'kept.local': 'tracked\n',
  };
  const experiment = await lab.commit({
    branch: 'autolab/E-0001',
    parent: base.commit,
    message: 'Raise the rate\n',
    change: { kind: 'files', files: new Map(Object.entries(files)) },
  });
  const order: Situation['order'] = (changes = {}) => ({
    base,
    commit: experiment,
    message: 'Promote E-0001\n\nrate = 0.2\n',
    files: new Map([[SCORES, (old) => `${old ?? ''}E-0001\n`]]),
    ...changes,
  });
  return { repo, lab, base, experiment, order };
}

const trouble = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => expect.fail('expected it to fail'),
    (error: unknown) => error as LabError,
  );

/** Promoting is refused in the way expected, and nothing at all has changed. */
async function refuses(
  situation: Situation,
  expected: Partial<LabError>,
  changes: Partial<PromoteOrder> = {},
): Promise<LabError> {
  const { repo, lab, order, base } = situation;
  const refs = (): string => repo.git(['for-each-ref']);
  const before = { ...snapshot(repo), refs: refs() };
  const error = await trouble(lab.promote(order(changes)));
  expect(error).toMatchObject({ name: 'LabError', ...expected });
  expect({ ...snapshot(repo), refs: refs() }).toEqual(before);
  expect(repo.git(['rev-parse', base.commit])).toBe(base.commit);
  return error;
}

describe('promoting to the branch that is checked out', () => {
  test('brings a merge commit under the user’s name, the files of the change and the evidence', async () => {
    const { repo, lab, base, experiment, order } = await evening({
      name: 'mein Labor ü',
      branch: 'trunk/ü',
    });
    const { branch, commit } = await lab.promote(order());
    expect(branch).toBe('trunk/ü');
    expect(repo.git(['rev-parse', 'HEAD', 'trunk/ü'])).toBe(`${commit}\n${commit}`);
    expect(repo.git(['symbolic-ref', 'HEAD'])).toBe('refs/heads/trunk/ü');
    expect(repo.git(['log', '-1', '--format=%P|%an <%ae>|%cn|%s'])).toBe(
      `${base.commit} ${experiment}|Ada <ada@example.com>|Ada|Promote E-0001`,
    );
    expect(repo.git(['diff', '--name-only', base.commit, commit])).toBe(
      ['experiments/scores.json', 'kept.local', 'old.txt', 'src/new.mjs', 'train.mjs'].join('\n'),
    );
    expect([repo.read(TRAIN), repo.read(SCORES), repo.read('src/new.mjs')]).toEqual([
      BETTER,
      'E-0001\n',
      'new\n',
    ]);
    expect(existsSync(join(repo.root, 'old.txt'))).toBe(false);
    expect(repo.git(['status', '--porcelain'])).toBe('');
  });

  test('leaves dirty, staged, untracked and ignored paths elsewhere exactly as they are', async () => {
    const { repo, lab, order } = await evening({
      files: { ...FILES, 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'd.txt': 'd' },
    });
    repo.write({
      'a.txt': 'staged',
      'b.txt': 'staged too',
      'fresh.txt': 'added',
      'c.txt': 'dirty',
      'd.txt': null,
    });
    repo.git(['add', 'a.txt', 'b.txt', 'fresh.txt']);
    repo.write({
      'b.txt': 'and dirty',
      'untracked.txt': 'u',
      'x.local': 'ignored',
      'experiments/E-0001/FINDINGS.md': 'f',
    });
    const look = (): Readonly<Record<string, string>> => ({
      status: repo.git(['status', '--porcelain', '--untracked-files=all']),
      staged: repo.git(['diff', '--cached']),
      dirty: repo.git(['diff']),
      ignored: repo.read('x.local'),
      untracked: repo.read('untracked.txt') + repo.read('experiments/E-0001/FINDINGS.md'),
    });
    const before = look();
    await lab.promote(order());
    expect(look()).toEqual(before);
    expect([repo.read(TRAIN), repo.read(SCORES)]).toEqual([BETTER, 'E-0001\n']);
  });

  const inTheWay: readonly [string, string, (repo: TestRepo) => unknown][] = [
    ['is modified', TRAIN, (repo: TestRepo) => repo.write({ [TRAIN]: 'mine' })],
    ['is deleted', TRAIN, (repo: TestRepo) => repo.write({ [TRAIN]: null })],
    [
      'is to be deleted but modified',
      'old.txt',
      (repo: TestRepo) => repo.write({ 'old.txt': 'mine' }),
    ],
    [
      'is staged',
      TRAIN,
      (repo: TestRepo) => {
        repo.write({ [TRAIN]: 'mine' });
        repo.git(['add', TRAIN]);
      },
    ],
    [
      'is staged and put back',
      TRAIN,
      (repo: TestRepo) => {
        repo.write({ [TRAIN]: 'mine' });
        repo.git(['add', TRAIN]);
        repo.write({ [TRAIN]: WORSE });
      },
    ],
    [
      'lies there untracked',
      'src/new.mjs',
      (repo: TestRepo) => repo.write({ 'src/new.mjs': 'mine' }),
    ],
    [
      'lies there untracked as the evidence',
      SCORES,
      (repo: TestRepo) => repo.write({ [SCORES]: 'mine' }),
    ],
    ['lies there ignored', 'kept.local', (repo: TestRepo) => repo.write({ 'kept.local': 'mine' })],
    [
      'is an untracked folder',
      'src/new.mjs',
      (repo: TestRepo) => repo.write({ 'src/new.mjs/mine': 'mine' }),
    ],
    ['has an untracked file for a folder', 'src', (repo: TestRepo) => repo.write({ src: 'mine' })],
  ];
  const sample = inTheWay.filter((_, n) => n % 3 === 0);
  test.each(process.env['FULL'] ? inTheWay : sample)(
    'is refused, naming it, where a path it changes %s',
    async (_how, path, spoil) => {
      const situation = await evening();
      spoil(situation.repo);
      const error = await refuses(situation, { code: 'refused' });
      expect(error.message).toContain(path);
    },
  );

  test('does not write through a symlink that lies in the way', async () => {
    const situation = await evening();
    const outside = join(situation.repo.folder, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, join(situation.repo.root, 'src'));
    await refuses(situation, { code: 'refused' });
    expect(existsSync(join(outside, 'new.mjs'))).toBe(false);
  });

  test('names all that is in the way at once', async () => {
    const situation = await evening();
    situation.repo.write({ [TRAIN]: 'mine', 'old.txt': 'mine', 'src/new.mjs': 'mine' });
    const { message } = await refuses(situation, { code: 'refused' });
    for (const path of [TRAIN, 'old.txt', 'src/new.mjs']) expect(message).toContain(path);
  });

  test('merges onto what base has become since the night, its evidence kept', async () => {
    const { repo, lab, experiment, order } = await evening();
    const tip = repo.commit('morning', {
      [TRAIN]: WORSE.replace('depth = 2', 'depth = 3'),
      [SCORES]: 'E-0000\n',
    });
    const { commit } = await lab.promote(order());
    expect(repo.git(['log', '-1', '--format=%P', commit])).toBe(`${tip} ${experiment}`);
    expect(repo.read(TRAIN)).toBe(BETTER.replace('depth = 2', 'depth = 3'));
    expect(repo.read(SCORES)).toBe('E-0000\nE-0001\n');
    expect(repo.git(['status', '--porcelain'])).toBe('');
  });

  test('where base moved in conflict says in which files, and how to do it by hand', async () => {
    const situation = await evening();
    situation.repo.commit('morning', {
      [TRAIN]: WORSE.replace('0.1', '0.3'),
      'old.txt': 'newer\n',
    });
    const { message } = await refuses(situation, { code: 'conflict', where: 'autolab/E-0001' });
    expect(message).toContain(`${'old.txt'}, ${TRAIN}`);
    expect(message).toContain('git switch main && git merge autolab/E-0001');
  });

  test('twice is refused the second time', async () => {
    const situation = await evening();
    await situation.lab.promote(situation.order());
    const { message } = await refuses(situation, { code: 'refused' });
    expect(message).toContain('already');
  });

  test.runIf(process.env['FULL'])(
    'of a commit without shared history is a conflict, of none not found',
    async () => {
      const situation = await evening();
      const { repo } = situation;
      const tree = repo.git(['rev-parse', 'HEAD^{tree}']);
      const orphan = repo.git(['commit-tree', tree, '-m', 'orphan']);
      const unrelated = await refuses(situation, { code: 'conflict' }, { commit: orphan });
      expect(unrelated.message).toContain('share no history');
      await refuses(situation, { code: 'not_found' }, { commit: '0123456789abcdef' });
      await refuses(situation, { code: 'not_found' }, { base: { branch: 'gone', commit: tree } });
    },
  );

  const underWay: readonly [string, readonly string[]][] = [
    ['merge', ['merge', 'theirs']],
    ['cherry-pick', ['cherry-pick', 'theirs']],
    ['revert', ['revert', '--no-edit', 'HEAD~1']],
    ['rebase', ['rebase', 'theirs']],
  ];
  test.each(process.env['FULL'] ? underWay : underWay.slice(0, 1))(
    'is refused while a %s is under way',
    async (what, args) => {
      const situation = await evening();
      const { repo } = situation;
      repo.git(['checkout', '--quiet', '-b', 'theirs']);
      repo.commit('theirs', { 'notes ü.md': 'theirs\n' });
      repo.git(['checkout', '--quiet', 'main']);
      repo.commit('mine', { 'notes ü.md': 'mine\n' });
      repo.commit('mine again', { 'notes ü.md': 'mine again\n' });
      expect(() => repo.git(args)).toThrow('Command failed');
      const { message } = await refuses(situation, { code: 'refused' });
      expect(message).toContain(`git ${what} --abort`);
    },
  );

  test.runIf(process.env['FULL'])(
    'is AutoLab’s commit where git does not know the user',
    async () => {
      const { repo, lab, order } = await evening({ identity: false });
      await lab.promote(order());
      expect(repo.git(['log', '-1', '--format=%an <%ae>|%cn'])).toBe(
        'AutoLab <autolab@localhost>|AutoLab',
      );
      expect(repo.read(TRAIN)).toBe(BETTER);
    },
  );

  test.runIf(process.env['FULL'])(
    'is the user’s commit where only their environment names them',
    async () => {
      const { repo, order } = await evening({ identity: false });
      const name = {
        GIT_AUTHOR_NAME: 'Eve',
        GIT_AUTHOR_EMAIL: 'eve@x',
        GIT_COMMITTER_NAME: 'Eve',
        GIT_COMMITTER_EMAIL: 'eve@x',
      };
      const lab = await openRepository(repo.root, { ...repo.env, ...name });
      await lab.promote(order());
      expect(repo.git(['log', '-1', '--format=%an %cn'])).toBe('Eve Eve');
    },
  );

  test('runs no hook, monitor, signer or editor, whatever merges are set to', async () => {
    const { repo, lab, order } = await evening();
    const hooks = join(repo.root, '.git/hooks');
    mkdirSync(hooks, { recursive: true });
    for (const hook of [
      'pre-merge-commit',
      'post-merge',
      'post-checkout',
      'post-index-change',
      'reference-transaction',
      'pre-commit',
      'commit-msg',
      'prepare-commit-msg',
    ]) {
      renameSync(repo.trap(hook), join(hooks, hook));
    }
    for (const [key, value] of [
      ['core.fsmonitor', repo.trap('fsmonitor')],
      ['core.editor', repo.trap('editor')],
      ['gpg.program', repo.trap('gpg')],
      ['commit.gpgSign', 'true'],
      ['merge.verifySignatures', 'true'],
      ['merge.autoStash', 'true'],
      ['merge.ff', 'false'],
      ['branch.main.mergeOptions', '--squash --no-commit --edit'],
    ] as const) {
      repo.git(['config', key, value]);
    }
    repo.write({ 'notes ü.md': 'dirty' });
    const { commit } = await lab.promote(order());
    expect(repo.marks()).toEqual([]);
    repo.git(['config', '--unset', 'core.fsmonitor']);
    rmSync(hooks, { recursive: true });
    expect(repo.git(['rev-parse', 'main'])).toBe(commit);
    expect(repo.git(['status', '--porcelain', '-z'])).toBe(' M notes ü.md\0');
  });

  test('is done where git is killed after it moved the branch, the files included', async () => {
    const { repo, order } = await evening();
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const bin = join(repo.folder, 'bin');
    mkdirSync(bin);
    const merges = 'case " $* " in *" merge --ff-only "*) kill -9 $$;; esac';
    const script = `#!/bin/sh\n'${real}' "$@"\ncode=$?\n${merges}\nexit $code\n`;
    writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
    const lab = await openRepository(repo.root, {
      ...repo.env,
      PATH: `${bin}:${process.env['PATH']}`,
    });
    const { commit } = await lab.promote(order());
    expect(repo.git(['rev-parse', 'main'])).toBe(commit);
    expect(repo.git(['status', '--porcelain'])).toBe('');
    expect(repo.read('src/new.mjs')).toBe('new\n');
  });

  test.runIf(process.env['FULL'])('applies the user’s own filters to their own files', async () => {
    const situation = await evening({ files: { ...FILES, '.gitattributes': '*.mjs filter=x\n' } });
    const { repo, lab, order } = situation;
    repo.git(['config', 'filter.x.smudge', repo.trap('smudge')]);
    await lab.promote(order());
    expect(new Set(repo.marks())).toEqual(new Set(['smudge']));
    expect(repo.read(TRAIN)).toBe(BETTER);
  });

  test.runIf(process.env['FULL'])(
    'notices a file whose clock alone moved for what it is',
    async () => {
      const { repo, lab, order } = await evening();
      writeFileSync(join(repo.root, TRAIN), WORSE);
      await lab.promote(order());
      expect(repo.read(TRAIN)).toBe(BETTER);
    },
  );
});

describe('promoting to a branch that is not checked out', () => {
  test('moves the branch and touches no checkout', async () => {
    const { repo, lab, order } = await evening();
    repo.git(['checkout', '--quiet', '-b', 'feature']);
    repo.write({ [TRAIN]: 'dirty', 'src/new.mjs': 'mine' });
    const before = snapshot(repo);
    const { branch, commit } = await lab.promote(order());
    expect(snapshot(repo)).toEqual(before);
    expect(branch).toBe('main');
    expect(repo.git(['rev-parse', 'main'])).toBe(commit);
    expect(repo.git(['show', `main:${TRAIN}`])).toContain('0.2');
    expect(repo.git(['show', `main:${SCORES}`])).toBe('E-0001');
  });

  test('merges with what it has become, conflicts included', async () => {
    const { repo, lab, order } = await evening();
    repo.commit('morning', { 'later.txt': 'later' });
    repo.git(['checkout', '--quiet', '--detach']);
    const { commit } = await lab.promote(order());
    expect(await lab.listFiles(commit)).toEqual(
      expect.arrayContaining(['later.txt', 'src/new.mjs', SCORES]),
    );

    const other = await evening();
    other.repo.commit('morning', { [TRAIN]: 'rate = 7' });
    other.repo.git(['checkout', '--quiet', '-b', 'feature']);
    await refuses(other, { code: 'conflict' });
  });

  test.runIf(process.env['FULL'])(
    'is no business of a merge that is under way elsewhere',
    async () => {
      const { repo, lab, order } = await evening();
      repo.git(['checkout', '--quiet', '-b', 'theirs']);
      repo.commit('theirs', { 'notes ü.md': 'theirs\n' });
      repo.git(['checkout', '--quiet', '-b', 'mine', 'main']);
      repo.commit('mine', { 'notes ü.md': 'mine\n' });
      expect(() => repo.git(['merge', 'theirs'])).toThrow('Command failed');
      const before = snapshot(repo);
      await lab.promote(order());
      expect(snapshot(repo)).toEqual(before);
    },
  );
});

describe('promoting to a branch that another worktree of the user’s holds', () => {
  async function elsewhere() {
    const situation = await evening();
    const { repo } = situation;
    repo.git(['checkout', '--quiet', '-b', 'feature']);
    const other = join(repo.folder, 'other place');
    repo.git(['worktree', 'add', '--quiet', other, 'main']);
    return { ...situation, other };
  }

  test('brings that one along, and leaves this one alone', async () => {
    const { repo, lab, order, other } = await elsewhere();
    repo.write({ 'notes ü.md': 'dirty' }, other);
    repo.write({ [TRAIN]: 'dirty' });
    const before = snapshot(repo);
    await lab.promote(order());
    expect(snapshot(repo)).toEqual(before);
    expect(readFileSync(join(other, TRAIN), 'utf8')).toBe(BETTER);
    expect(repo.git(['status', '--porcelain', '-z'], other)).toBe(' M notes ü.md\0');
  });

  test('is refused where that one is dirty in the same paths, or gone', async () => {
    const situation = await elsewhere();
    const { repo, other } = situation;
    repo.write({ [TRAIN]: 'dirty' }, other);
    const before = snapshot(repo, other);
    await refuses(situation, { code: 'refused', where: TRAIN });
    expect(snapshot(repo, other)).toEqual(before);
    rmSync(other, { recursive: true });
    const { message } = await refuses(situation, { code: 'refused', where: other });
    expect(message).toContain('git worktree prune');
  });

  test('works from a linked worktree as the lab', async () => {
    const { repo, order, other } = await elsewhere();
    const before = snapshot(repo);
    const lab = await openRepository(other, repo.env);
    await lab.promote(order({ base: await lab.resolveBase(undefined) }));
    expect(readFileSync(join(other, TRAIN), 'utf8')).toBe(BETTER);
    expect(repo.git(['status', '--porcelain'], other)).toBe('');
    expect(snapshot(repo)).toEqual(before);
  });

  test.runIf(process.env['FULL'])('works where .git lies elsewhere', async () => {
    const { repo, lab, order } = await evening();
    const gitDir = join(repo.folder, 'elsewhere.git');
    repo.git(['init', '--quiet', '--separate-git-dir', gitDir]);
    expect(lab.gitDir).not.toBe(gitDir);
    const moved = await openRepository(repo.root, repo.env);
    expect({ root: moved.root, gitDir: moved.gitDir }).toEqual({ root: repo.root, gitDir });
    await moved.promote(order());
    expect(repo.read(TRAIN)).toBe(BETTER);
    expect(repo.git(['status', '--porcelain'])).toBe('');
  });
});

describe('promoting from a detached HEAD', () => {
  test('creates autolab-best, then advances it, and touches no checkout', async () => {
    const { repo, lab, base, experiment, order } = await evening();
    repo.git(['checkout', '--quiet', '--detach']);
    repo.write({ [TRAIN]: 'dirty' });
    const before = snapshot(repo);
    const detached = await lab.resolveBase(undefined);
    const first = await lab.promote(order({ base: detached }));
    expect(first.branch).toBe('autolab-best');
    expect(repo.git(['log', '-1', '--format=%P', 'autolab-best'])).toBe(
      `${base.commit} ${experiment}`,
    );

    const next = await lab.commit({
      branch: 'autolab/E-0002',
      parent: experiment,
      message: 'deeper',
      change: {
        kind: 'files',
        files: new Map([[TRAIN, BETTER.replace('depth = 2', 'depth = 4')]]),
      },
    });
    const second = await lab.promote(order({ base: detached, commit: next }));
    expect(repo.git(['log', '-1', '--format=%P', 'autolab-best'])).toBe(`${first.commit} ${next}`);
    expect(await lab.readFile(second.commit, SCORES)).toBe('E-0001\nE-0001\n');
    expect(snapshot(repo)).toEqual(before);
    expect(repo.git(['rev-parse', 'main'])).toBe(base.commit);
  });
});
