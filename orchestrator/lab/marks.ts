import { userInfo } from 'node:os';
import { LabError } from '../domain/errors.ts';
import type { EventBody } from '../domain/event.ts';
import {
  isExperimentId,
  isRunId,
  type ExperimentId,
  type OwnRunId,
  type RunId,
} from '../domain/ids.ts';
import type { OwnRun } from '../domain/own-run.ts';
import type { State } from '../domain/state.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import type { Lab } from './lab.ts';

/** The user's marks, through the inbox: a night may be running. */

/** An experiment or a run that the notebook knows. Throws LabError not_found. */
export function subject(state: State, id: string): ExperimentId | RunId {
  if (isExperimentId(id) && state.experiments.has(id)) return id;
  if (isRunId(id) && state.runs.has(id)) return id;
  throw new LabError(
    'not_found',
    `expected an experiment or a run of this lab, such as E-0007 or E-0007.2, found ${id}`,
    id,
  );
}

/** A run of one's own that the notebook knows. Throws LabError not_found. */
export function ownRunIn(state: State, id: OwnRunId): OwnRun {
  const run = state.own.get(id);
  if (run) return run;
  throw new LabError('not_found', `expected a run of this lab, such as R-0001, found ${id}`, id);
}

export async function flag(
  lab: Lab,
  state: State,
  id: string,
  label: string,
  because: string,
): Promise<EventBody> {
  const body: EventBody = {
    type: 'flagged',
    ...{ target: subject(state, id), label: labelIn(label), because, who: userInfo().username },
  };
  await putInInbox(lab.notebookDir, body);
  return body;
}

export async function unflag(
  lab: Lab,
  state: State,
  id: string,
  label: string,
): Promise<EventBody> {
  const target = subject(state, id);
  if (!state.flags.some((mark) => mark.target === target && mark.label === label)) {
    const there = state.flags.filter((mark) => mark.target === target).map((mark) => mark.label);
    throw new LabError(
      'not_found',
      `expected ${id} to be flagged ${label}, found ${there.length === 0 ? 'no flag on it' : there.join(', ')}`,
      id,
    );
  }
  const body: EventBody = { type: 'unflagged', target, label, who: userInfo().username };
  await putInInbox(lab.notebookDir, body);
  return body;
}

function labelIn(label: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,39}$/u.test(label)) return label;
  throw new LabError(
    'usage',
    `expected a label of letters, digits, _ . and -, at most 40 of them, found ${JSON.stringify(label.slice(0, 60))}`,
  );
}
