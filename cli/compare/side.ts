import { isExperimentId, isOwnRunId, isRunId } from '../../orchestrator/domain/ids.ts';
import { detailsOf } from '../../orchestrator/domain/own-run.ts';
import type { Param, SummaryValue } from '../../orchestrator/domain/run.ts';
import { runsOf, type State } from '../../orchestrator/domain/state.ts';
import { measured, ownRunIn } from '../../orchestrator/lab/subject.ts';
import { endIn } from '../ends.ts';

/** One of what is compared: an experiment by the means of its finished runs, or a run. */
export interface Side {
  readonly id: string;
  /** Finished runs. */
  readonly n: number;
  /** `killed` and its like where no run of it finished: its numbers are what was said last; null else. */
  readonly unfinished: string | null;
  readonly params: ReadonlyMap<string, Value>;
  readonly metrics: ReadonlyMap<string, Value>;
}

export type Value = number | string;

/** Throws LabError not_found. */
export function sideOf(state: State, id: string): Side {
  if (isOwnRunId(id)) {
    const own = ownRunIn(state, id);
    const all = [detailsOf(own)];
    return {
      id,
      n: own.status === 'finished' ? 1 : 0,
      unfinished: own.status === 'finished' ? null : endOf(own.status, own.end),
      params: paramsOf(all),
      metrics: metricsOf(all),
    };
  }
  const target = measured(state, id);
  const runs = isExperimentId(target)
    ? runsOf(state, target).filter((run) => !run.variant && run.purpose !== 'repeat')
    : isRunId(target)
      ? [state.runs.get(target)].filter((found) => found !== undefined)
      : [];
  const finished = runs.filter((found) => found.status === 'finished');
  const results = (finished.length > 0 ? finished : runs).flatMap(({ result }) => result ?? []);
  const [first] = runs;
  const end = first && isRunId(target) ? endOf(first.status, first.result) : NONE;
  return {
    ...{ id, n: finished.length, unfinished: finished.length > 0 ? null : end },
    ...{ params: paramsOf(results), metrics: metricsOf(results) },
  };
}

const NONE = 'no run finished';
const OPEN = 'not finished';

/** Of one that a dead launch left, `running` would be too much said. */
const endOf = (status: string, end: { readonly killed_because: string | null } | null): string =>
  end === null ? OPEN : endIn({ status, killed_because: end.killed_because });

/** What the metrics of sides are: what did not finish may not pass for a mean of what did. */
export function footnotes(sides: readonly Side[]): readonly string[] {
  return [
    ...(sides.some(({ n }) => n > 0) ? ['means over finished runs'] : []),
    ...sides.flatMap(({ id, unfinished }) =>
      unfinished === null ? [] : [lastSaid(id, unfinished)],
    ),
  ];
}

function lastSaid(id: string, unfinished: string): string {
  if (unfinished === NONE) return `no run of ${id} finished: what they had said last`;
  const how = { failed: 'failed', [OPEN]: 'has not finished' }[unfinished] ?? `was ${unfinished}`;
  return `${id} ${how}: what it had said last`;
}

/** What a run left, a night's or one's own. */
interface Left {
  readonly params: readonly Param[];
  readonly summary: readonly SummaryValue[];
}

/** What all runs agree on; a parameter that differs between them (a printed seed) says so. */
function paramsOf(runs: readonly Left[]): Map<string, Value> {
  const seen = new Map<string, Set<string>>();
  for (const { params } of runs)
    for (const { key, value } of params) seen.set(key, (seen.get(key) ?? new Set()).add(value));
  return new Map(
    [...seen].map(([key, values]) => {
      const [only] = values;
      if (values.size !== 1 || only === undefined) return [key, `(${values.size} values)`];
      return [key, only.trim() !== '' && Number.isFinite(Number(only)) ? Number(only) : only];
    }),
  );
}

function metricsOf(runs: readonly Left[]): Map<string, Value> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const { summary } of runs)
    for (const { key, number } of summary) {
      if (number === null) continue;
      const { sum, n } = sums.get(key) ?? { sum: 0, n: 0 };
      sums.set(key, { sum: sum + number, n: n + 1 });
    }
  return new Map([...sums].map(([key, { sum, n }]) => [key, sum / n]));
}
