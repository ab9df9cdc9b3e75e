import { changeAsData, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { measuredEffect } from '../../orchestrator/domain/predictions.ts';
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
  readonly idea: string | null;
  readonly expected_effect: number | null;
  readonly measured_effect: number | null;
  readonly refuted_by: string | null;
  readonly link: string | null;
  readonly model: string | null;
  readonly written_by: string | null;
  readonly account: readonly string[] | null;
  readonly not_taken: readonly string[] | null;
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
    ...thoughtOf(state, hypothesis),
  };
}

/** Where it comes from and what was expected of it, as far as its author said. */
export function thoughtOf(
  state: State,
  hypothesis: Proposal & Pick<HypothesisRecord, 'experiment'>,
) {
  const { change, idea, expected, refuted_by, link, by, written } = hypothesis;
  return {
    idea: idea ?? (change.kind === 'idea' ? change.text : null),
    expected_effect: expected?.effect ?? null,
    measured_effect: measuredEffect(state, hypothesis),
    ...{ refuted_by: refuted_by ?? null, link: link ?? null, model: by ?? null },
    ...{ written_by: written?.by ?? null, account: written?.account.changes ?? null },
    not_taken: written?.account.left_out ?? null,
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
    change: [
      'JSON',
      'Knob to new literal, `patch` to its file, or `idea` to its words while nobody wrote it.',
    ],
    parent: ['VARCHAR', 'The incumbent that it was thought up for.'],
    status: [
      'VARCHAR',
      'proposed, waiting, rejected, tested; queued: asked for by hand, and left over by its night.',
    ],
    standing: [
      'VARCHAR',
      'queued (proposed, waiting or left over), running (its experiment has no verdict yet), done, rejected, or untried where its night ended before its turn.',
    ],
    rejected_because: ['VARCHAR', 'Why the Planner rejected it, or why nobody wrote it.'],
    experiment: ['VARCHAR', 'The experiment that tests it.'],
    proposed: ['TIMESTAMP', 'When it was proposed, UTC.'],
    idea: ['VARCHAR', 'The change in words, where it was said in words.'],
    expected_effect: [
      'DOUBLE',
      'What it was expected to do to the objective of its parent, sign as it would be measured.',
    ],
    measured_effect: [
      'DOUBLE',
      'What the first experiment that tests it measured: its effect_on_parent.',
    ],
    refuted_by: ['VARCHAR', 'What would show that it is wrong, as its author said.'],
    link: ['VARCHAR', 'Where it comes from: an address that was seen to exist.'],
    model: ['VARCHAR', 'The model that thought of it.'],
    written_by: ['VARCHAR', 'The model or coding agent that wrote it as a patch.'],
    account: ['VARCHAR[]', 'What that says it changed, one text per change.'],
    not_taken: [
      'VARCHAR[]',
      'What a coding agent changed besides and AutoLab did not take, with the reason.',
    ],
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
