import { answers } from './answers.ts';
import { predictions } from './authors.ts';
import { allExperiments } from './experiments-table.ts';
import { fact, joined, say, type Sentence, type Sourced } from './fact.ts';
import type { Stated } from './findings.ts';
import { byGain } from './outcome.ts';
import { lastWords, lineOf } from './ideas.ts';
import { escaped } from './markdown.ts';
import { counted, duration, percent } from './numbers.ts';
import { heading, item, page, paragraph, quote, type Block, type Page } from './page.ts';
import { effectWithInterval, idOf, named, nightInWords, OF_TIP, stackOf } from './phrases.ts';
import { plannedSection } from './planned.ts';
import { endedEarly } from './pruned.ts';
import { standingOfNight, toBeSureOfNone } from './reach.ts';
import type { ExperimentRow, NightRecord, NightRow } from './records.ts';
import { heldUp } from './pauses.ts';
import { shutIn } from './shut-in.ts';
import { thinking } from './thinking.ts';
import { yourWords } from './words.ts';

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
    quote([fact(night, 'question', (question) => escaped(question, 300))]),
    paragraph(say`**${stated.headline}.**`),
    ...standingOfNight(record, stated),
    ...answers(record, stated),
    paragraph(
      say`![Every experiment’s objective in order, with the baseline and the running best](experiments/progress.svg)`,
    ),
    ...section('Promising, not confirmed', promising(record, stated)),
    ...section('Made no difference, or did not settle', unsettled(record)),
    ...section('Worse', ofVerdicts(record, ['worse'])),
    ...section('Ended early', endedEarly(record, stated)),
    ...section('Rejected before running', rejected(record)),
    ...section('Predicted and measured', predictions(record)),
    ...section('Remarks', remarks(record)),
    ...plannedSection(record, stated),
    ...section('Your words', yourWords(record)),
    heading(2, say`The night`),
    paragraph(theNight(record, stated)),
    ...heldUp(record),
    ...shutIn(record),
    ...thinking(record),
    ...completed(record),
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
  const found = lastWords(record).filter(
    ({ row }) => row.verdict === 'promising' && !claimed.has(row.id),
  );
  return byGain(record, found).map((one) => item(say`${said.get(one.row.id) ?? []}.`));
}

/** A line each, without the rule's reasons: those are on the experiment's own page. */
const ofVerdicts = (record: NightRecord, verdicts: readonly string[]): readonly Block[] =>
  byGain(
    record,
    lastWords(record).filter(
      ({ row }) => verdicts.includes(row.verdict ?? '') && row.dawn_confirmed === null,
    ),
  ).map((one) =>
    item(
      say`${joined(
        lineOf(record, one).map((test) => testOf(record, test)),
        '; ',
      )}.`,
    ),
  );

/** `E-0003 width=64: …`; on a newer incumbent, `again as E-0012: …`. */
const testOf = (record: NightRecord, one: Sourced<ExperimentRow>): Sentence =>
  say`${one.row.reapplies === null ? named(one) : say`again as ${idOf(one)}`}: ${nightInWords(record, one)}${cameApart(one) ? '; at least one of its seeds came apart' : ''}`;

/** Called worse without its interval, which includes no effect: its seeds lie too far apart for one. */
const cameApart = ({ row }: Sourced<ExperimentRow>): boolean =>
  row.verdict === 'worse' &&
  (row.parent_interval_low ?? 0) < 0 &&
  (row.parent_interval_high ?? 0) > 0;

function unsettled(record: NightRecord): readonly Block[] {
  const found = ofVerdicts(record, ['no_difference', 'inconclusive']);
  return found.length === 0 ? [] : [...toBeSureOfNone(record), ...found];
}

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

/** Candidates and the plan's own work together: what was asked for, and how much of it came through. */
function completed({ ended }: NightRecord): readonly Block[] {
  if (ended === undefined) return [];
  const [done, failed] = [fact(ended, 'completed', String), fact(ended, 'failed', String)];
  return [paragraph(say`Completed ${done} · Failed ${failed}`)];
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
