import type { Experiment } from '../domain/experiment.ts';
import { changeInWords } from '../domain/hypothesis.ts';
import type { ExperimentId } from '../domain/ids.ts';
import type { RunResult } from '../domain/run.ts';
import { currentNight, experimentIn } from '../domain/state.ts';
import { LabError } from '../domain/errors.ts';
import { nightVerdict } from '../judging.ts';
import { baselineExperiment } from '../opened.ts';
import { RULE } from '../statistics/verdict.ts';
import { clock, type Lab, type LabPlan } from './lab.ts';
import { bad, odd, ok, type Probe } from './probe/probe.ts';
import { inTime } from './probe/quantities.ts';
import { Interrupted, openDrive, type Drive } from './stub/drive.ts';
import { firstIdea, handOver, prepare } from './stub/first.ts';
import { openScratch } from './stub/scratch.ts';
import { seedStage } from './stub/seed.ts';
import { stagesOf, timed, type Stage } from './stub/stages.ts';
import type { Step } from './stub/watched.ts';

export type { Stage } from './stub/stages.ts';

/**
 * A rehearsal: one experiment through everything, cut to a moment, so that plumbing breaks before
 * midnight. The parts are the night's own; notebook, worktree and branches are scratch and go.
 */
export interface Rehearsal {
  readonly stages: readonly Stage[];
  /** Seconds of runs that ended by themselves at full length: what an estimate can rest on. */
  readonly full_seconds: readonly number[];
  /** The script ended well and did not print the objective: a mistake of the plan. */
  readonly metric_missing: boolean;
  readonly interrupted: boolean;
}

export interface RehearsalOptions {
  readonly signal: AbortSignal;
  readonly onStage: (stage: Stage) => void;
  /** Without `run.smoke`, a run is ended after so many seconds. */
  readonly cut_seconds?: number;
}

/** Longer than most scripts take to start, and not yet training without being asked. */
const CUT_SECONDS = 30;

/** Never throws for what the lab does: that is a stage. Everything it made is gone when it returns. */
export async function rehearse(
  lab: Lab,
  labPlan: LabPlan,
  { signal, onStage, cut_seconds = CUT_SECONDS }: RehearsalOptions,
): Promise<Rehearsal> {
  const stages: Stage[] = [];
  const tell = (stage: Stage): void => {
    stages.push(stage);
    onStage(stage);
  };
  const outcome = { full_seconds: [] as readonly number[], metric_missing: false };
  let interrupted = false;
  const scratch = await openScratch(lab);
  const steps: Step[] = [];
  const cutRuns = new Set<string>();
  const watch = {
    branchOf: scratch.branchOf,
    cut: labPlan.plan.run.smoke ? null : cut_seconds,
    onStep: (step: Step) => void steps.push(step),
    onCut: (run: string) => void cutRuns.add(run),
  };
  try {
    await handOver(lab, scratch);
    const begin = clock.monotonic();
    const drive = await openDrive(lab, labPlan, scratch, watch, signal);
    tell(timed(ok('queue', `${queueName(labPlan)}, four agents listening`), since(begin)));
    try {
      Object.assign(
        outcome,
        await perform({ drive, labPlan, tell, steps, cutRuns, cut: watch.cut }),
      );
    } finally {
      await drive.close();
    }
  } catch (error) {
    interrupted = error instanceof Interrupted || signal.aborted;
    if (!interrupted) tell(timed(bad('rehearsal', trouble(error)), 0));
  } finally {
    await scratch.close();
  }
  return { stages, ...outcome, interrupted };
}

interface Performance {
  readonly drive: Drive;
  readonly labPlan: LabPlan;
  readonly tell: (stage: Stage) => void;
  readonly steps: readonly Step[];
  readonly cutRuns: ReadonlySet<string>;
  /** Seconds. */
  readonly cut: number | null;
}

/** The stages, in the order in which a night meets them. */
async function perform(
  on: Performance,
): Promise<Pick<Rehearsal, 'full_seconds' | 'metric_missing'>> {
  const { drive, labPlan, tell, cutRuns } = on;
  const { plan } = labPlan;
  await drive.record({
    type: 'experiment_opened',
    experiment: baselineExperiment(drive.state(), currentNight(drive.state())),
  });
  const { baseline } = currentNight(drive.state());
  if (baseline === null) throw new Error('the baseline was opened, and is not there');
  await prepare(drive, baseline);
  const candidate = await timeStage(tell, () => firstIdea(drive));
  const base = await runBase(on, baseline);
  const cutOff = cutRuns.has(base.run) && base.failure?.class === 'no_metric';
  const works = base.status === 'finished' || cutOff;
  if (works && candidate !== null) await timeStage(tell, () => runCandidate(on, candidate));
  const whole = works && !cutRuns.has(base.run);
  const seeded = whole ? await runSeeds(on, baseline, base) : [];
  if (works && !whole)
    tell(
      timed(
        odd('seed', 'not looked at: without run.smoke, the first runs of the night show it'),
        0,
      ),
    );
  await timeStage(tell, () => readBack(drive));
  await timeStage(tell, () => reportOn(drive, candidate));
  return {
    full_seconds: plan.run.smoke ? [] : seeded.map(({ seconds }) => seconds),
    metric_missing: base.failure?.class === 'no_metric' && !cutRuns.has(base.run),
  };
}

