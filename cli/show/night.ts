import { nightRow } from '../../notebook/rows.ts';
import { NO_CALLS } from '../../orchestrator/domain/call.ts';
import type { NightId } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { bold, dim, fact, oneLine, print } from '../output.ts';
import { spendInWords } from '../spend.ts';
import { counted } from '../words.ts';
import { showWords, wordsOn } from './words.ts';

export const nightPage = (state: State, id: NightId) => ({
  ...nightRow(state, id),
  models: state.nights.get(id)?.calls ?? NO_CALLS,
  tags: (state.tags.get(id) ?? []).map(({ tag }) => tag),
  flagged: state.flags.filter((flag) => flag.target === id),
  ...wordsOn(state, id),
});

export function showNight(state: State, id: NightId): void {
  const row = nightRow(state, id);
  print(`${bold(id)}  ${oneLine(row.project)}`);
  print(dim(oneLine(row.question)));
  print();
  fact('began', row.started);
  fact('ended', row.ended === null ? 'not yet' : `${row.ended}: ${oneLine(row.message ?? '')}`);
  fact('base', `${oneLine(row.base_branch ?? 'detached')} at ${row.base_commit.slice(0, 12)}`);
  fact('baseline', row.baseline ?? 'not opened yet');
  fact('incumbent', row.incumbent ?? 'none yet');
  const [tried, runs] = [Number(row.candidates), Number(row.runs_started)];
  fact('tried', `${counted(tried, 'experiment')} in ${counted(runs, 'run')}`);
  const night = state.nights.get(id);
  if (night && night.calls.total.calls > 0)
    fact('models', spendInWords(night.calls, night.plan.budget));
  for (const { role, model, message } of night?.calls.without ?? [])
    fact('without', `the ${role} had no answer of ${oneLine(model)}: ${oneLine(message)}`);
  showWords(state, id);
}
