import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { claimsIn, fact, runsIn, say, textOf, type Sentence, type Sourced } from './fact.ts';
import { attributionInWords } from './attribution.ts';
import { doubtsOn, flagged } from './doubts.ts';
import {
  atDawn,
  dawnInWords,
  experimentOf,
  idOf,
  leastGain,
  named,
  nightInWords,
  onParent,
} from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';
import type { Finding } from '../../orchestrator/domain/event.ts';
import { appliedAgain, candidatesOf } from './ideas.ts';
import { escaped } from './markdown.ts';
import { counted } from './numbers.ts';
import { lacksPairs, outcomeOf, type Outcome } from './outcome.ts';

/** What a night found, before anybody makes a page of it. */

export interface Stated {
  readonly outcome: Outcome;
  readonly going: boolean;
  /** The sentence the page begins with. */
  readonly headline: Sentence;
  /** One sentence for each judged experiment. */
  readonly said: ReadonlyMap<ExperimentId, Sentence>;
}

/**
 * The place of a model: it may word the findings anew, from the same facts. A number is a fact
 * with a source; words that bring their own are found by `unsourcedNumbers`.
 */
export function wordFindings(record: NightRecord): Stated {
  const outcome = outcomeOf(record);
  const judged = candidatesOf(record).filter(({ row }) => row.verdict !== null);
  return {
    outcome,
    going: record.night.row.ended === null,
    headline: headlineOf(record, outcome),
    said: new Map(judged.map((one) => [one.row.id, findingOf(record, one)])),
  };
}

function headlineOf(record: NightRecord, outcome: Outcome): Sentence {
  const going = record.night.row.ended === null;
  switch (outcome.kind) {
    case 'confirmed':
      return inDoubt(record, outcome.tip, say`${dawnInWords(record, outcome.tip)}: improved`);
    case 'invalid':
      return say`Nothing was confirmed: ${named(outcome.tip)} looked promising at night, and is invalid`;
    case 'objected':
      return say`Nothing was confirmed: ${named(outcome.tip)} was better on fresh seeds, too, and may not be claimed all the same`;
    case 'too_small':
      return say`Nothing was confirmed: ${named(outcome.tip)} was better on fresh seeds, too, but by less than min_effect ${leastGain(record)}`;
    case 'too_few':
      return say`Nothing was confirmed: ${named(outcome.tip)} looked promising at night, but ${tooFew(record, outcome.tip)}`;
    case 'unanswered':
      return say`Nothing was confirmed: ${named(outcome.tip)} looked promising at night, but no fresh seed finished at dawn`;
    case 'refuted':
      return say`Nothing was confirmed: ${named(outcome.tip)} looked promising at night, and fresh seeds did not bear it out`;
    case 'untested':
      return going
        ? say`Nothing is confirmed yet: ${named(outcome.tip)} is promising, and dawn has still to test it on fresh seeds`
        : say`Nothing was confirmed: ${named(outcome.tip)} is promising, but the night ended before fresh seeds could test it`;
    case 'nothing':
      return going
        ? say`Nothing is promising yet`
        : say`Nothing was confirmed: no change beat what it was built on, on replicated seeds`;
    case 'no_baseline':
      return going
        ? say`The baseline is still being measured`
        : say`Nothing could be judged, since nothing stands to compare with: ${
            record.night.row.message === null
              ? 'the baseline gave no usable number'
              : fact(record.night, 'message', (text) => escaped(text, 300))
          }`;
  }
}

/** How many fresh seeds there were, and that they are not enough. */
function tooFew(record: NightRecord, tip: Sourced<ExperimentRow>): Sentence {
  if (lacksPairs(tip))
    return say`too few of the fresh seeds finished on both sides at dawn for a claim`;
  const from = atDawn(record, tip);
  const own = fact(from, 'dawn_n', (n) => counted(n, 'fresh seed'));
  return say`${own} of it and ${fact(from, 'dawn_n_baseline', String)} of the baseline are too few for a claim`;
}

/** Whoever reads no further than this knows of the mark. */
function inDoubt(record: NightRecord, tip: Sourced<ExperimentRow>, improved: Sentence): Sentence {
  const doubts = doubtsOn(record, tip);
  return doubts.length === 0
    ? improved
    : say`${improved} by the script’s own word, but ${flagged(doubts)}`;
}

/** Room for the numbers of a curve. */
const MOST_REASON = 400;

/** Why it was judged as it was. */
export const becauseOf = (experiment: Sourced<ExperimentRow>) =>
  fact({ ...experiment, runs: [] }, 'verdict_because', (text) => escaped(text, MOST_REASON));

/** An experiment in a sentence: the change, what was measured, the verdict and its reason. */
function findingOf(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const { verdict, dawn_confirmed, dawn_effect } = experiment.row;
  const because = becauseOf(experiment);
  const word = fact(onParent(record, experiment), 'verdict', inWords);
  const name = againOf(record, experiment);
  if (verdict === 'failed' || verdict === 'invalid' || verdict === 'pruned')
    return say`${name}: ${{ ...word, runs: [] }} (${because})`;
  const worth = attributionInWords(record, experiment);
  const again = appliedAgain(record, experiment);
  const moved = again ? say`; moved on as ${idOf(again)}` : say``;
  const end = worth === null ? moved : say`${moved}; ${worth}`;
  if (dawn_confirmed !== null && dawn_effect !== null)
    return say`${name}: ${dawnInWords(record, experiment)}: ${fact(atDawn(record, experiment), 'verdict', inWords)} (${because})${end}`;
  return say`${name}: ${nightInWords(record, experiment)}: ${word} (${because})${end}`;
}

/** An experiment by its change; of an idea that was put on a newer incumbent, what it is again. */
function againOf(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const { reapplies } = experiment.row;
  const first = reapplies === null ? undefined : record.experiments.get(reapplies);
  return first ? say`${named(experiment)} (${idOf(first)} again)` : named(experiment);
}

/** `no difference` of `no_difference`. */
export const inWords = (verdict: string): string => verdict.replaceAll('_', ' ');

/** What the notebook keeps of the sentences: the headline, then each experiment's. */
export function asFindings(
  record: NightRecord,
  { outcome, headline, said }: Stated,
): readonly Finding[] {
  const about = 'tip' in outcome ? outcome.tip.row.id : null;
  return [
    finding(about, headline, record.night.source.sql),
    ...[...said].map(([id, sentence]) =>
      finding(id, sentence, experimentOf(record, id).source.sql),
    ),
  ];
}

function finding(experiment: ExperimentId | null, sentence: Sentence, otherwise: string): Finding {
  const queries = [...new Set(claimsIn(sentence).map((one) => one.source.sql))];
  return {
    experiment,
    text: `${textOf(sentence)}.`,
    runs: runsIn(sentence),
    query: queries.length > 0 ? queries.join(';\n\n') : otherwise,
  };
}
