import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hands, RunOrder } from '../orchestrator/domain/ports.ts';
import type { Failure, RunResult } from '../orchestrator/domain/run.ts';
import { attemptOf, measuringWorktrees, type Attempt, type Workshop } from './attempt.ts';
import { claimOf } from './claim.ts';
import { split } from './command.ts';
import { runEnvironment } from './environment.ts';
import { evaluate } from './evaluate.ts';
import { collectFacts, type Facts } from './facts.ts';
import { isTrouble } from './files.ts';
import { checkGuard, type Guard } from './guard.ts';
import { keep, type Kept } from './measure.ts';
import { MARKS } from './orphans.ts';
import { makePipesReady } from './pipe.ts';
import { listed, protectedDifference } from './protect.ts';
import { isMeasured, resultOf, unfinished } from './outcome.ts';
import { oddInMeasuring, type Measured } from './pristine.ts';
import { readingsOf } from './readings.ts';
import { readSealed, sealResult } from './result.ts';
import { onceThereIsRoom } from './room.ts';
import { score, SCORE_FOLDER } from './score.ts';
import { forgetSetup, keptPaths, setUp } from './setup.ts';
import { withoutSecrets } from './secrets.ts';
import { smokeRun } from './smoke.ts';
import { spansOf } from './spans.ts';
import { stand } from './stand.ts';
import { asking } from './sandbox/ask.ts';
import { endMarked } from './survivors.ts';
import { oddities, train, trainingFailure, type Trained } from './train.ts';

/** The hands of one attempt, see the port. Steps are to be called in order, each at most once. */
export function openHands(workshop: Workshop, order: RunOrder, signal: AbortSignal): Hands {
  const attempt = attemptOf(workshop, order, signal);
  const spans = spansOf(attempt);
  const opened = new Date(workshop.clock.now()).toISOString();
  let trained: Trained | null = null;
  /** The training ended well and left alone what it may not change. */
  let sound = false;
  const measured: Measured[] = [];
  let facts: Promise<Facts> | null = null;
  let watched: Guard['links'] = new Map();
  let kept: Kept | null = null;
  const remarks: string[] = [];
  const claim = claimOf(attempt);
  /** What another worker sealed while this one waited for it. */
  let already: RunResult | null = null;

  const knowFacts = (): Promise<Facts> => (facts ??= factsOf(attempt, watched));

  /** Carries a step out as long as nobody else has the attempt; a bug of ours lets go of it. */
  const step = (name: string, work: () => Promise<Failure | null>): Promise<Failure | null> =>
    spans.during(name, async () => {
      if (already !== null) return null;
      if (signal.aborted && trained === null) return stopped(signal);
      if (claim.isLost()) return TAKEN_AWAY;
      try {
        return await claim.during(() => orTrouble(work));
      } catch (error) {
        await claim.release();
        throw error;
      }
    });

  const begin = async (): Promise<Failure | null> => {
    const taken = await onceThereIsRoom(attempt, 'claim', () => claim.take());
    if (taken === 'stopped') return stopped(signal);
    // Whoever had it may have brought it to its end.
    if (taken === 'inherited')
      already = await readSealed(attempt.folder, order.run, order.attempt, order.commit);
    if (already !== null) return null;
    return claim.during(() => onceThereIsRoom(attempt, 'worktree', () => checkOut(attempt)));
  };

  const putToTest = async (): Promise<Failure | null> => {
    if (trained === null) return null;
    // In this order: the last one gives the objective.
    for (const measure of [evaluate, score]) {
      const outcome = await measure(attempt, trained);
      if (outcome === null) continue;
      if ('class' in outcome) return outcome;
      measured.push(outcome);
      remarks.push(...oddInMeasuring(outcome));
      if (outcome.done.ended_by === 'abort') return stopped(signal);
      if (outcome.failure !== null) return outcome.failure;
    }
    return null;
  };

  const takeMeasure = async (): Promise<Failure | null> => {
    if (trained === null) return null;
    const odd = [...remarks, ...oddities(trained)];
    kept = await keep(attempt, trained, measured, await knowFacts(), odd);
    return readingsOf(attempt, trained, measured).failure;
  };

  const seal = async (given: Failure | null): Promise<RunResult> => {
    const late = kept === null && trained !== null ? await step('measure', takeMeasure) : null;
    const last = measured.at(-1) ?? trained;
    const untested = sound && !isMeasured(order, measured);
    const cut = last === null || last.done.ended_by === 'abort' || untested;
    const pruned = trained?.pruned === true && given?.class !== 'invalid';
    const killed = pruned || (signal.aborted && cut);
    const found = killed ? null : (given ?? late ?? unfinished(order, trained, measured));
    const failure = found && withoutSecrets(found, attempt);
    const known = await knowFacts().catch(() => null);
    const result: RunResult = {
      ...resultOf(attempt, opened, trained, measured, kept),
      environment_key: known?.environment_key ?? 'unknown',
      ...(known === null ? {} : { environment: known.environment }),
      status: killed ? 'killed' : failure === null ? 'finished' : 'failed',
      failure,
      killed_because: killed ? (pruned ? prunedUnless(signal) : reasonOf(signal)) : null,
      spans: spans.all(),
    };
    // Another worker has this attempt now: what it seals is what counts.
    if (result.killed_because === 'fenced' || claim.isAnothers()) return result;
    await onceThereIsRoom(attempt, 'result', async () => {
      mkdirSync(attempt.folder, { recursive: true });
      await sealResult(attempt.folder, result);
    });
    return result;
  };

  return {
    checkOut: () => step('setup', begin),
    setUp: () => step('setup', () => setUp(attempt)),
    train: () =>
      step('train', async () => {
        const broken = await smokeRun(attempt);
        if (broken !== null) return broken;
        if (signal.aborted) return stopped(signal);
        const outcome = await train(attempt, (guard) => {
          watched = guard.links;
          // Asked while the machine trains, so that no slot waits for it.
          void knowFacts().catch(() => undefined);
          makePipesReady();
        });
        if ('class' in outcome) return outcome;
        trained = outcome;
        // What ends a hopeless run is no failure: what else is found of it counts.
        if (outcome.pruned) return null;
        return outcome.done.ended_by === 'abort'
          ? stopped(signal)
          : trainingFailure(attempt, outcome);
      }),
    verify: async () => {
      if (trained === null) return null;
      const { guard, done } = trained;
      const good = done.exit_code === 0;
      return step('measure', async () => {
        const { failure, edited } = await checkGuard(attempt, guard);
        if (edited.length > 0) remarks.push(`the run itself changed ${listed(edited)}`);
        // Of a run that failed or was stopped for another reason, this one must not be lost.
        if (failure !== null && !good) remarks.push(failure.message);
        sound = good && failure === null;
        return failure;
      });
    },
    measure: async () => {
      if (trained === null) return null;
      const untested =
        sound && !isMeasured(order, measured) ? await step('evaluate', putToTest) : null;
      const unmeasured = await step('measure', takeMeasure);
      return untested ?? unmeasured;
    },
    async seal(given) {
      try {
        return already ?? (await claim.during(() => seal(given)));
      } finally {
        await claim.release();
      }
    },
  };
}

