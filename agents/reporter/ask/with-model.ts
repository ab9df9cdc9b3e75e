import { z } from 'zod';
import type { Model, ModelCall } from '../../../orchestrator/domain/model.ts';
import { dataBlock } from '../../data-block.ts';
import { systemPrompt } from '../../prompt.ts';
import { say, type Sentence } from '../fact.ts';
import { oneLine } from '../markdown.ts';
import { readDraft } from './draft.ts';
import type { Names } from './reading.ts';
import { unsupported } from './support.ts';
import { cell, matchingOf } from './told.ts';
import type { FactRow, Found } from './tool.ts';
import { TOOLS, type Call } from './tools.ts';

/** What a model does for an answer: it chooses the calls, and it words what they found. */

const MOST_CALLS = 4;
/** Rows of a call that a model sees; an answer tells of fewer. */
const MOST_ROWS = 12;
/** Characters of a column's name, which a model may have made up. */
const LONGEST_NAME = 30;

const callSchema = z.union(
  TOOLS.map((one) => z.strictObject({ tool: z.literal(one.name), args: one.args as z.ZodType })),
);
const planSchema = z.strictObject({ calls: z.array(callSchema).max(MOST_CALLS) });

/** The questions before this one, oldest first, and what they were about. */
export interface Talk {
  readonly asked: readonly string[];
  readonly subject: string | null;
}

/** The calls that a question needs; none where the model knows none, or does not answer, and why. */
export async function planCalls(
  model: Model,
  question: string,
  names: Names,
  talk: Talk,
): Promise<{ readonly calls: readonly Call[]; readonly trouble: string | null }> {
  const before =
    talk.asked.length === 0 ? '' : `Asked before: ${talk.asked.slice(-3).join(' | ')}\n`;
  const about = talk.subject === null ? '' : `The last answer was about ${talk.subject}.\n`;
  const reply = await model.ask({
    ...{ role: 'reporter', step: 'plan', work: 'ask', max_tokens: 1000 },
    system: systemPrompt('reporter-plan', { tools: toolsInWords(), most: String(MOST_CALLS) }),
    messages: [
      {
        role: 'user',
        content: `${before}${about}Question: ${question}\n\n${dataBlock('names', namesInWords(names), 4000)}`,
      },
    ],
    schema: { name: 'calls', of: planSchema },
  });
  return 'failure' in reply
    ? { calls: [], trouble: reply.failure.message }
    : { calls: reply.value.calls as readonly Call[], trouble: null };
}

const toolsInWords = (): string =>
  TOOLS.map(
    ({ name, about, args }) =>
      `- ${name}: ${about}\n  args: ${JSON.stringify((z.toJSONSchema(args) as { properties?: unknown }).properties ?? {})}`,
  ).join('\n');

const namesInWords = ({ objective, metrics, settings, lines, labels }: Names): string =>
  [
    `objective: ${objective ?? 'none'}`,
    `metrics: ${metrics.join(', ')}`,
    `knobs and parameters: ${settings.join(', ')}`,
    `lines: ${lines.join(', ')}`,
    `tags and flags: ${labels.join(', ')}`,
  ].join('\n');

export interface Composed {
  readonly lines: readonly Sentence[];
  /** Why the model did not word it; null where it did, or where its words did not hold. */
  readonly trouble: string | null;
}
const worded = (lines: readonly Sentence[], trouble: string | null = null): Composed => ({
  lines,
  trouble,
});

/** What free SQL found stands below as a table: it may hold constants, and so anything. */
export async function compose(
  model: Model,
  question: string,
  found: readonly Found[],
): Promise<Composed> {
  const [free, own] = [found.filter((one) => one.free), found.filter((one) => !one.free)];
  const first = own.length === 0 ? worded([]) : await wordedBy(model, question, own);
  const table = free.length === 0 ? [] : [say`${FREE_TABLE}`, ...free.flatMap(rowsOf)];
  return { ...first, lines: [...first.lines, ...table] };
}

/**
 * The answer in the model's words with the facts in their places. A draft that says more than its
 * facts is sent back once; after that the table speaks alone, as it does where no model answers.
 */
async function wordedBy(
  model: Model,
  question: string,
  found: readonly Found[],
): Promise<Composed> {
  const ask = `Question: ${question}\n\n${dataBlock('facts', factsInWords(found), 24_000)}`;
  const first: ModelCall = {
    ...{ role: 'reporter', step: 'compose', work: 'ask', max_tokens: 1000 },
    system: systemPrompt('reporter-compose'),
    messages: [{ role: 'user', content: ask }],
  };
  const reply = await model.ask(first);
  if ('failure' in reply) return worded(tableOf(found), reply.failure.message);
  const draft = readDraft(reply.value, found);
  const problems = unsupported(draft, found);
  if (problems.length === 0) return worded(draft.lines);
  const again = await model.ask({
    ...first,
    step: 'repair',
    messages: [
      ...first.messages,
      { role: 'assistant', content: reply.value },
      {
        role: 'user',
        content: `Write the answer again. What is wrong with it:\n${dataBlock('problems', problems.map((one) => `- ${one}`).join('\n'), 4000)}`,
      },
    ],
  });
  if ('failure' in again) return worded(tableOf(found), again.failure.message);
  const repaired = readDraft(again.value, found);
  return worded(unsupported(repaired, found).length === 0 ? repaired.lines : tableOf(found));
}

/** Every cell under the name that a draft uses for it. */
const factsInWords = (found: readonly Found[]): string =>
  found
    .map(({ call, tool, args, rows, whole, ranked }) => {
      const order = ranked === null ? '' : `, ranked: the ${ranked} first`;
      const left = rows.length > MOST_ROWS ? `\n(${rows.length - MOST_ROWS} more rows)` : '';
      const row = (name: string, cells: FactRow) =>
        Object.entries(cells).map(([column, { shown }]) => `${call}.${name}.${column} = ${shown}`);
      return (
        [
          `${call}: ${tool} ${JSON.stringify(args)}, ${rows.length} rows${order}`,
          ...(whole ? row('whole', whole) : []),
          ...rows.slice(0, MOST_ROWS).flatMap((cells, i) => row(`r${i}`, cells)),
        ].join('\n') + left
      );
    })
    .join('\n\n');

export const TABLE_ALONE =
  'No wording of an answer held against the facts, so here is what the queries found:';

export const FREE_TABLE =
  'What a query of the model’s own gives; what its columns mean, and which of its values are measured, the query below says alone:';

/** The rows as they are, without anybody's prose. */
const tableOf = (found: readonly Found[]): readonly Sentence[] => [
  say`${TABLE_ALONE}`,
  ...found.flatMap(rowsOf),
];

const rowsOf = (one: Found): readonly Sentence[] => [
  one.whole && 'matching' in one.whole
    ? say`${one.tool}: ${'of' in one.whole ? matchingOf(one) : cell(one.whole, 'matching')}`
    : say`${one.tool}:`,
  ...(one.rows.length === 0 ? [say`- no row`] : one.rows.slice(0, MOST_ROWS).map(rowAlone)),
];

const rowAlone = (row: FactRow): Sentence => [
  '- ',
  ...Object.entries(row)
    .filter(([, { value }]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .flatMap(([column, fact], i) => [
      `${i === 0 ? '' : ', '}${oneLine(column.replaceAll('_', ' '), LONGEST_NAME)} `,
      fact,
    ]),
];
