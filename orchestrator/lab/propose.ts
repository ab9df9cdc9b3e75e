import { randomBytes } from 'node:crypto';
import { putInInbox } from '../../notebook/inbox.ts';
import { holderOf } from '../../notebook/lock.ts';
import { askedFor } from '../asked-for.ts';
import { searchEnd } from '../budget.ts';
import type { Knob } from '../domain/plan.ts';
import type { HypothesisAsked } from '../domain/asked.ts';
import { LabError } from '../domain/errors.ts';
import {
  changeInWords,
  type Change,
  type Proposable,
  type Proposal,
} from '../domain/hypothesis.ts';
import type { ExperimentId, NightId } from '../domain/ids.ts';
import { numberIn } from '../domain/number-literal.ts';
import { currentNight, experimentIn, type Night, type State } from '../domain/state.ts';
import { settingsAt } from '../memory.ts';
import { sameChange } from '../same-change.ts';
import { author } from './author.ts';
import { refuseOddFolders } from './footprint.ts';
import type { Lab, LabPlan } from './lab.ts';
import { ownProposals, settingsAt as settingsAtCommit } from './look.ts';
import { applied, proposedChange, type ChangeWords } from './proposed-change.ts';

/** A hypothesis of the user's, by hand: checked at once, and left in the inbox for a night. */

export interface ProposalWords extends ChangeWords {
  readonly title: string;
  readonly because: string;
  readonly line?: string | undefined;
  /** Also what was tried, or waits. */
  readonly again?: boolean | undefined;
}

/** What will become of it: tried next, once `launch` goes on, or first thing in the next night. */
export type When = 'next' | 'next_launch' | 'next_night';

export interface ProposalMade {
  readonly event: HypothesisAsked;
  readonly when: When;
  /** The night that is open, or null. */
  readonly night: NightId | null;
  /** What it would be tried on: what that night builds on. */
  readonly incumbent: ExperimentId | null;
  /** Of a patch, where a night is open. */
  readonly applies_to_incumbent: boolean | null;
  /** Worth knowing, and no reason to refuse. */
  readonly remarks: readonly string[];
}

/** Throws LabError usage, conflict or refused, with nothing recorded. */
export async function propose(
  lab: Lab,
  state: State,
  labPlan: LabPlan,
  words: ProposalWords,
): Promise<ProposalMade> {
  const [title, because] = [said(words.title, 'a title'), said(words.because, '--because')];
  const change = await proposedChange(lab, labPlan, words);
  const night = openNight(state);
  await refuseWhatIsSo(lab, state, labPlan, night, change);
  const found = sameChange(state, labPlan.plan, await ownProposals(labPlan.plan, lab.root), change);
  if (found !== null && !words.again)
    throw new LabError(
      'usage',
      `expected a change that is new, found ${found}; --again asks for it all the same`,
    );
  const proposal: Proposal = {
    ...{ title, because, source: 'yours', change, success_criteria: [] },
    line: words.line === undefined ? lineOf(labPlan, change) : said(words.line, '--line'),
  };
  const made = await ask(lab, state, proposal, words.again === true);
  return { ...made, remarks: [...unlisted(labPlan, change), ...made.remarks] };
}

/** Values that the search by itself would never try; somebody may want just that. */
function unlisted({ plan }: LabPlan, change: Proposable): string[] {
  if (change.kind !== 'knobs') return [];
  return Object.entries(change.values).flatMap(([name, value]) => {
    const knob = plan.search_space[name];
    if (!knob || isListed(knob, value)) return [];
    const choices = knob.values?.join(', ') ?? knob.range?.join(' to ');
    return [`${name}=${value} is none of the plan’s values (${choices}): it is tried all the same`];
  });
}

function isListed({ values, range, whole }: Knob, value: string): boolean {
  const number = numberIn(value);
  if (values)
    return values.some((one) => one === value || (number !== null && numberIn(one) === number));
  const [low, high] = range ?? [-Infinity, Infinity];
  return (
    number !== null &&
    number >= low &&
    number <= high &&
    (whole !== true || Number.isInteger(number))
  );
}

