import { scopeOf, type Intent } from './intent.ts';
import { IDLE, READS } from './lexicon.ts';
import { NUMBER, wordsOf, type Question } from './reading.ts';
import type { Call } from './tools.ts';

/** Words that a call's argument stands for, besides itself. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  yours: ['my', 'mine', 'own'],
  model: ['models', 'llm'],
  paper: ['papers'],
  confirmed: ['confirm', 'confirms'],
  no_difference: ['made', 'no', 'difference'],
  queued: ['waiting', 'pending', 'open'],
  failed: ['crash', 'crashed', 'crashes', 'broke', 'broken'],
  out_of_memory: ['oom'],
  timeout: ['timeouts', 'timed', 'time', 'out'],
  not_a_number: ['nan'],
  rejected: ['turn', 'turned', 'down', 'refused'],
  done: ['tested', 'tried'],
  last: ['latest', 'newest', 'recent', 'night', 'nights', 'tonight', 'overnight'],
  today: ['day'],
  this_week: ['weeks'],
  last_week: ['previous', 'past', 'weeks'],
};

/**
 * What a question says and its calls do not ask for. An answer that passes over `dropout`, `last
 * week`, `before` or `sandboxed` answers another question: then it is better to have none. Every word
 * has to be idle, or read by this kind of question, or in an argument of its calls.
 */
export function leftOver(
  question: Question,
  { name, takes }: Intent,
  calls: readonly Call[],
  /** What finding experiments by their rank took in; null where none was looked for. */
  ranked: readonly string[] | null,
): readonly string[] {
  const { said, experiments, own, metric, label, named, objective } = question;
  const asked = [...calls.flatMap(({ args }) => valuesOf(args)), ...(ranked ?? [])];
  const isAsked = (one: string): boolean =>
    asked.some((value) => value.toLowerCase() === one.toLowerCase());
  const { night, when } = scopeOf(question);
  const scope = [night, when, ...question.periods, ...question.nights].filter(
    (one) => one !== null,
  );
  const names = named.filter(
    (one) =>
      !isAsked(one) &&
      // An experiment says itself what it is about.
      (one === metric || one === label || experiments.length + own.length === 0),
  );
  const missed = [
    ...[...experiments, ...own, ...question.hypotheses].filter((id) => !isAsked(id)),
    ...scope.filter((one) => !isAsked(one)),
    ...names,
  ];
  const reads = new Set<string>([
    ...[...READS[name], ...objective, ...(takes?.(question) ?? '').split(' ')],
    ...asked.flatMap((value) => [...wordsOf(value), ...(ALSO[value] ?? [])]),
    ...[...scope, ...named].flatMap((one) => [...wordsOf(one), ...(ALSO[one] ?? [])]),
    ...(night?.startsWith('N-') ? ['night', 'nights'] : []),
  ]);
  const words = said.split(' ').filter((word) => {
    if (NUMBER.test(word)) return !reads.has(word) && !asked.some((one) => isNumber(one, word));
    return !(IDLE.has(word) || ID.test(word) || reads.has(word));
  });
  return [...new Set([...missed, ...words].map((one) => one.replaceAll('_', ' ')))];
}

const ID = /^[EHNR]-\d{4,}(?:\.\d+)?$/;

const isNumber = (value: string, word: string): boolean =>
  value !== '' && Number(value) === Number(word);

/** What the arguments say: their values, and the names of those that are switched on. */
function valuesOf(args: unknown): readonly string[] {
  if (args === null || args === false || args === undefined) return [];
  if (typeof args !== 'object') return [String(args)];
  if (Array.isArray(args)) return args.flatMap(valuesOf);
  return Object.entries(args).flatMap(([key, value]) => (value === true ? [key] : valuesOf(value)));
}
