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
  /** The same of lines of a shell: one process to start where a test needs git several times. */
  shell(lines: readonly string[], args?: readonly string[], cwd?: string): string;
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

/** Commits everything as `$1`, and prints the commit's id. */
const COMMIT = [
  'git add --all',
  'git -c user.name=Ada -c user.email=ada@example.com commit --quiet --allow-empty -m "$1"',
  'git rev-parse HEAD',
];

/** Looks at all that `snapshot` tells, without its files; git would rewrite the index if it could. */
const LOOK = [
  'rev-parse --absolute-git-dir',
  'rev-parse HEAD',
  'ls-files --cached --others -z',
  'status --porcelain -z',
  'diff --cached',
].flatMap((args) => [
  `git --no-optional-locks -c core.fsmonitor=false ${args}`,
  String.raw`printf '\036'`,
]);

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

  const run = (command: string, args: readonly string[], cwd = root): string =>
    execFileSync(command, args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).replace(/\n$/, '');
  const git = (args: readonly string[], cwd = root): string => run('git', args, cwd);
  const shell: TestRepo['shell'] = (lines, args = [], cwd) =>
    run('sh', ['-e', '-c', lines.join('\n'), 'sh', ...args], cwd);
  const write: TestRepo['write'] = (files, cwd = root) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      if (text === null) rmSync(join(cwd, path), { recursive: true, force: true });
      else writeFileSync(join(cwd, path), text);
    }
  };
  const commit: TestRepo['commit'] = (message, files = {}) => {
    write(files);
    return shell(COMMIT, [message]);
  };

  write(options.files ?? FILES);
  shell(
    [
      'git init --quiet -b "$2"',
      ...(options.identity === false
        ? []
        : ['git config user.name Ada', 'git config user.email ada@example.com']),
      ...COMMIT,
    ],
    ['start', options.branch ?? 'main'],
  );

  return {
    folder,
    root,
    env,
    git,
    shell,
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
  const [gitDir = '', tip = '', paths = '', status = '', staged = ''] = repo
    .shell(LOOK, [], cwd)
    .split('\u001e')
    .map((said) => said.replace(/\n$/, ''));
  const index = readFileSync(join(gitDir, 'index')).toString('base64');
  const head = readFileSync(join(gitDir, 'HEAD'), 'utf8');
  const files = paths
    .split('\0')
    .slice(0, -1)
    .map((path) => {
      try {
        return `${path}: ${readFileSync(join(cwd, path)).toString('base64')}`;
      } catch {
        return `${path}: none`;
      }
    });
  return {
    head,
    index,
    tip,
    status,
    staged,
    files: files.join('\n'),
  };
}
