import { alertOf as impliedBy } from '../../orchestrator/domain/alert.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { defineTable } from '../table.ts';

export interface AlertRow {
  readonly id: string;
  readonly time: string;
  readonly kind: string;
  readonly level: string;
  readonly subject: string;
  readonly text: string;
}

/** `state` is any that the event has gone into. */
export function alertOf(state: State, event: Event): AlertRow | null {
  const alert = impliedBy(state, event);
  if (alert === null) return null;
  const { kind, level, subject, text } = alert;
  return { id: `A-${event.seq}`, time: event.at, kind, level, subject, text };
}

export const alerts = defineTable<AlertRow>({
  name: 'alerts',
  doc: 'What somebody should have a look at.',
  columns: {
    id: ['VARCHAR', 'Unique.'],
    time: ['TIMESTAMP', 'When it was raised, UTC.'],
    kind: [
      'VARCHAR',
      'run_failed, run_pruned, not_a_number, diverging, hung, slept, suspicious, drifted, contended, beyond_baseline, new_incumbent, improved, paused, resumed, stopping, gate_closed, night_ended, plan_edited, base_moved, model_away, trouble.',
    ],
    level: ['VARCHAR', 'info, warning, error.'],
    subject: ['VARCHAR', 'The experiment, run or night it is about.'],
    text: ['VARCHAR', 'What was noticed.'],
  },
  example:
    "SELECT time, kind, level, subject, text FROM alerts WHERE level <> 'info' ORDER BY time",
  journal: {
    subject: 'id',
    subjects: (contents) => contents.alerts.keys(),
    rows: (contents, id) => [contents.alerts.get(id)].filter((row) => row !== undefined),
  },
});
