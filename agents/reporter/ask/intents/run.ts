import { say, type Sentence } from '../../fact.ts';
import { at, type Intent } from '../intent.ts';
import type { Question } from '../reading.ts';
import { called, cell, has, listed, valueOf } from '../told.ts';
import type { FactRow } from '../tool.ts';
import { experimentIn, first, of } from './one.ts';

/** Questions about runs, each by itself, and whose idea an experiment was. */

const MEMORY = /\bmemory\b/;
const runsOf = (question: Question, sort: 'seconds' | 'memory' | null, limit: number) =>
  ({
    tool: 'runs',
    args: {
      ...{ night: null, when: null, experiment: first(question), status: null },
      ...{ sort, descending: sort !== null, limit },
    },
  }) as const;

export const took: Intent = {
  name: 'time and memory of an experiment',
  like: 'How much memory did E-0007 use? How long did E-0007 take?',
  needs: 1,
  when: ({ said, experiments }) =>
    experiments.length === 1 &&
    (/\bhow much (?:memory|time|compute)\b/.test(said) || /\bhow long\b/.test(said)),
  calls: (question) => [runsOf(question, MEMORY.test(question.said) ? 'memory' : 'seconds', 20)],
  tells(found, question) {
    const all = at(found, 0);
    const column = MEMORY.test(question.said) ? 'peak_memory_mb' : 'seconds';
    if (all.rows.length === 0)
      return [
        say`Of ${first(question)} no run recorded it: ${cell(all.whole ?? {}, 'of')} runs are recorded.`,
      ];
    return [
      say`Runs of ${first(question)}, the most first:`,
      ...listed(all, (row) => say`${cell(row, 'id')}: ${cell(row, column)}`, 20),
    ];
  },
};

export const whose: Intent = {
  name: 'whose idea it was',
  like: 'Was E-0007 written by a model? Who proposed E-0007?',
  needs: 1,
  when: ({ said, experiments }) =>
    experiments.length === 1 &&
    /\b(?:written|proposed|suggested|invented|idea) (?:by|of|from)\b|\bwho (?:\w+ )?(?:wrote|proposed|suggested|invented)\b|\bwhose idea\b|\bcame from\b|\bcome from\b|\bcame up with\b/.test(
      said,
    ),
  calls: (question) => [{ tool: 'show', args: { id: experimentIn(first(question)) } }],
  tells: (found, question) =>
    of(found, 0, question, (row) => [
      say`The idea of ${cell(row, 'id')} “${cell(row, 'title')}” (${cell(row, 'change')}) came from: ${cell(row, 'source')}.`,
      has(row, 'reason')
        ? say`Why it was tried: ${cell(row, 'reason')}.`
        : say`Nobody recorded why it was tried.`,
    ]),
};

const DETAIL = /\b(?:branch|commit|parent|when|promoted|merged)\b|\b(?:built|based) on\b/;

/** What a page says of an experiment besides its numbers. */
export const detail: Intent = {
  name: 'day, branch and parent of an experiment',
  like: 'When was E-0007 run? Is E-0007 promoted? What is the parent of E-0007?',
  needs: 1,
  when: ({ said, experiments }) =>
    DETAIL.test(said) &&
    (experiments.length === 1 || /\b(?:the|our) (?:best|winner|leader|incumbent)\b/.test(said)) &&
    !/\b(?:why|should|can|may|could|gain\w*|effect|better|worse|improve\w*)\b/.test(said),
  calls: (question) => [{ tool: 'show', args: { id: experimentIn(first(question)) } }],
  tells: (found, question) =>
    of(found, 0, question, (row) => [
      say`${called(row)}: opened ${cell(row, 'started')} in ${cell(row, 'night')}, built on ${has(row, 'parent') ? cell(row, 'parent') : 'the base commit'}; branch ${cell(row, 'branch')}, commit ${cell(row, 'commit')}; ${has(row, 'promoted') ? say`promoted ${cell(row, 'promoted')}` : 'not promoted'}.`,
    ]),
};

export const run: Intent = {
  name: 'one run',
  like: 'What about E-0007.2?',
  when: ({ experiments: [id = ''], own }) => id.includes('.') || own.length > 0,
  calls: (question) => [runsOf(question, null, 1)],
  tells: (found, question) =>
    of(found, 0, question, (row) => [
      runLine(row),
      ...(blames(row) ? [say`It failed: ${cell(row, 'failure')}.`] : []),
    ]),
};

/** A run of one's own tries no idea that could be at fault, and that it failed is said. */
const blames = (row: FactRow): boolean =>
  has(row, 'failure') && (has(row, 'experiment') || valueOf(row, 'failure') !== 'idea');

/** What the run has: one's own has no objective and no seed. */
function runLine(row: FactRow): Sentence {
  const objective = has(row, 'objective')
    ? say`, ${cell(row, 'metric')} ${cell(row, 'objective')}`
    : say``;
  const seed = has(row, 'seed') ? say`, seed ${cell(row, 'seed')}` : say``;
  const took = has(row, 'seconds') ? say`, ${cell(row, 'seconds')}` : say``;
  return say`${cell(row, 'id')} ${cell(row, 'name')}: ${cell(row, 'status')}${objective}${seed}${took}, begun ${cell(row, 'started')}.`;
}
