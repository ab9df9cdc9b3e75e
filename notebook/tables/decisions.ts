import { closedLines, type DecisionId } from '../../orchestrator/domain/words.ts';
import { defineTable } from '../table.ts';

interface DecisionRow {
  readonly id: string;
  readonly text: string;
  readonly because: string;
  readonly closes: string | null;
  readonly opens: string | null;
  readonly in_force: boolean | null;
  readonly evidence: readonly string[];
  readonly who: string;
  readonly time: string;
}

export const decisions = defineTable<DecisionRow>({
  name: 'decisions',
  doc: "The user's decisions and their reasons.",
  columns: {
    id: ['VARCHAR', 'Unique.'],
    text: ['VARCHAR', 'What was decided.'],
    because: ['VARCHAR', 'The reason.'],
    closes: ['VARCHAR', 'The line of inquiry on which nothing more is proposed since.'],
    opens: ['VARCHAR', 'The line that is worked on again since.'],
    in_force: [
      'BOOLEAN',
      'Whether the line it closes is closed by it now; null where it closes none.',
    ],
    evidence: ['VARCHAR[]', 'Ids of what it rests on.'],
    who: ['VARCHAR', 'Who decided.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT time, text, because FROM decisions ORDER BY time DESC',
  journal: {
    subject: 'id',
    subjects: ({ state }) => state.decisions.keys(),
    rows: ({ state }, id) => {
      const decision = state.decisions.get(id as DecisionId);
      if (!decision) return [];
      const { text, because, closes, opens, evidence, who, at } = decision;
      const closed = closes === null ? null : closedLines(state.decisions.values()).get(closes);
      const in_force = closes === null ? null : closed?.id === id;
      return [{ id, text, because, closes, opens, in_force, evidence, who, time: at }];
    },
  },
});
