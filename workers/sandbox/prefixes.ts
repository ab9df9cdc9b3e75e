import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { interpreterOf, programOf } from '../programs.ts';
import { answerOf } from './answer.ts';
import { isSystem } from './bubblewrap.ts';

/**
 * Folders outside of the system's own that programs live in, as the user's shell would find them:
 * pyenv, conda, uv, nvm and their like lie in the home that a run does not see. Only the user's own
 * programs are asked; nothing that a run could have written is run or believed.
 */

export interface PrefixesOrder {
  /** Words of the commands: those that are programs count. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the user's checkout that stands for the one that the command runs in. */
  readonly cwd: string;
  /** May a program be run that lies there? */
  readonly isTrusted: (path: string) => boolean;
}

/** What scripts start without the plan's naming it. */
const COMMON = ['python3', 'python', 'node', 'uv'];
const PYTHON = /(?:^|\/)(?:python|pypy)[\d.]*$/;
/** What lies at the top of a folder that programs and their libraries were installed in as one. */
const WHOLE = ['pyvenv.cfg', 'conda-meta', 'shims'];
/** The same of one that may hold other things: ~/.local keeps keyrings beside its programs. */
const SHARED = ['lib/node_modules', 'lib/julia', 'lib/R', 'lib/ruby'];
/** What programs need of the latter. */
const PARTS = [
  ...['bin', 'lib', 'lib64', 'libexec', 'include', 'etc/julia'],
  ...['share/julia', 'share/R', 'share/ruby'],
];
/** Variables that name folders of programs. */
const NAMING = [
  ...['VIRTUAL_ENV', 'CONDA_PREFIX', 'PYENV_ROOT', 'CUDA_HOME', 'CUDA_PATH', 'ROCM_PATH'],
  // Runs have a PYTHONPATH of the user's only where the plan names it.
  ...['PYTHONPATH', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
];

export async function prefixesOf(order: PrefixesOrder): Promise<readonly string[]> {
  const { words, env, cwd, isTrusted } = order;
  const found = new Set<string>();
  for (const word of new Set([...words, ...COMMON])) {
    const program = programOf(word, env, cwd);
    if (program === null || !isTrusted(program)) continue;
    // A script that pip installed starts with the path of a Python that may lie anywhere.
    const interpreter = interpreterOf(program, env);
    for (const each of interpreter === null ? [program] : [program, interpreter]) {
      if (!isTrusted(each)) continue;
      for (const folder of chainOf(each)) found.add(folder);
      if (PYTHON.test(each === program ? word : each) && isTrusted(realpathSync(each)))
        for (const folder of await pythonFolders(each, order)) found.add(folder);
    }
  }
  for (const name of NAMING)
    for (const path of (env[name] ?? '').split(':')) if (path.startsWith('/')) found.add(path);
  for (const path of (env['LD_LIBRARY_PATH'] ?? '').split(':'))
    if (path.startsWith('/')) for (const place of librariesIn(path)) found.add(place);
  const local = join(env['HOME'] ?? '/', '.local');
  const places = [...found].flatMap((path) => (path === local ? partsOf(path) : [path]));
  return [...new Set(places)].filter(
    (path) => !isSystem(path) && isTrusted(path) && existsSync(path),
  );
}

/** The folders of a program and of the links it stands behind, and what it was installed with. */
function chainOf(program: string): readonly string[] {
  const found: string[] = [];
  let at = program;
  for (let links = 0; links < 40; links++) {
    const folder = dirname(at);
    found.push(folder, ...rootAbove(folder));
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    at = resolve(folder, readlinkSync(at));
  }
  const real = dirname(realpathSync(program));
  return [...found, real, ...rootAbove(real)];
}

const rootAbove = (folder: string): readonly string[] => {
  const above = dirname(folder);
  const has = (name: string): boolean => existsSync(join(above, name));
  if (WHOLE.some(has)) return [above];
  return SHARED.some(has) ? partsOf(above) : [];
};

const partsOf = (folder: string): readonly string[] => PARTS.map((part) => join(folder, part));

const LIBRARY_FOLDER = /\/lib(?:32|64)?(?:\/|$)/;
const LIBRARY = /\.so(?:\.[\d.]+)?$/;
const MOST_LIBRARIES = 300;

/** A folder of libraries, or those in a folder of anything. */
function librariesIn(folder: string): readonly string[] {
  if (LIBRARY_FOLDER.test(folder)) return [folder];
  try {
    const names = readdirSync(folder).filter((name) => LIBRARY.test(name));
    return names.slice(0, MOST_LIBRARIES).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

const ASK = `import sys; print(chr(10).join([sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]))`;
const PATIENCE_MS = 15_000;
const answers = new Map<string, Promise<readonly string[]>>();

/** Where it is installed and imports from, as it says itself: its links and shims can be any. */
function pythonFolders(program: string, { env, cwd }: PrefixesOrder): Promise<readonly string[]> {
  const { PYTHONPATH: _, ...clean } = env;
  const key = JSON.stringify([program, cwd, env['PYENV_VERSION'], env['HOME']]);
  const known = answers.get(key) ?? foldersSaid(program, { env: clean, cwd }, key);
  answers.set(key, known);
  return known;
}

async function foldersSaid(
  program: string,
  where: Pick<PrefixesOrder, 'env' | 'cwd'>,
  key: string,
): Promise<readonly string[]> {
  const answer = await answerOf([program, '-c', ASK], { ...where, patience_ms: PATIENCE_MS });
  if (answer?.code === 0) return answer.stdout.split('\n').filter((line) => line.startsWith('/'));
  // A busy machine may have been too slow, or somebody ended it: that is no answer.
  answers.delete(key);
  return [];
}
