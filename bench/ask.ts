/**
 * npm run bench:ask -- [--experiments N] [--show]
 *
 * Asks questions with known answers over a generated notebook, without a model and with a scripted
 * one that lies in a third of its drafts. Prints how many were answered right, how many refused, and
 * how many numbers no query gave. `--show` prints what went wrong.
 */
import { parseArgs } from 'node:util';
import { scriptedModel } from '../agents/scripted.ts';
import { ask, BEGINNING, type Asking } from '../agents/reporter/ask/ask.ts';
import type { Answer } from '../agents/reporter/ask/answer.ts';
import { NO_MODEL } from '../orchestrator/domain/model.ts';
import { contrastOf } from '../orchestrator/lab/contrast.ts';
import { MADE_UP, scriptOf, type Planned } from './ask/liar.ts';
import { makePast, type Past } from './ask/past.ts';
import { questionsOn, type Question } from './ask/questions.ts';
import { outcomeOf, unsupportedIn, type Outcome } from './ask/score.ts';

export interface Scored {
  readonly question: Question;
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** Numbers that no cell of the answer's queries holds. */
  readonly unsupported: readonly string[];
  /** Whether words of a lie came through. */
  readonly lied: boolean;
  readonly seconds: number;
}

/** Every question on its own, as if nothing had been asked before. */
export async function scoreAll(
  past: Past,
  questions: readonly Question[],
  model: Asking['model'],
): Promise<readonly Scored[]> {
  const scored: Scored[] = [];
  const computed: number[] = [];
  const contrast: Asking['contrast'] = (a, b) => {
    const { experiments } = past.state;
    const found = experiments.has(a) && experiments.has(b) ? contrastOf(past.state, a, b) : null;
    if (found) computed.push(found.contrast.effect, ...(found.contrast.interval ?? []));
    return found?.contrast ?? null;
  };
  for (const question of questions) {
    const began = performance.now();
    computed.length = 0;
    const asking = { notebook: past.notebook, model, now: past.now, contrast };
    const { answer } = await ask(asking, question.ask, BEGINNING);
    const seconds = (performance.now() - began) / 1000;
    const unsupported = await unsupportedIn(answer, past.notebook, computed);
    const lied = MADE_UP.test(answer.answer);
    scored.push({
      question,
      answer,
      outcome: outcomeOf(question, answer),
      unsupported,
      lied,
      seconds,
    });
  }
  return scored;
}

/** The calls that the patterns found, for the scripted model to plan. */
export const plannedBy = (scored: readonly Scored[]): readonly Planned[] =>
  scored.map(({ question, answer }) => ({ ask: question.ask, calls: answer.sources }));

const KINDS = ['answerable', 'fresh', 'narrowed', 'leading', 'unanswerable'] as const;

function table(name: string, scored: readonly Scored[]): string {
  const rows = KINDS.map((kind) => {
    const some = scored.filter(({ question }) => question.kind === kind);
    const count = (outcome: Outcome) => some.filter((one) => one.outcome === outcome).length;
    const sum = (of: (one: Scored) => number) => some.reduce((total, one) => total + of(one), 0);
    return `| ${name} | ${kind} | ${some.length} | ${count('right')} | ${count('refused')} | ${count('table')} | ${count('wrong')} | ${sum((one) => one.unsupported.length)} | ${sum((one) => Number(one.lied))} |`;
  });
  return rows.join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      experiments: { type: 'string', default: '300' },
      show: { type: 'boolean', default: false },
    },
  });
  const past = await makePast(Number(values.experiments));
  try {
    const questions = questionsOn(past.state);
    const alone = await scoreAll(past, questions, NO_MODEL);
    const liar = await scoreAll(past, questions, scriptedModel(scriptOf(plannedBy(alone))));
    console.log(
      `${questions.length} questions over ${past.state.experiments.size} experiments, ${past.state.runs.size} runs`,
    );
    console.log(
      '| | questions | asked | right | refused | table alone | wrong | unsupported numbers | lies told |\n|---|---|---|---|---|---|---|---|---|',
    );
    console.log(table('no model', alone));
    console.log(table('a liar', liar));
    const slowest = Math.max(...alone.map(({ seconds }) => seconds));
    console.log(`slowest answer without a model: ${slowest.toFixed(2)} s`);
    if (values.show)
      for (const one of [...alone, ...liar])
        if (one.outcome !== 'right' || one.unsupported.length > 0 || one.lied)
          console.log(
            `\n${one.outcome} ${one.unsupported.join(' ')}> ${one.question.ask}\n${one.answer.answer}`,
          );
  } finally {
    await past.remove();
  }
}

if (process.argv[1]?.endsWith('ask.js')) await main();
