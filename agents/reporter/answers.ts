import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { armWithout, attributionInWords } from './attribution.ts';
import { dawnTraining } from './dawn-training.ts';
import { clearing, doubted, doubtsOn } from './doubts.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { whatFailed } from './failures.ts';
import { becauseOf, type Stated } from './findings.ts';
import { isTested, type Tested } from './outcome.ts';
import { whatNext } from './next.ts';
import { code, escaped } from './markdown.ts';
import { heldOut } from './held-out.ts';
import { decimalsOfArm, plain } from './numbers.ts';
import { heading, item, paragraph, runRanges, type Block } from './page.ts';
import {
  atDawn,
  changeOf,
  isTitled,
  dawnInWords,
  effectWithInterval,
  experimentOf,
  idOf,
  leastGain,
  metricName,
  named,
  ON_PARENT,
  onParent,
  stackOf,
  titleOf,
} from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** The five answers on the first screen of FINDINGS.md. */
export function answers(record: NightRecord, stated: Stated): readonly Block[] {
  return [
    heading(2, say`What improved`),
    ...whatImproved(record, stated),
    heading(2, say`Is it real?`),
    ...isItReal(record, stated),
    heading(2, say`What to merge`),
    ...whatToMerge(record, stated),
    heading(2, say`What failed, and why`),
    ...whatFailed(record),
    heading(2, say`What to try next`),
    ...whatNext(record, stated),
  ];
}

function whatImproved(record: NightRecord, { outcome, going }: Stated): readonly Block[] {
  if (outcome.kind === 'no_baseline')
    return [paragraph(say`Nothing${going ? ' so far' : ''}. ${whyNone(record)}`)];
  if (outcome.kind === 'nothing') return [paragraph(say`Nothing${going ? ' so far' : ''}.`)];
  const stack = stackOf(record, outcome.tip.row.id);
  const tip = idOf(outcome.tip);
  const nearest = say`Nothing that may be claimed. What came nearest is ${tip}.`;
  const lead = {
    confirmed: say`${tip} is better than the baseline on seeds that the night had not used.`,
    refuted: nearest,
    objected: nearest,
    too_small: nearest,
    too_few: nearest,
    unanswered: nearest,
    invalid: say`Nothing that may be claimed. What came nearest is ${tip}, which is invalid.`,
    untested: say`Nothing that may be claimed${going ? ' yet' : ''}. Nearest is ${tip}.`,
  }[outcome.kind];
  const built =
    stack.length > 1
      ? 'It stacks these changes, each measured on the one before:'
      : 'What it changes:';
  const whole = outcome.kind === 'confirmed' && stack.length > 1 && !asked(stack);
  const why = whole
    ? ' It is confirmed as a whole; the budget had no seeds left to say what each change is worth (a larger `budget.verification` would).'
    : '';
  return [
    paragraph(say`${lead}${why} ${built}`),
    ...stack.map((one) => item(stepOf(record, one, !whole))),
  ];
}

/** Whether dawn left the changes of a stack out. */
const asked = (stack: readonly Sourced<ExperimentRow>[]): boolean =>
  stack.some(({ row }) => row.attributed !== null);

/** One change of a stack, what it brought on its parent at night, and what it is worth at dawn. */
function stepOf(
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
  attributed: boolean,
): Sentence {
  const from = onParent(record, experiment);
  const effect = effectWithInterval(from, ON_PARENT, record.decimals);
  const title = titleOf(experiment, 90);
  const what = isTitled(experiment) ? title : say`${changeOf(experiment)} — ${title}`;
  const step = say`**${idOf(experiment)}** ${what}`;
  const night = experiment.row.effect_on_parent === null ? step : say`${step}: ${effect} at night`;
  const worth = attributed ? attributionInWords(record, experiment) : null;
  return worth === null ? night : say`${night}; ${worth}`;
}

