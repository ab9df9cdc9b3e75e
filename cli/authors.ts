import type { hypothesisRow } from '../notebook/rows.ts';
import type { Experiment } from '../orchestrator/domain/experiment.ts';
import { predictionRecord } from '../orchestrator/domain/predictions.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { oneLine } from './output.ts';
import { signed } from './table.ts';

/** Who thought of a change and who wrote it, in words. */

/** What each source predicted, against what was measured; empty where nobody predicted anything. */
export const predictionLines = (state: State): readonly string[] =>
  predictionRecord(state).map(({ source, by, n, right, ratio }) => {
    const who = by === null ? source : `${source} (${oneLine(by)})`;
    return `predictions of ${who.replaceAll('_', ' ')}: direction right in ${right} of ${n}, measured ÷ predicted ${ratio === null ? 'unknown' : ratio.toFixed(2)} on average`;
  });

/** Who thought of a hypothesis and who wrote it, as facts of a page; nothing where nobody said. */
export function thoughtFacts(row: ThoughtRow): readonly (readonly [string, string])[] {
  const { idea, model, link, expected_effect, measured_effect, refuted_by, written_by } = row;
  const facts: [string, string][] = [];
  if (idea !== null) facts.push(['in words', oneLine(idea)]);
  if (model !== null) facts.push(['thought of by', oneLine(model)]);
  if (link !== null) facts.push(['link', oneLine(link)]);
  if (expected_effect !== null) {
    const found =
      measured_effect === null ? 'not measured yet' : `measured ${signed(measured_effect)}`;
    facts.push(['expected', `${signed(expected_effect)}, ${found}`]);
  }
  if (refuted_by !== null) facts.push(['refuted by', oneLine(refuted_by)]);
  if (written_by !== null) {
    const says = (row.account ?? []).map((one) => oneLine(one)).join('; ');
    facts.push(['written by', `${oneLine(written_by)}${says === '' ? '' : `: ${says}`}`]);
  }
  if (row.not_taken !== null)
    facts.push(['not taken', row.not_taken.map((one) => oneLine(one)).join('; ')]);
  return facts;
}

type ThoughtRow = ReturnType<typeof hypothesisRow>;

/** How the crashes of a written patch were answered, a line each. */
export const repairLines = ({ repairs = [], unrepaired }: Experiment): readonly string[] => [
  ...repairs.map(
    ({ run, attempt, failure, by, account }) =>
      `${run}, attempt ${attempt}, failed (${failure.class}: ${oneLine(failure.message)}); ${oneLine(by)}: ${account.changes.map((one) => oneLine(one)).join('; ')}`,
  ),
  ...(unrepaired ? [`no more: ${oneLine(unrepaired.because)}`] : []),
];
