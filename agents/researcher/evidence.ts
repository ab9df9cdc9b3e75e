import type { Memory, ResearcherBrief, Trial } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Change } from '../../orchestrator/domain/hypothesis.ts';
import { numberOf, type ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';
import { sameValue } from './axis.ts';

/** What a brief's memory says, seen from where the incumbent stands. */

/** A change of one knob that was tried. */
export interface Move {
  readonly experiment: ExperimentId;
  /** What the parent had; null where memory cannot tell. */
  readonly from: string | null;
  readonly to: string;
  readonly verdict: Memory['verdict'];
  /** Gain on its parent in noise units as it was measured; null where nothing was. */
  readonly gain: number | null;
}

export interface KnobEvidence {
  readonly name: string;
  readonly knob: Knob;
  /** What the incumbent has. */
  readonly current: string;
  /** In the order they were tried. */
  readonly moves: readonly Move[];
  /** `sameValue` keys of what was tried or proposed on this very incumbent, or comes to it anyway. */
  readonly here: ReadonlySet<string>;
}

/** A move of one knob to a value that the plan allows. */
export interface Candidate {
  readonly knob: KnobEvidence;
  readonly value: string;
  /** From the current value, on the knob's axis; 0 between words. */
  readonly distance: number;
  /** Tried or proposed on this very incumbent, by itself. */
  readonly held: boolean;
}

/** The one knob that a change sets, or null: a patch, or several at once, says nothing of a knob. */
export function oneKnob(change: Change): { readonly name: string; readonly value: string } | null {
  if (change.kind !== 'knobs') return null;
  const [only, ...more] = Object.entries(change.values);
  return only && more.length === 0 ? { name: only[0], value: only[1] } : null;
}

type Said = ResearcherBrief['proposed'][number];

/**
 * This night's proposals that count for the incumbent: those made for it, and the user's own and
 * last night's best that were not tried yet, since those move along with it while they wait.
 */
function saidHere({ incumbent, memory, proposed }: ResearcherBrief): readonly Said[] {
  const tried = new Set(memory.map((m) => changeKey(m.change)));
  const moves = ({ source, change }: Said): boolean =>
    (source === 'yours' || source === 'incumbent') && !tried.has(changeKey(change));
  return proposed.filter((said) => said.parent === incumbent || moves(said));
}

/** Keys of the changes that memory or this night's proposals hold on the incumbent. */
export function heldChanges(brief: ResearcherBrief): ReadonlySet<string> {
  const tried = brief.memory.filter((m) => m.parent === brief.incumbent);
  return new Set([...tried, ...saidHere(brief)].map(({ change }) => changeKey(change)));
}

/** Proposed for the incumbent, and not an experiment yet. */
export function waitingHere(brief: ResearcherBrief): readonly Change[] {
  const tried = brief.memory.filter((m) => m.parent === brief.incumbent);
  const known = new Set(tried.map(({ change }) => changeKey(change)));
  return saidHere(brief)
    .map(({ change }) => change)
    .filter((change) => !known.has(changeKey(change)));
}

/** An experiment and what it was built on, as far as memory reaches. */
export function lineage(
  memory: readonly Memory[],
  experiment: ExperimentId,
): ReadonlySet<ExperimentId> {
  const parents = new Map(memory.map((m) => [m.experiment, m.parent]));
  const line = new Set<ExperimentId>();
  for (let at: ExperimentId | undefined = experiment; at && !line.has(at); at = parents.get(at))
    line.add(at);
  return line;
}

/** One entry for each knob of the search space whose current value is known, in the plan's order. */
export function evidenceOf(brief: ResearcherBrief): readonly KnobEvidence[] {
  const waiting = waitingHere(brief);
  const settings = settingsById(brief);
  return Object.entries(brief.search_space).flatMap(([name, knob]) => {
    const current = brief.settings[name];
    if (current === undefined) return [];
    const tried = brief.memory.filter((m) => oneKnob(m.change)?.name === name);
    const onIt = tried.filter((m) => m.parent === brief.incumbent).map(({ change }) => change);
    const coming = tried.filter((m) => comes(m, brief, settings.get(m.parent)?.[name] === current));
    const here = [...onIt, ...waiting, ...coming.map(({ change }) => change)].flatMap((change) => {
      const set = oneKnob(change);
      return set?.name === name ? [sameValue(set.value)] : [];
    });
    const moves = tried.map((m) => moveOf(m, name, settings.get(m.parent)?.[name]));
    moves.sort((a, b) => numberOf(a.experiment) - numberOf(b.experiment));
    return [{ name, knob, current, moves, here: new Set(here) }];
  });
}

/** A gain that the night puts on its incumbent by itself, in noise units. */
const WORTH = 1;

/**
 * Tonight's changes that look good on an incumbent that is gone, or may yet, are put on the present
 * one by the night, unless it has turned the same knob: proposed beside that they would run twice.
 */
const comes = (
  { parent, change, verdict, gain }: Trial,
  { incumbent, proposed }: ResearcherBrief,
  unturned: boolean,
): boolean =>
  unturned &&
  parent !== incumbent &&
  (verdict === null ||
    ((verdict === 'promising' || verdict === 'inconclusive') && (gain ?? 0) > WORTH)) &&
  proposed.some((said) => changeKey(said.change) === changeKey(change));

/** What every knob was set to, of each experiment of which the brief can tell. */
function settingsById(brief: ResearcherBrief): Map<ExperimentId, Trial['settings']> {
  const known = [...brief.memory, ...brief.baselines];
  return new Map(known.map(({ experiment, settings }) => [experiment, settings])).set(
    brief.incumbent,
    brief.settings,
  );
}

function moveOf({ experiment, change, verdict, gain }: Trial, name: string, from = ''): Move {
  const to = change.kind === 'knobs' ? (change.values[name] ?? '') : '';
  return { experiment, from: from || null, to, verdict, gain };
}
