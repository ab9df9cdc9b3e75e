import { createInterface, type Interface } from 'node:readline/promises';
import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import {
  converse,
  sourcesInWords,
  type Asked,
  type Conversation,
} from '../orchestrator/lab/ask.ts';
import { dim, oneLine, print, printJson, remark } from './output.ts';

interface Options {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** `autolab ask [question…]`: the Reporter answers, with its sources; without one, a conversation. */
export async function run(words: readonly string[], options: Options): Promise<number> {
  // Without quotes the shell makes words of it.
  const question = words.join(' ').trim();
  if (words.length > 0 && question === '')
    throw new LabError(
      'usage',
      'expected a question, found an empty one; autolab ask without words begins a conversation',
    );
  const talk = await converse(process.cwd(), { remark });
  return question === '' ? conversation(talk, options) : once(talk, question, options);
}

async function once(talk: Conversation, question: string, options: Options): Promise<number> {
  const asked = await talk.ask(question);
  if (!options.json) tell(asked);
  const lines = process.stdin.isTTY && !options.json ? open() : null;
  try {
    const done = await settle(talk, asked, options, lines);
    if (options.json) printJson(asJson(asked, done));
    if (done !== false || options.json) return EXIT.done;
    throw new LabError('usage', 'expected a yes before a mark is set: answer y, or ask with --yes');
  } finally {
    lines?.close();
  }
}

/** Nobody asks that of a lab. */
const END = /^\s*(?:exit|quit|bye)\s*$/i;

/** One question a line, until the input ends; what goes wrong with one does not end the others. */
async function conversation(talk: Conversation, options: Options): Promise<number> {
  const lines = open();
  const terminal = process.stdin.isTTY === true;
  const all: unknown[] = [];
  if (terminal && !options.json) {
    print(dim('Ask about the lab; exit or Ctrl-D ends.'));
    lines.setPrompt('> ');
    lines.prompt();
  }
  for await (const line of lines) {
    if (END.test(line)) break;
    if (line.trim() !== '') all.push(await answered(talk, line, options, terminal ? lines : null));
    if (terminal && !options.json) lines.prompt();
  }
  // Else it goes on reading, and nothing ends.
  lines.close();
  if (options.json) printJson(all);
  return EXIT.done;
}

async function answered(
  talk: Conversation,
  line: string,
  options: Options,
  lines: Interface | null,
): Promise<unknown> {
  try {
    const asked = await talk.ask(line);
    if (!options.json) tell(asked);
    const done = await settle(talk, asked, options, lines);
    if (done === false && !options.json)
      print(
        'Not done: it needs a yes, from a terminal or by --yes; from a pipe each line is a question.',
      );
    return asJson(asked, done);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    if (!options.json) print(error.message);
    return { error: { code: error.code, message: error.message } };
  }
}

const open = (): Interface =>
  createInterface({
    input: process.stdin,
    output: process.stdin.isTTY ? process.stdout : undefined,
  });

function tell({ answer }: Asked): void {
  // What scripts and people wrote is in there: one line each, without what moves a cursor.
  for (const line of answer.answer.split('\n')) print(oneLine(line));
  if (answer.sources.length > 0)
    print(dim(['', 'Sources', ...sourcesInWords(answer.sources)].join('\n')));
  print();
}

/** Sets the mark that was asked for, after a yes. Null: none was asked for; false: nobody said yes. */
async function settle(
  talk: Conversation,
  { mark }: Asked,
  { yes, json }: Options,
  lines: Interface | null,
): Promise<boolean | null> {
  if (!mark) return null;
  const agreed =
    yes === true || (lines !== null && !json && /^y(?:es)?$/i.test((await replyOn(lines)).trim()));
  if (!agreed) return false;
  await talk.mark(mark);
  if (!json)
    print(
      `Done: ${mark.targets.join(', ')} ${mark.kind === 'flag' ? 'is flagged' : 'is no longer flagged'} ${mark.label ?? ''}.`,
    );
  return true;
}

/** Nothing, where the input ends instead. */
const replyOn = (lines: Interface): Promise<string> =>
  lines.question('Do it? [y/N] ').catch((error: unknown) => {
    if (error instanceof Error && error.name === 'AbortError') return '';
    throw error;
  });

function asJson({ answer, mark }: Asked, done: boolean | null): unknown {
  return {
    ...answer,
    ...(mark && { mark: { ...mark, done: done === true } }),
  };
}
