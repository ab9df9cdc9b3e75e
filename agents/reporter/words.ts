import { fact, joined, say, type Sentence, type Sourced } from './fact.ts';
import { code, escaped, quoted } from './markdown.ts';
import { item, paragraph, quote, type Block } from './page.ts';
import type { DecisionRow, ExperimentRow, NightRecord, NoteRow, TagsRow } from './records.ts';

/** What people said: quoted, signed and dated, and never put into other words. */

/** The newest; a page is no diary. */
const MOST_QUOTES = 20;
/** Characters of one quotation. */
const LONGEST_QUOTE = 2000;

/** For FINDINGS.md: the lines that are closed, then what was said in the lab, oldest first. */
export function yourWords(record: NightRecord): readonly Block[] {
  const said = inTime(record.notes, record.decisions);
  const older =
    said.length > MOST_QUOTES
      ? [
          paragraph(
            say`Older ones: \`${record.command} query "SELECT * FROM notes"\`, and \`… decisions\`.`,
          ),
        ]
      : [];
  return [
    ...record.decisions.filter(({ row }) => row.in_force).map((one) => item(closing(one))),
    ...[...record.tags.values()].flat().map((one) => item(tagged(one))),
    ...said.slice(-MOST_QUOTES).map(quotation),
    ...older,
  ];
}

/** For an experiment's page: what was said of it and its runs, and decided on it or on its line. */
export function wordsOn(
  record: NightRecord,
  { row: { id, line } }: Sourced<ExperimentRow>,
): readonly Block[] {
  const of = (subject: string): boolean => subject === id || subject.startsWith(`${id}.`);
  const notes = record.notes.filter(({ row }) => row.about === id);
  const decisions = record.decisions.filter(
    ({ row }) => row.closes === line || row.opens === line || row.evidence.some(of),
  );
  return [
    ...(record.tags.get(id) ?? []).map((one) => item(tagged(one))),
    ...inTime(notes, decisions).map(quotation),
  ];
}

/** Lines on which AutoLab proposes nothing more. */
const closedLines = ({ decisions }: NightRecord): ReadonlySet<string> =>
  new Set(decisions.flatMap(({ row }) => (row.in_force && row.closes !== null ? row.closes : [])));

/** Whether the next night could go on with it: a closed line is open to the user's own ideas alone. */
export const isOpen = (
  record: NightRecord,
  { row: { line, source } }: Sourced<ExperimentRow>,
): boolean => source === 'yours' || !closedLines(record).has(line);

type Said = Sourced<NoteRow> | Sourced<DecisionRow>;

const inTime = (
  notes: readonly Sourced<NoteRow>[],
  decisions: readonly Sourced<DecisionRow>[],
): readonly Said[] =>
  [...notes, ...decisions].toSorted((a, b) =>
    a.row.time < b.row.time ? -1 : a.row.time > b.row.time ? 1 : 0,
  );

const closing = (one: Sourced<DecisionRow>): Sentence =>
  say`The line **${fact(one, 'closes', (line) => escaped(line))}** is closed: nothing more is proposed on it until a decision opens it, but your own ideas are tried.`;

const tagged = (one: Sourced<TagsRow>): Sentence =>
  say`${fact(one, 'target', String)} is tagged ${fact(one, 'tags', (tags) => tags.map((tag) => code(tag)).join(', '))}.`;

const quotation = (one: Said): Block =>
  quote(
    'because' in one.row ? decision(one as Sourced<DecisionRow>) : note(one as Sourced<NoteRow>),
  );

/** Stands within the quotation, a paragraph further down. */
const BELOW = '\n>\n> ';

function note(one: Sourced<NoteRow>): Sentence {
  const on = one.row.target === null ? say`` : say` on ${fact(one, 'target', String)}`;
  const words = fact(one, 'text', (text) => quoted(text, LONGEST_QUOTE));
  return say`${words}${BELOW}— ${signature(one)}${on}`;
}

function decision(one: Sourced<DecisionRow>): Sentence {
  const { closes, opens, evidence } = one.row;
  const words = (column: 'text' | 'because') =>
    fact(one, column, (text) => quoted(text, LONGEST_QUOTE));
  const more = [
    ...(closes === null
      ? []
      : [say`closes the line ${fact(one, 'closes', (line) => escaped(line))}`]),
    ...(opens === null ? [] : [say`opens the line ${fact(one, 'opens', (line) => escaped(line))}`]),
    ...(evidence.length === 0
      ? []
      : [say`evidence: ${fact(one, 'evidence', (ids) => ids.join(', '))}`]),
  ];
  const rest = more.length === 0 ? say`` : say`; ${joined(more, '; ')}`;
  return say`**Decided:** ${words('text')}${BELOW}**Because:** ${words('because')}${BELOW}— ${signature(one)}${rest}`;
}

const signature = (one: Said): Sentence =>
  say`${fact(one as Sourced<NoteRow>, 'who', (who) => escaped(who))}, ${fact(one as Sourced<NoteRow>, 'said', String)} UTC`;
