import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, extname, isAbsolute, join } from 'node:path';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { temporaryFolder } from '../system/temporary.ts';
import { split } from './command.ts';

/**
 * Whether files can be parsed, by the tools of their language. Nothing of a file is executed, nothing
 * is imported, and nothing is left behind. Where there is no tool, or it does not answer in time,
 * nothing is said: only what a parser refuses is a problem.
 */

export interface SyntaxTools {
  readonly python: string;
  readonly node: string;
  readonly path: string;
}

const PATIENCE_MS = 20_000;
/** The parser of YAML calls itself for each level. */
const LONGEST = 4 * 1024 * 1024;

/** The programs that the plan's command names, as the user's checkout at `root` has them; else those on the PATH. */
export function syntaxTools(
  { run, workspace }: Pick<Plan, 'run' | 'workspace'>,
  root: string,
  user: Readonly<Record<string, string | undefined>>,
): SyntaxTools {
  const words = split(run.command, run.shell) ?? [];
  const named = (program: RegExp, other: string): string => {
    const word = words.find((each) => program.test(basename(each)));
    if (word === undefined) return other;
    return word.includes('/') && !isAbsolute(word) ? join(root, workspace.directory, word) : word;
  };
  return {
    python: named(/^(?:python|pypy)[\d.]*$/, 'python3'),
    node: named(/^node$/, process.execPath),
    path: user['PATH'] ?? '',
  };
}

/** What is wrong with the text, in a sentence that begins with its path; null where nothing is known to be. */
export async function syntaxProblem(
  path: string,
  text: string,
  tools: SyntaxTools,
): Promise<string | null> {
  const look = PARSERS[extname(path).toLowerCase()];
  if (look === undefined || text.length > LONGEST) return null;
  const found = await look(text, tools, extname(path).toLowerCase());
  return found === null ? null : `${path}: ${found}`;
}

type Parser = (text: string, tools: SyntaxTools, extension: string) => Promise<string | null>;

/** What `python -m py_compile` does, without a .pyc and without the folder on the path. */
const COMPILE =
  'import sys; compile(sys.stdin.buffer.read(), "the file", "exec", dont_inherit=True)';

const python: Parser = async (text, { python: program, path }) => {
  const done = await asked(program, ['-I', '-S', '-c', COMPILE], path, text);
  const error = done?.match(/^(?:\w*Error): .*$/m)?.[0];
  const line = done?.match(/File "the file", line (\d+)/)?.[1];
  return error === undefined
    ? null
    : `expected Python that parses, found ${error}${at(line)}`.trim();
};

/** A `.js` is what its package says it is: only what is neither kind of module is wrong. */
const javascript: Parser = async (text, tools, extension) => {
  const kinds = extension === '.js' ? ['.mjs', '.cjs'] : [extension];
  const folder = await mkdtemp(join(temporaryFolder(), 'autolab-syntax-'));
  try {
    const found: (string | null)[] = [];
    for (const kind of kinds) {
      const file = join(folder, `file${kind}`);
      await writeFile(file, text);
      const done = await asked(tools.node, ['--check', file], tools.path, '');
      const error = done?.match(/^SyntaxError: .*$/m)?.[0];
      const line = done?.match(/file\.[mc]js:(\d+)$/m)?.[1];
      if (error === undefined) return null;
      found.push(`expected JavaScript that parses, found ${error}${at(line)}`);
    }
    return found[0] ?? null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const shell: Parser = async (text, { path }) => {
  const program = /^#!.*\bbash\b/.test(text) ? 'bash' : 'sh';
  const done = await asked(program, ['-n', '-s'], path, text);
  const said = done?.split('\n').find((line) => /syntax error|unexpected|Syntax error/.test(line));
  return said === undefined ? null : `expected a shell script that parses, found ${said}`;
};

const json: Parser = (text) => {
  try {
    JSON.parse(text);
    return Promise.resolve(null);
  } catch (error) {
    return Promise.resolve(`expected JSON, found ${(error as Error).message}`);
  }
};

const yaml: Parser = (text) => {
  const [error] = parseAllDocuments(text).flatMap((document) => document.errors);
  const [line] = error?.message.split('\n') ?? [];
  return Promise.resolve(line === undefined ? null : `expected YAML, found ${line}`);
};

const PARSERS: Readonly<Record<string, Parser>> = {
  '.py': python,
  '.mjs': javascript,
  '.cjs': javascript,
  '.js': javascript,
  '.sh': shell,
  '.json': json,
  '.yaml': yaml,
  '.yml': yaml,
};

const at = (line: string | undefined): string => (line === undefined ? '' : ` at line ${line}`);

/** What a tool complains of; null where it has nothing to say, is not there or takes too long. */
async function asked(
  program: string,
  args: readonly string[],
  path: string,
  input: string,
): Promise<string | null> {
  const done = await execa(program, args, {
    ...{ input, env: { PATH: path, LC_ALL: 'C.UTF-8' }, extendEnv: false },
    ...{ timeout: PATIENCE_MS, reject: false, maxBuffer: 1024 * 1024 },
  });
  return done.exitCode === undefined || done.exitCode === 0 ? null : done.stderr;
}
