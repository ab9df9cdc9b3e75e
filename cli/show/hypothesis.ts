import { hypothesisRow } from '../../notebook/rows.ts';
import { changeInWords } from '../../orchestrator/domain/hypothesis.ts';
import type { HypothesisId } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { Standing } from '../../orchestrator/lab/standing.ts';
import { bold, dim, fact, oneLine, print } from '../output.ts';
import { thoughtFacts } from '../authors.ts';
import { showWords, wordsOn } from './words.ts';

export const hypothesisPage = (state: State, id: HypothesisId, now: Standing) => ({
  ...now.hypothesis(hypothesisRow(state, id)),
  unwritten: unwrittenFor(state, id),
  flagged: state.flags.filter((flag) => flag.target === id),
  ...wordsOn(state, id),
});

/** What waits again may have been turned down before, for what was no fault of its own. */
const unwrittenFor = (state: State, id: HypothesisId): string | null =>
  state.hypotheses.get(id)?.unwritten?.message ?? null;

export function showHypothesis(state: State, id: HypothesisId, now: Standing): void {
  const row = now.hypothesis(hypothesisRow(state, id));
  const change = state.hypotheses.get(id)?.change ?? { kind: 'none' };
  print(`${bold(id)}  ${oneLine(row.title)}`);
  print(dim(oneLine(row.because)));
  print();
  fact('source', oneLine(`${row.source}, line ${row.line}, night ${row.night}`));
  fact('change', oneLine(changeInWords(change)));
  fact('parent', row.parent);
  const because = row.rejected_because ?? unwrittenFor(state, id);
  const why = because === null ? '' : `: ${oneLine(because)}`;
  fact('status', `${row.standing}${why}`);
  if (row.experiment !== null) fact('experiment', row.experiment);
  for (const [name, words] of thoughtFacts(row)) fact(name, words);
  showWords(state, id, row.line);
}
