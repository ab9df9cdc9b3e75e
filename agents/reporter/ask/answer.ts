import type { RunId } from '../../../orchestrator/domain/ids.ts';
import { oneLine } from '../markdown.ts';
import { runRanges } from '../page.ts';
import { factsIn, runsIn, textOf, type Sentence } from '../fact.ts';
import type { Found } from './tool.ts';

/** What the Reporter answers: lines of words and facts, and where each number comes from. */

export interface AskedSource {
  /** `q1`: how the answer calls it. */
  readonly call: string;
  readonly tool: string;
  readonly args: unknown;
  readonly query: string;
  /** How many rows are told of. */
  readonly rows: number;
  /** The runs that the answer's numbers rest on. */
  readonly runs: readonly RunId[];
}

export interface Answer {
  readonly answer: string;
  /** Whether it rests on what is recorded; false: the notebook does not know. */
  readonly grounded: boolean;
  readonly sources: readonly AskedSource[];
}

/** The lines, each with the queries it rests on; runs that no line speaks of are not named. */
export function answerFrom(lines: readonly Sentence[], found: readonly Found[]): Answer {
  const told = lines.map((line) => {
    const calls = [...new Set(factsIn(line).map(({ source }) => source.name))];
    return `${textOf(line)}${calls.length === 0 ? '' : ` [${calls.join(', ')}]`}`;
  });
  const facts = lines.flatMap(factsIn);
  const sources = found.map(({ call, tool, args, source, rows }) => {
    const own = facts.filter((one) => one.source.name === call);
    const queries = new Set(own.map((one) => one.source.sql));
    const query = queries.size === 0 ? source.sql : [...queries].join(';\n');
    return { call, tool, args, query, rows: rows.length, runs: runsIn(own) };
  });
  return { answer: told.join('\n'), grounded: true, sources };
}

/** Characters of a line of SQL: a model may have written it. */
const LONGEST = 1000;

/** The sources under an answer, for people: nothing in them moves a cursor. */
export const sourcesInWords = (sources: readonly AskedSource[]): readonly string[] =>
  sources.flatMap(({ call, tool, query, runs }) => [
    `[${call}] ${tool}${runs.length === 0 ? '' : `: runs ${runsInWords(runs)}`}`,
    ...query.split('\n').map((line) => `     ${oneLine(line, LONGEST)}`),
  ]);

/** Neighbours of an experiment drawn together, then runs of one's own. */
const runsInWords = (runs: readonly RunId[]): string => {
  const own = runs.filter((run) => run.startsWith('R'));
  const ofNights = runRanges(runs.filter((run) => !run.startsWith('R')));
  return [...(ofNights === '' ? [] : [ofNights]), ...own].join(', ');
};

export const NOT_KNOWN = 'The notebook does not know.';

export const notKnown = (why: string): Answer => ({
  answer: `${NOT_KNOWN} ${why}`.trim(),
  grounded: false,
  sources: [],
});
