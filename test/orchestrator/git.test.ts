import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { LabError } from '../../orchestrator/domain/errors.ts';
import type { CommitOrder, Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { makeRepo, snapshot } from '../support/repo.ts';
import type { RepoOptions, TestRepo } from '../support/repo.ts';

const repos: TestRepo[] = [];
afterEach(() => {
  for (const repo of repos.splice(0)) repo.remove();
});

async function open(
  options: RepoOptions = {},
): Promise<{ repo: TestRepo; lab: Repository; base: string }> {
  const repo = makeRepo(options);
  repos.push(repo);
  const lab = await openRepository(repo.root, repo.env);
  return { repo, lab, base: repo.git(['rev-parse', 'HEAD']) };
}

const trouble = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => expect.fail('expected it to fail'),
    (error: unknown) => error as LabError,
  );

const NEW_RATE = 'const LEARNING_RATE = 0.2;\nconsole.log(LEARNING_RATE);\n';
const order = (
  parent: string,
  files: Readonly<Record<string, string | null>>,
  branch = 'autolab/E-0001',
): CommitOrder => ({
  branch,
  parent,
  message: 'A hypothesis\n\nbecause of reasons\n',
  change: { kind: 'files', files: new Map(Object.entries(files)) },
});
const patch = (parent: string, diff: string, branch = 'autolab/E-0001'): CommitOrder => ({
  branch,
  parent,
  message: 'A patch\n',
  change: { kind: 'patch', diff },
});

describe('opening a repository', () => {
  test('finds the top level from a folder inside it', async () => {
    const { repo } = await open({ files: { 'src/a.txt': 'a' } });
    const lab = await openRepository(join(repo.root, 'src'), repo.env);
    expect(lab.root).toBe(repo.root);
    expect(lab.gitDir).toBe(join(repo.root, '.git'));
  });

  test('finds it through a symlink', async () => {
    const { repo } = await open({ files: { 'src/a.txt': 'a' } });
    symlinkSync(join(repo.root, 'src'), join(repo.folder, 'link'));
    const lab = await openRepository(join(repo.folder, 'link'), repo.env);
    expect(lab.root).toBe(repo.root);
    expect(lab.gitDir).toBe(join(repo.root, '.git'));
  });

  test('says what to do in a folder that is no repository, in a missing one, a bare one, an empty one', async () => {
    const { repo } = await open();
    const at = (name: string): string => join(repo.folder, name);
    for (const name of ['plain', 'empty']) mkdirSync(at(name));
    repo.git(['init', '--quiet', '--bare', at('bare')]);
    repo.git(['init', '--quiet'], at('empty'));
    for (const [name, words] of [
      ['plain', 'git init'],
      ['missing', 'no folder'],
      ['bare', 'git worktree add'],
      ['empty', 'no commit yet'],
    ] as const) {
      const error = await trouble(openRepository(at(name), repo.env));
      expect(error).toMatchObject({ name: 'LabError', code: 'not_found' });
      expect(error.message).toContain(words);
    }
  });

  test('listens to no GIT_DIR of the environment', async () => {
    const { repo } = await open();
    const lab = await openRepository(repo.root, {
      ...repo.env,
      GIT_DIR: '/nowhere',
      GIT_INDEX_FILE: '/nowhere',
      EDITOR: 'false',
    });
    expect(await lab.listFiles('HEAD')).toContain('train.mjs');
  });

  test('takes a linked worktree of a bare repository for the checkout', async () => {
    const { repo, base } = await open();
    const bare = join(repo.folder, 'bare.git');
    const linked = join(repo.folder, 'linked');
    repo.git(['clone', '--quiet', '--bare', repo.root, bare]);
    repo.git(['worktree', 'add', '--quiet', linked, 'main'], bare);
    const lab = await openRepository(linked, repo.env);
    expect({ root: lab.root, gitDir: lab.gitDir }).toEqual({ root: linked, gitDir: bare });
    const made = await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    const slot = join(repo.folder, 'slot');
    await lab.checkOut(slot, made, []);
    expect(readFileSync(join(slot, 'train.mjs'), 'utf8')).toBe(NEW_RATE);
    await lab.promote({
      base: await lab.resolveBase('main'),
      commit: made,
      message: 'promote',
      files: new Map(),
    });
    expect(readFileSync(join(linked, 'train.mjs'), 'utf8')).toBe(NEW_RATE);
    expect(repo.git(['status', '--porcelain'], linked)).toBe('');
  });
});

