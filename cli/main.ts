#!/usr/bin/env node
/**
 * autolab: exit codes are 0 done, 1 failed, 2 usage or plan, 3 a gate stopped the night, 130
 * interrupted. Each verb is a file of its own, imported when it is called: `--help` stays fast.
 */
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { fail } from './output.ts';

function version(): string {
  const { version: found } = createRequire(import.meta.url)('autolab/package.json') as {
    version: string;
  };
  return found;
}

type Verb = (args: readonly string[], options: Record<string, unknown>) => Promise<number>;

const program = new Command('autolab')
  .description('The night shift of an ML lab: plans, runs and judges experiments while you sleep.')
  .version(version(), '--version')
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .configureOutput({ outputError: () => {} })
  .exitOverride();

const asJson = () => new Option('--json', 'print one JSON value on standard output');

/** Declares a verb; `load` imports its file, `argv` is its usage behind the name. */
function verb(
  usage: string,
  description: string,
  load: () => Promise<{ readonly run: Verb }>,
  options: readonly Option[] = [],
): Command {
  const command = program.command(usage).description(description);
  for (const option of options) command.addOption(option);
  command.action(async (...given: unknown[]) => {
    const values = given.slice(0, -2).flat() as (string | undefined)[];
    const args = values.filter((value) => value !== undefined);
    const { run } = await load();
    process.exitCode = await run(args, command.opts());
  });
  return command;
}

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text))
    throw new LabError('usage', `expected a whole number above 0, found ${text}`);
  return Number(text);
};
/** An option that may be given again and again. */
const repeated = (flags: string, what: string): Option =>
  new Option(flags, `${what}; may be given again`).argParser(
    (value: string, before?: readonly string[]) => [...(before ?? []), value],
  );
const LIST = [
  asJson(),
  new Option('--csv', 'print comma-separated values on standard output'),
  new Option('--status <status>', 'only these'),
  new Option('--verdict <verdict>', 'only of this verdict'),
  new Option('--tag <tag>', 'only with this tag; may be given again').argParser(
    (tag: string, before: readonly string[] = []) => [...before, tag],
  ),
  new Option('--night <night>', 'only of this night, such as N-0002'),
  new Option('--line <line>', 'only of this line of inquiry'),
  new Option('--since <when>', 'only begun since a date, a time, or so long ago, such as 8h or 2d'),
  new Option('--sort <column>', 'by any column, the smallest first; -column the largest first'),
  new Option('--limit <n>', 'the newest so many, or the first under --sort').argParser(wholeNumber),
  new Option('--columns <names>', 'these columns, with commas between them'),
];