const TAKEN_AWAY: Failure = {
  class: 'infrastructure',
  message: 'another worker has this attempt now',
};
async function checkOut(attempt: Attempt): Promise<Failure | null> {
  const { order, workshop, folder } = attempt;
  const { repository } = workshop;
  // What a worker that died left of this attempt is no part of it, and may still be running.
  if (existsSync(folder)) {
    for (const marked of [folder, join(folder, SCORE_FOLDER)])
      await endMarked(MARKS.folder, marked);
    await rm(folder, { recursive: true, force: true });
  }
  mkdirSync(folder, { recursive: true });
  const offence = await protectedDifference(repository, order.plan, order.base, order.commit);
  if (offence !== null) return offence;
  if (order.anew) {
    for (const worktree of [attempt.worktree, ...measuringWorktrees(attempt.worktree)]) {
      await repository.removeWorktree(worktree);
      await forgetSetup(worktree);
    }
  }
  return stand(attempt, await keptPaths(attempt));
}

/** Trouble with disk, git or network is a result; everything else that is thrown is a bug of ours. */
async function orTrouble(work: () => Promise<Failure | null>): Promise<Failure | null> {
  try {
    return await work();
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return { class: 'infrastructure', message: error.message };
  }
}

const stopped = (signal: AbortSignal): Failure => ({
  class: 'infrastructure',
  message: `stopped before its end (${reasonOf(signal)})`,
});

/** `pruned` or `fenced` where whoever aborted said so, else `user`. */
const reasonOf = ({ reason }: AbortSignal): string =>
  reason === 'pruned' || reason === 'fenced' ? reason : 'user';

/** A run that was ended for its curve stays so, unless it was taken away besides. */
const prunedUnless = (signal: AbortSignal): string =>
  signal.aborted && reasonOf(signal) === 'fenced' ? 'fenced' : 'pruned';

function factsOf(attempt: Attempt, watched: Guard['links']): Promise<Facts> {
  const { order, workshop, folder, worktree, cwd } = attempt;
  const { lab, launcher, user } = workshop;
  const given = {
    order,
    folder,
    previous: null,
    worktree,
    cwd,
    lab,
    launcher,
    port: 0,
    user,
    seed: {},
  };
  // Without our marks: a question of ours must not be taken for a process that the run left behind.
  const env = Object.fromEntries(
    Object.entries(runEnvironment(given)).filter(([name]) => !name.startsWith('AUTOLAB_')),
  );
  return collectFacts(
    workshop,
    order,
    split(order.command.command, order.plan.run.shell) ?? [],
    env,
    cwd,
    asking(attempt),
    watched,
  );
}
