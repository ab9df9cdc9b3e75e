import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { LabError } from '../orchestrator/domain/errors.ts';
import { bold, dim, oneLine, print, yellow } from './output.ts';
import type { Asker, InitReport } from '../orchestrator/lab/init/init.ts';

interface Options {
  readonly example?: string;
  readonly script?: string;
  readonly metric?: string;
  readonly direction?: 'minimize' | 'maximize';
  readonly try?: boolean;
  readonly yes?: boolean;
}

/** `autolab init`: a plan for one's own repository, or a lab to play with (`--example`). */
export async function run([dir]: readonly string[], options: Options): Promise<number> {
  if (options.example !== undefined) return copy(options.example, dir);
  const { initLab } = await import('../orchestrator/lab/init/init.ts');
  const asker = options.yes || !process.stdin.isTTY || !process.stdout.isTTY ? null : terminal;
  say(
    await initLab(dir ?? '.', {
      ...options,
      asker,
      onWait: (sentence) => print(oneLine(sentence)),
    }),
  );
  return 0;
}

async function copy(example: string, dir: string | undefined): Promise<number> {
  if (dir === undefined)
    throw new LabError('usage', `expected a folder: autolab init --example ${example} DIR`);
  const { copyExample } = await import('../orchestrator/lab/example.ts');
  const target = resolve(dir);
  await copyExample(example, target);
  print(`${bold(target)} is a lab now. Next:`);
  print(`  cd ${dir}`);
  print('  autolab check');
  print('  autolab launch');
  return 0;
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
