import { LabError } from '../domain/errors.ts';
import type { BesideBody } from '../domain/beside.ts';
import type { State } from '../domain/state.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { author } from './author.ts';
import type { LabPlace } from './place.ts';
import { subject } from './subject.ts';

/** The user's marks, through the inbox: a night may be running. */

export async function flag(
  lab: LabPlace,
  state: State,
  id: string,
  label: string,
  because: string,
): Promise<BesideBody> {
  const target = subject(state, id);
  const body: BesideBody = {
    ...{ type: 'flagged', target, label: labelIn(label), because },
    who: await author(lab),
  };
  await putInInbox(lab.notebookDir, body);
  return body;
}

export async function unflag(
  lab: LabPlace,
  state: State,
  id: string,
  label: string,
): Promise<BesideBody> {
  const target = subject(state, id);
  if (!state.flags.some((mark) => mark.target === target && mark.label === label)) {
    const there = state.flags.filter((mark) => mark.target === target).map((mark) => mark.label);
    throw new LabError(
      'not_found',
      `expected ${id} to be flagged ${label}, found ${there.length === 0 ? 'no flag on it' : there.join(', ')}`,
      id,
    );
  }
  const body: BesideBody = { type: 'unflagged', target, label, who: await author(lab) };
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
