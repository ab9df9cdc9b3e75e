import { LabError } from '../domain/errors.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { ExperimentId } from '../domain/ids.ts';
import { SCORES_FILE } from '../domain/layout.ts';
import type { Tier } from '../domain/run.ts';
import type { Night } from '../domain/state.ts';

/** One entry of experiments/scores.json. */
export interface Score {
  readonly experiment: ExperimentId;
  readonly title: string;
  /** Everything the merge brings, in the order it was stacked. */
  readonly changes: readonly string[];
  readonly metric: string;
  readonly direction: string;
  readonly value: number | null;
  readonly baseline: number | null;
  readonly effect: number | null;
  readonly interval: readonly number[] | null;
  readonly n: number;
  /** Lowest of the runs that the evidence rests on; null where nothing was measured. */
  readonly tier: Tier | null;
  readonly verdict: string | null;
  readonly parent: ExperimentId | null;
  readonly commit: string;
  readonly when: string;
  readonly who: string;
}

/** The evidence for an experiment as its night left it. */
export function scoreOf(
  experiment: Experiment,
  { plan }: Night,
  { tier, ...known }: Pick<Score, 'commit' | 'changes' | 'who' | 'tier'>,
): Score {
  const { id, title, parent, judgement } = experiment;
  const dawn = judgement?.dawn;
  const contrast = dawn?.on_baseline ?? judgement?.on_baseline ?? null;
  return {
    ...{ experiment: id, title, changes: known.changes },
    ...{ metric: plan.objective.metric, direction: plan.objective.direction },
    value: dawn?.objective ?? judgement?.objective ?? null,
    baseline: dawn?.baseline ?? baselineMean(judgement),
    effect: contrast?.effect ?? null,
    interval: contrast?.interval ?? null,
    n: dawn?.n ?? judgement?.n ?? 0,
    tier,
    verdict: judgement?.verdict ?? null,
    ...{ parent, commit: known.commit, when: new Date().toISOString(), who: known.who },
  };
}

function baselineMean(judgement: Experiment['judgement']): number | null {
  const { objective, on_baseline } = judgement ?? {};
  return typeof objective === 'number' && on_baseline ? objective - on_baseline.effect : null;
}

export function evidenceOf({
  metric,
  value,
  baseline,
  effect,
  interval,
  n,
  verdict,
  tier,
}: Score): string {
  const number = (x: number) => String(Number(x.toPrecision(5)));
  if (value === null || baseline === null || effect === null)
    return `${metric}: not measured against the baseline (${verdict ?? 'not judged'})`;
  const range = interval ? `, 95 % interval ${interval.map(number).join(' to ')}` : '';
  return `${metric} ${number(baseline)} -> ${number(value)} (${number(effect)}${range}, ${n} seeds, ${tier ?? 'not measured'}): ${verdict}`;
}

/** The subject names a single change, or says how many were measured as one. */
export function messageOf(
  { id, title }: Experiment,
  evidence: string,
  changes: readonly string[],
  marks: readonly string[] = [],
): string {
  const subject = changes.length > 1 ? `${changes.length} changes, confirmed together` : title;
  return [
    `Merge ${id}: ${subject}`,
    '',
    evidence,
    '',
    ...changes.map((line) => `- ${line}`),
    ...(marks.length > 0 ? ['', ...marks] : []),
    '',
  ].join('\n');
}

/** Appends to the list that is there; refuses one that is not a list, rather than lose it. */
export function withScore(old: string | null, score: Score): string {
  const known: unknown = old === null || old.trim() === '' ? [] : parsed(old);
  if (!Array.isArray(known))
    throw new LabError(
      'refused',
      `expected ${SCORES_FILE} to hold a JSON list, found something else. Mend or move it.`,
      SCORES_FILE,
    );
  return `${JSON.stringify([...known, score], null, 2)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
