import type { Memory, ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Change } from '../../orchestrator/domain/hypothesis.ts';
import { numberOf, type ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';
import { startOf } from './words.ts';

/**
 * What a brief's memory says of each knob, seen from where the incumbent stands. Gains are in
 * standard deviations of run-to-run noise, positive where the objective moved the good way.
 */

/** A change of one knob that was tried. */
export interface Move {
  readonly experiment: ExperimentId;
  readonly parent: ExperimentId;
  /** What the parent had; null where memory cannot tell. */
  readonly from: string | null;
  readonly to: string;
  readonly verdict: Memory['verdict'];
  /** What it counts as; null while it is under way, or where nobody could say. */
  readonly gain: number | null;
  /** What was measured, the only figure that may be cited. */
  readonly measured: number | null;
}

/** How a value compares with the incumbent's, and the move that says so (null: only proposed). */
export interface Standing {
  readonly value: string;
  readonly worth: number | null;
  readonly move: Move | null;
}

export interface KnobEvidence {
  readonly name: string;
  readonly knob: Knob;
  /** What the incumbent has. */
  readonly current: string;
  /** In the order they were tried. */
  readonly moves: readonly Move[];
  /** By `sameValue` key. Values whose link to the current one is unknown are not in it. */
  readonly standings: ReadonlyMap<string, Standing>;
  /** Values tried or proposed on this very incumbent. */
  readonly here: ReadonlySet<string>;
  /** Proposed on this incumbent, and not yet an experiment. */
  readonly pending: number;
}

/** What a change that came to nothing counts as; also the furthest a gain counts either way. */
export const MOST_GAIN = 3;

/** Key under which `1e-2` and `0.01` are one value. */
export const sameValue = (text: string): string => {
  const number = numberIn(text);
  return number === null ? text : String(number);
};

/** The number that a literal is, `1_000` included; null where it is none. */
export function numberIn(text: string): number | null {
  const plain = text.trim().replace(/(\d)_(?=\d)/g, '$1');
  const number = plain === '' ? Number.NaN : Number(plain);
  return Number.isFinite(number) ? number : null;
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

/** The incumbent and what it was built on, as far as memory reaches. */
export function lineage(brief: ResearcherBrief): ReadonlySet<ExperimentId> {
  const parents = new Map(brief.memory.map((m) => [m.experiment, m.parent]));
  const line = new Set<ExperimentId>();
  for (
    let at: ExperimentId | undefined = brief.incumbent;
    at && !line.has(at);
    at = parents.get(at)
  )
    line.add(at);
  return line;
}

/** One entry for each knob of the search space whose current value is known, in the plan's order. */
export function evidenceOf(brief: ResearcherBrief): readonly KnobEvidence[] {
  const said = saidHere(brief);
  return Object.entries(brief.search_space).flatMap(([name, knob]) => {
    const current = brief.settings[name];
    if (current === undefined) return [];
    const moves = movesOf(brief, name);
    const triedHere = moves.filter((m) => m.parent === brief.incumbent).map((m) => m.to);
    const proposedHere = said.flatMap(({ change }) => {
      const set = oneKnob(change);
      return set?.name === name && !triedHere.includes(set.value) ? [set.value] : [];
    });
    const standings = standingsFrom(current, brief.incumbent, moves);
    const known = { name, knob, current, moves, standings, here: new Set(triedHere), pending: 0 };
    return [proposedHere.reduce(withPending, known)];
  });
}

/** The same evidence once `value` is on its way: tried, outcome unknown. */
export function withPending(evidence: KnobEvidence, value: string): KnobEvidence {
  const key = sameValue(value);
  const standings = new Map(evidence.standings);
  if (!standings.has(key)) standings.set(key, { value, worth: null, move: null });
  const here = new Set(evidence.here).add(value);
  return { ...evidence, standings, here, pending: evidence.pending + 1 };
}

/** What a verdict is worth where no gain in noise units is known (a deterministic script has no noise). */
function gainOf({ verdict, gain }: Memory): number | null {
  if (verdict === 'failed' || verdict === 'invalid') return -MOST_GAIN;
  if (gain !== null && Number.isFinite(gain)) return gain;
  if (verdict === 'promising' || verdict === 'improved') return MOST_GAIN;
  if (verdict === 'worse' || verdict === 'pruned') return -MOST_GAIN;
  return verdict === 'no_difference' ? 0 : null;
}

function movesOf(brief: ResearcherBrief, name: string): Move[] {
  const valueAt = parentValues(brief, name);
  return brief.memory
    .flatMap((m): Move[] => {
      const set = oneKnob(m.change);
      if (set?.name !== name) return [];
      const { experiment, parent, verdict, gain: measured } = m;
      const [from, to] = [valueAt(parent), set.value];
      return [{ experiment, parent, from, to, verdict, gain: gainOf(m), measured }];
    })
    .toSorted((a, b) => numberOf(a.experiment) - numberOf(b.experiment));
}

/**
 * What a knob was set to at an experiment. An experiment has what its change says, else what its
 * parent has; what stands between the incumbent and the last change of the knob has the
 * incumbent's value. Before that only the title of a move from there (this night's) can tell.
 */
function parentValues(brief: ResearcherBrief, name: string): (id: ExperimentId) => string | null {
  const byId = new Map(brief.memory.map((m) => [m.experiment, m]));
  const setBy = (id: ExperimentId): string | undefined => {
    const change = byId.get(id)?.change;
    return change?.kind === 'knobs' ? change.values[name] : undefined;
  };
  const unchanged = new Set<ExperimentId>();
  for (const id of lineage(brief)) {
    unchanged.add(id);
    if (setBy(id) !== undefined) break;
  }
  const titled = new Map(
    brief.proposed.flatMap((p) => {
      const set = p.source === 'search_space' ? oneKnob(p.change) : null;
      const from = set?.name === name ? startOf(p.title, name, set.value) : null;
      return from === null ? [] : [[p.parent, from] as const];
    }),
  );
  return (id) => {
    const seen = new Set<ExperimentId>();
    for (let at: ExperimentId | undefined = id; at && !seen.has(at); at = byId.get(at)?.parent) {
      seen.add(at);
      const value = unchanged.has(at) ? brief.settings[name] : (setBy(at) ?? titled.get(at));
      if (value !== undefined) return value;
    }
    return null;
  };
}

/**
 * Every value that moves connect with the current one, by how much better it is: gains add up along
 * a path of moves. (That takes the knobs to act independently: good enough to choose what to try,
 * never used to claim anything.) Moves made on the incumbent itself speak first, then the newest.
 */
function standingsFrom(
  current: string,
  incumbent: ExperimentId,
  moves: readonly Move[],
): Map<string, Standing> {
  const start = sameValue(current);
  const found = new Map<string, Standing>([[start, { value: current, worth: 0, move: null }]]);
  const onIncumbent = (m: Move): number => Number(m.parent === incumbent);
  const spoken = moves.toReversed().toSorted((a, b) => onIncumbent(b) - onIncumbent(a));
  const open = [start];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const here = found.get(at)?.worth ?? 0;
    for (const move of spoken) {
      if (move.from === null) continue;
      const forward = sameValue(move.from) === at;
      const value = forward ? move.to : move.from;
      if ((!forward && sameValue(move.to) !== at) || found.has(sameValue(value))) continue;
      // An outcome that is unknown ends the path: nothing beyond it can be compared.
      if (move.gain === null && !(forward && at === start)) continue;
      const worth = move.gain === null ? null : here + (forward ? move.gain : -move.gain);
      found.set(sameValue(value), { value, worth, move });
      if (worth !== null) open.push(sameValue(value));
    }
  }
  found.delete(start);
  return found;
}