function whyNone(record: NightRecord): Sentence {
  return record.night.row.message === null
    ? say`The baseline has no number yet.`
    : say`Why: ${fact(record.night, 'message', (text) => escaped(text, 300))}.`;
}

function isItReal(record: NightRecord, { outcome, going }: Stated): readonly Block[] {
  if (!isTested(outcome)) {
    const why = going
      ? say`Not known yet. Whatever is promising when the search ends meets the baseline on fresh seeds at dawn; only that may be called improved.`
      : say`There is nothing to ask it of: no fresh seeds were compared.`;
    return [paragraph(why)];
  }
  const { tip } = outcome;
  const doubts = outcome.kind === 'confirmed' ? doubtsOn(record, tip) : [];
  return [
    ...(doubts.length === 0 ? [] : [paragraph(doubted(doubts))]),
    paragraph(realness(record, outcome)),
    ...freshSeeds(record, tip),
    ...dawnTraining(record),
    ...heldOut(record),
    ...tierOf(record, tip),
    ...confidenceIn(atDawn(record, tip)),
  ];
}

function realness(record: NightRecord, { kind, tip }: Tested): Sentence {
  switch (kind) {
    case 'invalid':
      return say`No: ${becauseOf(tip)}.`;
    case 'unanswered':
      return say`Nobody knows: no fresh seed finished at dawn.`;
    case 'objected':
      return say`Not to be claimed: ${becauseOf(tip)}. On fresh seeds: ${dawnInWords(record, tip)}.`;
    case 'too_small':
      return say`Maybe, but the gain is smaller than the min_effect ${leastGain(record)} that the plan asks for. On fresh seeds: ${dawnInWords(record, tip)}. Not to be claimed: ${becauseOf(tip)}.`;
    case 'too_few':
      return say`Nobody can say yet: ${becauseOf(tip)}. On fresh seeds: ${dawnInWords(record, tip)}.`;
    case 'refuted':
      return say`Not as far as fresh seeds can tell (${testInWords(tip)}). ${dawnInWords(record, tip)}.`;
    case 'confirmed':
      return tip.row.dawn_low === null
        ? say`Yes: the script gives the same number every time, and gave it again.`
        : say`Yes, as far as fresh seeds can tell (${testInWords(tip)}): the whole 95 % interval lies on the better side. What each seed gave:`;
  }
}

/** How the arms were compared: fixed before the first fresh seed ran. */
const testInWords = (tip: Sourced<ExperimentRow>) =>
  fact({ ...tip, runs: [] }, 'dawn_test', (test) =>
    test === 'paired' ? 'compared seed by seed' : 'means compared, Welch’s test',
  );

/** Every fresh seed's value, so that anybody can see how far the arms lie apart. */
function freshSeeds(record: NightRecord, tip: Sourced<ExperimentRow>): readonly Block[] {
  const { id, baseline } = tip.row;
  const without = stackOf(record, id).flatMap((one) => armWithout(record, one)?.row.id ?? []);
  const arms = new Set([id, baseline, ...without]);
  const sides = [...arms].flatMap((arm) => record.dawn.get(arm) ?? []);
  if (sides.length === 0) return [];
  const rows = sides.map((arm): readonly Sentence[] => {
    const shown = (value: number) => plain(value, decimalsOfArm(arm.row, record.decimals));
    const mean = fact(arm, 'mean', shown);
    return [
      armName(record, tip, arm.row.experiment),
      [fact(arm, 'runs', runRanges)],
      arm.row.seeds.includes(null) ? [] : [fact(arm, 'seeds', (seeds) => seeds.join(', '))],
      [fact(arm, 'values', (values) => values.map(shown).join(', '))],
      arm.row.spread === null ? [mean] : say`${mean} ± ${fact(arm, 'spread', shown)}`,
    ];
  });
  const header = [
    say`on fresh seeds`,
    say`runs`,
    say`seeds`,
    say`${metricName(record)} of each`,
    say`mean ± standard deviation`,
  ];
  return [{ kind: 'table', header, numbers: [], rows }];
}

