import type { ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { lineage, oneKnob, sameValue, withPending, type KnobEvidence } from './evidence.ts';
import { byPromise, type Arm } from './promise.ts';
import {
  hopeOf,
  isAllowed,
  kindOf,
  nextValue,
  type Suggestion,
  type ValueTools,
} from './values.ts';
import { outcomeOf, titleOf } from './words.ts';

/** A number in [0, 1) that depends on `key` alone. */
export type Chance = (key: string) => number;

/**
 * Findings that were not built upon: changes that were promising on a parent the search has left,
 * best first. A finding should stack, so they come before anything new. A value that the incumbent
 * has meanwhile overtaken on the same knob is none.
 */
export function findingsToStack(
  brief: ResearcherBrief,
  knobs: readonly KnobEvidence[],
): readonly Proposal[] {
  const line = lineage(brief);
  return brief.memory
    .filter(({ verdict }) => verdict === 'promising' || verdict === 'improved')
    .filter(({ parent, experiment }) => parent !== brief.incumbent && !line.has(experiment))
    .toSorted((a, b) => (b.gain ?? 0) - (a.gain ?? 0))
    .flatMap((found): Proposal[] => {
      const because = `${found.experiment} ${outcomeOf(found)} on ${found.parent}; a finding should stack, so again on ${brief.incumbent}`;
      const set = oneKnob(found.change);
      const knob = knobs.find(({ name }) => name === set?.name);
      const worth = set && knob?.standings.get(sameValue(set.value))?.worth;
      if (set && (knob?.current === set.value || (worth ?? 1) <= 0)) return [];
      const own = brief.own.find((p) => changeKey(p.change) === changeKey(found.change));
      if (own) return [{ ...own, because }];
      if (!set || !knob || !isAllowed(knob.knob, set.value)) return [];
      return [proposalOf(knob, { value: set.value, why: because })];
    });
}

/**
 * Up to `count` moves of one knob each, most promising first. A value that lost before, on an
 * incumbent that is gone, comes only when no knob has anything newer to offer.
 */
export function movesToTry(
  brief: Pick<ResearcherBrief, 'night' | 'round'>,
  known: readonly KnobEvidence[],
  count: number,
  tools: ValueTools,
  chance: Chance,
): readonly Proposal[] {
  const knobs = new Map(known.map((evidence) => [evidence.name, evidence]));
  const moves: Proposal[] = [];
  const next = (fresh: boolean): Proposal | null => {
    for (const { name } of byPromise([...knobs.values()].map(armOf))) {
      const evidence = knobs.get(name);
      const luck = chance(`${brief.night} ${brief.round} ${name}`);
      const found = evidence && nextValue(evidence, tools, luck, fresh);
      if (!evidence || !found) continue;
      knobs.set(name, withPending(evidence, found.value));
      return proposalOf(evidence, found);
    }
    return null;
  };
  while (moves.length < count) {
    const move = next(true) ?? next(false);
    if (!move) break;
    moves.push(move);
  }
  return moves;
}

function armOf(evidence: KnobEvidence): Arm {
  const { name, moves, pending } = evidence;
  const hope = hopeOf(evidence);
  const gains = moves.flatMap((move) => (hope.moves.has(move) ? [] : (move.gain ?? [])));
  return { name, kind: kindOf(evidence), tried: moves.length + pending, gains, hope: hope.gain };
}

function proposalOf(evidence: KnobEvidence, { value, why }: Suggestion): Proposal {
  const { name, knob, current, moves, pending } = evidence;
  const first = moves.length + pending === 0 ? `no move of ${name} was tried yet; ` : '';
  return {
    title: titleOf(name, current, value),
    because: `${first}${why}`,
    source: 'search_space',
    line: knob.line ?? name,
    change: { kind: 'knobs', values: { [name]: value } },
    success_criteria: [],
  };
}

/** FNV-1a, then the finaliser of MurmurHash3, so that near keys give numbers far apart. */
export const chanceOf: Chance = (key) => {
  let hash = 0x811c9dc5;
  for (const char of key) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};
