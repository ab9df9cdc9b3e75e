import { experimentOf, runNumber, type ExperimentId, type OwnRunId, type RunId } from './ids.ts';

/** Where things lie in a lab, relative to its top. One place says so, for writers and readers. */
export const PLAN_FILE = 'research_plan.yaml';
export const NOTEBOOK_DIR = 'data/notebook';
export const EXPERIMENTS_DIR = 'experiments';
export const FINDINGS_FILE = 'FINDINGS.md';
export const SCORES_FILE = 'experiments/scores.json';

/** `experiments/E-0007` */
export const experimentDir = (id: ExperimentId): string => `${EXPERIMENTS_DIR}/${id}`;

/** `experiments/E-0007/runs/2/attempts/1` */
export const attemptDir = (run: RunId, attempt: number): string =>
  `${experimentDir(experimentOf(run))}/runs/${runNumber(run)}/attempts/${attempt}`;

/** `experiments/R-0001` */
export const ownRunDir = (id: OwnRunId): string => `${EXPERIMENTS_DIR}/${id}`;