/** ``E-0009 `dropout=0.1` ``; of an arm that leaves a change out, ``E-0012: E-0009 without E-0003``. */
function armName(record: NightRecord, tip: Sourced<ExperimentRow>, id: ExperimentId): Sentence {
  const arm = experimentOf(record, id);
  const { left_out } = arm.row;
  const member = left_out === null ? undefined : record.experiments.get(left_out);
  if (member) return say`${idOf(arm)}: ${idOf(tip)} without ${idOf(member)}`;
  return id !== arm.row.baseline && id !== tip.row.id
    ? say`${named(arm)}: ${idOf(tip)} without its last change`
    : named(arm);
}

/** The stated rule's word, and whether a person should look. */
export function confidenceIn(experiment: Sourced<ExperimentRow>): readonly Block[] {
  const { confidence, borderline } = experiment.row;
  if (confidence === null) return [];
  const level = fact({ ...experiment, runs: [] }, 'confidence', (word) => `**${word}**`);
  const because = fact(experiment, 'confidence_because', (text) => escaped(text, 300));
  const human = borderline
    ? ' **Borderline: a human should review it before anything is built on it.**'
    : '';
  return [paragraph(say`Confidence ${level}: ${because}.${human}`)];
}

const TIERS: Readonly<Record<string, string>> = {
  self_reported:
    'The numbers are the training script’s own word (self-reported): nothing outside it checked them',
  checked: 'The numbers come from an evaluator of the base commit (checked)',
  verified: 'The numbers come from a scorer that sees predictions alone (verified)',
};

function tierOf(record: NightRecord, tip: Sourced<ExperimentRow>): readonly Block[] {
  const fresh = record.dawn.get(tip.row.id);
  const run = record.runs.get(tip.row.id)?.find(({ row }) => row.id === fresh?.row.runs[0]);
  const tier = run && TIERS[run.row.tier ?? ''];
  return tier ? [paragraph(say`${tier}.`)] : [];
}

function whatToMerge(record: NightRecord, { outcome, going }: Stated): readonly Block[] {
  const { base_branch } = record.night.row;
  const base =
    base_branch === null
      ? say`a new branch autolab-best`
      : [fact(record.night, 'base_branch', (name) => code(name))];
  if (outcome.kind === 'confirmed') {
    const { tip } = outcome;
    if (tip.row.promoted) return [paragraph(say`Nothing: ${idOf(tip)} was promoted.`)];
    const command = fact({ ...tip, runs: [] }, 'id', (id) => `\`${record.command} promote ${id}\``);
    const branch = fact({ ...tip, runs: [] }, 'branch', (name) => code(name));
    const commit = fact({ ...tip, runs: [] }, 'commit', (hash) => code(hash.slice(0, 10)));
    const doubts = doubtsOn(record, tip);
    const before = say`Nothing yet: ${clearing(record, doubts)}. Until then \`promote\` refuses.`;
    return [
      ...(doubts.length === 0 ? [] : [paragraph(before)]),
      paragraph(
        say`**${command}** ${doubts.length === 0 ? '' : 'then '}merges ${branch} (commit ${commit}) into ${base} and adds the evidence to \`experiments/scores.json\`.`,
      ),
    ];
  }
  if (going) return [paragraph(say`Nothing yet: ask again when the night has ended.`)];
  if (outcome.kind === 'nothing' || outcome.kind === 'no_baseline')
    return [paragraph(say`Nothing.`)];
  if (outcome.kind === 'invalid')
    return [paragraph(say`Nothing is ready, and ${idOf(outcome.tip)} cannot be promoted.`)];
  const anyway = fact(
    { ...outcome.tip, runs: [] },
    'id',
    (id) => `\`${record.command} promote ${id} --unconfirmed\``,
  );
  return [paragraph(say`Nothing is ready. If you believe in it all the same: ${anyway}.`)];
}
