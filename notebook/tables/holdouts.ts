import type { NightId } from '../../orchestrator/domain/ids.ts';
import { defineTable } from '../table.ts';

interface HoldoutRow {
  readonly night: string;
  readonly experiment: string;
  readonly run_id: string;
  readonly metric: string;
  readonly value: number | null;
  readonly failure: string | null;
}

/** Apart from all other numbers: what a search could read here would no longer be held out. */
export const holdouts = defineTable<HoldoutRow>({
  name: 'holdouts',
  doc: 'What the plan holds out, looked at once a night that claims something: a row for the baseline, one for what dawn confirmed.',
  columns: {
    night: ['VARCHAR', 'The night.'],
    experiment: ['VARCHAR', 'The baseline, or what was confirmed.'],
    run_id: ['VARCHAR', 'The run of dawn whose model it was.'],
    metric: ['VARCHAR', 'The metric of `holdout`.'],
    value: ['DOUBLE', 'Its one number; null where there is none.'],
    failure: ['VARCHAR', 'Why there is none.'],
  },
  example: 'SELECT night, experiment, metric, value FROM holdouts ORDER BY night, experiment',
  journal: {
    subject: 'night',
    subjects: ({ state }) =>
      [...state.nights.values()].filter((night) => night.held_out.length > 0).map(({ id }) => id),
    rows: ({ state }, night) =>
      (state.nights.get(night as NightId)?.held_out ?? []).map(
        ({ experiment, run, metric, value, failure }) => ({
          ...{ night, experiment, run_id: run, metric, value },
          failure: failure?.message ?? null,
        }),
      ),
  },
});
