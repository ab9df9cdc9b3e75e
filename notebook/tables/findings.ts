import type { NightId } from '../../orchestrator/domain/ids.ts';
import { defineTable } from '../table.ts';

interface FindingRow {
  readonly night: string;
  readonly ordinal: number;
  readonly experiment: string | null;
  readonly text: string;
  readonly runs: readonly string[];
  readonly query: string;
}

export const findings = defineTable<FindingRow>({
  name: 'findings',
  doc: "The Reporter's sentences, as its last report of each night has them, with their sources.",
  columns: {
    night: ['VARCHAR', 'The night they tell of.'],
    ordinal: ['BIGINT', 'Place in the report, from 1.'],
    experiment: ['VARCHAR', 'The experiment it is about.'],
    text: ['VARCHAR', 'The sentence.'],
    runs: ['VARCHAR[]', 'The runs that carry it.'],
    query: ['VARCHAR', 'The query whose rows it was filled from.'],
  },
  example:
    'SELECT text, runs FROM findings WHERE night = (SELECT max(id) FROM nights) ORDER BY ordinal',
  journal: {
    subject: 'night',
    subjects: ({ state }) => state.nights.keys(),
    rows: ({ state }, night) =>
      (state.nights.get(night as NightId)?.findings ?? []).map(
        ({ experiment, text, runs, query }, i) => ({
          ...{ night, ordinal: i + 1, experiment, text, runs, query },
        }),
      ),
  },
});
