/** Short, stable names of things; every screen, file and table uses these and no others. */

/** `E-0000` is the lab's first baseline; every baseline and every candidate takes one. */
export type ExperimentId = `E-${string}`;
/** The second run of `E-0007` is `E-0007.2`. */
export type RunId = `E-${string}.${number}`;
export type HypothesisId = `H-${string}`;
export type NightId = `N-${string}`;

const padded = (n: number): string => String(n).padStart(4, '0');

export const experimentId = (n: number): ExperimentId => `E-${padded(n)}`;
export const hypothesisId = (n: number): HypothesisId => `H-${padded(n)}`;
export const nightId = (n: number): NightId => `N-${padded(n)}`;
/** `n` counts the runs of one experiment from 1. */
export const runId = (experiment: ExperimentId, n: number): RunId => `${experiment}.${n}`;

/** The number in an experiment's, hypothesis' or night's id: 7 for `E-0007`. */
export const numberOf = (id: ExperimentId | HypothesisId | NightId): number => Number(id.slice(2));

export const experimentOf = (run: RunId): ExperimentId =>
  run.slice(0, run.lastIndexOf('.')) as ExperimentId;
/** 2 for `E-0007.2`. */
export const runNumber = (run: RunId): number => Number(run.slice(run.lastIndexOf('.') + 1));

export const isExperimentId = (text: string): text is ExperimentId => /^E-\d{4,}$/.test(text);
export const isRunId = (text: string): text is RunId => /^E-\d{4,}\.[1-9]\d*$/.test(text);
