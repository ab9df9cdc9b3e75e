import type { Event } from '../../orchestrator/domain/event.ts';
import { defineTable } from '../table.ts';

export interface AlertRow {
  readonly id: string;
  readonly time: string;
  readonly level: string;
  readonly subject: string;
  readonly text: string;
}

export const alertOf = (event: Event): AlertRow | null =>
  event.type === 'alert'
    ? {
        ...{ id: `A-${event.seq}`, time: event.at, level: event.level },
        ...{ subject: event.subject, text: event.text },
      }
    : null;

export const alerts = defineTable<AlertRow>({
  name: 'alerts',
  doc: 'What somebody should have a look at.',
  columns: {
    id: ['VARCHAR', 'Unique.'],
    time: ['TIMESTAMP', 'When it was raised, UTC.'],
    level: ['VARCHAR', 'info, warning, error.'],
    subject: ['VARCHAR', 'The experiment, run or night it is about.'],
    text: ['VARCHAR', 'What was noticed.'],
  },
  example: "SELECT time, level, subject, text FROM alerts WHERE level <> 'info' ORDER BY time",
  journal: {
    subject: 'id',
    subjects: (contents) => contents.alerts.keys(),
    rows: (contents, id) => [contents.alerts.get(id)].filter((row) => row !== undefined),
  },
});
