import { LabError } from '../../../orchestrator/domain/errors.ts';
import type { Model } from '../../../orchestrator/domain/model.ts';
import type { NotebookReader } from '../../../orchestrator/domain/ports.ts';
import { say, type Sentence } from '../fact.ts';
import { answerFrom, notKnown, type Answer } from './answer.ts';
import { INTENTS } from './intents.ts';
import { ranks, scopeOf, type Intent } from './intent.ts';
import { bestCall } from './intents/ranking.ts';
import { leftOver } from './left-over.ts';
import { IDLE } from './lexicon.ts';
import { markIn, type MarkRequest } from './mark.ts';
import { namesOf } from './names.ts';
import { orderIn } from './order.ts';
import { readQuestion, wordsOf, type Question } from './reading.ts';
import { valueOf } from './told.ts';
import type { At, Found } from './tool.ts';
import { callTool, type Call } from './tools.ts';
import { compose, planCalls, type Talk } from './with-model.ts';

/**
 * The Reporter answers a question from what is recorded. The question becomes calls of typed tools,
 * their rows become facts, and the answer is made of facts and words: by a model where there is one,
 * by patterns where there is none, or where it knows no call. What the notebook does not hold is
 * said to be unknown.
 */

export interface Asking extends At {
  readonly notebook: NotebookReader;
  readonly model: Model;
}

/** What is left of a question for the next one: `and the second best?`, `why?`. */
export interface Context extends Talk {
  readonly last: Question | null;
}
export const BEGINNING: Context = { asked: [], subject: null, last: null };

export interface Asked {
  readonly answer: Answer;
  /** What the user's own words ask to be marked: to be shown, and done after a yes. */
  readonly mark: MarkRequest | null;
  readonly context: Context;
  /** Why the model did not answer; null where it did, or where there is none. */
  readonly trouble: string | null;
}

export async function ask(
  asking: Asking,
  text: string,
  before: Context = BEGINNING,
): Promise<Asked> {
  const names = await namesOf(asking.notebook);
  const question = withPronoun(readQuestion(text, names), before);
  const mark = markIn(text, names.labels, (targets) => {
    const named = withPronoun(readQuestion(targets, names), before);
    return [...named.experiments, ...named.hypotheses, ...named.nights, ...named.own];
  });
  if (mark) return askedToMark(asking, mark, question, before);
  const order = orderIn(text, question.experiments[0] ?? null);
  if (order !== null)
    return {
      ...{ answer: { answer: order, grounded: false, sources: [] }, mark: null, trouble: null },
      context: before,
    };
  const { model } = asking;
  const { calls, trouble } = model.has('reporter')
    ? await planCalls(model, text, names, before)
    : { calls: [], trouble: null };
  const found = await carriedOutWhereAllowed(asking, calls);
  if (found.length === 0) return { ...(await byPattern(asking, question, before)), trouble };
  const composed = await compose(model, text, found);
  return {
    ...{ answer: answerFrom(composed.lines, found), mark: null, trouble: composed.trouble },
    context: after(before, question, found),
  };
}

async function carriedOut(asking: Asking, calls: readonly Call[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const call of calls)
    found.push(await callTool(asking.notebook, call, asking, `q${found.length + 1}`));
  return found;
}

/** A model's calls; what the notebook refuses of them is left out. */
async function carriedOutWhereAllowed(
  asking: Asking,
  calls: readonly Call[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const call of calls) {
    const one = await callTool(asking.notebook, call, asking, `q${found.length + 1}`).catch(
      (error: unknown) => {
        if (error instanceof LabError && error.code === 'usage') return null;
        throw error;
      },
    );
    if (one) found.push(one);
  }
  return found;
}

const FAMILY =
  'Ask for the best, a comparison, a failure, a rejected idea, what was spent, notes, or what to do next; `autolab query` reads the rest.';