/** Base's first run, each of its steps a stage. */
async function runBase(
  { drive, labPlan: { plan }, tell, steps, cutRuns, cut }: Performance,
  baseline: ExperimentId,
): Promise<RunResult> {
  const result = await drive.run(baseline, 1, plan.run.seed ? 1 : null);
  const seen = { plan, result, cut: cutRuns.has(result.run) ? cut : null };
  const own = steps.filter((step) => step.run === result.run);
  for (const stage of stagesOf(own, seen)) tell(stage);
  return result;
}

async function runCandidate(
  { drive, labPlan: { plan }, cutRuns }: Performance,
  id: ExperimentId,
): Promise<[Probe, null]> {
  const { failure, objective, seconds, run } = await drive.run(id, 1, plan.run.seed ? 1 : null);
  const shown = changeInWords(experimentIn(drive.state(), id).change);
  if (cutRuns.has(run)) return [ok('experiment', `${shown}: it runs, ended by us too`), null];
  if (failure === null)
    return [
      ok(
        'experiment',
        `${shown} went the same way: ${plan.objective.metric} ${objective} in ${inTime(seconds)}`,
      ),
      null,
    ];
  return [
    odd(
      'experiment',
      `base runs and ${shown} fails (${failure.class}: ${failure.message}): a night would record that, and go on`,
    ),
    null,
  ];
}

/** The same seed again, and another one. */
async function runSeeds(
  { drive, labPlan: { plan }, tell }: Performance,
  baseline: ExperimentId,
  one: RunResult,
): Promise<readonly RunResult[]> {
  const seeds = plan.run.seed ? [1, 2] : [null, null];
  return timeStage(tell, async () => {
    const again = await drive.run(baseline, 2, seeds[0] ?? null);
    const other = await drive.run(baseline, 3, seeds[1] ?? null);
    return [seedStage(plan, { one, again, other }), [one, again, other]];
  });
}

/** Everything sealed into Parquet, and asked for by DuckDB. */
async function readBack({ notebook, state }: Drive): Promise<[Probe, null]> {
  await notebook.seal();
  const { rows } = await notebook.query(
    'SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM metrics) AS points',
  );
  const runs = [...state().runs.values()];
  const written = runs.reduce((sum, { result }) => sum + (result?.metric_points ?? 0), 0);
  const { runs: found, points } = rows[0] ?? {};
  const shown = `${String(found)} run${found === 1 ? '' : 's'} and ${String(points)} points of metrics`;
  return found === runs.length && points === written
    ? [ok('notebook', `${shown} written and read back by DuckDB`), null]
    : [
        bad(
          'notebook',
          `expected ${runs.length} runs and ${written} points of metrics, found ${shown}`,
        ),
        null,
      ];
}

/** The findings of a night that was stopped here, as the Reporter writes them. */
async function reportOn(drive: Drive, candidate: ExperimentId | null): Promise<[Probe, null]> {
  const night = currentNight(drive.state());
  if (candidate !== null) {
    const experiment = experimentIn(drive.state(), candidate);
    const judgement = nightVerdict(drive.state(), night, experiment) ?? unjudged(experiment);
    await drive.record({ type: 'experiment_judged', experiment: candidate, judgement });
  }
  const message = 'a rehearsal ends here';
  await drive.record({ type: 'night_ended', night: night.id, reason: 'stopped', message });
  const { revision } = currentNight(drive.state());
  await drive.carry({ kind: 'report', id: 'report', role: 'reporter', night: night.id, revision });
  const { findings } = currentNight(drive.state());
  return [ok('report', `FINDINGS.md and pages written, findings ${findings.length}`), null];
}

const unjudged = ({ runs }: Experiment) => ({
  ...{ rule: RULE, verdict: 'inconclusive' as const, because: 'a rehearsal judges nothing' },
  ...{ n: 0, objective: null, spread: null, on_baseline: null, on_parent: null },
  ...{ runs, dawn: null, stack: null },
});

async function timeStage<Value>(
  tell: (stage: Stage) => void,
  work: () => Promise<readonly [Probe, Value]>,
): Promise<Value> {
  const begin = clock.monotonic();
  const [probe, value] = await work();
  tell(timed(probe, since(begin)));
  return value;
}

const since = (begin: number): number => (clock.monotonic() - begin) / 1000;

const queueName = ({ plan }: LabPlan): string =>
  plan.queue === 'embedded' ? 'embedded' : 'the Redis of the plan';

const trouble = (error: unknown): string =>
  error instanceof LabError
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
