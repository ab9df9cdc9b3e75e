import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real repository in a temporary folder that knows nothing of the machine's git settings. */
export interface TestRepo {
  /** Holds the repository and whatever a test puts beside it. */
  readonly folder: string;
  /** Top level of the repository. */
  readonly root: string;
  /** What git processes, and AutoLab's, are to inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs git in the repository, or in `cwd`; standard output without its last newline. Throws where it fails. */
  git(args: readonly string[], cwd?: string): string;
  /** Writes files, folders made as needed; null deletes. */
  write(files: Readonly<Record<string, string | null>>, cwd?: string): void;
  read(path: string): string;
  /** Writes, adds and commits everything; the commit's id. */
  commit(message: string, files?: Readonly<Record<string, string | null>>): string;
  /** An executable file that leaves `name` in `marks` when it runs. Its path. */
  trap(name: string): string;
  /** Which traps were run. */
  marks(): readonly string[];
  remove(): void;
}

export interface RepoOptions {
  /** Name of the folder, to have spaces or umlauts in it. */
  readonly name?: string;
  readonly branch?: string;
  /** Whether git knows who the user is; yes unless told otherwise. */
  readonly identity?: boolean;
  /** Files of the first commit. */
  readonly files?: Readonly<Record<string, string>>;
}

const FILES = {
  'train.mjs': 'const LEARNING_RATE = 0.1;\nconsole.log(LEARNING_RATE);\n',
  'README.md': 'A lab.\n',
  '.gitignore': 'out/\n',
};

/** Variables under which git finds no settings but the repository's own. */
function isolatedEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:GIT_|EMAIL$)/.test(name));
  return { ...Object.fromEntries(kept), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
}

export function makeRepo(options: RepoOptions = {}): TestRepo {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'autolab-test-')));
  const root = join(folder, options.name ?? 'lab');
  const env = isolatedEnv();
  const traps = join(folder, 'traps');
  const marks = join(folder, 'marks');
  for (const path of [root, traps]) mkdirSync(path);
  writeFileSync(marks, '');

  const git = (args: readonly string[], cwd = root): string =>
    execFileSync('git', args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).replace(/\n$/, '');
  const write: TestRepo['write'] = (files, cwd = root) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      if (text === null) rmSync(join(cwd, path), { recursive: true, force: true });
      else writeFileSync(join(cwd, path), text);
    }
  };
  const commit: TestRepo['commit'] = (message, files = {}) => {
    write(files);
    git(['add', '--all']);
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    git([...who, 'commit', '--quiet', '--allow-empty', '-m', message]);
    return git(['rev-parse', 'HEAD']);
  };

  git(['init', '--quiet', '-b', options.branch ?? 'main']);
  if (options.identity !== false) {
    git(['config', 'user.name', 'Ada']);
    git(['config', 'user.email', 'ada@example.com']);
  }
  commit('start', options.files ?? FILES);

  return {
    folder,
    root,
    env,
    git,
    write,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    commit,
    trap: (name) => {
      const path = join(traps, name);
      writeFileSync(path, `#!/bin/sh\necho ${name} >> "${marks}"\ncat\n`);
      chmodSync(path, 0o755);
      return path;
    },
    marks: () =>
      readFileSync(marks, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** All that a user would notice of their checkout: HEAD, branches but ours, index, status, files. */
export function snapshot(repo: TestRepo, cwd = repo.root): Readonly<Record<string, string>> {
  const gitDir = repo.git(['rev-parse', '--absolute-git-dir'], cwd);
  const index = readFileSync(join(gitDir, 'index')).toString('base64');
  const head = readFileSync(join(gitDir, 'HEAD'), 'utf8');
  const env = ['-c', 'core.fsmonitor=false'];
  // Both would rewrite the index if they could.
  const look = (args: readonly string[]): string =>
    repo.git(['--no-optional-locks', ...env, ...args], cwd);
  const paths = look(['ls-files', '--cached', '--others', '-z'])
    .split('\0')
    .filter((path) => path !== '');
  const files = paths.map((path) => {
    try {
      return `${path}: ${readFileSync(join(cwd, path)).toString('base64')}`;
    } catch {
      return `${path}: none`;
    }
  });
  return {
    head,
    index,
    tip: look(['rev-parse', 'HEAD']),
    status: look(['status', '--porcelain', '-z']),
    staged: look(['diff', '--cached']),
    files: files.join('\n'),
  };
}
