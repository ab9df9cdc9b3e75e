import { say, type Fact, type Sentence } from '../fact.ts';
import { NOTHING } from './cells.ts';
import type { FactRow, Found } from './tool.ts';

/** Turns of phrase for rows of the tools, so that one thing reads the same in every answer. */

/** A row's cell. Throws where the tool has no such column: a bug of ours. */
export function cell(row: FactRow, column: string): Fact {
  const found = row[column];
  if (!found) throw new Error(`expected a column ${column}, found ${Object.keys(row).join(', ')}`);
  return found;
}
export const has = (row: FactRow, column: string): boolean =>
  row[column] !== undefined && row[column].shown !== NOTHING;
export const valueOf = (row: FactRow, column: string): unknown => row[column]?.value ?? null;

/** ``E-0007 (learning_rate=0.03)``, a baseline by its id. */
export const called = (row: FactRow): Sentence =>
  valueOf(row, 'id') === valueOf(row, 'baseline')
    ? say`the baseline ${cell(row, 'id')}`
    : say`${cell(row, 'id')} “${cell(row, 'title')}” (${cell(row, 'change')})`;

/** A gain is above 0 whichever way the objective goes; null where there is no effect. */
export function gainOf(row: FactRow, column = 'effect'): number | null {
  const effect = valueOf(row, column);
  if (typeof effect !== 'number') return null;
  return valueOf(row, 'direction') === 'minimize' ? -effect : effect;
}

/** Whether an interval leaves zero out; null where there is none. */
export function leavesZeroOut(row: FactRow, column = 'interval'): boolean | null {
  const ends = valueOf(row, column);
  if (!Array.isArray(ends)) return null;
  const [low, high] = ends.map(Number) as [number, number];
  return low > 0 || high < 0;
}

/** `loss 1.574 (3 seeds, self reported), −0.038 on the baseline E-0000, 95 % interval −0.044 to −0.032, better`. */
export function measuredIn(row: FactRow): Sentence {
  if (!has(row, 'objective')) return say`it has no usable number`;
  const tier = has(row, 'tier') ? say`, ${cell(row, 'tier')}` : say``;
  const mean = say`${cell(row, 'metric')} ${cell(row, 'objective')} (${cell(row, 'n')}${tier})`;
  if (!has(row, 'effect') || valueOf(row, 'id') === valueOf(row, 'baseline')) return mean;
  const interval = has(row, 'interval')
    ? say`, ${cell(row, 'interval')}`
    : say` (how much of it is chance is not known)`;
  return say`${mean}, ${cell(row, 'effect')} on the baseline ${cell(row, 'baseline')}${interval}: ${wayOf(row)}${onParent(row)}`;
}

/** What the change itself brought, where it was built on more than the baseline. */
function onParent(row: FactRow): Sentence {
  if (!has(row, 'effect_on_parent') || valueOf(row, 'parent') === valueOf(row, 'baseline'))
    return say``;
  const interval = has(row, 'parent_interval') ? say`, ${cell(row, 'parent_interval')}` : say``;
  return say`; on its parent ${cell(row, 'parent')} ${cell(row, 'effect_on_parent')}${interval}`;
}

/** In words, and never more than the row says. */
export function wayOf(row: FactRow): string {
  const gain = gainOf(row) ?? 0;
  const way = gain > 0 ? 'better' : gain < 0 ? 'worse' : 'the same';
  return leavesZeroOut(row) === false && gain !== 0 ? `${way}, which could be chance` : way;
}

export const verdictIn = (row: FactRow): Sentence =>
  has(row, 'verdict') ? say`verdict ${cell(row, 'verdict')}` : say`not judged yet`;

export const experimentLine = (row: FactRow): Sentence =>
  say`${called(row)}: ${measuredIn(row)}; ${verdictIn(row)}.`;

/** `0 of 17`. */
export const matchingOf = ({ whole }: Found): Sentence =>
  whole ? say`${cell(whole, 'matching')} of ${cell(whole, 'of')}` : say`none`;

/** The first rows as a list, and how many more there are. */
export function listed(
  { rows }: Found,
  line: (row: FactRow) => Sentence,
  most = 10,
): readonly Sentence[] {
  const more = rows.length > most ? [say`- and more: the query lists them all`] : [];
  return [...rows.slice(0, most).map((row) => say`- ${line(row)}`), ...more];
}
