import { defineTable } from '../table.ts';

interface FlagRow {
  readonly target: string;
  readonly label: string;
  readonly because: string;
  readonly who: string;
  readonly time: string;
}

export const flags = defineTable<FlagRow>({
  name: 'flags',
  doc: 'Marks that are set now; an unflagged one is gone from here.',
  columns: {
    target: ['VARCHAR', 'The experiment, run, hypothesis or night.'],
    label: ['VARCHAR', 'publish, suspicious, borderline, or a word of yours.'],
    because: ['VARCHAR', 'The reason.'],
    who: ['VARCHAR', 'Who set it.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: "SELECT target, because, who FROM flags WHERE label = 'suspicious' ORDER BY time",
  journal: {
    subject: 'target',
    subjects: ({ state }) => new Set(state.flags.map((flag) => flag.target)),
    rows: ({ state }, target) =>
      state.flags
        .filter((flag) => flag.target === target)
        .map(({ label, because, who, at }) => ({ target, label, because, who, time: at })),
  },
});
