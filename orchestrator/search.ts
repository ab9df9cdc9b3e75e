import type { Experiment } from './domain/experiment.ts';
import type { ExperimentId } from './domain/ids.ts';
import {
  ancestors,
  experimentIn,
  runsOf,
  searchRunsOf,
  type Night,
  type State,
} from './domain/state.ts';
import { changeKey } from './domain/hypothesis.ts';
import { usableObjective } from './domain/run.ts';
import { isAskedFor } from './asked-for.ts';
import { closureOf } from './domain/words.ts';
import { ideasLeft, isLimited, searchRunsLeft, spent, unrun } from './budget.ts';
import { closedIn } from './closed.ts';
import { checkDue } from './drift.ts';
import { fallenIn } from './fallen.ts';
import { lineOf, raceOf } from './race.ts';
import { besides, settingsAt } from './memory.ts';
import {
  again,
  baselineFailed,
  baselineIsMeasured,
  baselineRunsWanted,
  failedAmong,
  failedRun,
  fresh,
  isRunning,
  lostAmong,
  type NextRun,
} from './replicate.ts';
import { awaitsRepeat, repeatsDue } from './suspicious.ts';

/**
 * What the search does with a free slot: one run screens an idea, the promising get further seeds,
 * those that looked good on an incumbent that is gone are put on the present one. Pure.
 */
export type Move =
  | { readonly kind: 'run'; readonly next: NextRun }
  /** The change is to be put on the incumbent, as an experiment of its own. */
  | { readonly kind: 'reapply'; readonly of: ExperimentId };

/** A change this likely to help is worth a seed more than the next idea is. */
const WORTH_A_SEED = 0.15;
/** Without any idea left, less will do, where the budget says how much is left to use. */
const WORTH_THE_REST = 0.05;
/** As likely as not: worth two slots at once. */
const WORTH_TWO_SLOTS = 0.5;
/** Seeds of one change in a search. */
const MOST_SEEDS = 10;
/** Seeds of the incumbent that candidates are compared with on their own ones. */
const MOST_INCUMBENT_SEEDS = 6;

/** No seed more is spent on such. */
const CAME_TO_NOTHING: ReadonlySet<string | undefined> = new Set(['failed', 'pruned', 'invalid']);

/** Every move that is open, most urgent first; empty where the search may start nothing more. */
export function searchMoves(state: State, night: Night): readonly Move[] {
  if (night.dawn || night.baseline === null || baselineFailed(state, night)) return [];
  const moves: Move[] = [];
  const { baseline } = night;
  if (experimentIn(state, baseline).commit === null) return [];
  for (const id of [baseline, ...night.active]) {
    // A dawn that another night left unfinished is no business of this one.
    const lost = lostAmong(runsOf(state, id).filter(({ purpose }) => purpose !== 'dawn'));
    // A repaired patch has no branch to run yet.
    const ready = lost && experimentIn(state, id).commit !== null && !isRunning(state, id);
    if (ready) moves.push({ kind: 'run', next: again(lost) });
  }
  // One run that shows that the script works comes before anything else.
  const measured = searchRunsOf(state, baseline);
  const lacks = measured.length < baselineRunsWanted(night) && !spent(state, night);
  const ofBaseline: Move[] = lacks
    ? [{ kind: 'run', next: fresh(state, night, baseline, 'baseline', measured.length + 1) }]
    : [];
  if (!measured.some((run) => usableObjective(run) !== null)) return [...moves, ...ofBaseline];
  if (spent(state, night)) return moves;
  const active = new Set(night.active);
  const open = night.tried
    .map((id) => experimentIn(state, id))
    .filter(({ id, commit, judgement }) =>
      active.has(id)
        ? commit !== null && !failedRun(state, id)
        : !CAME_TO_NOTHING.has(judgement?.verdict),
    );
  const screen = ({ id }: Experiment): Move => ({
    kind: 'run',
    next: fresh(state, night, id, 'screen', 1),
  });
  const unseen = open.filter(({ runs }) => runs.length === 0);
  // Somebody waits for the answer.
  const wished = unseen.filter((one) => isAskedFor(state, one)).map(screen);
  const screens = unseen.filter((one) => !isAskedFor(state, one)).map(screen);
  // The baseline's further seeds take turns with the first candidates.
  const screened = night.tried.filter((id) => experimentIn(state, id).runs.length > 0).length;
  const turn = measured.length <= screened || screens.length + wished.length === 0;
  const race = replicateMoves(state, night, open);
  // A screen that could not be followed up comes after whatever can be.
  const begun = open.filter(({ runs, judgement }) => runs.length > 0 && judgement === null).length;
  const stillDue = baselineRunsWanted(night) - measured.length;
  const left = searchRunsLeft(state, night) - Math.max(0, stillDue) - begun;
  const last = left < 2 && !night.plan.run.deterministic;
  const due = turn || last ? ofBaseline : [];
  const rest = last ? [...race.last, ...screens] : [...screens, ...race.last];
  const check = checkDue(state, night);
  const once = [...(check ? [check] : []), ...repeatsDue(state, night)];
  const repeats = once.map((next): Move => ({ kind: 'run', next }));
  return [
    ...moves,
    ...repeats,
    ...wished,
    ...race.first,
    ...due,
    ...rest,
    ...(due.length > 0 ? [] : ofBaseline),
  ];
}

