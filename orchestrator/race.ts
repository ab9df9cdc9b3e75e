import type { Experiment } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import { gainOf } from './domain/objective.ts';
import type { Objective } from './domain/plan.ts';
import { armOf, experimentIn, type Night, type State } from './domain/state.ts';
import { adjustedDifference } from './statistics/adjusted.ts';
import { cameApart } from './statistics/apart.ts';
import { belief, type Belief, type Measured } from './statistics/belief.ts';
import { mean } from './statistics/compare.ts';
import { moderate, type Moderation } from './statistics/moderate.ts';
import {
  correlation,
  pooledShared,
  sharedBy,
  type Seeded,
  type Shared,
} from './statistics/seeds.ts';

/**
 * What the night believes of every change it has tried: the standings of a race in which the
 * promising get seeds and the others wait (after F-Race, Birattari et al. 2002, GECCO, and OCBA,
 * Chen et al. 2000, Discrete Event Dynamic Systems 10). Pure.
 */
export interface Race {
  /** Null where no spread between seeds was seen yet. */
  readonly moderation: Moderation | null;
  /** By candidate; without an entry, nothing can be believed of it. */
  readonly beliefs: ReadonlyMap<ExperimentId, Known>;
  /** How alike all changes and their parents are on the seeds they share. */
  readonly shared: Shared;
}

/** A measurement on another parent counts as if its variance were so many times as large. */
const CARRIED = 2;

/** The last standings of a lab's runs: most events measure nothing. */
const remembered = new WeakMap<State['runs'], { readonly key: string; readonly race: Race }>();

/** The standings of a night whose baseline is open. */
export function raceOf(state: State, night: Night): Race {
  const key = `${night.id} ${state.results}`;
  const last = remembered.get(state.runs);
  if (last?.key === key) return last.race;
  const race = standings(state, night, last?.race.beliefs ?? new Map());
  remembered.set(state.runs, { key, race });
  return race;
}

function standings(state: State, night: Night, before: ReadonlyMap<ExperimentId, Known>): Race {
  const { baseline, plan } = night;
  const moderation = baseline === null ? null : moderationOf(state, baseline);
  const tried = night.tried.map((id) => experimentIn(state, id));
  const arms = new Map<ExperimentId, Seeded>();
  const arm = (id: ExperimentId): Seeded => {
    const found = arms.get(id) ?? seededArm(state, id);
    arms.set(id, found);
    return found;
  };
  const isWild = (of: Seeded): boolean => moderation?.isWild([...of.values()]) ?? false;
  const kinds = new Map<string, Shared[]>();
  for (const one of tried) {
    if (one.runs.length < 2) continue;
    const kind = kindOf(one);
    const [own, parent] = [arm(one.id), arm(one.parent ?? one.baseline)];
    // What a seed does to a training is not seen where it came apart.
    if (isWild(own) || isWild(parent)) continue;
    const alike = sharedBy(own, parent);
    kinds.set(kind, [...(kinds.get(kind) ?? []), alike]);
  }
  const shared = pooledShared([...kinds.values()].flat());
  const beliefs = new Map<ExperimentId, Known>();
  if (plan.run.deterministic) {
    for (const experiment of tried) {
      const known = certainty(
        plan.objective,
        arm(experiment.id),
        arm(experiment.parent ?? experiment.baseline),
      );
      if (known) beliefs.set(experiment.id, known);
    }
    return { moderation, beliefs, shared };
  }
  if (moderation === null || !plan.run.seed) return { moderation, beliefs, shared };
  const correlations = new Map(
    [...kinds].map(([kind, pairs]) => [kind, correlation(pooledShared(pairs), shared)]),
  );
  const ofAll = correlation(pooledShared([]), shared);
  const unit = Math.sqrt(moderation.typical.variance);
  const apart = (one: Experiment): boolean => {
    const [own, its] = [arm(one.id), arm(one.parent ?? one.baseline)];
    return cameApart(plan.objective, [...own.values()], [...its.values()], moderation);
  };
  const measuredOn = (one: Experiment): Measured | null => {
    const [own, parent] = [arm(one.id), arm(one.parent ?? one.baseline)];
    if (own.size === 0 || parent.size === 0) return null;
    const noise = {
      // Of a change that did nothing, it would be what it is everywhere.
      candidate: apart(one) ? moderation.typical : moderation.noiseOf([...own.values()]),
      parent: moderation.noiseOf([...parent.values()]),
    };
    const alike = isWild(own) || isWild(parent) ? 0 : (correlations.get(kindOf(one)) ?? ofAll);
    const { effect, error, df } = adjustedDifference(own, parent, noise, alike);
    return { gain: gainOf(plan.objective, effect), error, df };
  };
  for (const experiment of tried) {
    if (experiment.runs.length === 0) continue;
    // Beside a training that came apart, what its change did elsewhere says nothing.
    const line = apart(experiment) ? [experiment] : lineOf(state, experiment);
    const measured = line.flatMap((one): Measured[] => {
      const found = measuredOn(one);
      const carried = one.parent === experiment.parent ? 1 : Math.sqrt(CARRIED);
      return found ? [{ ...found, error: found.error * carried }] : [];
    });
    if (measured.length === 0) continue;
    const key = `${unit} ${measured.map(({ gain, error, df }) => `${gain} ${error} ${df}`).join()}`;
    const last = before.get(experiment.id);
    const known = last?.key === key ? last : { key, ...belief(measured, unit) };
    beliefs.set(experiment.id, known);
  }
  return { moderation, beliefs, shared };
}

/** Of a deterministic script: what was printed is what it is. Null while one of them was not run. */
function certainty(objective: Objective, own: Seeded, parent: Seeded): Known | null {
  if (own.size === 0 || parent.size === 0) return null;
  const gain = gainOf(objective, mean([...own.values()]) - mean([...parent.values()]));
  return { key: '', better: gain > 0 ? 1 : 0, worse: gain < 0 ? 1 : 0, gain };
}

/** A belief, and the numbers it was drawn from. */
interface Known extends Belief {
  readonly key: string;
}

/** An experiment and those whose change it put on a newer incumbent, newest first. */
export function lineOf(state: State, experiment: Experiment): readonly Experiment[] {
  const line = [experiment];
  for (let at = experiment; at.reapplies; line.push(at)) at = experimentIn(state, at.reapplies);
  return line;
}

/** Run-to-run noise, over everything this baseline is compared with. */
export function moderationOf(state: State, baseline: ExperimentId): Moderation | null {
  const own = armOf(state, baseline).map(({ value }) => value);
  const arms: (readonly number[])[] = [own];
  for (const { id, baseline: its, runs } of state.experiments.values()) {
    if (its !== baseline || id === baseline || runs.length < 2) continue;
    arms.push(armOf(state, id).map(({ value }) => value));
  }
  return moderate(arms, own);
}

/** One value per seed; repeats without a seed have none to share, and count below zero. */
function seededArm(state: State, id: ExperimentId): Seeded {
  return new Map(armOf(state, id).map(({ seed, value }, i) => [seed ?? -1 - i, value]));
}

/** Changes of one kind are taken to react alike to a seed: of one knob, or patches. */
const kindOf = ({ change }: Experiment): string =>
  change.kind === 'knobs' ? Object.keys(change.values).toSorted().join(' ') : change.kind;