async function byPattern(asking: Asking, question: Question, before: Context): Promise<Asked> {
  const unknown = (why: string): Asked => ({
    ...{ answer: notKnown(why), mark: null, trouble: null },
    context: before,
  });
  if (question.unknown.length > 0)
    return unknown(
      `Not understood: ${question.unknown
        .slice(0, 5)
        .map((word) => `“${word}”`)
        .join(', ')}. ${FAMILY}`,
    );
  const [intent, understood] = intentOf(question, before);
  if (!intent)
    return unknown(
      `That is no question that can be answered without a model, or not from what is recorded. ${FAMILY}`,
    );
  const [whole, ranked] = await withSubjects(asking, intent, understood, before);
  if (whole.experiments.length < (intent.needs ?? 0))
    return unknown(
      `Which experiment${intent.needs === 2 ? 's' : ''}? Name ${intent.needs === 2 ? 'two' : 'one'}, such as E-0007.`,
    );
  const calls = intent.calls(whole);
  const left = leftOver(whole, intent, calls, ranked);
  if (left.length > 0)
    return unknown(
      `Read as a question of the kind “${intent.name}”${readAs(whole)}, which takes no ${left.map((one) => `“${one}”`).join(', ')}. ${FAMILY}`,
    );
  const found = await carriedOut(asking, calls);
  return {
    answer: answerFrom([...mendedIn(whole), ...intent.tells(found, whole)], found),
    ...{ mark: null, trouble: null },
    context: after(before, whole, found),
  };
}

const readAs = ({ mended }: Question): string =>
  mended.map(([from, to]) => `, “${from}” as “${to}”`).join('');

/** A word that was taken for another is said to have been. */
const mendedIn = ({ mended }: Question): readonly Sentence[] =>
  mended.length === 0
    ? []
    : [say`(${mended.map(([from, to]) => `“${from}” read as “${to}”`).join(', ')})`];

/** Its kind; of a question that is none by itself (`and last week?`) that of the one before. */
function intentOf(question: Question, { last }: Context): readonly [Intent | null, Question] {
  const own = INTENTS.find((one) => one.when(question)) ?? null;
  if (
    !last ||
    !isShort(question) ||
    saysNothing(question) ||
    // `and the worst?` is another one than the question before was about.
    (ranks(question) && last.experiments.length > 0) ||
    (own && !/^(?:and|what about|how about)\b/.test(question.said))
  )
    return [own, question];
  const whole = joined(last, question);
  const intent = INTENTS.find((one) => one.when(whole));
  const fits = intent && leftOver(whole, intent, intent.calls(whole), null).length === 0;
  return fits ? [intent, whole] : [own, question];
}

/** The question before with what this one says instead. */
function joined(last: Question, question: Question): Question {
  const { experiments, nights, periods, metric, about, said } = question;
  // `the second best` of what was asked before is not its second worst.
  const other = ranks(question);
  const before = other ? last.said.replace(PLACE, ' ') : last.said;
  const otherTime = nights.length + periods.length > 0 || scopeOf(question).night !== null;
  return {
    ...last,
    said: `${otherTime ? before.replace(/\b(?:last|latest|this) night\b|\btonight\b/g, '') : before} ${said}`
      .replace(/ +/g, ' ')
      .trim(),
    extreme: other ? question.extreme : last.extreme,
    experiments: experiments.length > 0 ? experiments : last.experiments,
    nights: otherTime ? nights : last.nights,
    periods: otherTime ? periods : last.periods,
    metric: metric ?? last.metric,
    about: about ?? last.about,
  };
}

/** Says too little to stand alone: `and E-0005?`, `what about last week?`, `why?`. */
const isShort = ({ said }: Question): boolean => {
  const words = said.split(' ').length;
  return words <= 3 || (words <= 6 && /^(?:and|what about|how about)\b/.test(said));
};

/** `thanks`, `list them`: idle words alone ask for nothing more of what was asked before. */
const saysNothing = ({ said }: Question): boolean =>
  said.split(' ').every((word) => IDLE.has(word));