describe('base', () => {
  test('is the branch checked out, whatever its name', async () => {
    const { lab, base } = await open({ branch: 'forschung/größer' });
    expect(await lab.resolveBase(undefined)).toEqual({ branch: 'forschung/größer', commit: base });
    expect(await lab.resolveBase('forschung/größer')).toEqual({
      branch: 'forschung/größer',
      commit: base,
    });
  });

  test('has no branch on a detached HEAD', async () => {
    const { repo, lab, base } = await open();
    repo.git(['checkout', '--quiet', '--detach']);
    expect(await lab.resolveBase(undefined)).toEqual({ branch: null, commit: base });
  });

  test('that does not exist is not found', async () => {
    const { lab } = await open();
    expect(await trouble(lab.resolveBase('--help'))).toMatchObject({
      code: 'not_found',
      where: '--help',
    });
  });
});

describe('reading', () => {
  test('gives the text of regular files at a commit, and null for the rest', async () => {
    const { repo, lab } = await open({ name: 'mein Labor ü' });
    symlinkSync('train.mjs', join(repo.root, 'link'));
    writeFileSync(join(repo.root, 'model.bin'), Buffer.from([0xff, 0xfe, 0x00]));
    const at = repo.commit('more', { 'öl/a b*.txt': 'text\r\n', 'öl/a bc.txt': 'other' });
    repo.write({ 'train.mjs': 'dirty' });
    expect(await lab.readFile(at, 'öl/a b*.txt')).toBe('text\r\n');
    expect(await lab.readFile(at, 'train.mjs')).toContain('LEARNING_RATE');
    for (const path of ['link', 'öl', 'öl/', 'none', 'model.bin'])
      expect(await lab.readFile(at, path)).toBeNull();
    expect(await lab.listFiles(at)).toEqual(
      expect.arrayContaining(['öl/a b*.txt', 'model.bin', 'train.mjs']),
    );
    expect(await lab.listFiles(at)).not.toContain('link');
  });

  test('dirty paths are modified, staged and untracked ones, and looking rewrites no index', async () => {
    const { repo, lab } = await open({
      files: { 'a.txt': 'a', 'b.txt': 'b', 'ü c.txt': 'c', '.gitignore': 'out/\n' },
    });
    repo.write({ 'a.txt': 'changed', 'ü c.txt': 'changed', 'new/x': 'x', 'out/y': 'y' });
    repo.git(['add', 'a.txt']);
    utimesSync(join(repo.root, 'b.txt'), new Date(), new Date(0));
    const before = readFileSync(join(repo.root, '.git/index'));
    expect((await lab.dirtyPaths()).toSorted()).toEqual(['a.txt', 'new/', 'ü c.txt']);
    expect(readFileSync(join(repo.root, '.git/index'))).toEqual(before);
  });

  test('a diff is plain whatever the settings, and can be applied again, binary files too', async () => {
    const { repo, lab, base } = await open();
    for (const [key, value] of [
      ['diff.noprefix', 'true'],
      ['diff.mnemonicPrefix', 'true'],
      ['color.ui', 'always'],
      ['diff.external', repo.trap('external')],
      ['diff.x.textconv', repo.trap('textconv')],
      ['diff.x.command', repo.trap('driver')],
      ['core.pager', repo.trap('pager')],
    ] as const) {
      repo.git(['config', key, value]);
    }
    writeFileSync(join(repo.root, 'blob'), Buffer.from([0, 1, 2, 255]));
    const next = repo.commit('next', {
      '.gitattributes': '* diff=x\n',
      'ü.txt': 'ü\n',
      'README.md': null,
      'READ ME.md': 'A lab.\n',
    });
    const diff = await lab.diff(base, next);
    expect(diff).toContain('diff --git a/ü.txt b/ü.txt');
    expect(diff).toContain('GIT binary patch');
    expect(await lab.changedPaths(base, next)).toEqual([
      '.gitattributes',
      'READ ME.md',
      'README.md',
      'blob',
      'ü.txt',
    ]);
    expect(repo.marks()).toEqual([]);
    const again = await lab.commit(
      patch(base, diff.replace(/^diff --git a\/\.gitattributes[\s\S]*?(?=^diff)/m, '')),
    );
    expect(await lab.changedPaths(again, next)).toEqual(['.gitattributes']);
  });
});

test('a checkout is as committed where only AutoLab’s own folders and what is ignored lie in it', async () => {
  const { repo, lab } = await open();
  repo.write({ 'experiments/R-0001/start.json': '{}', 'data/notebook/own-runs': '1' });
  repo.write({ 'cache/.gitignore': '*', 'cache/x': '' });
  expect((await lab.uncommitted()).untracked).toEqual([]);
  repo.write({ 'data/mine.csv': '1', 'new/x': '' });
  expect((await lab.uncommitted()).untracked).toEqual(['data/', 'new/']);
});