verb('init [dir]', 'write a plan for your repository', () => import('./init.ts'), [
  new Option('--example <name>', 'copy an example lab instead').choices(['char-lm']),
  new Option('--script <path>', 'the script that trains'),
  new Option('--metric <name>', 'the number that a run is judged by'),
  new Option('--direction <way>', 'which way is better').choices(['minimize', 'maximize']),
  new Option('--try', 'run the script for up to a minute, in a copy, to see what it prints'),
  new Option('--yes', 'ask nothing, take the best guess'),
  new Option('--python-logger', 'put autolab.py beside the script; alone where there is a plan'),
  new Option('--js-logger', 'put autolab.mjs there'),
]);
verb(
  'check',
  'validate research_plan.yaml and probe what a night needs',
  () => import('./check.ts'),
  [new Option('--stub', 'send one experiment through it all, its run cut to a moment'), asJson()],
);
verb('launch', 'run the night, or go on with one that was cut off', () => import('./launch.ts'), [
  new Option('--experiments <n>', 'try at most so many candidates').argParser(wholeNumber),
  new Option('--parallel <n>', 'run so many at once').argParser(wholeNumber),
  new Option('--for <duration>', 'at most so long, such as 8h'),
  new Option('--because <reason>', 'why the goal moved since the last night'),
  new Option('--detach', 'in the background; see attach, status and stop'),
]);
verb('stop', 'ask the night that runs here to drain and stop', () => import('./stop.ts'), [
  new Option('--now', 'do not wait for what runs; the next launch runs it again'),
  new Option('--no-wait', 'return at once'),
  asJson(),
]);
verb(
  'import [files...]',
  'bring in what other tools recorded: tables, results of evaluation harnesses, archives of export',
  () => import('./import.ts'),
  [
    new Option('--id <column>', 'of a table: the column that says what a row is called'),
    repeated('--metric <column>', 'of a table: a column of numbers that were measured'),
    repeated('--param <column>', 'of a table: a column that was set'),
    asJson(),
  ],
);
verb('export <run>', 'write one run into an archive', () => import('./export.ts'), [
  new Option('--output <file>', 'where to; default: RUN.tar.gz here'),
  asJson(),
]);
verb(
  'run [command...]',
  'run a command of yours, recorded: autolab run -- python train.py',
  () => import('./run.ts'),
  [
    new Option('--name <name>', 'what to call the run'),
    repeated('--tag <tag>', 'a tag of the run'),
    new Option('--group <group>', 'runs that belong together'),
  ],
).passThroughOptions();
verb('status', 'what is going on', () => import('./status.ts'), [asJson()]);
verb('attach', 'the live view of a night that runs', () => import('./attach.ts'));
verb('experiments', 'list the experiments', () => import('./experiments.ts'), LIST);
verb('runs', 'list the runs', () => import('./runs.ts'), LIST);
verb(
  'hypotheses',
  'list the hypotheses by their line of inquiry, rejected ones with the reason',
  () => import('./hypotheses.ts'),
  LIST,
);
verb('groups [group]', 'what groups of runs came to', () => import('./groups.ts'), [asJson()]);
verb(
  'show <id>',
  'everything about an experiment, a run, a hypothesis or a night',
  () => import('./show.ts'),
  [
    new Option('--samples', 'single predictions of a run'),
    new Option('--why', 'who thought of it, and what models were asked and said'),
    asJson(),
  ],
);
verb(
  'compare <ids...>',
  'the difference of every parameter and metric, of two or more',
  () => import('./compare.ts'),
  [new Option('--samples', 'predictions of two runs that differ'), asJson()],
);
verb('query <sql>', 'one SELECT over the notebook', () => import('./query.ts'), [asJson()]);
verb(
  'ask [question...]',
  'the Reporter answers from what is recorded, with its sources; a conversation without a question',
  () => import('./ask.ts'),
  [asJson(), new Option('--yes', 'set or take away the flag that the question asks for')],
);
verb(
  'note [id] [words]',
  'a note in your words, on an experiment, run, hypothesis, night, or the lab; - reads standard input',
  () => import('./note.ts'),
  [asJson()],
);
verb('decide <words>', 'record a decision and its reason', () => import('./decide.ts'), [
  new Option('--because <reason>', 'why').makeOptionMandatory(),
  new Option('--closes <line>', 'propose nothing more on this line of inquiry'),
  new Option('--opens <line>', 'work again on a line that was closed'),
  new Option('--evidence <ids>', 'what it rests on: ids, with commas between them'),
  asJson(),
]);
verb('tag <id> <tags...>', 'tag anything that has an id', () => import('./tag.ts'), [asJson()]);
verb('untag <id> <tag>', 'take a tag away', () => import('./untag.ts'), [asJson()]);
verb('flag <id> <label>', 'mark anything that has an id', () => import('./flag.ts'), [
  new Option('--because <reason>', 'why').makeOptionMandatory(),
  asJson(),
]);
verb('unflag <id> <label>', 'take a mark away', () => import('./unflag.ts'), [asJson()]);
verb('propose <title>', 'a hypothesis of yours, tried next', () => import('./propose.ts'), [
  new Option('--change <knob=value>', 'the knob to set, and to what').argParser(
    (text: string, before: readonly string[] = []) => [...before, text],
  ),
  new Option('--patch <file>', 'or a unified diff'),
  new Option('--idea <words>', 'or the change in words, for a model or a coding agent to write'),
  new Option('--because <reason>', 'why you think so').makeOptionMandatory(),
  new Option('--line <name>', 'the line of inquiry it belongs to'),
  new Option('--again', 'also what was tried, or waits'),
  asJson(),
]);
verb(
  'retry <id>',
  'a failed experiment again, by its id or that of its run',
  () => import('./retry.ts'),
  [asJson()],
);
verb('report', 'write FINDINGS.md anew from the notebook', () => import('./report.ts'), [asJson()]);
verb('promote [id]', 'bring a confirmed change to the base branch', () => import('./promote.ts'), [
  new Option('--unconfirmed', 'also what dawn did not confirm'),
  asJson(),
]);
verb(
  'rerun <run>',
  'a run once more, or one from its manifest.json: is the number the same?',
  () => import('./rerun.ts'),
  [asJson()],
);
verb('model', 'serve a model that answers from a script', () => import('./model.ts'), [
  new Option('--script <file>', 'its lines, YAML or JSON').makeOptionMandatory(),
  new Option('--port <n>', 'default: any free one').argParser(wholeNumber),
  new Option('--key <text>', 'refuse requests that bear another key'),
]);
verb('gc', 'remove what old nights hold; never a record', () => import('./gc.ts'), [
  new Option('--dry-run', 'only say what would go'),
  asJson(),
]);

/** `run` is about a command of the user's: its arguments and its environment are its own. */
const OF_USER = process.argv[2] === 'run';

/** LangGraph would send traces of the night to a server if the user's shell happens to ask for it. */
if (!OF_USER)
  for (const name of Object.keys(process.env))
    if (/^(?:LANGSMITH|LANGCHAIN)_/.test(name)) delete process.env[name];

/** Where the options of the verb that was called are told of. */
function helpOf(): string {
  const called = program.commands.find((command) => command.name() === process.argv[2]);
  return called ? `autolab ${called.name()} --help` : 'autolab --help';
}

async function main(): Promise<void> {
  const json = !OF_USER && process.argv.includes('--json');
  try {
    if (process.platform === 'win32')
      throw new LabError(
        'usage',
        'AutoLab runs on Linux and macOS; on Windows run it inside WSL 2',
      );
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      // Commander has said its own of --help; of a mistake it says nothing here.
      const message = error.message.replace(/^error: |\.$/g, '');
      if (error.code === 'commander.help') process.exitCode = EXIT.usage;
      else process.exitCode = fail(new LabError('usage', `${message}. See ${helpOf()}.`), json);
      return;
    }
    process.exitCode = fail(error, json);
  }
}

// A reader that closed the pipe (`autolab runs | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const goesOn = OF_USER || process.argv.includes('launch');
  if (error.code === 'EPIPE' && !goesOn) process.exit(EXIT.done);
  // A night outlives the terminal and the pipe it was started in.
  if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error;
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error;
});

await main();
