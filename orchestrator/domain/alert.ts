import { isAway } from './call.ts';
import type { Event } from './event.ts';
import type { ExperimentId, Subject } from './ids.ts';
import { AUTOLAB, experimentIn, SUSPICIOUS, type State } from './state.ts';

/** What somebody may want to hear of at once, and not in the morning. */
export type AlertKind =
  | 'run_failed'
  | 'run_pruned'
  | 'not_a_number'
  | 'diverging'
  | 'hung'
  | 'slept'
  | 'suspicious'
  | 'drifted'
  | 'contended'
  | 'beyond_baseline'
  | 'new_incumbent'
  | 'improved'
  | 'paused'
  | 'resumed'
  | 'stopping'
  | 'gate_closed'
  | 'night_ended'
  | 'plan_edited'
  | 'base_moved'
  | 'model_away'
  | 'trouble';

export interface Alert {
  readonly kind: AlertKind;
  readonly level: 'info' | 'warning' | 'error';
  readonly subject: Subject;
  /** One sentence. */
  readonly text: string;
}

/**
 * The alert that an event stands for, or null. Pure, and of the journal alone: so no crash loses
 * one, and no relaunch raises one twice. `state` is any state that the event has gone into.
 */
export function alertOf(state: State, event: Event): Alert | null {
  switch (event.type) {
    case 'alert': {
      const { kind = 'trouble', level, subject, text } = event;
      return { kind, level, subject, text };
    }
    case 'run_ended':
      return ofRun(state, event);
    case 'experiment_unprepared': {
      const { experiment, failure, again } = event;
      const what = `${experiment} (${titleOf(state, experiment)}) could not be prepared`;
      const text = `${what}${again ? ', and is tried again' : ''}: ${failure.message}`;
      return { kind: 'run_failed', level: again ? 'info' : 'warning', subject: experiment, text };
    }
    case 'flagged': {
      const { target: subject, label, because } = event;
      if (label !== SUSPICIOUS || event.who !== AUTOLAB) return null;
      const text = `${subject} is suspicious: ${because}`;
      return { kind: 'suspicious', level: 'warning', subject, text };
    }
    case 'baseline_drifted': {
      const text = `the search ends, and only what dawn compares anew may be claimed: ${event.because}`;
      return { kind: 'drifted', level: 'error', subject: event.night, text };
    }
    case 'contended':
      return { kind: 'contended', level: 'warning', subject: event.check, text: event.because };
    case 'experiment_judged':
      return ofJudgement(state, event);
    case 'incumbent_moved': {
      const text = `the search builds on ${event.to} (${titleOf(state, event.to)}) now: ${event.because}`;
      return { kind: 'new_incumbent', level: 'info', subject: event.to, text };
    }
    case 'stopping': {
      const text = `${event.night} was asked to stop by ${event.who}: ${event.how === 'drain' ? 'what runs may finish' : 'at once'}`;
      return { kind: 'stopping', level: 'info', subject: event.night, text };
    }
    case 'paused': {
      const text = `nothing new is started: ${event.because}`;
      return { kind: 'paused', level: 'warning', subject: event.night, text };
    }
    case 'unpaused':
      return { kind: 'resumed', level: 'info', subject: event.night, text: 'the night goes on' };
    case 'slept': {
      const text = `the machine slept for ${inWords(event.seconds)}; the night goes on, and does not count them`;
      return { kind: 'slept', level: 'warning', subject: event.night, text };
    }
    case 'model_called': {
      const { night, role, model, message } = event;
      if (night === null || !isAway(event)) return null;
      const text = `the ${role} goes on without ${model}: ${message ?? ''}`;
      return { kind: 'model_away', level: 'warning', subject: night, text };
    }
    case 'night_ended': {
      const gate = event.reason === 'gate';
      const text = `${event.night} ended: ${event.message}`;
      const level = event.reason === 'baseline_failed' ? 'error' : gate ? 'warning' : 'info';
      return { kind: gate ? 'gate_closed' : 'night_ended', level, subject: event.night, text };
    }
    default:
      return null;
  }
}

function ofRun(state: State, { result }: Event & { type: 'run_ended' }): Alert | null {
  const { run, failure, status, pruning } = result;
  const experiment = state.runs.get(run)?.experiment;
  const title = experiment === undefined ? '' : ` (${titleOf(state, experiment)})`;
  if (result.killed_because === 'pruned')
    return {
      ...{ kind: 'run_pruned', level: 'info', subject: run },
      text: `${run}${title} was ended early: ${pruning?.because ?? ''}`,
    };
  if (status !== 'failed' || failure === null) return null;
  const nan = failure.class === 'not_a_number';
  return {
    kind: nan ? 'not_a_number' : 'run_failed',
    level: failure.class === 'infrastructure' ? 'error' : 'warning',
    subject: run,
    text: `${run}${title} failed (${failure.class.replaceAll('_', ' ')}): ${failure.message}`,
  };
}

function ofJudgement(
  state: State,
  { experiment, judgement }: Event & { type: 'experiment_judged' },
): Alert | null {
  const { verdict, because, stack, attribution } = judgement;
  // Told when the verdict was given; this only adds what the change is worth in its stack.
  if (stack !== null || attribution) return null;
  const title = titleOf(state, experiment);
  const about = { level: 'info', subject: experiment } as const;
  if (verdict === 'improved')
    return { ...about, kind: 'improved', text: `${experiment} (${title}) improved: ${because}` };
  if (verdict === 'promising')
    return {
      ...about,
      kind: 'beyond_baseline',
      text: `${experiment} (${title}) is beyond what it was measured on: ${because}`,
    };
  return null;
}

const titleOf = (state: State, id: ExperimentId): string => experimentIn(state, id).title;

const inWords = (seconds: number): string => {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return `${Math.round(seconds)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
