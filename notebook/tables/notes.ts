import type { NoteId } from '../../orchestrator/domain/words.ts';
import { defineTable } from '../table.ts';

interface NoteRow {
  readonly id: string;
  readonly target: string | null;
  readonly text: string;
  readonly who: string;
  readonly time: string;
}

export const notes = defineTable<NoteRow>({
  name: 'notes',
  doc: "The user's notes, as they were written.",
  columns: {
    id: ['VARCHAR', 'Unique.'],
    target: ['VARCHAR', 'The experiment, run, hypothesis or night; null for the lab.'],
    text: ['VARCHAR', 'The note, of any number of lines.'],
    who: ['VARCHAR', 'Who wrote it.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT time, target, text FROM notes ORDER BY time',
  journal: {
    subject: 'id',
    subjects: ({ state }) => state.notes.keys(),
    rows: ({ state }, id) => {
      const note = state.notes.get(id as NoteId);
      if (!note) return [];
      const { target, text, who, at } = note;
      return [{ id, target, text, who, time: at }];
    },
  },
});
