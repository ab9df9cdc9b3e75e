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
import { evidenceOf, lineage, oneKnob, waitingHere, type KnobEvidence } from './evidence.ts';
import { sightOf } from './observations.ts';
import { outlookOn, type Outlook } from './surrogate.ts';
import { nearestTo, outcomeOf, titleOf, whyTry } from './words.ts';

/** A move of one knob that the plan allows and the incumbent has not made. */
export interface Candidate {
  readonly knob: KnobEvidence;
  readonly value: string;
  /** From the current value, on the knob's axis; 0 between words. */
  readonly distance: number;
}

/** All that is known when the Researcher starts to draft. */
export interface Prospect {
  readonly knobs: readonly KnobEvidence[];
  /** In the order in which they are taken where nothing speaks for one or the other. */
  readonly candidates: readonly Candidate[];
  readonly outlook: Outlook;
  /** Seconds of a run of each candidate, as a share of the incumbent's. */
  readonly seconds: readonly number[];
  /** Experiments that it rests on. */
  readonly experiments: number;
}

export function prospectOf(brief: ResearcherBrief, tools: ValueTools): Prospect {
  const knobs = evidenceOf(brief);
  const candidates = mixed(knobs).flatMap((knob) => candidatesOf(brief, knob, tools));
  const sight = sightOf(brief, knobs);
  const spots = candidates.map(({ knob, value }) => sight.with({ [knob.name]: value }));
  const waiting = waitingHere(brief).flatMap((change) =>
    change.kind === 'knobs' ? [sight.with(change.values)] : [],
  );
  return {
    knobs,
    candidates,
    outlook: outlookOn(sight.seen, sight.from, spots, [...sight.underWay, ...waiting]),
    seconds: relativeSeconds(sight.seen, sight.from, spots),
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
  for (const held of knob.here) distinct.delete(held);
  const place = placesOf(knob.knob, knob.current);
  const from = place(knob.current);
  return [...distinct.values()].map((value) => {
    const to = place(value);
    const known = typeof from === 'number' && typeof to === 'number';
    return { knob, value, distance: known ? Math.abs(to - from) : 0 };
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
        ({ knob, value }) => knob.name === set?.name && sameValue(value) === sameValue(set.value),
      );
      if (set && at >= 0 && prospect.outlook.gain(at).mean < 0) return [];
      const own = brief.own.find((p) => changeKey(p.change) === changeKey(found.change));
      if (own) return set && at < 0 ? [] : [{ ...own, because }];
      const candidate = prospect.candidates[at];
      return candidate ? [proposalOf(candidate, because)] : [];
    });
}

/**
 * Up to `count` moves of one knob each: again and again the one with the highest expected
 * improvement per second of its run (Snoek, Larochelle, Adams, "Practical Bayesian optimization of
 * machine learning algorithms", NeurIPS 2012), the ones before it taken for tried.
 */
export function movesToTry(prospect: Prospect, count: number): readonly Proposal[] {
  const { candidates, outlook, seconds, experiments } = prospect;
  const open = new Set(candidates.keys());
  const turns = new Map(prospect.knobs.map((knob) => [knob, knob.moves.length + knob.here.size]));
  const moves: Proposal[] = [];
  while (moves.length < count && open.size > 0) {
    const rate = (at: number): number => outlook.improvement(at) / (seconds[at] ?? 1);
    const promise = highest(inTurn(prospect, open, turns), rate);
    const first = candidates[promise];
    if (!first) break;
    const { knob } = first;
    const best = (turns.get(knob) ?? 0) > 0 ? promise : highest(near(prospect, open, knob), rate);
    const candidate = candidates[best] ?? first;
    const nearest = nearestTo(knob, candidate.value);
    moves.push(proposalOf(candidate, whyTry(knob.name, outlook.gain(best), experiments, nearest)));
    outlook.believe(best);
    open.delete(best);
    turns.set(knob, (turns.get(knob) ?? 0) + 1);
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
  const turnOf = (at: number): number => turns.get((candidates[at] as Candidate).knob) ?? 0;
  const least = Math.min(...[...open].map(turnOf));
  return [...open].filter((at) => turnOf(at) === least);
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

function proposalOf(
  { knob: { name, knob, current }, value }: Candidate,
  because: string,
): Proposal {
  return {
    title: titleOf(name, current, value),
    because,
    source: 'search_space',
    line: knob.line ?? name,
    change: { kind: 'knobs', values: { [name]: value } },
    success_criteria: [],
  };
}

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
