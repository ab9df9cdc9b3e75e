import { say, type Sentence, type Sourced } from './fact.ts';
import { lastWords, triedAgain } from './ideas.ts';
import { byGain, type Outcome } from './outcome.ts';
import {
  experimentOf,
  fell,
  gainIn,
  gainOnParent,
  named,
  onItsParent,
  stackOf,
} from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';
import { isOpen } from './words.ts';

/** What was promising beside the stack, and what to do with it. */

/** Promising, but not what the night built on. Nothing stands on top of a stack that is invalid. */
export function besideTheStack(record: NightRecord, outcome: Outcome): readonly Sentence[] {
  const stack = 'tip' in outcome ? stackOf(record, outcome.tip.row.id) : [];
  // Another value of a knob would replace what the stack gained by it, and add nothing.
  const taken = new Set(outcome.kind === 'invalid' ? [] : stack.flatMap(({ row }) => knobsOf(row)));
  const beside = notBuiltOn(record, stack).filter(
    ({ row }) => !knobsOf(row).some((knob) => taken.has(knob)),
  );
  return byGain(record, beside)
    .slice(0, 2)
    .map((one) =>
      outcome.kind === 'invalid'
        ? onBase(record, one)
        : say`Try ${named(one)} on top of the best: it was promising ${gainOnParent(record, one)}.`,
    );
}

/** Another value that gained more on the same parent than the one that the stack took; one a knob. */
export function inPlaceOf(record: NightRecord, outcome: Outcome): readonly Sentence[] {
  if (!('tip' in outcome) || outcome.kind === 'invalid') return [];
  const stack = stackOf(record, outcome.tip.row.id);
  const others = notBuiltOn(record, stack);
  const gain = ({ row }: Sourced<ExperimentRow>) =>
    row.effect_on_parent === null ? -Infinity : gainIn(record, row.effect_on_parent);
  return stack
    .flatMap((member) => {
      const [best] = others
        .filter((one) => isAlternative(one.row, member.row) && gain(one) > gain(member))
        .toSorted((a, b) => gain(b) - gain(a));
      return best ? [{ best, member }] : [];
    })
    .slice(0, 2)
    .map(({ best, member }) => {
      const parent = experimentOf(record, parentOf(best.row));
      return say`Try ${named(best)} in place of ${named(member)}: it gained more on ${named(parent)} (${onItsParent(record, best)}, against ${onItsParent(record, member)}).`;
    });
}

const parentOf = ({ parent, baseline }: ExperimentRow) => parent ?? baseline;

/** Whether they set the same knobs of the same parent. */
const isAlternative = (a: ExperimentRow, b: ExperimentRow): boolean =>
  parentOf(a) === parentOf(b) &&
  knobsOf(a).length > 0 &&
  knobsOf(a).toSorted().join('\n') === knobsOf(b).toSorted().join('\n');

/** Where there is no best: what was measured on base lacks fresh seeds alone. */
function onBase(record: NightRecord, one: Sourced<ExperimentRow>): Sentence {
  const was = say`it was promising ${gainOnParent(record, one)}`;
  return parentOf(one.row) === one.row.baseline
    ? say`Give ${named(one)} fresh seeds: ${was}, and dawn did not test it.`
    : say`Try ${named(one)} on base: ${was}.`;
}

/** Promising experiments that neither the stack nor a claim holds, and that rest on nothing invalid. */
function notBuiltOn(
  record: NightRecord,
  stack: readonly Sourced<ExperimentRow>[],
): readonly Sourced<ExperimentRow>[] {
  const inStack = new Set(stack.map(({ row }) => row.id));
  return lastWords(record).filter(
    (one) =>
      one.row.verdict === 'promising' &&
      one.row.stack === null &&
      !inStack.has(one.row.id) &&
      !fell(record, one.row.id) &&
      !triedAgain(record, one.row) &&
      isOpen(record, one),
  );
}

const NO_KNOB: ReadonlySet<string> = new Set(['patch', 'idea']);

/** Two patches go by one name there, and are no alternatives of each other. */
const knobsOf = ({ change }: ExperimentRow): readonly string[] =>
  Object.keys(change).filter((name) => !NO_KNOB.has(name));