/** `it` is what the last answer was about. */
function withPronoun(question: Question, { subject }: Context): Question {
  const { said, experiments } = question;
  if (subject === null || !/\b(?:it|that|this|that one|this one)\b/.test(said)) return question;
  if (experiments.includes(subject) || experiments.length > 1) return question;
  const compares = /\b(?:compare|versus|vs|difference|differ|better than|worse than)\b/.test(said);
  return experiments.length > 0 && !compares
    ? question
    : { ...question, experiments: [subject, ...experiments] };
}

/** A longer question names what it is about. */
const MOST_OF_FOLLOW_UP = 5;

const PLACE =
  /(?:\b(?:second|third|fourth|fifth) )?\b(?:best|worst|top|winner|winners|won|leader|incumbent)\b/g;

/** `the best`, `the second best` become experiments; else what the last answer was about. */
async function withSubjects(
  asking: Asking,
  { needs }: Intent,
  question: Question,
  { subject }: Context,
): Promise<readonly [question: Question, ranked: readonly string[] | null]> {
  const experiments = [...question.experiments];
  const took: string[] = [];
  for (const [phrase] of question.said.matchAll(PLACE)) {
    if (experiments.length >= (needs ?? 0)) break;
    const scope = scopeOf(question);
    const about = aboutBehind(phrase, question);
    const of = {
      ...question,
      said: phrase,
      about,
      nights: scope.night === null ? [] : [scope.night],
    };
    const id = await ranked(asking, of);
    took.push(phrase, ...[about, scope.night, scope.when].filter((one) => one !== null));
    if (id !== null && !experiments.includes(id)) experiments.push(id);
  }
  const meant = subject !== null && question.said.split(' ').length <= MOST_OF_FOLLOW_UP;
  if (experiments.length < (needs ?? 0) && meant && !experiments.includes(subject))
    experiments.unshift(subject);
  return [{ ...question, experiments }, took.length > 0 ? took : null];
}

/** `the best dropout` is the best about dropout. */
const aboutBehind = (phrase: string, { said, about }: Question): string | null =>
  about !== null && said.includes(`${phrase} ${wordsOf(about).join(' ')}`) ? about : null;

async function ranked(asking: Asking, question: Question): Promise<string | null> {
  if (!ranks(question)) return null;
  const [found] = await carriedOut(asking, [bestCall(question, 1)]);
  const row = found?.rows[0];
  return row ? String(valueOf(row, 'id')) : null;
}

async function askedToMark(
  asking: Asking,
  mark: MarkRequest,
  question: Question,
  before: Context,
): Promise<Asked> {
  const [best] =
    mark.targets.length > 0 || mark.label === null ? [] : [await ranked(asking, question)];
  const targets = mark.targets.length > 0 ? mark.targets : best ? [best] : [];
  const context: Context = {
    ...before,
    asked: [...before.asked, question.text],
    subject: targets[0] ?? before.subject,
  };
  if (targets.length === 0 || mark.label === null)
    return {
      answer: notKnown(
        `What should be marked, and as what? Such as: ${mark.kind} E-0007 as suspicious because its loss jumps.`,
      ),
      ...{ mark: null, trouble: null },
      context,
    };
  const verb = mark.kind === 'flag' ? 'Flag' : 'Take away the flag of';
  const as = mark.kind === 'flag' ? ` as ${mark.label}` : `: ${mark.label}`;
  return {
    answer: {
      answer: `${verb} ${targets.join(', ')}${as}, because ${mark.because}.`,
      grounded: true,
      sources: [],
    },
    ...{ mark: { ...mark, targets }, trouble: null },
    context,
  };
}

/** What the answer was about: the first experiment of its rows. */
function after({ asked, subject }: Context, question: Question, found: readonly Found[]): Context {
  const ids = found.flatMap(({ rows }) =>
    rows.slice(0, 1).map((row) => String(valueOf(row, 'experiment') ?? valueOf(row, 'id'))),
  );
  const first = ids.find((id) => /^E-\d+$/.test(id));
  return { asked: [...asked, question.text], subject: first ?? subject, last: question };
}
