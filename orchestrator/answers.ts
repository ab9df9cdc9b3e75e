import { join } from 'node:path';
import {
  heldOutAnswer,
  plannerAnswer,
  preparedAnswer,
  repairAnswer,
  reportAnswer,
  researcherAnswer,
  runAnswer,
  summaryAnswer,
  writeAnswer,
} from './domain/brief.ts';
import { LabError } from './domain/errors.ts';
import type { EventBody } from './domain/event.ts';
import type { Hypothesis } from './domain/hypothesis.ts';
import { experimentOf, hypothesisId, type RunId } from './domain/ids.ts';
import { attemptDir } from './domain/layout.ts';
import type { Executor, Finished, Json, Notebook, Prepared, Report } from './domain/ports.ts';
import type { RunResult, Span } from './domain/run.ts';
import { currentNight, experimentIn, type State } from './domain/state.ts';
import { branchOf, type Surroundings } from './briefs.ts';
import type { Work } from './actions.ts';
import { unprepared } from './preparing.ts';
import { heldBack, uncompared } from './in-words.ts';

/** From what a role answered to what the journal says: checked, sealed, and in the lab's own words. */

export interface AnswerParts {
  /** Absolute path of the lab's top. */
  readonly root: string;
  readonly notebook: Notebook;
  readonly executor: Executor;
  readonly surroundings: Surroundings;
  /** Puts the Reporter's documents where people look for them. */
  readonly publish: (documents: Report['documents']) => Promise<void>;
}

/**
 * What an answer means for the journal. Whatever it stands for is on disk when this returns:
 * documents, and the metrics of a run.
 */
export async function understand(
  parts: AnswerParts,
  state: State,
  work: Work,
  finished: Finished,
): Promise<{ readonly bodies: readonly EventBody[] } | { readonly error: string }> {
  if ('error' in finished) return { error: finished.error };
  const { output } = finished;
  try {
    if (work.kind === 'report') await parts.publish(reportAnswer.parse(output).documents);
    if (work.kind !== 'run') return { bodies: [eventOf(state, work, output, parts.surroundings)] };
    runAnswer.parse(output);
    return { bodies: [{ type: 'run_ended', result: await sealedResult(parts, state, work) }] };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Where a worker leaves an attempt's metrics. */
export const metricsFile = (root: string, run: RunId, attempt: number): string =>
  join(root, attemptDir(run, attempt), 'metrics.parquet');

/** The result on disk; the message only rang. Its metrics are in the notebook before it counts. */
async function sealedResult(
  { root, executor, notebook }: AnswerParts,
  state: State,
  { run, attempt }: Work & { kind: 'run' },
): Promise<RunResult> {
  const commit = experimentIn(state, experimentOf(run)).commit ?? '';
  const result = await executor.sealed(run, attempt, commit);
  if (!result) throw new LabError('failed', `expected a sealed result of ${run}, found none`, run);
  await notebook.takeIn(result, metricsFile(root, run, attempt));
  return { ...result, spans: [...queuedSpan(state, result), ...result.spans] };
}

/** From the decision to run until the worker had it in its hands. */
function queuedSpan(state: State, result: RunResult): Span[] {
  const started = state.runs.get(result.run)?.started;
  const picked = result.spans[0]?.start ?? result.started;
  if (started === undefined) return [];
  const seconds = Math.max(0, (Date.parse(picked) - Date.parse(started)) / 1000);
  const who = result.spans[0]?.who ?? 'worker';
  return [
    {
      name: 'queued',
      who,
      experiment: experimentOf(result.run),
      run: result.run,
      start: started,
      seconds,
    },
  ];
}

/** What an answer means for the journal. Throws (zod) where it is not of the role's shape. */
function eventOf(
  state: State,
  work: Exclude<Work, { kind: 'run' }>,
  output: Json,
  around: Surroundings,
): EventBody {
  const night = currentNight(state);
  switch (work.kind) {
    case 'propose':
    case 'invent': {
      const { proposals, exhausted } = researcherAnswer.parse(output);
      const hypotheses = proposals.map((proposal, i): Hypothesis => ({
        ...proposal,
        id: hypothesisId(state.next_hypothesis + i),
        night: night.id,
        parent: work.incumbent,
      }));
      const { round, incumbent } = work;
      return {
        type: 'hypotheses_proposed',
        night: night.id,
        round,
        incumbent,
        hypotheses,
        exhausted,
        ...(work.kind === 'invent' ? { invented: true } : heldBack(night.plan)),
      };
    }
    case 'write': {
      const { hypothesis } = work;
      const answer = writeAnswer.parse(output);
      return 'failure' in answer
        ? { type: 'hypothesis_unwritten', night: work.night, hypothesis, failure: answer.failure }
        : { type: 'hypothesis_written', night: work.night, hypothesis, written: answer };
    }
    case 'repair': {
      const { experiment, run, attempt, number } = work;
      const of = { experiment, run, attempt, number };
      const answer = repairAnswer.parse(output);
      return 'gave_up' in answer
        ? { type: 'experiment_unrepaired', ...of, because: answer.gave_up }
        : { type: 'experiment_repaired', ...of, written: answer };
    }
    case 'plan': {
      const answer = plannerAnswer.parse(output);
      return {
        type: 'hypotheses_planned',
        night: night.id,
        round: work.round,
        incumbent: work.incumbent,
        ...answer,
      };
    }
    case 'compare': {
      const { queue, rejected } = plannerAnswer.parse(output);
      // It is asked about these; of what waits, the Planner judges anew.
      const asked = new Set(uncompared(state, night));
      return {
        type: 'hypotheses_compared',
        ...{ night: night.id, round: work.round },
        hypotheses: queue.filter((id) => asked.has(id)),
        rejected: rejected.filter(({ id }) => asked.has(id)),
      };
    }
    case 'prepare': {
      const { experiment } = work;
      const answer: Prepared = preparedAnswer.parse(output);
      return 'failure' in answer
        ? unprepared(experimentIn(state, experiment), answer.failure)
        : {
            type: 'experiment_prepared',
            experiment,
            branch: branchOf(experiment, around),
            ...answer,
          };
    }
    case 'hold_out': {
      const { experiment, run } = work;
      const metric = night.plan.holdout?.metric ?? '';
      const answer = heldOutAnswer.parse(output);
      return {
        type: 'held_out',
        night: work.night,
        held: { ...{ experiment, run, metric }, ...answer },
      };
    }
    case 'summarise':
      return { type: 'run_summarised', run: work.run, text: summaryAnswer.parse(output).text };
    case 'report':
      return {
        type: 'reported',
        night: work.night,
        revision: work.revision,
        findings: reportAnswer.parse(output).findings,
      };
  }
}

/** The stretch of time a thinking role took. */
export function spanOf(work: Exclude<Work, { kind: 'run' }>, from: number, to: number): Span {
  return {
    name: work.kind,
    who: work.role === 'author' ? 'worker' : work.role,
    experiment:
      'experiment' in work ? work.experiment : 'run' in work ? experimentOf(work.run) : null,
    run: 'run' in work ? work.run : null,
    start: new Date(from).toISOString(),
    seconds: Math.max(0, (to - from) / 1000),
  };
}
