import { scopeOf } from './intent.ts';
import type { Question } from './reading.ts';
import type { Call } from './tools.ts';

/**
 * What a question names and its calls do not ask for. An answer that passes over `dropout`, `last
 * week` or `before` answers another question: then it is better to have none.
 */
export function leftOver(
  question: Question,
  calls: readonly Call[],
  /** Whether the calls are about experiments that were found by rank: these took the scope in. */
  ranked: boolean,
): readonly string[] {
  const asked = JSON.stringify(calls.map(({ args }) => args)).toLowerCase();
  const { experiments, hypotheses, nights, own, periods, about, metric, value } = question;
  const scope = ranked ? [] : [scopeOf(question).night, ...periods, ...nights];
  const named = [
    ...[...experiments, ...hypotheses, ...own, ...scope, metric],
    // An experiment says itself what it is about.
    ...(experiments.length > 0 || ranked ? [] : [about]),
  ];
  const left = named.filter((one) => one !== null && !asked.includes(rootOf(one).toLowerCase()));
  const than = COUNTS.has(calls[0]?.tool ?? '')
    ? (THAN.exec(question.said)?.slice(0, 1) ?? [])
    : [];
  const number = value !== null && !numbersIn(asked).includes(Number(value)) ? [value] : [];
  return [...new Set([...left, ...than, ...number].map((one) => String(one).replace('_', ' ')))];
}

/** What is counted or listed takes no comparison. */
const COUNTS = new Set(['experiments', 'hypotheses', 'runs', 'failures', 'nights', 'spend']);
const THAN = /\b(?:better|worse|more|less|higher|lower) than\b/;

/** Of a run its experiment, which most tools take. */
const rootOf = (id: string): string => (id.startsWith('E-') ? (id.split('.')[0] ?? id) : id);

const numbersIn = (text: string): readonly number[] =>
  (text.match(/\d+(?:\.\d+)?(?:e-?\d+)?/g) ?? []).map(Number);
