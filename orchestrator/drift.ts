import type { Experiment } from './domain/experiment.ts';
import type { RunId } from './domain/ids.ts';
import { usableObjective, type Run } from './domain/run.ts';
import { armOf, runsOf, searchRunsOf, type Night, type State } from './domain/state.ts';
import type { Action } from './actions.ts';
import { baselineOf, searchRunsLeft, spent } from './budget.ts';
import { inShort } from './enough.ts';
import { raceOf } from './race.ts';
import { baselineIsMeasured, isMadeAgain, repeat, type NextRun } from './replicate.ts';
import { mean, variance } from './statistics/compare.ts';
import { repeatBound } from './statistics/suspicious.ts';

/**
 * Is the machine still what it was when the baseline was measured? After every CHECK_EVERY runs of
 * candidates one of the baseline's is made again, on its seed: 5 % of the search, and nothing in a
 * night of 24 runs. A check shows two things.
 *
 * Its number: beyond the 99 % prediction interval of two runs (or one noise unit, where a repeat
 * came out the same to the last digit before; or at all, of a deterministic script), a check of
 * another seed follows at once. If that is off the same way the baseline has drifted: the night's
 * comparisons since the last good check are with something that is gone, so the search ends there
 * and what it had found goes to dawn, whose arms take turns.
 *
 * Its pace: CONTENDED times the baseline's seconds per step, and somebody else uses the machine. A
 * candidate's own pace says nothing of that: it may be slow by what it changes. Pure.
 */

const CHECK_EVERY = 20;
/** The check, and the one that confirms it. */
const LEAST_RUNS_LEFT = 2;
const CONTENDED = 1.5;
/** Below so many seconds more, a run is slow by what starting up takes. */
const LEAST_SLOWER_SECONDS = 1;
/** Runs that are made again for one slow check. */
const MOST_AGAIN = 4;

/** Tonight's repeats of the baseline, oldest first; one that the machine lost is made again first. */
const checksOf = (state: State, night: Night): readonly Run[] =>
  night.baseline === null
    ? []
    : runsOf(state, night.baseline).filter(
        ({ purpose, started }) => purpose === 'repeat' && started >= night.started,
      );

/** The check that is to be started, or null. */
export function checkDue(state: State, night: Night): NextRun | null {
  const { run } = night.plan;
  if (!(run.seed || run.deterministic)) return null;
  const checks = checksOf(state, night);
  const last = checks.at(-1);
  if (last && (last.status === 'running' || isMadeAgain(last))) return null;
  const doubtful = last !== undefined && deviation(state, night, last) !== null;
  if (!doubtful && night.since_check < CHECK_EVERY) return null;
  if (!baselineIsMeasured(state, night) || searchRunsLeft(state, night) < LEAST_RUNS_LEFT)
    return null;
  const seeds = searchRunsOf(state, baselineOf(state, night).id).filter(
    (each) => usableObjective(each) !== null,
  );
  const next = seeds[checks.length % seeds.length];
  return next ? repeat(state, night, next) : null;
}

/** Records what the latest check shows: that the baseline drifted, or that the machine is contended. */
export function drift(state: State, night: Night): Action[] {
  if (night.elsewhere !== null && !night.drift && !night.dawn)
    return movedElsewhere(state, night.elsewhere, night);
  const checks = checksOf(state, night);
  const last = checks.at(-1);
  if (last?.result == null || night.dawn || night.drift || isMadeAgain(last)) return [];
  return drifted(state, night, checks) ?? contended(state, night, checks);
}

/** The run and what was started beside it and later is in doubt: what it ran on is not the baseline's. */
function movedElsewhere(state: State, run: RunId, { id: night }: Night): Action[] {
  const started = state.runs.get(run)?.started ?? state.now;
  const since = new Date(Date.parse(started) - 1).toISOString();
  const because = `${run} did not run where the baseline did: devices, linked data, evaluator, command, limits or threads are others (their manifests say which)`;
  return [
    { kind: 'record', event: { type: 'baseline_drifted', night, runs: [run], since, because } },
  ];
}

function drifted(state: State, night: Night, checks: readonly Run[]): Action[] | null {
  const [before, last] = checks.slice(-2);
  if (!before || !last) return null;
  const [first, second] = [deviation(state, night, before), deviation(state, night, last)];
  if (first === null || second === null) return null;
  if (!night.plan.run.deterministic && Math.sign(first) !== Math.sign(second)) return null;
  const good = checks.findLast(
    (check) => usableObjective(check) !== null && deviation(state, night, check) === null,
  );
  const measured = runsOf(state, last.experiment).findLast(({ purpose }) => purpose === 'baseline');
  const since = (good ?? measured ?? last).started;
  const because = `the unchanged baseline no longer gives what it gave: ${[before, last].map((check) => inWords(state, check)).join('; ')}`;
  const runs = [before.id, last.id];
  const event = { type: 'baseline_drifted', night: night.id, runs, since, because } as const;
  return [{ kind: 'record', event }];
}

