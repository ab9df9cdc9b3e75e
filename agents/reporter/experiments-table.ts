import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { inWords } from './findings.ts';
import { escaped } from './markdown.ts';
import { appliedAgain } from './ideas.ts';
import { decimalsFor, decimalsOfArm, plain, signed, telling } from './numbers.ts';
import { heading, paragraph, runRanges, type Block } from './page.ts';
import { betterWay, changeOf, experimentOf, idOf, metricName } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** The table at the end of FINDINGS.md: every experiment, arms of dawn included. */

/** Best first; what has no number last. Under it the runs of each, so that every number has them. */
export function allExperiments(record: NightRecord): readonly Block[] {
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
      say`Best first by ${metricName(record)} (${betterWay(record)}). The standard deviation is over seeds, and tells how far single runs scatter; it is no interval for the mean. The baseline’s side of “on baseline” is all of its runs, those after a verdict as well; what a verdict rested on stands above.`,
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
  const { reapplies } = experiment.row;
  const first = reapplies === null ? undefined : record.experiments.get(reapplies);
  const again = first ? say` (${idOf(first)} again)` : say``;
  const judged = isBaseline
    ? say`baseline`
    : verdict === null
      ? say`under way`
      : verdictCell(record, experiment);
  return [
    isBaseline || verdict !== null ? [link] : [idOf(experiment)],
    isBaseline ? say`—` : say`${changeOf(experiment)}${again}`,
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
  const { stack, left_out } = experiment.row;
  if (left_out !== null && record.experiments.has(left_out))
    return say`arm of dawn, without ${idOf(experimentOf(record, left_out))}`;
  if (stack !== null && record.experiments.has(stack))
    return say`${verdict}, part of ${idOf(experimentOf(record, stack))}`;
  const again = appliedAgain(record, experiment);
  if (again) return say`${verdict}, again as ${idOf(again)}`;
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
  const decimals = decimalsOfArm(arm.row, record.decimals);
  const number = (column: 'mean' | 'spread') =>
    fact(arm, column, (value) => plain(value, decimals));
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
