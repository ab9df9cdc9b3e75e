import { defineTable } from '../table.ts';

/** Tables that later versions fill: typed now, so that queries over them already work. */

interface TagRow {
  readonly target: string;
  readonly tag: string;
  readonly who: string;
  readonly time: string;
}

export const tags = defineTable<TagRow>({
  name: 'tags',
  doc: "The user's tags on experiments and runs. Empty in this version.",
  columns: {
    target: ['VARCHAR', 'The experiment or run.'],
    tag: ['VARCHAR', 'The tag.'],
    who: ['VARCHAR', 'Who set it.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT tag, count(*) AS targets FROM tags GROUP BY tag ORDER BY targets DESC',
});

interface NoteRow {
  readonly id: string;
  readonly target: string | null;
  readonly text: string;
  readonly who: string;
  readonly time: string;
}

export const notes = defineTable<NoteRow>({
  name: 'notes',
  doc: "The user's notes. Empty in this version.",
  columns: {
    id: ['VARCHAR', 'Unique.'],
    target: ['VARCHAR', 'What it is about; null for the lab.'],
    text: ['VARCHAR', 'The note.'],
    who: ['VARCHAR', 'Who wrote it.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT time, target, text FROM notes ORDER BY time',
});

interface DecisionRow {
  readonly id: string;
  readonly text: string;
  readonly because: string;
  readonly who: string;
  readonly time: string;
}

export const decisions = defineTable<DecisionRow>({
  name: 'decisions',
  doc: "The user's decisions and their reasons. Empty in this version.",
  columns: {
    id: ['VARCHAR', 'Unique.'],
    text: ['VARCHAR', 'What was decided.'],
    because: ['VARCHAR', 'The reason.'],
    who: ['VARCHAR', 'Who decided.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT time, text, because FROM decisions ORDER BY time DESC',
});
