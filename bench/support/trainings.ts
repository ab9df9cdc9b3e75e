import { join } from 'node:path';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { readNotebook } from '../../notebook/reader.ts';
import type { BenchLab } from './lab.ts';

/** One training as the journal tells it. Milliseconds since 1970, and stretches in milliseconds. */
export interface Training {
  readonly run: RunId;
  readonly slot: number;
  /** When the night decided to run it. */
  readonly decided: number;
  /** When a worker had it in its hands. */
  readonly picked: number;
  /** The training process, from its start to its exit. */
  readonly started: number;
  readonly ended: number;
  /** When its result was on disk in the notebook. */
  readonly recorded: number;
  /** Worktree and setup; before the process in the step that trains; behind it; verify and measure. */
  readonly worktree: number;
  readonly spawn: number;
  readonly drain: number;
  readonly parse: number;
  readonly points: number;
  readonly result: RunResult;
}

export interface Journal {
  readonly events: readonly Event[];
  /** Of the last night that the journal tells of, in the order they were started. */
  readonly trainings: readonly Training[];
}

export async function journalOf(lab: BenchLab): Promise<Journal> {
  const { events } = await readNotebook(join(lab.root, 'data', 'notebook'));
  const first = events.findLastIndex((event) => event.type === 'night_started');
  return { events, trainings: trainingsIn(events.slice(first)) };
}

/** Throws where a run did not finish: its times would say nothing. */
function trainingsIn(events: readonly Event[]): readonly Training[] {
  const decided = new Map<RunId, { readonly at: number; readonly slot: number }>();
  const found: Training[] = [];
  for (const event of events) {
    if (event.type === 'run_started')
      decided.set(event.run, { at: Date.parse(event.at), slot: event.slot });
    if (event.type !== 'run_ended') continue;
    const { result } = event;
    const from = decided.get(result.run);
    if (from === undefined) continue;
    if (result.status !== 'finished')
      throw new Error(`${result.run} ${result.status}: ${result.failure?.message ?? ''}`);
    found.push(trainingOf(result, from, Date.parse(event.at)));
  }
  return found.toSorted((a, b) => a.started - b.started);
}

function trainingOf(
  result: RunResult,
  from: { readonly at: number; readonly slot: number },
  recorded: number,
): Training {
  const span = (name: string) => {
    const spans = result.spans.filter((one) => one.name === name);
    const begun = Date.parse(spans[0]?.start ?? result.started);
    return { begun, ms: spans.reduce((total, one) => total + one.seconds * 1000, 0) };
  };
  const started = Date.parse(result.started);
  const ended = started + result.seconds * 1000;
  const train = span('train');
  return {
    run: result.run,
    slot: from.slot,
    decided: from.at,
    picked: span('setup').begun,
    ...{ started, ended, recorded },
    worktree: span('setup').ms,
    spawn: Math.max(0, started - train.begun),
    drain: Math.max(0, train.begun + train.ms - ended),
    parse: span('measure').ms,
    points: result.metric_points,
    result,
  };
}

/** Neighbours on one slot: a training and the next. */
export function neighbours(
  trainings: readonly Training[],
): readonly (readonly [Training, Training])[] {
  const last = new Map<number, Training>();
  const pairs: (readonly [Training, Training])[] = [];
  for (const training of trainings) {
    const before = last.get(training.slot);
    if (before !== undefined) pairs.push([before, training]);
    last.set(training.slot, training);
  }
  return pairs;
}
