import type { ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import {
  isAllowed,
  kindOf,
  placesOf,
  sameValue,
  valuesOf,
  type Kind,
  type ValueTools,
} from './axis.ts';
import { relativeSeconds } from './cost.ts';
import {
  evidenceOf,
  heldChanges,
  lineage,
  oneKnob,
  waitingHere,
  type Candidate,
  type KnobEvidence,
} from './evidence.ts';
import { pairsOf, valuesIn, type Joint } from './joint.ts';
import { sightOf } from './observations.ts';
import { outlookOn, type Outlook } from './surrogate.ts';
import { reached } from './reach.ts';
import { nearestTo, outcomeOf, titleOf, whyTry } from './words.ts';

/** All that is known when the Researcher starts to draft. */
export interface Prospect {
  readonly knobs: readonly KnobEvidence[];
  /** In the order in which they are taken where nothing speaks for one or the other. */
  readonly candidates: readonly Candidate[];
  /** Moves of several knobs at once; known to the outlook by the indices after the candidates'. */
  readonly joint: readonly Joint[];
  /** Indices of both that were tried or proposed on this incumbent, or come to it anyway. */
  readonly held: ReadonlySet<number>;
  readonly outlook: Outlook;
  /** Seconds of a run of each candidate, as a share of the incumbent's. */
  readonly seconds: readonly number[];
  /** Experiments that it rests on. */
  readonly experiments: number;
}

export function prospectOf(brief: ResearcherBrief, tools: ValueTools): Prospect {
  const knobs = evidenceOf(brief);
  // A closed line is learned from, and no place to go.
  const shut = new Set(brief.closed?.flatMap((line) => line.knobs));
  const open = mixed(knobs).filter(({ name }) => !shut.has(name));
  const candidates = open.flatMap((knob) => candidatesOf(brief, knob, tools));
  const sight = sightOf(brief, knobs);
  const waiting = waitingHere(brief).flatMap((change) =>
    change.kind === 'knobs' ? [sight.with(change.values)] : [],
  );
  const singles = candidates.map(({ knob, value }) => sight.with({ [knob.name]: value }));
  const outlook = outlookOn(sight.seen, sight.from, singles, sight.underWay);
  // Before anything was measured nothing speaks for two knobs at once.
  const joint = sight.seen.length > 1 ? pairsOf(candidates, outlook) : [];
  const spoken = heldChanges(brief);
  const isHeld = (moves: Joint): boolean =>
    spoken.has(changeKey({ kind: 'knobs', values: valuesIn(moves) }));
  const together = joint.map((moves) => sight.with(valuesIn(moves)));
  outlook.add(together, waiting);
  return {
    ...{ knobs, candidates, joint },
    held: new Set(
      [...candidates.map(({ held }) => held), ...joint.map(isHeld)].flatMap((held, at) =>
        held ? [at] : [],
      ),
    ),
    outlook,
    seconds: relativeSeconds(sight.seen, sight.from, [...singles, ...together]),
    experiments: sight.seen.length,
  };
}

/** The grid or the list, and what was found promising elsewhere. */
function candidatesOf(
  brief: ResearcherBrief,
  knob: KnobEvidence,
  tools: ValueTools,
): readonly Candidate[] {
  const found = brief.memory.flatMap(({ change, verdict }) => {
    const set = oneKnob(change);
    const good = verdict === 'promising' || verdict === 'improved';
    return good && set?.name === knob.name && isAllowed(knob.knob, set.value) ? [set.value] : [];
  });
  const all = [...found, ...valuesOf(knob.knob, knob.current, tools)];
  const distinct = new Map(all.toReversed().map((value) => [sameValue(value), value]));
  distinct.delete(sameValue(knob.current));
  const place = placesOf(knob.knob, knob.current);
  const from = place(knob.current);
  return [...distinct.values()].map((value) => {
    const to = place(value);
    const known = typeof from === 'number' && typeof to === 'number';
    const held = knob.here.has(sameValue(value));
    return { knob, value, distance: known ? Math.abs(to - from) : 0, held };
  });
}

/**
 * Findings of earlier nights that were not built upon: changes that were promising on a parent the
 * search has left, best first. A finding should stack, so they come before anything new. One that
 * is not expected to gain on this incumbent, such as a value that its knob has meanwhile
 * overtaken, is none. Tonight's own the night puts on its incumbent by itself.
 */
export function findingsToStack(brief: ResearcherBrief, prospect: Prospect): readonly Proposal[] {
  const line = lineage(brief.memory, brief.incumbent);
  const tonight = new Set(brief.proposed.map((said) => changeKey(said.change)));
  return brief.memory
    .filter(({ change }) => !tonight.has(changeKey(change)))
    .filter(({ verdict }) => verdict === 'promising' || verdict === 'improved')
    .filter(({ parent, experiment }) => parent !== brief.incumbent && !line.has(experiment))
    .toSorted((a, b) => (b.gain ?? 0) - (a.gain ?? 0))
    .flatMap((found): Proposal[] => {
      const because = `${found.experiment} ${outcomeOf(found)} on ${found.parent}; a finding should stack, so again on ${brief.incumbent}`;
      const set = oneKnob(found.change);
      const at = prospect.candidates.findIndex(
        ({ knob, value, held }) =>
          !held && knob.name === set?.name && sameValue(value) === sameValue(set.value),
      );
      if (set && at >= 0 && prospect.outlook.mean(at) < 0) return [];
      const own = brief.own.find((p) => changeKey(p.change) === changeKey(found.change));
      if (own) return set && at < 0 ? [] : [{ ...own, because }];
      const candidate = prospect.candidates[at];
      return candidate ? [proposalOf([candidate], because)] : [];
    });
}

/**
 * Up to `count` moves: again and again the one with the highest expected improvement per second of
 * its run (Snoek, Larochelle, Adams, "Practical Bayesian optimization of machine learning
 * algorithms", NeurIPS 2012), over what its knobs gain in any case, the ones before it taken for
 * tried. Two knobs at once have to promise twice as much, since they tell half as much of each.
 */
export function movesToTry(prospect: Prospect, count: number): readonly Proposal[] {
  const { candidates, joint, held, outlook, seconds, experiments } = prospect;
  const all = [...candidates.map((one): Joint => [one]), ...joint];
  const open = new Set([...all.keys()].filter((at) => !held.has(at)));
  const turns = new Map(prospect.knobs.map((knob) => [knob, knob.moves.length + knob.here.size]));
  const movesAt = (at: number): Joint => all[at] ?? [];
  const reach = reached();
  for (const at of held) reach.add(movesAt(at), outlook.mean(at));
  const moves: Proposal[] = [];
  while (moves.length < count && open.size > 0) {
    const rate = (at: number): number => {
      const made = movesAt(at);
      return outlook.improvement(at, reach.over(made)) / (seconds[at] ?? 1) / made.length;
    };
    const promise = highest(inTurn(prospect, open, turns), rate);
    if (promise < 0) break;
    const knob = candidates[promise]?.knob;
    const known = knob === undefined || (turns.get(knob) ?? 0) > 0;
    const best = known ? promise : highest(near(prospect, open, knob), rate);
    const made = movesAt(best);
    const nearest = made.flatMap((one) => nearestTo(one.knob, one.value)).slice(0, 2);
    const names = made.map((one) => one.knob.name).join(', ');
    moves.push(proposalOf(made, whyTry(names, outlook.gain(best), experiments, nearest)));
    reach.add(made, outlook.mean(best));
    outlook.believe(best);
    open.delete(best);
    if (made.length === 1 && knob) turns.set(knob, (turns.get(knob) ?? 0) + 1);
  }
  return moves;
}

/** Where nothing was measured the knobs take turns. */
function inTurn(
  { candidates, experiments }: Prospect,
  open: ReadonlySet<number>,
  turns: ReadonlyMap<KnobEvidence, number>,
): readonly number[] {
  if (experiments > 1) return [...open];
  const single = [...open].filter((at) => at < candidates.length);
  const turnOf = (at: number): number => turns.get((candidates[at] as Candidate).knob) ?? 0;
  const least = Math.min(...single.map(turnOf));
  return single.filter((at) => turnOf(at) === least);
}

/** Share of an axis that a knob's first move goes, or to the nearest value there is. */
const FIRST_STEP = 0.35;

/**
 * The first move of a knob stays near: before anything is known of it a far value promises most,
 * and is most often far off.
 */
function near(
  { candidates }: Prospect,
  open: ReadonlySet<number>,
  knob: KnobEvidence,
): readonly number[] {
  const own = [...open].filter((at) => candidates[at]?.knob === knob);
  const distance = (at: number): number => candidates[at]?.distance ?? 0;
  const step = Math.max(FIRST_STEP, Math.min(...own.map(distance)));
  return own.filter((at) => distance(at) <= step);
}

function highest(some: readonly number[], rate: (at: number) => number): number {
  let best = -1;
  let most = -Infinity;
  for (const at of some) {
    const now = rate(at);
    // Twins differ by rounding, and must not be told apart by it.
    if (best < 0 || now > most * (1 + 1e-9)) [best, most] = [at, now];
  }
  return best;
}

const proposalOf = (moves: Joint, because: string): Proposal => ({
  title: moves.map(({ knob, value }) => titleOf(knob.name, knob.current, value)).join(', '),
  because,
  source: 'search_space',
  line: moves.length === 1 ? lineOf(moves[0] as Candidate) : 'several knobs',
  change: { kind: 'knobs', values: valuesIn(moves) },
  success_criteria: [],
});

const lineOf = ({ knob: { name, knob } }: Candidate): string => knob.line ?? name;

/** One of each kind in turn, each kind in the plan's order: a short night sees all sides of the script. */
function mixed(knobs: readonly KnobEvidence[]): readonly KnobEvidence[] {
  const turns = new Map<Kind, number>();
  return knobs
    .map((knob) => {
      const kind = kindOf(knob.knob, knob.current);
      const turn = turns.get(kind) ?? 0;
      turns.set(kind, turn + 1);
      return { knob, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ knob }) => knob);
}
