import { createHash } from 'node:crypto';
import type { Experiment } from './domain/experiment.ts';
import { changeAsData, type Change } from './domain/hypothesis.ts';
import type { RunId } from './domain/ids.ts';
import type { Plan } from './domain/plan.ts';
import type { PruneOrder } from './domain/ports.ts';
import type { Run } from './domain/run.ts';
import { armOf, type Night, type State } from './domain/state.ts';
import { stackOf } from './dawn.ts';

/**
 * Which runs may be ended early, and what they are held against; whether one is hopeless, the
 * worker finds out (workers/prune.ts), who sees its curve. Pure.
 */

/** Of these runs, the share that is never ended, so that one learns how such runs end. */
const AUDITED = 0.05;

/**
 * What the worker is told of pruning; null for a run that is never ended early. Only screens and
 * replicates of a change may be: never a baseline, what the search builds on, or a run of dawn.
 */
export function pruneOrder(
  state: State,
  night: Night,
  run: Run,
  experiment: Experiment,
): PruneOrder | null {
  const mode = night.plan.prune ?? 'cautious';
  const { parent } = experiment;
  if (mode === 'off' || parent === null || night.dawn !== null) return null;
  if (run.purpose !== 'screen' && run.purpose !== 'replicate') return null;
  if (stackOf(state, night.incumbent ?? parent).includes(experiment.id)) return null;
  const compares = keepsCurves(experiment.change, night.plan, mode);
  const audited = isAudited(run.id, night.base.commit);
  return { mode, reference: compares ? attemptsOf(state, parent) : [], audited };
}

/**
 * Finished runs of distinct seeds of what the change was made on: that is the incumbent, or was
 * when the change was. Held against a newer incumbent, the curve would show that one's change too.
 */
const attemptsOf = (state: State, id: Experiment['id']): PruneOrder['reference'] =>
  armOf(state, id).map(({ run }) => ({ run, attempt: state.runs.get(run)?.attempt ?? 1 }));

/**
 * The same runs each time the journal is read: one in twenty, by their names and the commit that
 * their night began from, since every lab has the same names.
 */
export const isAudited = (run: RunId, base: string): boolean =>
  createHash('sha256').update(`audit ${base} ${run}`).digest().readUInt32BE() / 2 ** 32 < AUDITED;

/** Words of what changes how many steps there are, or what one step sees: steps no longer compare. */
const LENGTH = /step|epoch|^iter|iters?$|batch|accum|budget|duration|^examples$|^tokens$/;
/** Words of what changes the way a curve takes to its end: such curves cross. */
const WAY =
  /^lr|lr$|learn|optim|sched|warm|cool|decay|anneal|beta|moment|nesterov|cosine|^adam|^sgd|^muon|^lion$/;

/**
 * Whether a change leaves curves comparable at the same step. A free-form patch may do anything;
 * of knobs, their names, the places they stand in and their values are searched for words that
 * speak of the steps or of the way to the end. One word too many costs time, and nothing else.
 */
export function keepsCurves(change: Change, plan: Plan, mode: PruneOrder['mode']): boolean {
  if (change.kind !== 'knobs') return false;
  const words = Object.entries(changeAsData(change)).flatMap(([name, value]) => {
    const { match = '', path = '', arg = '', env = '' } = plan.search_space[name] ?? {};
    return [name, match, path, arg, env, value].flatMap(wordsIn);
  });
  return !words.some((word) => LENGTH.test(word) || (mode === 'cautious' && WAY.test(word)));
}

/** `maxSteps`, `MAX_STEPS` and `--max-steps` are all `max` and `steps`. */
const wordsIn = (text: string): readonly string[] =>
  text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
