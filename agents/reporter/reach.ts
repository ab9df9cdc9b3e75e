import { dawnDiffers } from './dawn-training.ts';
import { fact, say, type Sentence } from './fact.ts';
import type { Stated } from './findings.ts';
import { counted, plain } from './numbers.ts';
import { paragraph, type Block } from './page.ts';
import { isTested } from './outcome.ts';
import { betterWay, experimentOf, idOf, leastGain, meanWithSpread, metricName } from './phrases.ts';
import type { NightRecord } from './records.ts';

/** What a night could find out, and how many tries its claim is chosen from. */

/** Behind the headline: how often such a claim is false, and from where everything is measured. */
export function standingOfNight(record: NightRecord, stated: Stated): readonly Block[] {
  const { outcome } = stated;
  if (outcome.kind === 'no_baseline') return [];
  return [funnel(record, stated), [...baselineStanding(record), ...reach(record)]]
    .filter((sentence) => sentence.length > 0)
    .map(paragraph);
}

/** `24 candidates were tried, 3 looked good at night, 2 remained at dawn.` */
function funnel({ counts, night }: NightRecord, { outcome, going }: Stated): Sentence {
  if (!counts || counts.row.tried === 0) return [];
  const so = going ? ' so far' : '';
  const tried = fact(counts, 'tried', (n) =>
    n === 1 ? '1 candidate was tried' : `${n} candidates were tried`,
  );
  const good = fact(counts, 'promising', (n) => (n === 0 ? 'none' : String(n)));
  const left = fact(counts, 'confirmed', (n) => (n === 0 ? 'none' : String(n)));
  const remained = isTested(outcome) ? say`, ${left} remained at dawn` : say``;
  const all = say`${tried}${so}, ${good} looked good at night${remained}.`;
  return night.row.plan?.run.deterministic || going
    ? all
    : say`A night like this claims falsely less than one time in twenty: ${all}`;
}

/** `The baseline E-0000 stands at val_bpb 1.612 ± 0.002 (standard deviation of 3 seeds); lower is better.` */
function baselineStanding(record: NightRecord): Sentence {
  const { baseline } = record.night.row;
  const arm = baseline === null ? undefined : record.arms.get(baseline);
  return baseline !== null && arm
    ? say`The baseline ${idOf(experimentOf(record, baseline))} stands at ${metricName(record)} ${meanWithSpread(arm, record.decimals)}; ${betterWay(record)}.`
    : say`The baseline has no number yet.`;
}

function reach(record: NightRecord): Sentence {
  const { night } = record;
  const { smallest_confirmable: gain, confirmable_seeds, min_effect } = night.row;
  if (confirmable_seeds === null) return [];
  if (gain === null)
    return say` This budget keeps too few runs for dawn to confirm anything: a larger \`budget.runs\` or \`budget.verification\` would.`;
  const small = fact(night, 'smallest_confirmable', (size) => plain(Number(size.toPrecision(2))));
  const seeds = fact(night, 'confirmable_seeds', (n) => counted(n, 'fresh seed'));
  const said = say` The smallest gain that this budget can confirm is ${small} (four times in five, means of ${seeds} each${dawnDiffers(record) ? ', if dawn’s training scatters as the night’s does' : ''})`;
  if (min_effect === null || min_effect >= gain) return say`${said}.`;
  const least = leastGain(record);
  return say`${said}; min_effect ${least} is below it, and most gains of that size stay unconfirmed.`;
}

/** Before the list of what made no difference: what it would take to be sure of that. */
export function toBeSureOfNone(record: NightRecord): readonly Block[] {
  const { night } = record;
  const { runs_for_no_difference: runs, min_effect } = night.row;
  if (runs === null || min_effect === null) return [];
  const n = fact(night, 'runs_for_no_difference', (count) => counted(count, 'run'));
  const least = leastGain(record);
  return [
    paragraph(
      say`To be sure that a change makes no difference (less than min_effect ${least} either way) would take about ${n} each of it and of what it was built on.`,
    ),
  ];
}