const inWords = (state: State, check: Run): string => {
  const first = check.repeats && state.runs.get(check.repeats);
  const number = (run: Run | '' | undefined) => inShort((run && usableObjective(run)) || NaN);
  return `${check.repeats} gave ${number(first)}, and again ${number(check)} (${check.id})`;
};

/** A check minus the run that it makes again, where that is more than chance may do; else null. */
function deviation(state: State, night: Night, check: Run): number | null {
  const was = originalOf(state, check);
  const now = usableObjective(check);
  if (was === null || now === null) return null;
  if (night.plan.run.deterministic) return variance([was, now]) === 0 ? null : now - was;
  const { moderation } = raceOf(state, night);
  const base = armOf(state, check.experiment).map(({ value }) => value);
  // A baseline that came apart on a seed is no steadier the second time.
  const noise = moderation?.isWild(base) ? moderation.noiseOf(base) : moderation?.typical;
  const off = Math.abs(now - was);
  // No bound is below one noise unit: asked after each event, so what is cheap comes first.
  if (!noise || off ** 2 <= noise.variance) return null;
  const before = checksOf(state, night).filter(
    (each) => each.started < check.started && usableObjective(each) !== null,
  );
  const cameBack = (each: Run) => usableObjective(each) === originalOf(state, each);
  // The one that this one is to confirm is none of them.
  const last = before.at(-1);
  const settled = last && !cameBack(last) ? before.slice(0, -1) : before;
  // One may come back to the last digit by chance, where the metric is coarse.
  const exact = settled.length >= 2 && settled.every(cameBack);
  return exact || off > repeatBound(noise) ? now - was : null;
}

function originalOf(state: State, { repeats }: Run): number | null {
  const run = repeats && state.runs.get(repeats);
  return run ? usableObjective(run) : null;
}

function contended(state: State, night: Night, checks: readonly Run[]): Action[] {
  const last = checks.at(-1);
  if (!last || night.contended.includes(last.id)) return [];
  const slow = howSlow(state, last);
  if (slow === null) return [];
  const good = checks.findLast((check) => howSlow(state, check) === null);
  const again = spent(state, night) ? [] : timedOut(state, night, good?.started ?? night.started);
  const because = `the unchanged baseline took ${slow} (${last.id}): something else uses the machine${again.length > 0 ? `; ${again.join(', ')} ran out of time since the last check, and ${again.length > 1 ? 'are' : 'is'} made again` : ''}`;
  const event = { type: 'contended', night: night.id, check: last.id, again, because } as const;
  return [{ kind: 'record', event }];
}

/** How slow a check was, in words; null where it was not. */
function howSlow(state: State, { experiment, result }: Run): string | null {
  if (result?.failure?.class === 'timeout') return 'longer than its time limit';
  if (result?.status !== 'finished') return null;
  const usual = searchRunsOf(state, experiment).flatMap((run) =>
    run.status === 'finished' && run.result ? [run.result] : [],
  );
  if (usual.length === 0) return null;
  // A training that stops by itself takes as long as it has steps.
  const stepwise = [result, ...usual].every(({ steps }) => (steps ?? 0) > 0);
  const pace = ({ seconds, steps }: typeof result) => seconds / (stepwise ? (steps ?? 1) : 1);
  const times = pace(result) / mean(usual.map(pace));
  const slower = result.seconds * (1 - 1 / times);
  return times >= CONTENDED && slower >= LEAST_SLOWER_SECONDS
    ? `${inShort(times)} times as long as it did`
    : null;
}

/** Runs of either arm that ran out of time since then and were not tried again, whatever they measure. */
function timedOut(state: State, night: Night, since: string): readonly RunId[] {
  return [baselineOf(state, night).id, ...night.tried]
    .flatMap((id) => runsOf(state, id))
    .filter(
      ({ started, attempt, purpose }) => started >= since && attempt === 1 && purpose !== 'repeat',
    )
    .filter(({ status, result }) => status === 'failed' && result?.failure?.class === 'timeout')
    .slice(0, MOST_AGAIN)
    .map(({ id }) => id);
}

/** Why a night's verdict on an experiment would compare with a baseline that is gone; else null. */
export const measuredInDrift = (state: State, night: Night, { id }: Experiment): string | null =>
  night.drift !== null && isInDrift(state, id, night.drift.since)
    ? `measured when the baseline may have drifted by then: ${night.drift.because}`
    : null;

/** Whether a run of the search was started since then. */
const isInDrift = (state: State, id: Experiment['id'], since: string): boolean =>
  searchRunsOf(state, id).some(({ started }) => started > since);