describe('committing', () => {
  test('changes, adds and deletes files on a branch, and leaves the user’s checkout alone', async () => {
    const { repo, lab } = await open({ name: 'mein Labor' });
    writeFileSync(join(repo.root, 'run.sh'), 'echo\n');
    chmodSync(join(repo.root, 'run.sh'), 0o755);
    const parent = repo.commit('script', { 'a b/ü.txt': 'ü' });
    repo.write({ 'train.mjs': 'dirty', 'new.txt': 'untracked' });
    repo.git(['add', 'train.mjs']);
    const before = snapshot(repo);

    const made = await lab.commit(
      order(parent, {
        'run.sh': 'echo 2\n',
        'a b/ü.txt': null,
        'neu/ö.txt': 'ö\r\n',
        'gone.txt': null,
      }),
    );
    expect(await lab.changedPaths(parent, made)).toEqual(['a b/ü.txt', 'neu/ö.txt', 'run.sh']);
    expect(await lab.readFile(made, 'neu/ö.txt')).toBe('ö\r\n');
    expect(repo.git(['ls-tree', made, 'run.sh'])).toContain('100755');
    expect(repo.git(['log', '-1', '--format=%an <%ae> %cn %P', made])).toBe(
      `AutoLab <autolab@localhost> AutoLab ${parent}`,
    );
    expect(repo.git(['log', '-1', '--format=%B', made])).toContain(
      'A hypothesis\n\nbecause of reasons',
    );
    expect(await lab.branches()).toEqual([{ branch: 'autolab/E-0001', commit: made }]);
    expect(snapshot(repo)).toEqual(before);
  });

  test('the same order gives the same commit, in a clone without an identity too', async () => {
    const { repo, lab, base } = await open();
    const first = await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    expect(await lab.commit(order(base, { 'train.mjs': NEW_RATE }))).toBe(first);
    const clone = join(repo.folder, 'clone');
    repo.git(['clone', '--quiet', repo.root, clone]);
    const other = await openRepository(clone, { ...repo.env, USER: '', LOGNAME: '' });
    expect(await other.commit(order(base, { 'train.mjs': NEW_RATE }))).toBe(first);
  });

  test('never moves a branch that stands elsewhere', async () => {
    const { repo, lab, base } = await open();
    const first = await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    const error = await trouble(lab.commit(order(base, { 'train.mjs': 'other' })));
    expect(error).toMatchObject({ code: 'refused', where: 'autolab/E-0001' });
    expect(error.message).toContain('git branch -m');
    expect(repo.git(['rev-parse', 'autolab/E-0001'])).toBe(first);
  });

  test('applies a patch to the parent, not to the checkout', async () => {
    const { repo, lab, base } = await open();
    repo.write({ 'train.mjs': 'dirty' });
    const before = snapshot(repo);
    // As models write them: no last newline.
    const diff =
      '--- a/train.mjs\n+++ b/train.mjs\n@@ -1,2 +1,2 @@\n-const LEARNING_RATE = 0.1;\n+const LEARNING_RATE = 0.2;\n console.log(LEARNING_RATE);';
    const made = await lab.commit(patch(base, diff));
    expect(await lab.readFile(made, 'train.mjs')).toBe(NEW_RATE);
    expect(snapshot(repo)).toEqual(before);
  });

  test('a patch that does not apply is a conflict, with git’s first complaint', async () => {
    const { lab, base } = await open();
    const diff = '--- a/train.mjs\n+++ b/train.mjs\n@@ -1,1 +1,1 @@\n-nothing like it\n+x\n';
    const error = await trouble(lab.commit(patch(base, diff)));
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error.message).toContain('train.mjs:1');
    expect(await trouble(lab.commit(patch(base, 'Sure! Here is your patch.')))).toMatchObject({
      code: 'conflict',
    });
    expect(await trouble(lab.commit(patch(base, '')))).toMatchObject({ code: 'conflict' });
    expect(await lab.branches()).toEqual([]);
  });

  const added = (path: string, mode: string, line: string): string =>
    `diff --git a/${path} b/${path}\nnew file mode ${mode}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${line}\n`;
  test.each([
    ['a symlink', 'link', added('link', '120000', '/etc/passwd')],
    [
      'a submodule',
      'sub',
      added('sub', '160000', 'Subproject commit 0123456789012345678901234567890123456789'),
    ],
    ['attributes', 'src/.gitattributes', added('src/.gitattributes', '100644', '* filter=x')],
    ['submodule settings', '.gitmodules', added('.gitmodules', '100644', '[submodule "x"]')],
    ['another case of them', '.GitModules', added('.GitModules', '100644', '[submodule "x"]')],
    ['a path outside', '../x', added('../x', '100644', 'x')],
    ['a path in .git', '.git/hooks/x', added('.git/hooks/x', '100755', 'x')],
    [
      'a file turned symlink',
      'README.md',
      `diff --git a/README.md b/README.md\ndeleted file mode 100644\n--- a/README.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-A lab.\n${added('README.md', '120000', '/etc')}`,
    ],
  ])('a patch that makes %s is refused, naming it', async (_what, path, diff) => {
    const { lab, base } = await open();
    expect(await trouble(lab.commit(patch(base, diff)))).toMatchObject({
      code: 'refused',
      where: path,
    });
    expect(await lab.branches()).toEqual([]);
  });

  test('files that are symlinks, folders or steer git are refused, and so are impossible paths', async () => {
    const { repo, lab } = await open();
    symlinkSync('train.mjs', join(repo.root, 'link'));
    const parent = repo.commit('link', { 'src/a.txt': 'a' });
    for (const path of [
      'link',
      'src',
      'x/.gitattributes',
      '.gitmodules',
      '../x',
      '.git/config',
      'link/x',
      '',
    ]) {
      const { code, message } = await trouble(lab.commit(order(parent, { [path]: 'x' })));
      expect({ path, code, message }).toMatchObject({ code: 'refused' });
    }
  });

  test('a file can become a folder', async () => {
    const { lab, base } = await open({ files: { utils: 'u', 'src/a.txt': 'a' } });
    const made = await lab.commit(order(base, { 'utils/a': 'a', utils: null }));
    expect(await lab.listFiles(made)).toEqual(['src/a.txt', 'utils/a']);
    const twice = { src: 'x', 'src/a.txt': 'y' };
    expect(await trouble(lab.commit(order(base, twice)))).toMatchObject({ code: 'refused' });
  });

  test('a change that changes nothing is refused', async () => {
    const { repo, lab, base } = await open();
    const same = repo.read('train.mjs');
    expect(await trouble(lab.commit(order(base, { 'train.mjs': same })))).toMatchObject({
      code: 'refused',
    });
    expect(await trouble(lab.commit(order(base, {})))).toMatchObject({ code: 'refused' });
    expect(await trouble(lab.commit(order(base, { none: null })))).toMatchObject({
      code: 'refused',
    });
  });

  test('an unknown parent is not found', async () => {
    const { lab } = await open();
    expect(await trouble(lab.commit(order('0123456789', { a: 'a' })))).toMatchObject({
      code: 'not_found',
    });
  });

  test('works where the user signs commits, and the message is empty', async () => {
    const { repo, lab, base } = await open();
    repo.git(['config', 'commit.gpgsign', 'true']);
    repo.git(['config', 'gpg.program', repo.trap('gpg')]);
    repo.git(['config', 'log.showSignature', 'true']);
    await lab.commit({ ...order(base, { 'train.mjs': NEW_RATE }), message: '' });
    expect(repo.marks()).toEqual([]);
  });

  test('a lock that a killed git left on our branch is removed', async () => {
    const { repo, lab, base } = await open();
    const lock = join(repo.root, '.git/refs/heads/autolab/E-0001.lock');
    repo.write({ '.git/refs/heads/autolab/E-0001.lock': '' });
    await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    expect(existsSync(lock)).toBe(false);
  });

  test('several at once do not disturb each other', async () => {
    const { lab, base } = await open();
    const ids = [1, 2, 3, 4, 5, 6];
    const made = await Promise.all(
      ids.map((n) => lab.commit(order(base, { 'train.mjs': `${n}` }, `autolab/E-000${n}`))),
    );
    expect(await Promise.all(made.map((commit) => lab.readFile(commit, 'train.mjs')))).toEqual(
      ids.map(String),
    );
  });
});

