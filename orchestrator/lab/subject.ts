import { LabError } from '../domain/errors.ts';
import {
  isExperimentId,
  isHypothesisId,
  isNightId,
  isOwnRunId,
  isRunId,
  type ExperimentId,
  type OwnRunId,
  type RunId,
  type Subject,
} from '../domain/ids.ts';
import type { OwnRun } from '../domain/own-run.ts';
import type { State } from '../domain/state.ts';

/** What an id that somebody typed is the id of. */

interface Kind {
  readonly one: string;
  readonly like: string;
  readonly knows: (state: State, id: string) => boolean;
}

const EXPERIMENTS: readonly Kind[] = [
  {
    ...{ one: 'an experiment', like: 'E-0007' },
    knows: ({ experiments }, id) => isExperimentId(id) && experiments.has(id),
  },
  { one: 'a run', like: 'E-0007.2', knows: ({ runs }, id) => isRunId(id) && runs.has(id) },
];
const KINDS: readonly Kind[] = [
  ...EXPERIMENTS,
  {
    one: 'a run of your own',
    like: 'R-0001',
    knows: ({ own }, id) => isOwnRunId(id) && own.has(id),
  },
  {
    ...{ one: 'a hypothesis', like: 'H-0012' },
    knows: ({ hypotheses }, id) => isHypothesisId(id) && hypotheses.has(id),
  },
  { one: 'a night', like: 'N-0003', knows: ({ nights }, id) => isNightId(id) && nights.has(id) },
];

/** Whether it is the id of anything in this lab. */
export const isSubject = (state: State, id: string): id is Subject =>
  KINDS.some(({ knows }) => knows(state, id));

/** Anything that has an id in this lab. Throws LabError not_found, naming what there could be. */
export const subject = (state: State, id: string): Subject => known(KINDS, state, id) as Subject;

/** An experiment or a run that the notebook knows. Throws LabError not_found. */
export const measured = (state: State, id: string): ExperimentId | RunId =>
  known(EXPERIMENTS, state, id) as ExperimentId | RunId;

/** A run of one's own that the notebook knows. Throws LabError not_found. */
export function ownRunIn(state: State, id: OwnRunId): OwnRun {
  const run = state.own.get(id);
  if (run) return run;
  throw new LabError('not_found', `expected a run of this lab, such as R-0001, found ${id}`, id);
}

function known(kinds: readonly Kind[], state: State, id: string): string {
  if (kinds.some(({ knows }) => knows(state, id))) return id;
  const names = kinds.map(({ one }) => one);
  const there = kinds.map(({ like }) => like);
  throw new LabError(
    'not_found',
    `expected ${either(names)} of this lab, such as ${either(there)}, found ${JSON.stringify(id.slice(0, 60))}. ` +
      'See autolab experiments, runs and hypotheses',
    id.slice(0, 60),
  );
}

/** `a, b or c`. */
const either = (words: readonly string[]): string =>
  `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
