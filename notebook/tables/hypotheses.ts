import { changeAsData } from '../../orchestrator/domain/hypothesis.ts';
import type { HypothesisId } from '../../orchestrator/domain/ids.ts';
import type { HypothesisRecord, State } from '../../orchestrator/domain/state.ts';
import { defineTable } from '../table.ts';
import { tagsOn } from './tags.ts';

export interface HypothesisRow {
  readonly id: string;
  readonly night: string;
  readonly title: string;
  readonly because: string;
  readonly source: string;
  readonly line: string;
  readonly change: Readonly<Record<string, string>>;
  readonly parent: string;
  readonly status: string;
  readonly standing: string;
  readonly rejected_because: string | null;
  readonly experiment: string | null;
  readonly proposed: string;
  readonly tags: readonly string[];
}

/** Throws where the journal knows no such hypothesis. */
export function hypothesisRecord(state: State, id: HypothesisId): HypothesisRow {
  const hypothesis = state.hypotheses.get(id);
  if (!hypothesis) throw new Error(`the journal knows no ${id}`);
  const { night, title, because, source, line, change, parent } = hypothesis;
  const { status, rejected_because, experiment, proposed_at: proposed } = hypothesis;
  const standing = standingOf(state, hypothesis);
  return {
    ...{ id, night, title, because, source, line, change: changeAsData(change), parent },
    ...{ status, standing, rejected_because, experiment, proposed, tags: tagsOn(state, id) },
  };
}

/** A night that ended tries nothing more of what it left: the next one thinks anew. */
function standingOf(state: State, { night, status, experiment }: HypothesisRecord): string {
  if (status === 'rejected' || status === 'queued') return status;
  const over = state.nights.get(night)?.ended != null;
  if (status !== 'tested') return over ? 'untried' : 'queued';
  const tested = experiment === null ? undefined : state.experiments.get(experiment);
  return tested && (tested.judgement ?? tested.failure) === null && !over ? 'running' : 'done';
}

export const hypotheses = defineTable<HypothesisRow>({
  name: 'hypotheses',
  doc: 'One row per hypothesis, the rejected ones included.',
  columns: {
    id: ['VARCHAR', '`H-0012`.'],
    night: ['VARCHAR', 'The night that it was proposed in.'],
    title: ['VARCHAR', 'The claim in a few words.'],
    because: ['VARCHAR', 'Why it should help.'],
    source: ['VARCHAR', 'Who thought of it: yours, search_space, incumbent, paper, model.'],
    line: ['VARCHAR', 'The line of inquiry it belongs to.'],
    change: ['JSON', 'Knob to new literal, or `patch` to its file.'],
    parent: ['VARCHAR', 'The incumbent that it was thought up for.'],
    status: [
      'VARCHAR',
      'proposed, waiting, rejected, tested; queued: asked for by hand, and left over by its night.',
    ],
    standing: [
      'VARCHAR',
      'queued (proposed, waiting or left over), running (its experiment has no verdict yet), done, rejected, or untried where its night ended before its turn.',
    ],
    rejected_because: ['VARCHAR', 'Why the Planner rejected it.'],
    experiment: ['VARCHAR', 'The experiment that tests it.'],
    proposed: ['TIMESTAMP', 'When it was proposed, UTC.'],
    tags: ['VARCHAR[]', 'Its tags.'],
  },
  example:
    "SELECT id, title, rejected_because FROM hypotheses WHERE status = 'rejected' ORDER BY id",
  journal: {
    subject: 'id',
    subjects: ({ state }) => state.hypotheses.keys(),
    rows: ({ state }, id) =>
      state.hypotheses.has(id as HypothesisId) ? [hypothesisRecord(state, id as HypothesisId)] : [],
  },
});