describe('branches', () => {
  test('lie below autolab, and ids go on after the highest', async () => {
    const { repo, lab, base } = await open();
    expect(await lab.branchPrefix()).toBe('autolab');
    expect(await lab.highestExperiment()).toBe(-1);
    await lab.createBranch('autolab/E-0000', base);
    await lab.createBranch('autolab/E-0000', base);
    await lab.createBranch('autolab/E-0041', base);
    repo.git(['branch', 'autolab/E-0099-mine']);
    repo.git(['branch', 'autolabor/E-0100']);
    expect(await lab.highestExperiment()).toBe(41);
    const next = repo.commit('next', { a: 'a' });
    expect(await trouble(lab.createBranch('autolab/E-0000', next))).toMatchObject({
      code: 'refused',
    });
  });

  test('give way to a branch named autolab', async () => {
    const { repo, lab, base } = await open();
    repo.git(['branch', 'autolab']);
    expect(await lab.branchPrefix()).toBe('autolab-lab');
    await lab.createBranch('autolab-lab/E-0007', base);
    expect(await lab.highestExperiment()).toBe(7);
    expect(await lab.branches()).toEqual([{ branch: 'autolab-lab/E-0007', commit: base }]);
  });

  test('of ours can be deleted, twice; others and checked out ones can’t', async () => {
    const { repo, lab, base } = await open();
    await lab.createBranch('autolab/E-0001', base);
    await lab.deleteBranch('autolab/E-0001');
    await lab.deleteBranch('autolab/E-0001');
    expect(await lab.branches()).toEqual([]);
    expect(await trouble(lab.deleteBranch('main'))).toMatchObject({ code: 'refused' });
    repo.git(['checkout', '--quiet', '-b', 'autolab/E-0002']);
    expect(await trouble(lab.deleteBranch('autolab/E-0002'))).toMatchObject({ code: 'refused' });
  });
});

