import { TOUCHES_EVALUATION } from '../orchestrator/domain/doubt.ts';
import type { Event } from '../orchestrator/domain/event.ts';
import {
  experimentOf,
  isExperimentId,
  isHypothesisId,
  isOwnRunId,
  isRunId,
  type ExperimentId,
  type AnyRunId,
  type NightId,
  type Subject,
} from '../orchestrator/domain/ids.ts';
import { ancestors } from '../orchestrator/domain/state.ts';
import type { Contents } from './contents.ts';
import { alertOf } from './tables/alerts.ts';
import { spansOf } from './tables/spans.ts';
import { TABLES } from './tables.ts';

/** Subjects whose rows may have changed, by table. */
export type Touched = Map<string, Set<string>>;

/**
 * Which rows the events since a record may have changed. Rather too many than too few: what a row
 * is made of (a run's name has its experiment's title) counts as the row.
 */
export function touchedSince(events: readonly Event[], seq: number, contents: Contents): Touched {
  const touched: Touched = new Map(TABLES.map(({ name }) => [name, new Set()]));
  // From the end: what is new is little, and the journal may be long.
  const first = events.findLastIndex((event) => event.seq <= seq) + 1;
  let night = nightBefore(events, first);
  for (const event of events.slice(first)) {
    if (event.type === 'night_started') night = event.night;
    touch(touched, event, night, contents);
  }
  return touched;
}

function nightBefore(events: readonly Event[], end: number): NightId | null {
  for (let at = end - 1; at >= 0; at--) {
    const event = events[at];
    if (event?.type === 'night_started') return event.night;
  }
  return null;
}

function touch(touched: Touched, event: Event, night: NightId | null, contents: Contents): void {
  const mark = (table: string, ...ids: readonly (string | null)[]): void => {
    for (const id of ids) if (id !== null) touched.get(table)?.add(id);
  };
  const experiment = (id: ExperimentId): void => {
    mark('experiments', id);
    mark('hypotheses', contents.state.experiments.get(id)?.hypothesis ?? null);
    mark('runs', ...(contents.state.experiments.get(id)?.runs ?? []));
  };
  const run = (id: AnyRunId): void => {
    mark('runs', id);
    for (const table of ['params', 'summary', 'artifacts']) mark(table, id);
    if (isRunId(id)) mark('experiments', experimentOf(id));
  };
  const subject = (id: Subject): void => {
    if (isRunId(id) || isOwnRunId(id)) run(id);
    else if (isExperimentId(id)) experiment(id);
    else if (isHypothesisId(id)) mark('hypotheses', id);
  };
  mark('nights', night);
  mark('alerts', alertOf(contents.state, event)?.id ?? null);

  switch (event.type) {
    case 'night_started':
    case 'night_resumed':
    case 'incumbent_moved':
    case 'baseline_measured':
    case 'baseline_drifted':
    case 'contended':
    case 'dawn_began':
      return mark('nights', event.night);
    case 'night_ended':
      for (const { id, night: of } of contents.state.hypotheses.values())
        if (of === event.night) mark('hypotheses', id);
      return mark('nights', event.night);
    case 'held_out':
      mark('nights', event.night);
      return mark('holdouts', event.night);
    case 'reported':
      mark('nights', event.night);
      return mark('findings', event.night);
    case 'hypothesis_taken':
      return mark('hypotheses', event.hypothesis.id);
    case 'hypothesis_written':
    case 'hypothesis_unwritten':
      return mark('hypotheses', event.hypothesis);
    case 'hypotheses_proposed':
      return mark('hypotheses', ...event.hypotheses.map(({ id }) => id));
    case 'hypotheses_planned':
      return mark('hypotheses', ...event.queue, ...event.rejected.map(({ id }) => id));
    case 'hypotheses_compared':
      return mark('hypotheses', ...event.rejected.map(({ id }) => id));
    case 'experiment_opened':
      mark('nights', event.experiment.night);
      mark('hypotheses', event.experiment.hypothesis);
      return experiment(event.experiment.id);
    case 'experiment_prepared':
    case 'experiment_unprepared':
    case 'experiment_repaired':
    case 'experiment_unrepaired':
    case 'experiment_judged':
    case 'effect_restated':
    case 'planned_judged':
      return experiment(event.experiment);
    case 'run_started':
    case 'run_summarised':
      return run(event.run);
    case 'run_ended':
      mark('spans', ...spansOf(event, night).map(({ id }) => id));
      return run(event.result.run);
    case 'own_run_started':
    case 'own_run_ended':
      mark('tags', event.run);
      return run(event.run);
    case 'flagged':
    case 'unflagged':
      mark('flags', event.target);
      // How far to trust what is built on it rests on this mark, too.
      if (event.label === TOUCHES_EVALUATION)
        for (const { id } of contents.state.experiments.values())
          if (ancestors(contents.state, id).some((below) => below === event.target)) experiment(id);
      return subject(event.target);
    case 'tagged':
    case 'untagged':
      mark('tags', event.target);
      return subject(event.target);
    case 'noted':
      return mark('notes', event.id);
    case 'decided':
      // One that closes or opens a line says of another whether it is in force.
      return mark('decisions', event.id, ...contents.state.decisions.keys());
    case 'stopping':
    case 'paused':
    case 'unpaused':
    case 'slept':
      return mark('nights', event.night);
    case 'alert':
    case 'reran':
    case 'hypothesis_asked':
      return undefined;
    case 'model_called':
      mark('nights', event.night);
      return mark('spans', ...spansOf(event, night).map(({ id }) => id));
    case 'span':
      return mark('spans', ...spansOf(event, night).map(({ id }) => id));
    case 'promoted':
      return experiment(event.experiment);
  }
}