/** Leaves a proposal that was found good in the inbox. */
export async function ask(
  lab: Lab,
  state: State,
  proposal: Proposal,
  again: boolean,
): Promise<ProposalMade> {
  const night = openNight(state);
  const event: HypothesisAsked = {
    ...{ type: 'hypothesis_asked', key: randomBytes(6).toString('hex'), proposal },
    ...{ who: await author(lab), ...(again ? { again } : {}) },
  };
  const fits = await fitsIncumbent(lab, state, night, proposal.change);
  await refuseOddFolders(lab.root);
  await putInInbox(lab.notebookDir, event);
  return {
    event,
    when: await whenTried(lab, state, night, event),
    night: night?.id ?? null,
    incumbent: night?.incumbent ?? null,
    applies_to_incumbent: fits.applies,
    remarks: fits.remarks,
  };
}

function said(text: string, what: string): string {
  if (text.trim() !== '') return text.trim();
  throw new LabError('usage', `expected ${what} with some text, found none`);
}

export function openNight(state: State): Night | null {
  const night = state.night === null ? null : currentNight(state);
  return night?.ended ? null : night;
}

/** Where moves of the same knob are filed. */
function lineOf({ plan }: LabPlan, change: Proposable): string {
  if (change.kind !== 'knobs') return change.kind;
  const knob = Object.keys(change.values)[0] ?? '';
  return plan.search_space[knob]?.line ?? knob;
}

/** A value that is set already: the Planner would turn it down at night, and nobody be told till morning. */
export async function refuseWhatIsSo(
  lab: Lab,
  state: State,
  { plan, base }: LabPlan,
  night: Night | null,
  change: Proposable,
): Promise<void> {
  if (change.kind !== 'knobs') return;
  const incumbent = night?.incumbent ?? null;
  const settings =
    night && incumbent !== null
      ? settingsAt(state, night, incumbent)
      : await settingsAtCommit(lab, plan, base.commit);
  if (!Object.entries(change.values).every(([name, value]) => settings[name] === value)) return;
  const where = incumbent ?? base.branch ?? base.commit.slice(0, 12);
  throw new LabError(
    'usage',
    `expected a change, found that ${where} has ${changeInWords(change)} already`,
  );
}

async function fitsIncumbent(
  lab: Lab,
  state: State,
  night: Night | null,
  change: Change,
): Promise<{ readonly applies: boolean | null; readonly remarks: readonly string[] }> {
  if (!night || night.incumbent === null || change.kind !== 'patch')
    return { applies: null, remarks: [] };
  const { id, commit } = experimentIn(state, night.incumbent);
  if (commit === null) return { applies: null, remarks: [] };
  try {
    await applied(lab, commit, change.diff);
    return { applies: true, remarks: [] };
  } catch (error) {
    if (!(error instanceof LabError) || error.code === 'damaged') throw error;
    const text = `the patch does not apply to ${id}, which ${night.id} builds on now, and would fail there: ${error.message}`;
    return { applies: false, remarks: [text] };
  }
}

async function whenTried(
  lab: Lab,
  state: State,
  night: Night | null,
  { key, proposal, who }: HypothesisAsked,
): Promise<When> {
  if (!night || night.dawn) return 'next_night';
  const asked = { key, who, at: new Date().toISOString() };
  const mine = { queued: [{ proposal, asked, hypothesis: null }] };
  if (askedFor(mine, night).length === 0) return 'next_night';
  const before = [...night.waiting, ...night.proposed].filter(
    (id) => state.hypotheses.get(id)?.asked,
  );
  const ahead = askedFor(state, night).length + before.length;
  if (night.candidates + ahead >= night.plan.budget.experiments) return 'next_night';
  const queued = [...state.queued, ...mine.queued];
  if (searchEnd({ ...state, queued }, night) !== null) return 'next_night';
  return (await holderOf(lab.notebookDir)) && !night.stopping ? 'next' : 'next_launch';
}