describe('a worktree', () => {
  async function slot(options: RepoOptions = {}) {
    const { repo, lab, base } = await open(options);
    const folder = join(repo.folder, 'cache', 'slot 1');
    const keep = ['.venv', 'data/corpus'];
    return { repo, lab, base, folder, keep, at: (path: string): string => join(folder, path) };
  }
  const clean = { tracked: [] };

  test('is made outside the repository, and the user’s checkout does not notice', async () => {
    const { repo, lab, base, folder, at } = await slot({ name: 'mein Labor ü' });
    const before = snapshot(repo);
    await lab.checkOut(folder, base, []);
    expect(readFileSync(at('train.mjs'), 'utf8')).toContain('0.1');
    expect(repo.git(['rev-parse', '--abbrev-ref', 'HEAD'], folder)).toBe('HEAD');
    expect(repo.git(['status', '--porcelain'], folder)).toBe('');
    expect(readdirSync(join(repo.folder, 'cache'))).toEqual(['slot 1']);
    expect(snapshot(repo)).toEqual(before);
  });

  test('goes from commit to commit', async () => {
    const { lab, base, folder, at } = await slot();
    const made = await lab.commit(
      order(base, { 'train.mjs': NEW_RATE, 'src/new.txt': 'new', 'README.md': null }),
    );
    await lab.checkOut(folder, made, []);
    expect(readFileSync(at('train.mjs'), 'utf8')).toBe(NEW_RATE);
    expect([existsSync(at('src/new.txt')), existsSync(at('README.md'))]).toEqual([true, false]);
    await lab.checkOut(folder, base, []);
    expect([existsSync(at('src')), existsSync(at('README.md'))]).toEqual([false, true]);
    expect(await lab.worktreeChanges(folder, base)).toEqual(clean);
  });

  test('is cleaned of folders that lie deeper than a path may be long, read-only ones too', async () => {
    const { lab, folder, base, at } = await slot({ files: { 'train.mjs': 'x' } });
    await lab.checkOut(folder, base, []);
    const nest = `import os
for i in range(30):
    os.mkdir('d' * 200); os.chdir('d' * 200)
open(b'\\xff', 'w').close(); os.chmod('.', 0o500)`;
    execFileSync('python3', ['-c', nest], { cwd: folder });
    await lab.checkOut(folder, base, []);
    expect(readdirSync(folder).toSorted()).toEqual(['.git', 'train.mjs']);
    execFileSync('python3', ['-c', nest], { cwd: folder });
    await lab.removeWorktree(folder);
    expect(existsSync(at('.'))).toBe(false);
  });

  test('is cleaned of all that a run left but for what is kept', async () => {
    const { repo, lab, folder, keep, at } = await slot({
      files: {
        'train.mjs': 'x',
        'src/a.txt': 'a',
        'data/README.md': 'data',
        '.gitignore': 'out/\n*.log\n',
      },
    });
    const base = repo.git(['rev-parse', 'HEAD']);
    const outside = join(repo.folder, 'outside');
    repo.write({ precious: 'precious' }, outside);
    await lab.checkOut(folder, base, keep);

    repo.write(
      {
        'new.txt': '',
        'out/x': '',
        'src/b.log': '',
        '.venv/bin/python': 'python',
        'data/new': '',
        '.venv2/x': '',
        'data/corpus.bak': '',
      },
      folder,
    );
    symlinkSync(outside, at('data/corpus'));
    symlinkSync(outside, at('elsewhere'));
    for (const nested of ['nested', 'out/nested', '.venv/nested']) {
      mkdirSync(at(nested), { recursive: true });
      repo.git(['init', '--quiet'], at(nested));
      repo.write({ file: 'x' }, at(nested));
    }
    // In the places of tracked things: a symlink for a folder, a folder for a file.
    rmSync(at('src'), { recursive: true });
    symlinkSync(outside, at('src'));
    rmSync(at('train.mjs'));
    repo.write({ 'train.mjs/x': 'x', 'train.mjs/.git/config': '' }, folder);

    await lab.checkOut(folder, base, [...keep, 'train.mjs']);
    expect(readdirSync(folder).toSorted()).toEqual([
      '.git',
      '.gitignore',
      '.venv',
      'data',
      'src',
      'train.mjs',
    ]);
    expect(readdirSync(at('data')).toSorted()).toEqual(['README.md', 'corpus']);
    expect(readdirSync(at('src'))).toEqual(['a.txt']);
    expect(lstatSync(at('data/corpus')).isSymbolicLink()).toBe(true);
    expect(readdirSync(at('.venv')).toSorted()).toEqual(['bin', 'nested']);
    expect(readFileSync(at('train.mjs'), 'utf8')).toBe('x');
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  });

  test('keeps paths literally, not as patterns, and none outside', async () => {
    const { repo, lab, base, folder, at } = await slot();
    await lab.checkOut(folder, base, []);
    repo.write({ 'a*': '', ab: '', '!x': '', '[y]': '', y: '', 'deep/z': '', z: '' }, folder);
    await lab.checkOut(folder, base, ['./a*', '!x', '[y]/', 'z']);
    expect(
      ['a*', 'ab', '!x', '[y]', 'y', 'deep', 'z'].filter((path) => existsSync(at(path))),
    ).toEqual(['a*', '!x', '[y]', 'z']);
    for (const path of ['../x', '/etc', '.', 'a/../..']) {
      expect(await trouble(lab.checkOut(folder, base, [path]))).toMatchObject({ code: 'refused' });
    }
  });

  test('does not follow a kept path’s parent that a run made a symlink', async () => {
    const { repo, lab, base, folder, at } = await slot();
    const outside = join(repo.folder, 'outside');
    repo.write({ 'corpus/x': 'x', other: 'other' }, outside);
    await lab.checkOut(folder, base, ['data/corpus']);
    symlinkSync(outside, at('data'));
    await lab.checkOut(folder, base, ['data/corpus']);
    expect(existsSync(at('data'))).toBe(false);
    expect(readdirSync(outside).toSorted()).toEqual(['corpus', 'other']);
  });

  test('gets every tracked byte back, though a run set the clock of a file back', async () => {
    const { repo, lab, base, folder, at } = await slot();
    repo.git(['config', 'core.trustctime', 'false']);
    repo.git(['config', 'core.checkStat', 'minimal']);
    await lab.checkOut(folder, base, []);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await lab.checkOut(folder, base, []);
    const { atime, mtime } = statSync(at('train.mjs'));
    writeFileSync(at('train.mjs'), readFileSync(at('train.mjs'), 'utf8').replace('0.1', '0.9'));
    utimesSync(at('train.mjs'), atime, mtime);
    expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: ['train.mjs'] });
    await lab.checkOut(folder, base, []);
    expect(readFileSync(at('train.mjs'), 'utf8')).toContain('0.1');
  });

  // test/faults/git.test.ts has a sample of such damages in `npm test`.
  test.runIf(process.env['FULL'])(
    'is made again where it, its .git file, its administration or its index is missing or damaged',
    async () => {
      const { repo, lab, base, folder, keep, at } = await slot();
      const admin = join(repo.root, '.git/worktrees/slot-1');
      const damages: readonly (() => void)[] = [
        () => rmSync(folder, { recursive: true }),
        () => rmSync(at('.git')),
        () => writeFileSync(at('.git'), 'gitdir: /nowhere\n'),
        () => {
          rmSync(at('.git'));
          symlinkSync('/nowhere', at('.git'));
        },
        () => rmSync(admin, { recursive: true }),
        () => {
          rmSync(at('.git'));
          repo.git(['worktree', 'prune']);
        },
        () => {
          rmSync(folder, { recursive: true });
          repo.git(['worktree', 'prune']);
        },
        () => {
          rmSync(folder, { recursive: true });
          symlinkSync(repo.root, folder);
        },
        () =>
          writeFileSync(
            join(repo.git(['rev-parse', '--absolute-git-dir'], folder), 'index'),
            'rubbish',
          ),
        () =>
          writeFileSync(join(repo.git(['rev-parse', '--absolute-git-dir'], folder), 'index'), ''),
        () =>
          writeFileSync(join(repo.git(['rev-parse', '--absolute-git-dir'], folder), 'HEAD'), ''),
        () =>
          writeFileSync(
            join(repo.git(['rev-parse', '--absolute-git-dir'], folder), 'index.lock'),
            '',
          ),
        () =>
          writeFileSync(
            join(repo.git(['rev-parse', '--absolute-git-dir'], folder), 'HEAD.lock'),
            '',
          ),
      ];
      const before = snapshot(repo);
      await lab.checkOut(folder, base, keep);
      for (const [n, damage] of damages.entries()) {
        repo.write({ '.venv/x': 'kept', 'train.mjs': 'changed', left: 'left' }, folder);
        damage();
        const there = existsSync(at('.venv/x'));
        await lab.checkOut(folder, base, keep);
        expect(readFileSync(at('train.mjs'), 'utf8'), `damage ${n}`).toContain('0.1');
        expect(existsSync(at('left')), `damage ${n}`).toBe(false);
        expect(existsSync(at('.venv/x')), `damage ${n}`).toBe(there);
        expect(repo.git(['status', '--porcelain', '-uno'], folder), `damage ${n}`).toBe('');
        expect(
          repo.git(['worktree', 'list', '--porcelain']).match(/^worktree /gm),
          `damage ${n}`,
        ).toHaveLength(2);
      }
      expect(snapshot(repo)).toEqual(before);
    },
  );

  test('whose .git a run replaced by a repository of its own never runs what that one says', async () => {
    const { repo, lab, base, folder, at } = await slot();
    await lab.checkOut(folder, base, []);
    rmSync(at('.git'));
    repo.git(['init', '--quiet'], folder);
    repo.git(['config', 'core.fsmonitor', repo.trap('fsmonitor')], folder);
    repo.git(['config', 'filter.x.clean', repo.trap('clean')], folder);
    repo.write({ '.gitattributes': '* filter=x\n', 'train.mjs': 'changed' }, folder);
    expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: ['train.mjs'] });
    await lab.checkOut(folder, base, []);
    expect(repo.marks()).toEqual([]);
    expect(lstatSync(at('.git')).isFile()).toBe(true);
    expect(await lab.worktreeChanges(folder, base)).toEqual(clean);
  });

  test('runs no hook, monitor or filter of the user’s settings on an experiment’s files', async () => {
    const { repo, lab, folder } = await slot();
    const base = repo.commit('filtered', { '.gitattributes': '*.mjs filter=strip\n' });
    const hooks = join(repo.root, '.git/hooks');
    mkdirSync(hooks, { recursive: true });
    for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction']) {
      renameSync(repo.trap(hook), join(hooks, hook));
    }
    repo.git(['config', 'core.fsmonitor', repo.trap('fsmonitor')]);
    repo.git(['config', 'filter.strip.smudge', repo.trap('smudge')]);
    repo.git(['config', 'filter.strip.clean', repo.trap('clean')]);
    repo.git(['config', 'filter.strip.process', repo.trap('process')]);
    repo.git(['config', 'filter.strip.required', 'true']);
    await lab.checkOut(folder, base, []);
    repo.write({ 'train.mjs': 'changed', 'x.mjs': 'x' }, folder);
    const made = await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: ['train.mjs'] });
    await lab.checkOut(folder, made, []);
    await lab.removeWorktree(folder);
    await lab.deleteBranch('autolab/E-0001');
    expect(repo.marks()).toEqual([]);
  });

  test('never takes a git that a run left in it for the user’s', async () => {
    const { repo, folder } = await slot();
    const env = { ...repo.env, PATH: `node_modules/.bin:.:${repo.env['PATH']}` };
    const lab = await openRepository(repo.root, env);
    const base = repo.git(['rev-parse', 'HEAD']);
    await lab.checkOut(folder, base, []);
    repo.write({ 'train.mjs': 'changed' }, folder);
    renameSync(repo.trap('git'), join(folder, 'git'));
    expect(await lab.worktreeChanges(folder, base)).toEqual({ tracked: ['train.mjs'] });
    await lab.checkOut(folder, base, []);
    expect(repo.marks()).toEqual([]);
  });

  test('lets git-lfs fill in the data', async () => {
    const { repo, folder } = await slot();
    const bin = join(repo.folder, 'bin');
    mkdirSync(bin);
    renameSync(repo.trap('lfs'), join(bin, 'git-lfs'));
    const base = repo.commit('lfs', {
      '.gitattributes': '*.bin filter=lfs -text\n',
      'data.bin': 'pointer',
    });
    repo.git(['config', 'filter.lfs.smudge', 'git-lfs smudge -- %f']);
    repo.git(['config', 'filter.lfs.clean', 'git-lfs clean -- %f']);
    const lab = await openRepository(repo.root, {
      ...repo.env,
      PATH: `${bin}:${repo.env['PATH']}`,
    });
    await lab.checkOut(folder, base, []);
    expect(repo.marks()).toEqual(['lfs']);
  });

  test('shows bytes as committed, and all of them, whatever the settings', async () => {
    const { repo, lab, folder, at } = await slot();
    const base = repo.commit('lines', { 'a.txt': 'one\ntwo\n', 'deep/b.txt': 'b\n' });
    repo.git(['config', 'core.autocrlf', 'true']);
    repo.write({ attributes: '*.txt eol=crlf\n' }, repo.folder);
    repo.git(['config', 'core.attributesFile', join(repo.folder, 'attributes')]);
    repo.git(['sparse-checkout', 'set', 'nothing']);
    await lab.checkOut(folder, base, []);
    expect(readFileSync(at('a.txt'), 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(at('deep/b.txt'), 'utf8')).toBe('b\n');
    expect(await lab.worktreeChanges(folder, base)).toEqual(clean);
  });

  test('tells changed and deleted tracked files, and is not misled by untracked ones', async () => {
    const { repo, lab, base, folder, at } = await slot();
    await lab.checkOut(folder, base, []);
    repo.write(
      { 'train.mjs': 'changed', 'README.md': null, 'ü b.txt': '', 'new/deep.txt': '', 'out/x': '' },
      folder,
    );
    mkdirSync(at('nested'));
    repo.git(['init', '--quiet'], at('nested'));
    utimesSync(at('.gitignore'), new Date(0), new Date(0));
    expect(await lab.worktreeChanges(folder, base)).toEqual({
      tracked: ['README.md', 'train.mjs'],
    });
    expect(await trouble(lab.worktreeChanges(join(repo.folder, 'none'), base))).toMatchObject({
      code: 'not_found',
    });
  });

  test('is removed without a trace, twice if need be', async () => {
    const { repo, lab, base, folder } = await slot();
    await lab.checkOut(folder, base, []);
    repo.write({ 'x/y': 'y' }, folder);
    await lab.removeWorktree(folder);
    await lab.removeWorktree(folder);
    expect(existsSync(folder)).toBe(false);
    expect(repo.git(['worktree', 'list', '--porcelain']).match(/^worktree /gm)).toHaveLength(1);
  });

  test('never takes the place of what is not AutoLab’s', async () => {
    const { repo, lab, base } = await slot();
    const mine = join(repo.folder, 'mine');
    repo.git(['worktree', 'add', '--quiet', '--detach', mine]);
    const foreign = join(repo.folder, 'foreign');
    mkdirSync(foreign);
    repo.git(['init', '--quiet'], foreign);
    const before = snapshot(repo);
    for (const folder of [
      repo.root,
      repo.folder,
      join(repo.root, 'slots/1'),
      join(repo.root, '.git/slot'),
      mine,
      foreign,
    ]) {
      const codes = [
        (await trouble(lab.checkOut(folder, base, []))).code,
        (await trouble(lab.removeWorktree(folder))).code,
      ];
      expect({ folder, codes }).toEqual({ folder, codes: ['refused', 'refused'] });
    }
    expect(snapshot(repo)).toEqual(before);
    expect(existsSync(join(mine, 'train.mjs'))).toBe(true);
    expect(existsSync(join(repo.root, 'slots'))).toBe(false);
  });

  test('in which a script checked out a branch is detached again, and the branch stays', async () => {
    const { repo, lab, base, folder } = await slot();
    repo.git(['checkout', '--quiet', '-b', 'feature']);
    await lab.checkOut(folder, base, []);
    repo.git(['checkout', '--quiet', 'main'], folder);
    repo.git(['commit', '--quiet', '--allow-empty', '-m', 'by the script'], folder);
    const tip = repo.git(['rev-parse', 'main']);
    const made = await lab.commit(order(base, { 'train.mjs': NEW_RATE }));
    await lab.checkOut(folder, made, []);
    expect(repo.git(['rev-parse', 'main'])).toBe(tip);
    expect(repo.git(['rev-parse', '--abbrev-ref', 'HEAD'], folder)).toBe('HEAD');
    expect(await lab.worktreeChanges(folder, made)).toEqual(clean);
  });

  test('of several slots can be made at once', async () => {
    const { repo, lab, base } = await slot();
    const folders = [1, 2, 3, 4].map((n) => join(repo.folder, `cache-${n}`, 'slot'));
    await Promise.all(folders.map((folder) => lab.checkOut(folder, base, [])));
    for (const folder of folders) expect(await lab.worktreeChanges(folder, base)).toEqual(clean);
  });
});
