import type { SourceRecord } from './brief.ts';
import type { Experiment } from './experiment.ts';
import type { Hypothesis } from './hypothesis.ts';
import type { State } from './state.ts';

/** What was predicted of changes, against what was measured. Pure. */

/**
 * The effect on its parent of the experiment that first tested a hypothesis, in units of the
 * objective, sign as measured; null while it is not known. Later ones put the change on another
 * incumbent, for which nobody predicted anything.
 */
export function measuredEffect(
  { experiments }: Pick<State, 'experiments'>,
  { experiment }: { readonly experiment: Experiment['id'] | null },
): number | null {
  let first = experiment === null ? undefined : experiments.get(experiment);
  while (first?.reapplies) first = experiments.get(first.reapplies);
  return first?.judgement?.on_parent?.effect ?? null;
}

/** What each source, and each model, predicted: how often the way was right, and how far it went. */
export function predictionRecord(state: State): readonly SourceRecord[] {
  const groups = new Map<string, Author & { readonly ratios: number[] }>();
  for (const hypothesis of state.hypotheses.values()) {
    const { source, by = null, expected } = hypothesis;
    const predicted = expected?.effect;
    const measured = predicted ? measuredEffect(state, hypothesis) : null;
    if (!predicted || measured === null) continue;
    const key = `${source} ${by ?? ''}`;
    const group = groups.get(key) ?? { source, by, ratios: [] };
    group.ratios.push(measured / predicted);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ source, by, ratios }) => ({
    ...{ source, by, n: ratios.length },
    right: ratios.filter((ratio) => ratio > 0).length,
    ratio: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length,
  }));
}

interface Author {
  readonly source: Hypothesis['source'];
  readonly by: string | null;
}
