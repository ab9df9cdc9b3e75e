/** Short, stable names of things; every screen, file and table uses these and no others. */

/** `E-0000` is the lab's first baseline; every baseline and every candidate takes one. */
export type ExperimentId = `E-${string}`;
/** The second run of `E-0007` is `E-0007.2`. */
export type RunId = `E-${string}.${number}`;
/** A run of one's own, made outside of any night. */
export type OwnRunId = `R-${string}`;
export type AnyRunId = RunId | OwnRunId;
export type HypothesisId = `H-${string}`;
export type NightId = `N-${string}`;
/** Everything that a mark, a tag or a note can be on. */
export type Subject = ExperimentId | AnyRunId | HypothesisId | NightId;

const padded = (n: number): string => String(n).padStart(4, '0');

export const experimentId = (n: number): ExperimentId => `E-${padded(n)}`;
export const hypothesisId = (n: number): HypothesisId => `H-${padded(n)}`;
export const nightId = (n: number): NightId => `N-${padded(n)}`;
export const ownRunId = (n: number): OwnRunId => `R-${padded(n)}`;
/** `n` counts the runs of one experiment from 1. */
export const runId = (experiment: ExperimentId, n: number): RunId => `${experiment}.${n}`;

/** The number in an id of one part: 7 for `E-0007`. */
export const numberOf = (id: ExperimentId | HypothesisId | NightId | OwnRunId): number =>
  Number(id.slice(2));

export const experimentOf = (run: RunId): ExperimentId =>
  run.slice(0, run.lastIndexOf('.')) as ExperimentId;
/** 2 for `E-0007.2`. */
export const runNumber = (run: RunId): number => Number(run.slice(run.lastIndexOf('.') + 1));

/**
 * For sorting ids of one kind in the order they were given: as text, E-10000 comes before E-9999.
 * Runs come by experiment and then by their own number.
 */
export function byNumber<Id extends ExperimentId | HypothesisId | NightId | AnyRunId>(
  a: Id,
  b: Id,
): number {
  const x = endOfFirst(a);
  const y = endOfFirst(b);
  return byDigits(a.slice(2, x), b.slice(2, y)) || byDigits(a.slice(x + 1), b.slice(y + 1));
}

/** Where an id's first number ends. */
const endOfFirst = (id: string): number => {
  const dot = id.indexOf('.');
  return dot === -1 ? id.length : dot;
};

/** Zeros lead only up to four digits, so that the longer number is the larger one. */
const byDigits = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export const isExperimentId = (text: string): text is ExperimentId => /^E-\d{4,}$/.test(text);
export const isHypothesisId = (text: string): text is HypothesisId => /^H-\d{4,}$/.test(text);
export const isNightId = (text: string): text is NightId => /^N-\d{4,}$/.test(text);
export const isRunId = (text: string): text is RunId => /^E-\d{4,}\.[1-9]\d*$/.test(text);
export const isOwnRunId = (text: string): text is OwnRunId => /^R-\d{4,}$/.test(text);
