import { parse } from 'csv-parse/sync';
import { LabError } from '../../domain/errors.ts';

/** A table of texts, whatever it was written as. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Reads CSV, TSV or the first table of a Markdown file. Throws LabError usage where there is none,
 * where a column has no name or one that stands twice, or where a row has more cells than columns.
 */
export function readRows(text: string, file: string): Rows {
  const lines = /\.(?:md|markdown)$/i.test(file) ? markdownCells(text) : separatedCells(text, file);
  const [columns = [], ...rows] = lines.map((cells) => cells.map((cell) => cell.trim()));
  if (columns.length === 0) throw refused(file, 'a line with the names of the columns', 'none');
  const unnamed = columns.indexOf('');
  if (unnamed !== -1)
    throw refused(file, 'a name for each column', `none for column ${unnamed + 1}`);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw refused(file, 'each column once', `${twice} twice`);
  for (const [i, cells] of rows.entries())
    if (cells.length > columns.length)
      throw refused(
        file,
        `${columns.length} cells in each row`,
        `${cells.length} in row ${i + 1}, which begins with ${JSON.stringify(cells[0])}`,
      );
  return { columns, rows: rows.filter((cells) => cells.some((cell) => cell !== '')) };
}

function separatedCells(text: string, file: string): string[][] {
  const delimiter = /\.tsv$/i.test(file) ? '\t' : delimiterOf(text);
  try {
    return parse(text, {
      ...{ delimiter, bom: true, relax_column_count: true, skip_empty_lines: true },
      // Nobody quotes in TSV: a description that begins with a quote is no quoted cell.
      quote: delimiter === '\t' ? null : '"',
    });
  } catch (error) {
    throw refused(file, 'CSV', error instanceof Error ? error.message : String(error));
  }
}

/** Whichever of the usual ones the first line has most of. */
function delimiterOf(text: string): string {
  const [first = ''] = text.split('\n', 1);
  const counts = ['\t', ';', ','].map((each) => first.split(each).length);
  return ['\t', ';', ','][counts.indexOf(Math.max(...counts))] ?? ',';
}

/** The first table: a line of names, a line of dashes, and what follows up to a line without `|`. */
function markdownCells(text: string): string[][] {
  const lines = text.split(/\r?\n/);
  const rule = lines.findIndex(
    (line) => line.includes('-') && /^[\s|:-]+$/.test(line) && line.includes('|'),
  );
  if (rule < 1) return [];
  const end = lines.findIndex((line, i) => i > rule && !line.includes('|'));
  const body = lines.slice(rule + 1, end === -1 ? undefined : end);
  return [lines[rule - 1] ?? '', ...body].map(cellsOf);
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) =>
    cell
      .trim()
      .replaceAll('\\|', '|')
      .replace(/^(\*\*|__|`)(.+)\1$/, '$2'),
  );
}

const refused = (file: string, expected: string, found: string): LabError =>
  new LabError('usage', `${file}: expected ${expected}, found ${found}`, file);
