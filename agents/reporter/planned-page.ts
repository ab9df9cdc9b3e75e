import { metricsAndCriteria, runsAndFiles, yourWordsOn } from './experiment-page.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { inWords } from './findings.ts';
import { code, escaped, tail } from './markdown.ts';
import { heading, page, paragraph, type Block, type Page } from './page.ts';
import { idOf } from './phrases.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** experiments/E-0007/FINDINGS.md of work of the plan's own: what came of it, and what it rests on. */

/** Of notes; the file beside the page has them whole. */
const NOTES_LINES = 60;

/** A record in which that work is what is told of. */
export const withPlanned = (record: NightRecord): NightRecord => ({
  ...record,
  experiments: record.planned,
});

export function plannedPage(record: NightRecord, experiment: Sourced<ExperimentRow>): Page {
  const { id } = experiment.row;
  const own = withPlanned(record);
  return page(`experiments/${id}/FINDINGS.md`, [
    heading(1, say`${idOf(experiment)}: ${nameOf(experiment)}`),
    paragraph(say`**${outcomeOf(experiment)}**: ${becauseOf(experiment)}.`),
    paragraph(
      say`Work that the plan asks for beside the search, run once on base as it is: no change, never what the search builds on, and compared with nothing.`,
    ),
    ...notesOf(experiment),
    ...metricsAndCriteria(own, experiment),
    ...yourWordsOn(own, experiment),
    ...runsAndFiles(own, id),
  ]);
}

export const nameOf = (one: Sourced<ExperimentRow>): Sentence => [
  fact({ ...one, runs: [] }, 'planned', (name) => escaped(name)),
];

export const outcomeOf = (one: Sourced<ExperimentRow>): Sentence => [
  fact({ ...one, runs: [] }, 'outcome', inWords),
];

export const becauseOf = (one: Sourced<ExperimentRow>, most = 400): Sentence => [
  fact({ ...one, runs: [] }, 'outcome_because', (text) => escaped(text.replace(/\.$/, ''), most)),
];

function notesOf(experiment: Sourced<ExperimentRow>): readonly Block[] {
  if (experiment.row.notes === null) return [];
  const plainly = { ...experiment, runs: [] };
  const file = fact(plainly, 'notes_file', (name) => code(name));
  const cut = experiment.row.notes.trimEnd().split('\n').length > NOTES_LINES;
  return [
    heading(2, say`Notes`),
    paragraph(say`From ${file}${cut ? ', their beginning' : ''}; whole in [notes.md](notes.md).`),
    {
      kind: 'verbatim',
      language: 'markdown',
      text: [fact(plainly, 'notes', (text) => tail(firstLines(text), NOTES_LINES))],
    },
  ];
}

const firstLines = (text: string): string =>
  text.replace(/\r\n?/g, '\n').split('\n').slice(0, NOTES_LINES).join('\n');
