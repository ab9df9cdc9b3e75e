import type { Measured, Memory, PlannerBrief, Trial } from './domain/brief.ts';
import type { Experiment } from './domain/experiment.ts';
import { changeKey, type Change } from './domain/hypothesis.ts';
import type { ExperimentId } from './domain/ids.ts';
import { gainOf } from './domain/objective.ts';
import { ancestors, armOf, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { moderationOf } from './race.ts';
import { failedRun } from './replicate.ts';
import { mean } from './statistics/compare.ts';
import { PROMISING_SEEDS } from './statistics/verdict.ts';

/** What this lab remembers of the changes it tried, earlier nights included. Pure. */

/** Every change this lab has tried for this objective, and what it gained in noise units. */
export function memoryOf(state: State, night: Night): Memory[] {
  const unit = unitsOf(state, night);
  return remembered(state, night).map((experiment) => memoryIn(state, night, experiment, unit));
}

/** The same, each with its settings and what it measured; the Researcher learns from it. */
export function trialsOf(state: State, night: Night): Trial[] {
  const unit = unitsOf(state, night);
  return remembered(state, night).map((experiment) => ({
    ...memoryIn(state, night, experiment, unit),
    ...measured(state, experiment),
    baseline: experiment.baseline,
    effect: comparable(state, night, experiment) ? effectOf(state, night, experiment, unit) : null,
  }));
}

/** Every baseline that those trials were measured against, and this night's. */
export function baselinesOf(state: State, night: Night): Measured[] {
  const ids = new Set(remembered(state, night).map(({ baseline }) => baseline));
  if (night.baseline !== null) ids.add(night.baseline);
  return [...ids].map((id) => measured(state, experimentIn(state, id)));
}

/** What every knob is set to in an experiment: its base's settings under the changes since. */
export function settingsAt(state: State, night: Night, id: ExperimentId): Record<string, string> {
  const settings = { ...night.settings };
  for (const at of [id, ...ancestors(state, id)].toReversed()) {
    const { change, settings: read } = experimentIn(state, at);
    if (read) Object.assign(settings, read);
    else if (change.kind === 'knobs') Object.assign(settings, change.values);
  }
  return settings;
}

/** What tonight has with the same patches as an experiment, each with what every knob is set to. */
export function besides(
  state: State,
  night: Night,
  id: ExperimentId,
): NonNullable<PlannerBrief['besides']> {
  const patches = patchesOf(state, id);
  return [night.baseline, ...night.tried].flatMap((one) =>
    one !== null &&
    (one === night.baseline || !unknown(state, night, experimentIn(state, one))) &&
    patchesOf(state, one) === patches
      ? [{ experiment: one, settings: settingsAt(state, night, one) }]
      : [],
  );
}

/** All on its line that is no knob, in any order. */
const patchesOf = (state: State, id: ExperimentId): string =>
  [id, ...ancestors(state, id)]
    .map((at) => experimentIn(state, at).change)
    .flatMap((change): readonly Change[] => (change.kind === 'stack' ? change.changes : [change]))
    .filter(({ kind }) => kind !== 'knobs' && kind !== 'none')
    .map(changeKey)
    .toSorted()
    .join('\n');

/** The noise unit of a baseline, null where it has none; worked out once each. */
type Unit = (baseline: ExperimentId) => number | null;
interface Units {
  /** Standard deviation of run-to-run noise. */
  readonly noise: Unit;
  /** The same, or what stands in for it where a script has no noise. */
  readonly scale: Unit;
}

function unitsOf(state: State, night: Night): Units {
  const noise = once((baseline) => {
    const moderation = moderationOf(state, baseline);
    return moderation && Math.sqrt(moderation.typical.variance);
  });
  const typical = once((baseline) => {
    const sizes = [...state.experiments.values()]
      .filter((experiment) => experiment.baseline === baseline && experiment.id !== baseline)
      .flatMap((experiment) => Math.abs(rawEffect(state, experiment) ?? 0) || [])
      .toSorted((a, b) => a - b);
    return sizes[Math.floor(sizes.length / 2)] ?? null;
  });
  const { min_effect } = night.plan.objective;
  return { noise, scale: (baseline) => noise(baseline) || min_effect || typical(baseline) };
}

function once(find: Unit): Unit {
  const known = new Map<ExperimentId, number | null>();
  return (id) => {
    const found = known.has(id) ? (known.get(id) ?? null) : find(id);
    known.set(id, found);
    return found;
  };
}

/** What was tried for this objective, a baseline and what nobody knows yet left out. */
function remembered(state: State, night: Night): Experiment[] {
  const { objective } = night.plan;
  return [...state.experiments.values()].filter((experiment) => {
    const then = state.nights.get(experiment.night)?.plan.objective;
    const same = then?.metric === objective.metric && then.direction === objective.direction;
    return same && experiment.parent !== null && !unknown(state, night, experiment);
  });
}

/** What was gained while something else was asked or run has no place in an order with the rest. */
function memoryIn(state: State, night: Night, experiment: Experiment, { noise }: Units): Memory {
  const { id, change, parent, baseline, judgement, repairs = [] } = experiment;
  const crashed = repairs.map(({ before }) => before.change);
  const known = comparable(state, night, experiment);
  const effect = known ? (judgement?.on_parent?.effect ?? null) : null;
  const unit = noise(baseline);
  const gain = effect === null || !unit ? null : gainOf(night.plan.objective, effect) / unit;
  const verdict = judgement?.verdict ?? null;
  return {
    ...{ experiment: id, change, parent: parent ?? baseline, verdict, gain },
    ...(crashed.length > 0 ? { crashed } : {}),
  };
}

function measured(state: State, experiment: Experiment): Measured {
  const { id } = experiment;
  const then = state.nights.get(experiment.night);
  // A crash says nothing of how long the training takes.
  const seconds = runsOf(state, id).flatMap(({ result, variant }) =>
    result && !variant && (result.status === 'finished' || result.failure?.class === 'timeout')
      ? [result.seconds]
      : [],
  );
  return {
    experiment: id,
    settings: then ? settingsAt(state, then, id) : null,
    n: armOf(state, id).length,
    seconds: seconds.length === 0 ? null : mean(seconds),
  };
}

/** Whether its numbers mean what this night's do: same objective, workspace and run. */
const comparable = (state: State, night: Night, experiment: Experiment): boolean =>
  state.nights.get(experiment.night)?.plan_key === night.plan_key;

function effectOf(
  state: State,
  night: Night,
  experiment: Experiment,
  { scale }: Units,
): number | null {
  const effect = rawEffect(state, experiment);
  const unit = scale(experiment.baseline);
  return effect === null || !unit ? null : gainOf(night.plan.objective, effect) / unit;
}

/** Mean minus the baseline's mean, as measured; null while either has no usable run. */
function rawEffect(state: State, { id, baseline }: Experiment): number | null {
  const [own, base] = [armOf(state, id), armOf(state, baseline)];
  if (own.length === 0 || base.length === 0) return null;
  return mean(own.map(({ value }) => value)) - mean(base.map(({ value }) => value));
}

/**
 * Not known yet, and free to be tried: a change that never ran, for lack of budget or because of
 * the machine; one that a cut-off night left without a verdict; one that looked better when its
 * search ended and no run was left to replicate it (until then the night follows it up by itself).
 */
function unknown(state: State, night: Night, experiment: Experiment): boolean {
  const { id, failure, judgement, runs } = experiment;
  if (judgement === null) return !night.active.includes(id);
  if (runs.length === 0 && failure === null) return true;
  if ((failure ?? failedRun(state, id)?.result?.failure)?.class === 'infrastructure') return true;
  const over = experiment.night !== night.id || night.dawn !== null;
  const { verdict, on_parent, dawn, n } = judgement;
  if (!over || verdict !== 'inconclusive') return false;
  // In doubt for what the machine did, or never repeated: it was compared with nothing.
  if (on_parent === null) return dawn === null;
  const { objective } = night.plan;
  return n < PROMISING_SEEDS && gainOf(objective, on_parent.effect) > (objective.min_effect ?? 0);
}
