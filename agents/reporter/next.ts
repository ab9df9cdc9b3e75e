import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { besideTheStack, inPlaceOf } from './beside.ts';
import { clearing, doubtsOn } from './doubts.ts';
import { atTheEdge } from './edges.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import type { Stated } from './findings.ts';
import type { Outcome } from './outcome.ts';
import { lastWords, triedAgain } from './ideas.ts';
import { counted } from './numbers.ts';
import { item, type Block } from './page.ts';
import {
  experimentOf,
  fell,
  gainIn,
  gainOnParent,
  idOf,
  leastGain,
  listed,
  named,
  stackOf,
} from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';
import { isOpen } from './words.ts';

/** At most five suggestions, the most useful first, each by a rule over what was recorded. */
export function whatNext(record: NightRecord, { outcome, going }: Stated): readonly Block[] {
  // Nothing is built on what is invalid, nor asked of it.
  const tip = 'tip' in outcome && outcome.kind !== 'invalid' ? outcome.tip : undefined;
  const ideas: Sentence[] = [];
  if (outcome.kind === 'confirmed')
    ideas.push(
      outcome.tip.row.promoted
        ? say`Launch again: the next night builds on ${idOf(outcome.tip)}.`
        : promoting(record, outcome.tip),
      ...atTheEdge(record, outcome.tip),
    );
  else if (tip && !going && outcome.kind !== 'objected')
    ideas.push(missing(record, tip, outcome.kind));
  if (outcome.kind === 'no_baseline' && !going)
    ideas.push(
      say`Mend the script or the plan (\`${record.command} check\` looks at both), then launch again.`,
    );
  ideas.push(
    ...inPlaceOf(record, outcome),
    ...besideTheStack(record, outcome),
    ...unsettled(record, tip),
    ...nextNight(record),
  );
  if (ideas.length === 0 && going) ideas.push(say`Let the night go on; it has more to try.`);
  if (ideas.length === 0 && SPENT.has(record.night.row.end_reason ?? ''))
    ideas.push(say`Launch again: the budget ended this night, not the ideas.`);
  if (ideas.length === 0)
    ideas.push(
      say`Nothing stands out: new hypotheses or a wider \`search_space\` are worth more than another night of the same.`,
    );
  return ideas.slice(0, 5).map(item);
}

/** A next night offers by itself what dawn did not test, and not what it looked at. */
function missing(
  record: NightRecord,
  tip: Sourced<ExperimentRow>,
  kind: Outcome['kind'],
): Sentence {
  const again = say`tried again (\`${record.command} propose … --again\`)`;
  const larger = say`a larger \`budget.verification\` keeps more runs for dawn`;
  if (kind === 'too_few')
    return say`Have ${named(tip)} ${again}, so that it gets more fresh seeds: ${larger}.`;
  if (kind === 'too_small')
    return say`If so small a gain is worth having, set \`objective.min_effect\` below ${leastGain(record)} and have ${named(tip)} ${again}.`;
  return tip.row.verdict === 'promising'
    ? say`Give ${named(tip)} more seeds: the next night offers it first, and ${larger}.`
    : say`If you believe in ${named(tip)} all the same, have it ${again}: ${larger}.`;
}

function promoting(record: NightRecord, tip: Sourced<ExperimentRow>): Sentence {
  const doubts = doubtsOn(record, tip);
  return doubts.length === 0
    ? say`Promote ${idOf(tip)}, then launch again: the next night builds on it.`
    : say`Before anything is built on ${idOf(tip)}, ${clearing(record, doubts)}; or let \`evaluate\` in the plan measure it, and launch again.`;
}

/** Inconclusive with a gain on the parent, on shared seeds too: the ones that a few more seeds could settle. */
function unsettled(
  record: NightRecord,
  tip: Sourced<ExperimentRow> | undefined,
): readonly Sentence[] {
  const stack = tip ? stackOf(record, tip.row.id) : [];
  const inStack = new Set(stack.map(({ row }) => JSON.stringify(row.change)));
  const gain = ({ row }: Sourced<ExperimentRow>) => gainIn(record, row.effect_on_parent ?? 0);
  return lastWords(record)
    .filter(
      (one) =>
        one.row.verdict === 'inconclusive' &&
        one.row.dawn_confirmed === null &&
        gain(one) > 0 &&
        (gainOnSharedSeeds(record, one.row) ?? 1) > 0 &&
        !inStack.has(JSON.stringify(one.row.change)) &&
        !triedAgain(record, one.row) &&
        !fell(record, one.row.id) &&
        isOpen(record, one),
    )
    .toSorted((a, b) => gain(b) - gain(a))
    .slice(0, 2)
    .map((one) => {
      const arm = record.arms.get(one.row.id);
      const seeds = arm ? say` (${fact(arm, 'n', (n) => counted(n, 'seed'))})` : say``;
      return say`Give ${named(one)} more seeds: so far it is unsettled ${gainOnParent(record, one)}${seeds}.`;
    });
}

/** The mean gain on the parent over the seeds that both ran; null where they share none. */
function gainOnSharedSeeds(record: NightRecord, { id, parent, baseline }: ExperimentRow) {
  const valuesOf = (of: ExperimentId) =>
    new Map(
      (record.runs.get(of) ?? []).flatMap(({ row: { seed, objective, ...run } }) =>
        seed !== null &&
        objective !== null &&
        Number.isFinite(objective) &&
        run.status === 'finished' &&
        run.purpose !== 'repeat' &&
        run.variant === null
          ? [[seed, objective] as const]
          : [],
      ),
    );
  const its = valuesOf(parent ?? baseline);
  const gains = [...valuesOf(id)].flatMap(([seed, own]) => {
    const other = its.get(seed);
    return other === undefined ? [] : [gainIn(record, own - other)];
  });
  return gains.length === 0 ? null : gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

/** Ends that a larger budget would have put off. */
const SPENT: ReadonlySet<string> = new Set(['experiments_spent', 'runs_spent', 'time_spent']);

function nextNight(record: NightRecord): Sentence[] {
  const waiting = record.hypotheses.find(({ row }) => row.status === 'waiting');
  const said: Sentence[] = [];
  if (waiting && SPENT.has(record.night.row.end_reason ?? ''))
    said.push(
      say`${fact(waiting, 'n', (n) => (n === 1 ? 'One hypothesis was' : `${n} hypotheses were`))} still waiting when the budget was spent: a larger budget reaches further.`,
    );
  if (record.night.row.end_reason === 'ideas_spent')
    said.push(
      say`The search space has been tried out: add knobs, values or hypotheses of your own.`,
    );
  const timeouts = record.failures.filter(({ row }) => row.class === 'timeout');
  if (timeouts.length > 0)
    said.push(
      say`If you believe in ${listed(timeouts.map(({ row }) => named(experimentOf(record, row.id))))}, raise \`run.timeout\`.`,
    );
  return said;
}
