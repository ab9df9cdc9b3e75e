import { TOUCHES_EVALUATION } from '../../orchestrator/domain/doubt.ts';
import { fact, joined, say, type Sentence, type Sourced } from './fact.ts';
import { code, escaped } from './markdown.ts';
import { listed, stackOf } from './phrases.ts';
import type { ExperimentRow, FlagRow, NightRecord } from './records.ts';

/** What may only print better numbers, and what is to be done before it is merged. */

/**
 * The marks on an experiment, and on what it is built on, of changes that name the evaluation. None
 * where the numbers were measured outside of the script.
 */
export function doubtsOn(
  record: NightRecord,
  { row }: Sourced<ExperimentRow>,
): readonly Sourced<FlagRow>[] {
  if (row.tier !== null && row.tier !== 'self_reported') return [];
  return stackOf(record, row.id)
    .flatMap((one) => record.flags.get(one.row.id) ?? [])
    .filter((flag) => flag.row.label === TOUCHES_EVALUATION);
}

/** ``E-0003 is flagged `touches:evaluation` ``, by each that is. */
export const flagged = (doubts: readonly Sourced<FlagRow>[]): Sentence =>
  listed(
    doubts.map(
      (one) =>
        say`${fact(one, 'target', String)} is flagged ${fact(one, 'label', (label) => code(label))}`,
    ),
  );

/** Why it is, beside the question whether a gain is real. */
export const doubted = (doubts: readonly Sourced<FlagRow>[]): Sentence =>
  say`**Read the diff first:** ${flagged(doubts)} (${joined(
    doubts.map((one) => [fact(one, 'because', (text) => escaped(text, 200))]),
    '; ',
  )}), and nothing outside the script checked its numbers. Fresh seeds do not tell a better model from a better print.`;

/** What to read, and what to say when it is all right; `promote` refuses before. */
export const clearing = (record: NightRecord, doubts: readonly Sourced<FlagRow>[]): Sentence => {
  const each = (verb: (flag: FlagRow) => string): Sentence =>
    listed(
      doubts.map((one) => [fact(one, 'target', () => `\`${record.command} ${verb(one.row)}\``)]),
    );
  return say`read the diff (${each(({ target }) => `show ${target}`)}) and, if it is all right, take the mark away (${each(({ target, label }) => `unflag ${target} ${label}`)})`;
};
