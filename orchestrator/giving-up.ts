import type { EventBody } from './domain/event.ts';
import type { HypothesisId, RunId } from './domain/ids.ts';
import type { Failure, RunResult } from './domain/run.ts';
import { currentNight, experimentIn, type State } from './domain/state.ts';
import type { Work } from './actions.ts';
import { unprepared } from './preparing.ts';
import { heldBack, uncompared, written } from './in-words.ts';

/**
 * What the journal says of work that could not be done: a role that keeps throwing costs the
 * night that piece of work, an alert, and nothing else. Pure.
 */
export function givenUp(state: State, work: Work, error: string): readonly EventBody[] {
  const night = currentNight(state);
  const because = `the ${work.role} failed at ${work.id}: ${error.split('\n', 1)[0] ?? ''}`;
  const failure: Failure = { class: 'infrastructure', message: because };
  const alert: EventBody = { type: 'alert', level: 'error', subject: night.id, text: because };
  switch (work.kind) {
    case 'propose':
    case 'invent': {
      const { round, incumbent } = work;
      const kind = work.kind === 'invent' ? { invented: true as const } : heldBack(night.plan);
      const nothing = { hypotheses: [], exhausted: true, ...kind };
      return [
        alert,
        { type: 'hypotheses_proposed', night: night.id, round, incumbent, ...nothing },
      ];
    }
    case 'compare': {
      const ids = uncompared(state, night);
      const told = { night: night.id, round: work.round, hypotheses: ids, rejected: [] };
      return [alert, { type: 'hypotheses_compared', ...told }];
    }
    case 'plan': {
      const { round, incumbent } = work;
      const ids = [...night.waiting, ...written(state, night)];
      // What people asked for is tried whatever the Planner would have said.
      const isAsked = (id: HypothesisId) => state.hypotheses.get(id)?.asked !== undefined;
      const rejected = ids.filter((id) => !isAsked(id)).map((id) => ({ id, because }));
      const answer = { queue: ids.filter(isAsked), rejected };
      return [alert, { type: 'hypotheses_planned', night: night.id, round, incumbent, ...answer }];
    }
    case 'write': {
      const { hypothesis } = work;
      return [alert, { type: 'hypothesis_unwritten', night: night.id, hypothesis, failure }];
    }
    case 'repair': {
      const { experiment, run, attempt, number } = work;
      return [
        alert,
        { type: 'experiment_unrepaired', ...{ experiment, run, attempt, number, because } },
      ];
    }
    case 'prepare':
      return [alert, unprepared(experimentIn(state, work.experiment), failure)];
    case 'run': {
      const started = state.runs.get(work.run)?.started ?? state.now;
      const result = {
        ...lost(work.run, work.attempt, started),
        status: 'failed',
        failure,
      } as const;
      return [alert, { type: 'run_ended', result: { ...result, killed_because: null } }];
    }
    case 'hold_out': {
      const { experiment, run } = work;
      const metric = night.plan.holdout?.metric ?? '';
      const held = { experiment, run, metric, value: null, failure };
      return [alert, { type: 'held_out', night: work.night, held }];
    }
    case 'summarise':
      return [alert, { type: 'run_summarised', run: work.run, text: `${work.run}: no summary` }];
    case 'report': {
      const { findings } = night;
      return [alert, { type: 'reported', night: work.night, revision: work.revision, findings }];
    }
  }
}

/** The result of an attempt that nobody will ever hear of: fenced off, to be run again. */
export const lost = (run: RunId, attempt: number, started: string): RunResult => ({
  run,
  attempt,
  commit: '',
  status: 'killed',
  failure: null,
  killed_because: 'fenced',
  objective: null,
  tier: 'self_reported',
  started,
  seconds: 0,
  cpu_seconds: null,
  slept_seconds: 0,
  exit_code: null,
  signal: null,
  summary: [],
  params: [],
  artifacts: [],
  metric_points: 0,
  environment_key: '',
  spans: [],
});
