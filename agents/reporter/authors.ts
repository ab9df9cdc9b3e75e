import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { inWords } from './findings.ts';
import { code, escaped, tail } from './markdown.ts';
import { counted, plain, signed } from './numbers.ts';
import { heading, item, paragraph, type Block } from './page.ts';
import { metricName } from './phrases.ts';
import type { ExperimentRow, NightRecord, PredictionRow, RepairRow } from './records.ts';

/** Who thought of a change and who wrote it, what came of the writing, and of the predictions. */

/** Lines of a diff that was given up. */
const DIFF_LINES = 40;

/** What an idea was in words: who had it, what was expected, what would refute it, who wrote it. */
export function authorship(
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): readonly Block[] {
  const plainly = { ...experiment, runs: [] };
  const { idea, model, link, expected_effect, refuted_by } = experiment.row;
  const { written_by, account, not_taken } = experiment.row;
  const said: Sentence[] = [];
  if (idea !== null)
    said.push(say`In words: ${fact(plainly, 'idea', (text) => escaped(text, 600))}`);
  if (model !== null) said.push(say`Thought of by ${fact(plainly, 'model', (name) => code(name))}`);
  if (link !== null) said.push(say`Source: ${fact(plainly, 'link', (text) => escaped(text, 300))}`);
  if (expected_effect !== null) said.push(expectation(record, experiment));
  if (refuted_by !== null)
    said.push(say`Refuted by: ${fact(plainly, 'refuted_by', (text) => escaped(text, 300))}`);
  if (written_by !== null) {
    const changes =
      (account ?? []).length === 0
        ? say``
        : say`, which says that it changed: ${fact(plainly, 'account', listed)}`;
    said.push(say`Written by ${fact(plainly, 'written_by', (name) => code(name))}${changes}`);
  }
  if (not_taken !== null)
    said.push(say`Changed besides, and not taken: ${fact(plainly, 'not_taken', listed)}`);
  return said.map((one) => item(say`${one}.`));
}

const listed = (changes: readonly string[]): string =>
  changes.map((one) => escaped(one, 200)).join('; ');

function expectation(record: NightRecord, experiment: Sourced<ExperimentRow>): Sentence {
  const expected = fact({ ...experiment, runs: [] }, 'expected_effect', effect(record));
  const measured = experiment.row.effect_on_parent;
  const found =
    measured === null
      ? say``
      : say`; measured ${fact(experiment, 'effect_on_parent', effect(record))}`;
  return say`Expected on ${metricName(record)}: ${expected}${found}`;
}

const effect =
  ({ decimals }: NightRecord) =>
  (value: number): string =>
    signed(value, decimals);

/** The crashes of a patch that was repaired, and each patch that crashed; empty where there were none. */
export function repairs(experiment: Sourced<ExperimentRow>): readonly Block[] {
  const { repairs: tries, unrepaired } = experiment.row;
  const plainly = { ...experiment, runs: [] };
  const blocks = (tries ?? []).flatMap((row): Block[] => {
    const one: Sourced<RepairRow> = { source: experiment.source, runs: [], row };
    const crash = say`${fact(one, 'run', String)}, attempt ${fact(one, 'attempt', String)}, failed (${fact(one, 'failure_class', inWords)}: ${fact(one, 'failure', (text) => escaped(text, 300))})`;
    const said = say`${fact(one, 'by', (name) => code(name))} repaired the patch: ${fact(one, 'changes', listed)}`;
    return [
      item(say`${crash}; ${said}. What had crashed:`),
      {
        kind: 'verbatim',
        language: 'diff',
        text: [fact(one, 'diff', (text) => tail(text, DIFF_LINES))],
      },
    ];
  });
  const end =
    unrepaired === null
      ? []
      : [
          item(
            say`No further repair: ${fact(plainly, 'unrepaired', (text) => escaped(text, 300))}.`,
          ),
        ];
  return blocks.length + end.length === 0 ? [] : [heading(2, say`Repairs`), ...blocks, ...end];
}

/** How the predictions of the lab came true, by who made them; empty where there were none. */
export function predictions({ predictions: all }: NightRecord): readonly Block[] {
  if (all.length === 0) return [];
  const what = say`Effects that were predicted, against what was measured on the parent, over all nights.`;
  return [paragraph(what), ...all.map(predictor)];
}

function predictor(one: Sourced<PredictionRow>): Block {
  const model =
    one.row.model === null ? say`` : say` (${fact(one, 'model', (name) => code(name))})`;
  const who = say`${fact(one, 'source', inWords)}${model}`;
  const tested = fact(one, 'n', (n) => counted(n, 'prediction'));
  const right = fact(one, 'right_way', String);
  const ratio = fact(one, 'ratio', (value) => plain(value, 2));
  return item(
    say`${who}: ${tested} tested, the direction right in ${right}; measured ÷ predicted ${ratio} on average.`,
  );
}
