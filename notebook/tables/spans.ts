import type { Event } from '../../orchestrator/domain/event.ts';
import type { NightId } from '../../orchestrator/domain/ids.ts';
import type { Span } from '../../orchestrator/domain/run.ts';
import { defineTable } from '../table.ts';

export interface SpanRow {
  readonly id: string;
  readonly night: string | null;
  readonly name: string;
  readonly who: string;
  readonly experiment: string | null;
  readonly run: string | null;
  readonly start: string;
  readonly seconds: number;
}

/** The spans an event tells of; the same attempt told twice gives the same ids. */
export function spansOf(event: Event, night: NightId | null): readonly SpanRow[] {
  if (event.type === 'span') return [rowOf(`S-${event.seq}`, night, event.span)];
  if (event.type !== 'run_ended') return [];
  const { run, attempt, spans } = event.result;
  return spans.map((span, i) => rowOf(`${run}/${attempt}/${i + 1}`, night, span));
}

const rowOf = (id: string, night: NightId | null, span: Span): SpanRow => {
  const { name, who, experiment, run, start, seconds } = span;
  return { id, night, name, who, experiment, run, start, seconds };
};

export const spans = defineTable<SpanRow>({
  name: 'spans',
  doc: 'Stretches of time of slots and agents, for the question where the night went.',
  columns: {
    id: ['VARCHAR', 'Unique; of a run: run, attempt and place.'],
    night: ['VARCHAR', 'The night it was part of.'],
    name: ['VARCHAR', 'What was done: setup, train, …'],
    who: ['VARCHAR', 'slot 1, researcher, planner, reporter, worker.'],
    experiment: ['VARCHAR', 'The experiment it was done for.'],
    run: ['VARCHAR', 'The run it was done for.'],
    start: ['TIMESTAMP', 'When it began, UTC.'],
    seconds: ['DOUBLE', 'How long it took.'],
  },
  example:
    'SELECT night, who, name, count(*) AS times, sum(seconds) AS seconds FROM spans GROUP BY ALL ORDER BY seconds DESC',
  journal: {
    subject: 'id',
    subjects: (contents) => contents.spans.keys(),
    rows: (contents, id) => [contents.spans.get(id)].filter((row) => row !== undefined),
  },
});
