import type { LabBrief, Remembered, ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import type { Knob, Objective } from '../../orchestrator/domain/plan.ts';
import { dataBlock } from '../data-block.ts';
import type { Paper } from '../papers/source.ts';
import type { CodeFile } from './code.ts';

/**
 * What a model is told of the lab. All of it was written by others, the plan by the user: it stands
 * in data blocks, cut to size. The same brief, files and papers make the same text.
 */
export interface Told {
  readonly brief: ResearcherBrief;
  readonly lab: LabBrief;
  readonly code: readonly CodeFile[];
  readonly papers: readonly Paper[];
}

/** The question and the files alone: they stay the same while the incumbent does. */
export const scriptInBlocks = ({ brief, lab, code }: Omit<Told, 'papers'>): string =>
  [block('plan', planInWords(brief, lab)), ...codeBlocks(code)].join('\n\n');

/** Everything that is known. */
export function labInBlocks({ brief, lab, code, papers }: Told): string {
  const { closed = [], record = [] } = brief;
  const knobs = Object.entries(brief.search_space).map(([name, knob]) =>
    knobInWords(name, knob, brief.settings[name]),
  );
  return [
    block('plan', planInWords(brief, lab)),
    ...codeBlocks(code),
    block('knobs', knobs.join('\n')),
    block('tried so far, oldest first', lab.remembered.map(triedInWords).join('\n')),
    block(
      'rejected without a run',
      lab.rejected.map((one) => `${one.title} (${one.idea}): ${one.because}`).join('\n'),
    ),
    block('proposed already', proposedHere(brief).join('\n')),
    block('closed lines', closed.map(({ line, because }) => `${line}: ${because}`).join('\n')),
    block('findings', lab.findings.join('\n')),
    block('notes', lab.notes.map(({ on, text }) => `${on ?? 'the lab'}: ${text}`).join('\n')),
    block('record of predictions', record.map(recordInWords).join('\n')),
    ...papers.map((paper) => dataBlock('paper', paperInWords(paper), LONGEST_PAPER)),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

const LONGEST_PAPER = 2000;
const LONGEST_BLOCK = 12_000;

/** What there is nothing of has no block. */
const block = (name: string, text: string): string =>
  text === '' ? '' : dataBlock(name, text, LONGEST_BLOCK);

const codeBlocks = (code: readonly CodeFile[]): readonly string[] =>
  code.map(({ path, text }) => dataBlock('code', `file: ${path}\n\n${text}`, 2 * LONGEST_BLOCK));

function planInWords({ objective }: ResearcherBrief, lab: LabBrief): string {
  return [
    `project: ${lab.project}`,
    `question: ${lab.question}`,
    `objective: ${goalInWords(objective)}`,
    `may be edited, from ${lab.directory === '.' ? 'the top' : lab.directory}: ${lab.editable.join(', ')}`,
  ].join('\n');
}

function goalInWords({ metric, direction, min_effect }: Objective): string {
  const matters = min_effect === undefined ? '' : `; less than ${min_effect} does not matter`;
  return `${direction} ${metric}${matters}`;
}

function knobInWords(name: string, knob: Knob, current: string | undefined): string {
  const { scale } = knob;
  const can = knob.range
    ? `from ${knob.range[0]} to ${knob.range[1]}${scale === 'log' ? ' (log scale)' : ''}`
    : `one of ${knob.values?.join(', ') ?? ''}`;
  return `${name}: now ${current ?? 'unknown'}, ${can}`;
}

function triedInWords(one: Remembered): string {
  const who = one.by === null ? one.source.replaceAll('_', ' ') : `${one.source}, ${one.by}`;
  const effect = one.effect === null ? '' : `, effect ${signed(one.effect)}`;
  const expected = one.expected === null ? '' : ` (expected ${signed(one.expected)})`;
  const outcome = one.verdict?.replaceAll('_', ' ') ?? 'under way';
  const why = one.because === null ? '' : `: ${one.because}`;
  return `${one.experiment} on ${one.parent} (${who}) ${one.title} [${one.idea}] → ${outcome}${effect}${expected}${why}`;
}

/** What was said in words moves along with the incumbent: once a night is enough. */
const proposedHere = ({ proposed, incumbent }: ResearcherBrief): readonly string[] =>
  proposed
    .filter(({ parent, change }) => parent === incumbent || change.kind === 'idea')
    .map(({ title, change }) =>
      change.kind === 'idea' ? `${title}: ${change.text.slice(0, 400)}` : title,
    );

function recordInWords({
  source,
  by,
  n,
  right,
  ratio,
}: NonNullable<ResearcherBrief['record']>[number]): string {
  const size = ratio === null ? '' : `; measured ÷ predicted ${ratio.toFixed(2)} on average`;
  return `${source.replaceAll('_', ' ')}${by === null ? '' : ` (${by})`}: ${right} of ${n} predictions had the direction right${size}`;
}

const paperInWords = ({ id, title, published, abstract }: Paper): string =>
  `id: ${id}\ntitle: ${title}\npublished: ${published ?? 'unknown'}\nabstract: ${abstract}`;

const signed = (value: number): string =>
  `${value < 0 ? '−' : '+'}${Number(Math.abs(value).toPrecision(3))}`;
