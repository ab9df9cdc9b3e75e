import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { escaped } from './markdown.ts';
import { decimalsFor, plain } from './numbers.ts';
import { WALL_SECONDS } from './queries.ts';
import type { CurveRow, ExperimentRow, MetricRow, NightRecord } from './records.ts';

/**
 * What a reader would not expect of an experiment, by rules that anybody can check: other metrics
 * that moved, runs that took much longer, seeds that disagree, a series still moving at the end.
 */
export function unexpectedOf(
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): readonly Sentence[] {
  if (experiment.row.id === experiment.row.baseline) return [];
  return [
    ...otherMetrics(record, experiment),
    ...slower(record, experiment),
    ...disagreeing(record, experiment),
    ...stillMoving(record, experiment),
  ];
}

const metricOf = (record: NightRecord, experiment: ExperimentRow['id'], key: string) =>
  record.metrics.get(experiment)?.find(({ row }) => row.key === key);

/** Moves of less than this many standard deviations happen by themselves. */
const BEYOND_CHANCE = 4;
/** Counters and clocks that follow the configuration, and the objective, which has its own verdict. */
const NOT_A_SURPRISE =
  /^(?:seconds|steps?|epochs?|iter(?:ation)?s?|.*_(?:seconds|ms)|.*(?:tokens|samples)_per_.*)$/i;

/** Names of what a worse objective takes along. */
const LOSS = /loss|error|perplexity|bpb/i;
/** Names that say which way is worse; of any other, a move either way is worth a look. */
const WORSE_UP = /loss|error|perplexity|bpb|memory|seconds|latency|\btime\b/i;
const WORSE_DOWN = /acc|f1|precision|recall|score|auc|bleu|rouge/i;

/** Metrics that moved the bad way, far beyond the baseline's own scatter. */
function otherMetrics(record: NightRecord, { row }: Sourced<ExperimentRow>): Sentence[] {
  const surprises: { size: number; said: Sentence }[] = [];
  for (const metric of record.metrics.get(row.id) ?? []) {
    const { key, mean } = metric.row;
    const base = metricOf(record, row.baseline, key);
    if (!base?.row.spread || key === record.objective.metric || NOT_A_SURPRISE.test(key)) continue;
    if (row.verdict === 'worse' && LOSS.test(key)) continue;
    const move = mean - base.row.mean;
    if (move > 0 ? WORSE_DOWN.test(key) : WORSE_UP.test(key)) continue;
    const size = Math.abs(move) / base.row.spread;
    if (size < BEYOND_CHANCE || Math.abs(move) < 0.02 * Math.abs(base.row.mean)) continue;
    const decimals = decimalsFor(base.row.spread);
    const shown = (from: Sourced<MetricRow>) =>
      fact(from, 'mean', (value) => plain(value, decimals));
    const name = fact({ ...metric, runs: [] }, 'key', (text) => escaped(text));
    surprises.push({
      size,
      said: say`${name} moved from ${shown(base)} to ${shown(metric)}, far beyond the baseline’s scatter between seeds`,
    });
  }
  return surprises
    .toSorted((a, b) => b.size - a.size)
    .slice(0, 4)
    .map(({ said }) => said);
}

const MUCH_SLOWER = 1.5;

function slower(record: NightRecord, { row }: Sourced<ExperimentRow>): Sentence[] {
  const [own, base] = [
    metricOf(record, row.id, WALL_SECONDS),
    metricOf(record, row.baseline, WALL_SECONDS),
  ];
  if (
    !own ||
    !base ||
    own.row.mean < MUCH_SLOWER * base.row.mean ||
    own.row.mean - base.row.mean < 1
  )
    return [];
  const seconds = (from: Sourced<MetricRow>) =>
    fact(from, 'mean', (value) => `${plain(value, 1)} s`);
  return [say`a run took ${seconds(own)}; the baseline’s took ${seconds(base)}`];
}

/** Seeds that lie three times as far apart as the baseline's do. */
function disagreeing(record: NightRecord, { row }: Sourced<ExperimentRow>): Sentence[] {
  const [own, base] = [record.arms.get(row.id), record.arms.get(row.baseline)];
  if (!own?.row.spread || !base?.row.spread || own.row.spread < 3 * base.row.spread) return [];
  const spread = (from: typeof own) =>
    fact(from, 'spread', (value) => plain(value, decimalsFor(value)));
  return [
    say`its seeds disagree: their standard deviation is ${spread(own)}, the baseline’s ${spread(base)}`,
  ];
}

/** A loss that rises at the end, or still falls where the baseline's has settled. */
function stillMoving(record: NightRecord, { row }: Sourced<ExperimentRow>): Sentence[] {
  return (record.curves.get(row.id) ?? []).flatMap((curve) => {
    if (!LOSS.test(curve.row.key)) return [];
    const trend = trendOf(curve.row);
    const base = record.curves.get(row.baseline)?.find((other) => other.row.key === curve.row.key);
    // A loss that falls is a surprise only beside one that has settled, and by more than chance.
    const beside = base && trendOf(base.row);
    if (trend === 'level' || beside === trend || (base && !movesApart(curve.row, base.row)))
      return [];
    if (trend === 'falling' && beside !== 'level') return [];
    const name = fact({ ...curve, runs: [] }, 'key', (text) => escaped(text));
    const decimals = curve.row.error === null ? undefined : decimalsFor(curve.row.error);
    const at = (column: 'before' | 'at_end') =>
      fact(curve, column, (value) => plain(value, decimals));
    const moved = say`${name} was still ${trend} at the end, from ${at('before')} to ${at('at_end')} in the last tenth`;
    return [
      trend === 'falling'
        ? say`${moved}, where the baseline’s had settled: more steps may favour it`
        : say`${moved}`,
    ];
  });
}

/** Whether two series moved differently in their last tenth, beyond what each scatters by itself. */
const movesApart = (a: CurveRow, b: CurveRow): boolean =>
  Math.abs(moveOf(a) - moveOf(b)) >= 3 * Math.hypot(a.error ?? 0, b.error ?? 0);

const moveOf = ({ at_end, before }: CurveRow): number => (at_end ?? 0) - (before ?? 0);

/** By the last two tenths of the steps: level unless they differ by three errors and 1 % of the way. */
function trendOf({ at_end, before, at_start, error }: CurveRow): 'rising' | 'falling' | 'level' {
  if (at_end === null || before === null || at_start === null || error === null) return 'level';
  const move = at_end - before;
  if (Math.abs(move) < 3 * error || Math.abs(move) < 0.01 * Math.abs(at_end - at_start))
    return 'level';
  return move > 0 ? 'rising' : 'falling';
}
