import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { quoteArgument } from '../orchestrator/domain/command.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import { PLAN_FILE } from '../orchestrator/domain/layout.ts';
import { bold, dim, oneLine, print, yellow } from './output.ts';
import type { Asker, InitReport } from '../orchestrator/lab/init/init.ts';

interface Options {
  readonly example?: string;
  readonly script?: string;
  readonly metric?: string;
  readonly direction?: 'minimize' | 'maximize';
  readonly try?: boolean;
  readonly yes?: boolean;
  readonly pythonLogger?: boolean;
  readonly jsLogger?: boolean;
}

/**
 * `autolab init`: a plan for one's own repository, or a lab to play with (`--example`); a logger for
 * its scripts (`--python-logger`), also where there is a plan already.
 */
export async function run([dir]: readonly string[], options: Options): Promise<number> {
  const loggers = [
    ...(options.pythonLogger ? (['python'] as const) : []),
    ...(options.jsLogger ? (['javascript'] as const) : []),
  ];
  if (options.example !== undefined) await copy(options.example, dir);
  else if (loggers.length === 0 || !(await hasPlan(dir ?? '.'))) await plan(dir, options);
  for (const language of loggers) await place(dir ?? '.', language);
  return 0;
}

async function hasPlan(dir: string): Promise<boolean> {
  const { openLab } = await import('../orchestrator/lab/lab.ts');
  return existsSync(join((await openLab(dir)).root, PLAN_FILE));
}

async function place(dir: string, language: 'python' | 'javascript'): Promise<void> {
  const { placeLogger } = await import('../orchestrator/lab/logger.ts');
  const { path, present } = await placeLogger(dir, language);
  const shown = bold(oneLine(path));
  print(present ? `${shown} is there already.` : `${shown} is written: import it in your script.`);
  if (!present)
    print(`  git add ${oneLine(quoteArgument(path))}   # a night runs what is committed`);
}

async function plan(dir: string | undefined, options: Options): Promise<void> {
  const { initLab } = await import('../orchestrator/lab/init/init.ts');
  const asker = options.yes || !process.stdin.isTTY || !process.stdout.isTTY ? null : terminal;
  say(
    await initLab(dir ?? '.', {
      ...options,
      asker,
      onWait: (sentence) => print(oneLine(sentence)),
    }),
  );
}

async function copy(example: string, dir: string | undefined): Promise<void> {
  if (dir === undefined)
    throw new LabError('usage', `expected a folder: autolab init --example ${example} DIR`);
  const { copyExample } = await import('../orchestrator/lab/example.ts');
  const target = resolve(dir);
  await copyExample(example, target);
  print(`${bold(target)} is a lab now. Next:`);
  print(`  cd ${dir}`);
  print('  autolab check');
  print('  autolab launch');
}

function say({ draft, found, guessed, dropped, root }: InitReport): void {
  print(`${bold('research_plan.yaml')} is written, at ${root}.`);
  print();
  for (const sentence of found) print(`  ${oneLine(sentence)}`);
  const names = draft.knobs.map(({ key }) => key);
  print(
    names.length > 0
      ? `  ${names.length} knob${names.length === 1 ? '' : 's'} to try: ${names.join(', ')}`
      : '  no knobs were found: name lines of the script in search_space, or only the baseline runs',
  );
  for (const sentence of guessed) print(`  ${yellow('guessed')} ${oneLine(sentence)}`);
  for (const sentence of dropped) print(`  ${dim(`left out ${oneLine(sentence)}`)}`);
  print();
  print('Read it, change what you know better, then:');
  const ofRun = draft.knobs.some(({ found: { place } }) => !('file' in place));
  print(
    `  git add research_plan.yaml && git commit -m "Plan the nights"${ofRun ? '   # first: arg and env knobs are edits of it' : ''}`,
  );
  print('  autolab check');
  print('  autolab launch');
}

/** Asks on the terminal, one question at a time; Enter takes the suggestion. */
const terminal: Asker = {
  async choose(question, options) {
    print(question);
    options.forEach((option, i) => print(`  ${i + 1}  ${oneLine(option)}`));
    const answer = (await ask(`[1] `)).trim();
    return options[answer === '' ? 0 : Number(answer) - 1] ?? (answer === '' ? '' : answer);
  },
  async confirm(question) {
    return /^y(?:es)?$/i.test((await ask(`${question} [y/N] `)).trim());
  },
};

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
