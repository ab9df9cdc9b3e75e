import { answers } from './answers.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { byGain, inWords, type Stated } from './findings.ts';
import { escaped } from './markdown.ts';
import { counted, decimalsFor, duration, percent, plain, signed, telling } from './numbers.ts';
import { heading, item, page, paragraph, runRanges, type Block, type Page } from './page.ts';
import {
  betterWay,
  changeOf,
  effectWithInterval,
  experimentOf,
  idOf,
  metricName,
  named,
  nightInWords,
  OF_TIP,
  stackOf,
} from './phrases.ts';
import type { ExperimentRow, NightRecord, NightRow } from './records.ts';

/** FINDINGS.md of the project: what to decide on the first screen, what it rests on below. */
export function projectPage(record: NightRecord, stated: Stated): Page {
  const { night } = record;
  return page('FINDINGS.md', [
    heading(1, say`${fact(night, 'project', (name) => escaped(name))}: what the night found`),
    ...(stated.going
      ? [
          paragraph(
            say`**Provisional:** night ${fact(night, 'id', String)} has not ended; this is what is known so far.`,
          ),
        ]
      : []),
    { kind: 'quote', text: [fact(night, 'question', (question) => escaped(question, 300))] },
    paragraph(say`**${stated.headline}.**`),
    ...answers(record, stated),
    paragraph(
      say`![Every experiment’s objective in order, with the baseline and the running best](experiments/progress.svg)`,
    ),
    ...section('Promising, not confirmed', promising(record, stated)),
    ...section(
      'Made no difference, or did not settle',
      ofVerdicts(record, ['no_difference', 'inconclusive']),
    ),
    ...section('Worse', ofVerdicts(record, ['worse'])),
    ...section('Rejected before running', rejected(record)),
    ...section('Remarks', remarks(record)),
    heading(2, say`The night`),
    paragraph(theNight(record, stated)),
    ...allExperiments(record),
    ...section(
      'Earlier nights',
      record.earlier.toReversed().map((one) => item(earlierNight(one))),
    ),
  ]);
}

const section = (title: string, blocks: readonly Block[]): readonly Block[] =>
  blocks.length === 0 ? [] : [heading(2, say`${title}`), ...blocks];

function promising(record: NightRecord, { outcome, said }: Stated): readonly Block[] {
  const claimed = new Set(
    outcome.kind === 'confirmed'
      ? stackOf(record, outcome.tip.row.id).map(({ row }) => row.id)
      : [],
  );
  const found = [...record.experiments.values()].filter(
    ({ row }) => row.verdict === 'promising' && !claimed.has(row.id),
  );
  return byGain(record, found).map((one) => item(say`${said.get(one.row.id) ?? []}.`));
}

/** A line each, without the rule's reasons: those are on the experiment's own page. */
const ofVerdicts = (record: NightRecord, verdicts: readonly string[]): readonly Block[] =>
  byGain(
    record,
    [...record.experiments.values()].filter(
      ({ row }) => verdicts.includes(row.verdict ?? '') && row.dawn_confirmed === null,
    ),
  ).map((one) => item(say`${named(one)}: ${nightInWords(record, one)}.`));

function rejected(record: NightRecord): readonly Block[] {
  return record.hypotheses
    .filter(({ row }) => row.status === 'rejected')
    .map((one) => {
      const ids = fact(one, 'ids', (all) =>
        all.length > 6 ? `${all.slice(0, 6).join(', ')}, …` : all.join(', '),
      );
      return item(
        say`${fact(one, 'n', (n) => counted(n, 'hypothesis', 'hypotheses'))} (${ids}): ${fact(one, 'because', (text) => escaped(text, 200))}.`,
      );
    });
}

/** What the reader should know before they trust the numbers. */
function remarks(record: NightRecord): readonly Block[] {
  const { night } = record;
  const said: Sentence[] = (night.row.remarks ?? []).map((_, i) => [
    fact(night, 'remarks', (all) => escaped(all[i] ?? '', 300)),
  ]);
  if (night.row.data_changed?.length)
    said.push(
      say`The data changed since the last night (${fact(night, 'data_changed', (paths) => paths.map((path) => escaped(path)).join(', '))}): numbers of earlier nights do not compare.`,
    );
  if (night.row.plan_changes)
    said.push(
      say`The plan changed since the last night: its numbers may not compare with earlier ones.`,
    );
  for (const flags of record.flags.values())
    for (const flag of flags)
      said.push(
        say`${fact(flag, 'target', String)} is flagged ${fact(flag, 'label', (text) => `**${escaped(text)}**`)} by ${fact(flag, 'who', (who) => escaped(who))}: ${fact(flag, 'because', (text) => escaped(text, 200))}`,
      );
  return said.map(item);
}

