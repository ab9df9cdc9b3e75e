import { isExperimentId, isOwnRunId, isRunId } from '../../orchestrator/domain/ids.ts';
import { detailsOf } from '../../orchestrator/domain/own-run.ts';
import type { Param, SummaryValue } from '../../orchestrator/domain/run.ts';
import { runsOf, type State } from '../../orchestrator/domain/state.ts';
import { measured, ownRunIn } from '../../orchestrator/lab/subject.ts';

/** One of what is compared: an experiment by the means of its finished runs, or a run. */
export interface Side {
  readonly id: string;
  /** Finished runs. */
  readonly n: number;
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
  return { id, n: finished.length, params: paramsOf(results), metrics: metricsOf(results) };
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
