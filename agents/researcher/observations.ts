import type { Measured, ResearcherBrief, Trial } from '../../orchestrator/domain/brief.ts';
import { changeKey } from '../../orchestrator/domain/hypothesis.ts';
import { numberOf, type ExperimentId } from '../../orchestrator/domain/ids.ts';
import { placesOf, type Place } from './axis.ts';
import { lineage, type KnobEvidence } from './evidence.ts';
import type { Spot } from './kernel.ts';
import type { Observation } from './hyperparameters.ts';

/** The experiments of a brief as the surrogate sees them. */

type Settings = Readonly<Record<string, string>>;

/** An experiment as an observation. */
export interface Seen extends Observation {
  readonly experiment: ExperimentId;
  /** Of a run; null where unknown. */
  readonly seconds: number | null;
}

export interface Sight {
  readonly seen: readonly Seen[];
  /** Experiments under way of which nothing is known yet. */
  readonly underWay: readonly Spot[];
  /** The incumbent. */
  readonly from: Spot;
  /** The incumbent with some knobs set otherwise. */
  with(values: Settings): Spot;
}

/** Most observations that are learnt from: the cost grows with the cube. */
const MOST = 150;

/** Losses count in full up to about this many noise units, and then ever less. */
const BEND = 6;
/** And beyond this not at all: of a training that exploded, the number has no meaning. */
const MOST_LOSS = 1e4;

/** What came to nothing counts as this much worse than the worst that was measured. */
const WORSE = 1;
/** The worst is at least this bad, even where nothing was measured yet. */
const BAD = -2;

export function sightOf(brief: ResearcherBrief, knobs: readonly KnobEvidence[]): Sight {
  const groupOf = groupsOf(brief);
  const spot = spotsOf(knobs);
  const here = groupOf(brief.incumbent);
  const bent = bender(brief, groupOf);
  const worst = Math.min(
    BAD,
    ...brief.memory.flatMap(({ experiment, effect }) =>
      effect === null ? [] : [bent(experiment, effect)],
    ),
  );
  const see = (one: Measured, value: number): Seen => ({
    ...spot(one.settings, groupOf(one.experiment)),
    ...{ experiment: one.experiment, value, seconds: one.seconds },
    variance: 1 / Math.max(1, one.n),
  });
  const trials = brief.memory.flatMap((trial): Seen[] => {
    const value = valueOf(trial, (effect) => bent(trial.experiment, effect), worst);
    return value === null || trial.settings === null ? [] : [see(trial, value)];
  });
  const bases = brief.baselines.filter(({ n }) => n > 0);
  return {
    seen: newest([...bases.map((one) => see(one, bent(one.experiment, 0))), ...trials], here),
    underWay: brief.memory
      .filter(({ verdict, effect, settings }) => verdict === null && effect === null && settings)
      .map(({ experiment, settings }) => spot(settings, groupOf(experiment))),
    from: spot(brief.settings, here),
    with: (values) => spot({ ...brief.settings, ...values }, here),
  };
}

function spotsOf(
  knobs: readonly KnobEvidence[],
): (settings: Settings | null, group: string) => Spot {
  const places = knobs.map(({ name, knob, current }) => {
    const place = placesOf(knob, current);
    // A knob that an earlier night's plan did not have stood where it still stands.
    return (settings: Settings | null): Place => place(settings?.[name] ?? current);
  });
  return (settings, group) => ({ point: places.map((place) => place(settings)), group });
}

/** Effects as `bend` has them, from what was reached in their group: the incumbent, or the best. */
function bender(
  { memory, incumbent }: ResearcherBrief,
  groupOf: (id: ExperimentId) => string,
): (experiment: ExperimentId, effect: number) => number {
  const here = groupOf(incumbent);
  const reached = new Map<string, number>();
  for (const { experiment, effect } of memory) {
    const group = groupOf(experiment);
    if (effect === null || (group === here && experiment !== incumbent)) continue;
    reached.set(group, Math.max(reached.get(group) ?? (group === here ? effect : 0), effect));
  }
  return (experiment, effect) => bend(effect, reached.get(groupOf(experiment)) ?? 0);
}

/** In bent noise units, null where it says nothing. */
function valueOf(trial: Trial, bent: (effect: number) => number, worst: number): number | null {
  const { verdict, effect } = trial;
  if (verdict === 'failed' || verdict === 'invalid') return worst - WORSE;
  if (effect !== null && Number.isFinite(effect)) return bent(effect);
  return verdict === 'worse' || verdict === 'pruned' ? worst : null;
}

/**
 * An effect as it is, losses on what was `reached` logarithmic: how bad a bad value is must not
 * drown how good a good one is.
 */
function bend(effect: number, reached: number): number {
  const loss = Math.min(MOST_LOSS, reached - effect);
  return loss <= 0 ? effect : reached - BEND * Math.log1p(loss / BEND);
}

/**
 * Experiments share a group where their effects are on one level: one baseline, and the same
 * patches since, which no knob tells of.
 */
function groupsOf(brief: ResearcherBrief): (id: ExperimentId) => string {
  const byId = new Map(brief.memory.map((m) => [m.experiment, m]));
  const known = new Map<ExperimentId, string>();
  return (id) => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const patches = [...lineage(brief.memory, id)].flatMap((at) => {
      const change = byId.get(at)?.change;
      return change?.kind === 'patch' ? [changeKey(change)] : [];
    });
    const group = [byId.get(id)?.baseline ?? id, ...patches.toSorted()].join('\n');
    known.set(id, group);
    return group;
  };
}

/** Those of the incumbent's group first, then the newest. */
function newest(seen: readonly Seen[], here: string): readonly Seen[] {
  if (seen.length <= MOST) return seen;
  return seen
    .toSorted(
      (a, b) =>
        Number(b.group === here) - Number(a.group === here) ||
        numberOf(b.experiment) - numberOf(a.experiment),
    )
    .slice(0, MOST);
}