function theNight(record: NightRecord, { going }: Stated): Sentence {
  const { night, slots } = record;
  const when = say`Night ${fact(night, 'id', String)}, ${fact(night, 'began', String)} ${going ? say`UTC, not ended` : say`to ${fact(night, 'until', String)} UTC`}`;
  const tried = say`${fact(night, 'candidates', (n) => counted(n, 'experiment'))} tried in ${fact(night, 'runs_started', (n) => counted(n, 'run'))} and ${fact(night, 'seconds', duration)} on ${fact(night, 'slots', (n) => counted(n, 'slot'))}`;
  const busy = slots?.row.share
    ? say`, which trained ${fact(slots, 'share', percent)} of the time`
    : say``;
  const why =
    night.row.message === null
      ? say``
      : say` It ended because ${fact(night, 'message', (text) => escaped(text, 300))}.`;
  return say`${when}: ${tried}${busy}.${why}`;
}

/** Best first; what has no number last. Under it the runs of each, so that every number has them. */
function allExperiments(record: NightRecord): readonly Block[] {
  const all = [...record.experiments.values()];
  if (all.length === 0) return [];
  const rank = ({ row }: Sourced<ExperimentRow>) => {
    const mean = record.arms.get(row.id)?.row.mean;
    return mean === undefined ? Infinity : -gainOfMean(record, mean);
  };
  const header = [
    say`experiment`,
    say`changed`,
    say`verdict`,
    say`${metricName(record)}, mean ± standard deviation`,
    say`seeds`,
    say`on baseline, 95 % interval`,
    say`parent`,
    say`runs`,
  ];
  const rows = all.toSorted((a, b) => rank(a) - rank(b)).map((one) => experimentLine(record, one));
  return [
    heading(2, say`All experiments`),
    paragraph(
      say`Best first by ${metricName(record)} (${betterWay(record)}). The standard deviation is over seeds, and tells how far single runs scatter; it is no interval for the mean.`,
    ),
    { kind: 'table', header, numbers: [3, 4, 5], rows },
  ];
}

const gainOfMean = ({ objective }: NightRecord, mean: number): number =>
  objective.direction === 'minimize' ? -mean : mean;

function experimentLine(
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): readonly Sentence[] {
  const { id, baseline, verdict, effect, interval_low, interval_high, parent } = experiment.row;
  const arm = record.arms.get(id);
  const link = fact(
    { ...experiment, runs: [] },
    'id',
    (text) => `[${text}](experiments/${text}/FINDINGS.md)`,
  );
  const isBaseline = id === baseline;
  const judged = isBaseline
    ? say`baseline`
    : verdict === null
      ? say`under way`
      : verdictCell(record, experiment);
  return [
    isBaseline || verdict !== null ? [link] : [idOf(experiment)],
    isBaseline ? say`—` : [changeOf(experiment)],
    outstanding(verdict) ? say`**${judged}**` : judged,
    arm ? meanCell(record, arm) : say`—`,
    arm ? [fact(arm, 'n', String)] : say`—`,
    isBaseline || effect === null
      ? say`—`
      : effectCell(record, experiment, interval_low, interval_high),
    parent === null ? say`—` : [idOf(experimentOf(record, parent))],
    arm ? [fact(arm, 'runs', runRanges)] : say`—`,
  ];
}

/** `failed: timeout`; `promising, part of E-0007` in a confirmed stack; others by themselves. */
function verdictCell(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const verdict = fact({ ...experiment, runs: [] }, 'verdict', inWords);
  const failure = record.failures.find(({ row }) => row.id === experiment.row.id);
  const { stack } = experiment.row;
  if (stack !== null && record.experiments.has(stack))
    return say`${verdict}, part of ${idOf(experimentOf(record, stack))}`;
  return failure && failure.row.class !== experiment.row.verdict
    ? say`${verdict}: ${fact({ ...failure, runs: [] }, 'class', (name) => escaped(inWords(name)))}`
    : [verdict];
}

const outstanding = (verdict: string | null): boolean =>
  verdict === 'improved' || verdict === 'promising';

function meanCell(
  record: NightRecord,
  arm: Sourced<{ mean: number; spread: number | null }>,
): Sentence {
  const number = (column: 'mean' | 'spread') =>
    fact(arm, column, (value) => plain(value, record.decimals));
  return arm.row.spread === null ? [number('mean')] : say`${number('mean')} ± ${number('spread')}`;
}

function effectCell(
  record: NightRecord,
  from: Sourced<ExperimentRow>,
  low: number | null,
  high: number | null,
): Sentence {
  const decimals =
    low === null || high === null || record.decimals === undefined
      ? record.decimals
      : telling(Math.min(record.decimals, decimalsFor((high - low) / 2)), low, high);
  const number = (column: 'effect' | 'interval_low' | 'interval_high') =>
    fact(from, column, (value) => signed(value, decimals));
  return low === null
    ? [number('effect')]
    : say`${number('effect')} (${number('interval_low')} to ${number('interval_high')})`;
}

function earlierNight(night: Sourced<NightRow>): Sentence {
  const id = fact(night, 'id', String);
  const metric = fact(night, 'metric', (name) => escaped(name));
  const result =
    night.row.tip === null
      ? say`nothing was confirmed`
      : say`${fact(night, 'tip', String)} improved ${metric}: ${effectWithInterval(night, OF_TIP, undefined)}`;
  const n = fact(night, 'candidates', (count) => counted(count, 'experiment'));
  return say`${id}, ${fact(night, 'began', String)} UTC: ${result} (${n}, ${fact(night, 'runs_started', (count) => counted(count, 'run'))}).`;
}
