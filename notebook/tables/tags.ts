import type { Subject } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { defineTable } from '../table.ts';

interface TagRow {
  readonly target: string;
  readonly tag: string;
  readonly who: string;
  readonly time: string;
}

/** The tags of an experiment, a run, a hypothesis or a night, as its row has them. */
export const tagsOn = (state: State, target: Subject): readonly string[] =>
  state.tags.get(target)?.map(({ tag }) => tag) ?? [];

export const tags = defineTable<TagRow>({
  name: 'tags',
  doc: "The user's tags that are set now; one that was taken away is gone from here.",
  columns: {
    target: ['VARCHAR', 'The experiment, run, hypothesis or night.'],
    tag: ['VARCHAR', 'The tag.'],
    who: ['VARCHAR', 'Who set it.'],
    time: ['TIMESTAMP', 'When, UTC.'],
  },
  example: 'SELECT tag, count(*) AS targets FROM tags GROUP BY tag ORDER BY targets DESC',
  journal: {
    subject: 'target',
    subjects: ({ state }) => state.tags.keys(),
    rows: ({ state }, target) =>
      (state.tags.get(target as Subject) ?? []).map(({ tag, who, at }) => ({
        ...{ target, tag, who, time: at },
      })),
  },
});
