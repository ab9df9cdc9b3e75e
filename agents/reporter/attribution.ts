import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { restingOn } from './gather.ts';
import { escaped } from './markdown.ts';
import { counted } from './numbers.ts';
import { ATTRIBUTION, effectWithInterval, idOf, stackOf } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** What each change of a confirmed stack is worth, by leaving it out. */

/** The stack without this change, where dawn ran it. */
export function armWithout(
  record: NightRecord,
  { row }: Sourced<ExperimentRow>,
): Sourced<ExperimentRow> | undefined {
  const left = [...record.experiments.values()].find((one) => one.row.left_out === row.id);
  if (left) return left;
  // Without its last change the stack is what it was built on.
  return row.dawn_confirmed && row.parent !== null ? record.experiments.get(row.parent) : undefined;
}

/**
 * `worth −0.21 in the stack, 95 % interval −0.27 to −0.15, left out on 4 fresh seeds: attributed`;
 * or why nothing is attributed to it. Null outside of a confirmed stack of several changes.
 */
export function attributionInWords(
  record: NightRecord,
  member: Sourced<ExperimentRow>,
): Sentence | null {
  const { id, stack, dawn_confirmed, attributed, attribution_effect } = member.row;
  const tip = stack ?? (dawn_confirmed ? id : null);
  if (tip === null || !record.experiments.has(tip) || stackOf(record, tip).length < 2) return null;
  const part = say`part of a confirmed stack, not attributed`;
  if (attributed === null) return say`${part}: the budget had no seeds left to leave it out`;
  const without = armWithout(record, member);
  if (attribution_effect === null)
    return without?.row.failure != null
      ? say`${part}: the stack without it could not be made (${idOf(without)}: ${fact({ ...without, runs: [] }, 'failure', (text) => escaped(text, 120))})`
      : say`${part}: no run without it finished`;
  const from = restingOn(member, record.dawn.get(tip), without && record.dawn.get(without.row.id));
  const n = fact(from, 'attribution_n', (count) => counted(count, 'fresh seed'));
  const worth = say`worth ${effectWithInterval(from, ATTRIBUTION, record.decimals)} in the stack, by leaving it out on ${n}`;
  return attributed
    ? say`${worth}: attributed`
    : say`${worth}: ${part}, since that could be chance`;
}
