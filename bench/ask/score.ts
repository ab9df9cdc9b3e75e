import type { NotebookReader } from '../../orchestrator/domain/ports.ts';
import type { Answer } from '../../agents/reporter/ask/answer.ts';
import { FREE_TABLE, TABLE_ALONE } from '../../agents/reporter/ask/with-model.ts';
import type { Question } from './questions.ts';

/** How an answer is judged, by its text alone and by its queries asked anew. */

/** `table`: it could not be worded, and the rows that stand alone are not what was asked for. */
export type Outcome = 'right' | 'refused' | 'table' | 'wrong';

export function outcomeOf(
  { kind, ids = [], near = [], says, never, mayRefuse }: Question,
  { answer, grounded }: Answer,
): Outcome {
  const otherwise =
    answer.startsWith(TABLE_ALONE) || answer.startsWith(FREE_TABLE) ? 'table' : 'wrong';
  if (kind === 'unanswerable') return grounded ? otherwise : 'right';
  if (kind === 'narrowed' && says === undefined) return grounded ? otherwise : 'right';
  if (!grounded) return mayRefuse === true ? 'right' : 'refused';
  const numbers = numbersIn(answer);
  const right =
    ids.every((id) => answer.includes(id)) &&
    near.every((truth) => numbers.some((one) => agrees(one, truth))) &&
    (says === undefined || says.test(answer)) &&
    (never === undefined || !never.test(answer));
  return right ? 'right' : otherwise;
}

/**
 * Numbers of the answer that no cell of its queries holds, at the digits that are written; of a line
 * that names experiments, hypotheses or nights, no cell of a row that holds one of these, or none.
 */
export async function unsupportedIn(
  { answer, grounded, sources }: Answer,
  notebook: NotebookReader,
  computed: readonly number[],
): Promise<readonly string[]> {
  const rows: Held[] = [heldBy([...computed])];
  for (const { query } of sources)
    for (const sql of query.split(';\n'))
      for (const row of (await notebook.query(sql)).rows)
        rows.push(heldBy(Object.values(row).flat()));
  // What it does not know it says in the question's own words.
  const said = grounded ? answer : answer.replace(/“[^”]*”/g, '');
  return said.split('\n').flatMap((line) => {
    const named = namedIn(line);
    const own = rows.filter(
      ({ ids }) => named.length === 0 || ids.length === 0 || ids.some((id) => named.includes(id)),
    );
    return numbersIn(line)
      .filter((one) => !own.some((row) => isHeld(one, row)))
      .map(({ text }) => text);
  });
}

/** A row of a query. */
interface Held {
  readonly ids: readonly string[];
  readonly values: readonly number[];
  readonly texts: readonly string[];
}
const heldBy = (cells: readonly unknown[]): Held => {
  const texts = cells.filter((cell) => typeof cell === 'string');
  return { texts, values: cells.map(Number).filter(Number.isFinite), ids: texts.flatMap(namedIn) };
};
const namedIn = (text: string): readonly string[] => text.match(/\b[EHN]-\d{4,}/g) ?? [];
const isHeld = (one: Written, { values, texts }: Held): boolean =>
  values.some((value) => agrees(one, value)) || texts.some((text) => holds(text, one.text));

const holds = (text: string, number: string): boolean =>
  new RegExp(`(?<![\\d.])${number.replace('.', '\\.').replace('+', '')}(?![\\d])`).test(text);

interface Written {
  readonly text: string;
  /** As a count, an effect, or a time in seconds. */
  readonly value: number;
  readonly decimals: number;
  readonly unit: 'plain' | 'seconds' | 'significant';
}

/** Everything that is a number there; ids, names of queries and the fixed turn `95 % interval` are none. */
function numbersIn(answer: string): readonly Written[] {
  const found: Written[] = [];
  let text = answer
    .replace(/\[q\d+(?:, q\d+)*\]/g, ' ')
    .replace(/95 % interval/g, ' ')
    .replace(/asked: "[^"]*"/g, ' ')
    .replace(/\b(?:E-\d{4,}(?:\.\d+)?|[HNR]-\d{4,})/g, ' ')
    .replaceAll('−', '-');
  const take = (pattern: RegExp, written: (match: RegExpMatchArray) => Written) => {
    for (const match of text.matchAll(pattern)) found.push(written(match));
    text = text.replace(pattern, ' ');
  };
  take(
    /\b(\d+) (January|February|March|April|May|June|July|August|September|October|November|December) (\d{4}), (\d\d:\d\d)/g,
    ([all, day = '', month = '', year = '', time = '']) => ({
      ...{ decimals: 0, unit: 'plain', value: Number.NaN },
      text: new Date(`${day} ${month} ${year} ${time} UTC`).toISOString().slice(0, 16),
      ...(all === '' && {}),
    }),
  );
  take(/\b(\d+) h (\d\d) min/g, ([all, h, m]) => ({
    text: all,
    value: Number(h) * 3600 + Number(m) * 60,
    decimals: -2,
    unit: 'seconds',
  }));
  take(/\b(\d+) min (\d\d) s/g, ([all, m, s]) => ({
    text: all,
    value: Number(m) * 60 + Number(s),
    decimals: 0,
    unit: 'seconds',
  }));
  take(/\b(\d+(?:\.\d+)?) s\b/g, ([all, s = '']) => ({
    text: all,
    value: Number(s),
    decimals: (s.split('.')[1] ?? '').length,
    unit: 'seconds',
  }));
  take(/[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, ([all]) => ({
    text: all,
    value: Number(all),
    decimals: (all.split('.')[1]?.replace(/e.*/, '') ?? '').length,
    unit: all.includes('e') ? 'significant' : 'plain',
  }));
  return found;
}

/** Whether a written number is this value, rounded. Times may stand in hours in a cell. */
function agrees({ value, decimals, unit }: Written, truth: number): boolean {
  // A count is itself, and not what a measurement rounds to.
  if (unit === 'plain' && decimals === 0) return value === truth;
  const off = unit === 'significant' ? Math.abs(value) * 1e-3 : 0.5 * 10 ** -decimals + 1e-9;
  if (unit === 'seconds')
    return (
      Math.abs(truth - value) <= Math.max(off, 0.6) ||
      Math.abs(truth * 3600 - value) <= Math.max(30.5, off)
    );
  return Math.abs(truth - value) <= off;
}