/** Further seeds for what may help: before new ideas, and after them. */
function replicateMoves(state: State, night: Night, open: readonly Experiment[]) {
  const first: Move[] = [];
  const last: Move[] = [];
  if (!baselineIsMeasured(state, night)) return { first, last };
  const { beliefs } = raceOf(state, night);
  // What was put on a change that fell is not the last word on it: where it stood before counts.
  const reapplied = night.tried
    .map((id) => experimentIn(state, id))
    .filter(({ reapplies }) => reapplies);
  const fell = new Set(
    reapplied.flatMap(({ id, parent }) => (parent && fallenIn(state, parent) ? [id] : [])),
  );
  const replaced = new Set(reapplied.map(({ id, reapplies }) => (fell.has(id) ? id : reapplies)));
  const standing = open
    .filter(({ id, runs }) => runs.length > 0 && id !== night.incumbent && !replaced.has(id))
    .flatMap((experiment) => {
      const better = beliefs.get(experiment.id)?.better;
      return better === undefined || isSettled(state, night, experiment)
        ? []
        : [{ experiment, better }];
    })
    .toSorted((a, b) => b.better - a.better);
  const rest = isLimited(state, night) ? WORTH_THE_REST : WORTH_A_SEED;
  const enough =
    ideasLeft(state, night) > 0 || unrun(state, night).some(({ judgement }) => judgement === null)
      ? WORTH_A_SEED
      : rest;
  for (const { experiment, better } of standing) {
    if (better < enough) break;
    // An experiment more, with a branch of its own, is for what would be looked at in any case.
    if (experiment.parent !== night.incumbent && better < WORTH_A_SEED) continue;
    const move = furtherMoves(state, night, experiment);
    if (!isRunning(state, experiment.id)) first.push(...move);
    else if (better >= WORTH_TWO_SLOTS) last.push(...move);
  }
  return { first, last };
}

/** Whether further seeds of an experiment would change nothing. */
function isSettled(state: State, night: Night, experiment: Experiment): boolean {
  if (experiment.judgement?.verdict === 'no_difference') return true;
  if (awaitsRepeat(state, night, experiment.id)) return true;
  const seeds = lineOf(state, experiment).reduce(
    (sum, { id }) => sum + searchRunsOf(state, id).length,
    0,
  );
  if (seeds >= MOST_SEEDS) return true;
  const built = ancestors(state, night.incumbent ?? experiment.id);
  return built.includes(experiment.id);
}

/** The next seed of an experiment, the incumbent's first where it lacks that one; or its re-application. */
function furtherMoves(state: State, night: Night, experiment: Experiment): Move[] {
  const { id, parent } = experiment;
  const { incumbent } = night;
  if (incumbent === null) return [];
  if (parent !== incumbent) {
    // What was begun on a line that was closed since is measured to its end, and begun nowhere else.
    const closed = closureOf(closedIn(state, night), experiment) !== null;
    const idle = closed || overlaps(state, night, experiment, incumbent);
    return idle ? [] : [{ kind: 'reapply', of: id }];
  }
  if (night.plan.run.deterministic) return [];
  const seed = searchRunsOf(state, id).length + 1;
  const own: Move = { kind: 'run', next: fresh(state, night, id, 'replicate', seed) };
  const known = searchRunsOf(state, incumbent);
  const grows =
    known.length < Math.min(seed, MOST_INCUMBENT_SEEDS) &&
    searchRunsLeft(state, night) > 1 &&
    !failedAmong(searchRunsOf(state, incumbent));
  if (!grows) return [own];
  const matched = fresh(state, night, incumbent, 'replicate', known.length + 1);
  return [{ kind: 'run', next: matched }, own];
}

/** Whether what was built since made the same change, or turned its knob: it would change nothing, or undo that. */
function overlaps(
  state: State,
  night: Night,
  { id, change, parent }: Experiment,
  incumbent: ExperimentId,
): boolean {
  const since = [incumbent, ...ancestors(state, incumbent)];
  const upTo = since.indexOf(parent ?? incumbent);
  const built = since
    .slice(0, upTo < 0 ? since.length : upTo)
    .map((one) => experimentIn(state, one).change);
  if (change.kind !== 'knobs')
    return built.some((one) => one.kind === change.kind && changeKey(one) === changeKey(change));
  const knobs = Object.entries(change.values);
  // A patch may have set it, too.
  const settings = settingsAt(state, night, incumbent);
  if (knobs.every(([knob, value]) => settings[knob] === value)) return true;
  const wanted = Object.entries({ ...settings, ...change.values });
  const has = (there: Readonly<Record<string, string>>): boolean =>
    wanted.every(([knob, value]) => there[knob] === value);
  if (besides(state, night, incumbent).some((one) => one.experiment !== id && has(one.settings)))
    return true;
  return built.some((one) => one.kind === 'knobs' && knobs.some(([knob]) => knob in one.values));
}
