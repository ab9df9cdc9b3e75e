import { clearing, doubtsOn } from './doubts.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { escaped } from './markdown.ts';
import { experimentOf, idOf } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** How far to trust an experiment, and what to do with it. */

/** Reasons to trust the numbers less. */
export function concernsOf(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence[] {
  const { id, parent, verdict, stack, dawn_confirmed } = experiment.row;
  const arm = record.arms.get(id);
  const runs = record.runs.get(id) ?? [];
  const said: Sentence[] = [];
  if (arm && arm.row.n < 3)
    said.push(
      say`it rests on ${fact(arm, 'n', (n) => (n === 1 ? 'a single seed' : `${n} seeds`))}`,
    );
  if (runs.some(({ row }) => row.seed === null))
    said.push(say`the plan names no seed, so its runs are repeats and tell little about chance`);
  if (arm && runs.some(({ row }) => row.tier === 'self_reported'))
    said.push(say`the numbers are the script’s own word: nothing outside it checked them`);
  if (verdict === 'promising' && dawn_confirmed === null && stack === null)
    said.push(say`no fresh seeds tested it: among many tries the best look better than they are`);
  if (verdict === 'pruned')
    said.push(say`it was ended on its way: nobody knows what it would have come to`);
  const { incumbent } = record.night.row;
  if (
    parent !== null &&
    incumbent !== null &&
    parent !== incumbent &&
    id !== incumbent &&
    stack === null
  )
    said.push(
      say`the search has moved on since: its parent ${idOf(experimentOf(record, parent))} is no longer what the night builds on`,
    );
  for (const flag of record.flags.get(id) ?? [])
    said.push(
      say`${fact(flag, 'target', String)} is flagged ${fact(flag, 'label', (text) => escaped(text))} by ${fact(flag, 'who', (who) => escaped(who))}: ${fact(flag, 'because', (text) => escaped(text, 200))}`,
    );
  return said;
}

/** What to do with it, by its verdict. */
export function nextStep(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const { verdict, stack } = experiment.row;
  const failure = record.failures.find(({ row }) => row.id === experiment.row.id)?.row.class;
  const tip = stack === null ? undefined : record.experiments.get(stack);
  if (verdict === 'improved') {
    if (experiment.row.promoted) return say`None: it was promoted.`;
    const doubts = doubtsOn(record, experiment);
    const before = doubts.length === 0 ? [] : say`First ${clearing(record, doubts)}. `;
    return say`${before}Bring it to base: ${fact({ ...experiment, runs: [] }, 'id', (id) => `\`${record.command} promote ${id}\``)}.`;
  }
  if (tip) return say`It is part of what ${idOf(tip)} confirmed, and comes to base with it.`;
  if (verdict === 'promising')
    return say`Test it on fresh seeds, on top of the best that is known.`;
  if (verdict === 'inconclusive')
    return say`More seeds would settle it; worth them only if the gain it showed would matter.`;
  if (failure === 'timeout')
    return say`If the idea is worth a longer run, raise \`run.timeout\` and propose it again.`;
  if (failure === 'out_of_memory') return say`Try it smaller, or on a machine with more memory.`;
  if (failure === 'infrastructure') return say`Propose it again: the machine failed, not the idea.`;
  if (failure === 'not_a_number') return say`Try a milder value: this one diverged.`;
  if (failure !== undefined) return say`Repair the change, or drop it.`;
  return say`Leave it; on this evidence there is nothing to gain here.`;
}
