import {
  experimentOf,
  runNumber,
  type ExperimentId,
  type RunId,
} from '../../orchestrator/domain/ids.ts';
import {
  claimsIn,
  factsIn,
  runsIn,
  textOf,
  type Fact,
  type Sentence,
  type Source,
} from './fact.ts';
import { fenceFor } from './markdown.ts';

/**
 * A Markdown page made of blocks. What a sentence rests on is written behind it, from its own
 * facts: nobody can forget a source, and the page ends with the SQL of each.
 */

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: Sentence }
  | { readonly kind: 'paragraph' | 'item' | 'quote'; readonly text: Sentence }
  | {
      readonly kind: 'table';
      readonly header: readonly Sentence[];
      /** The columns of numbers, aligned right. */
      readonly numbers: readonly number[];
      readonly rows: readonly (readonly Sentence[])[];
    }
  | { readonly kind: 'verbatim'; readonly language: string; readonly text: Sentence };

export interface Page {
  /** From the repository's top. */
  readonly path: string;
  readonly text: string;
  /** Every fact of the text, in the order in which they stand there. */
  readonly facts: readonly Fact[];
}

export const heading = (level: 1 | 2 | 3, text: Sentence): Block => ({
  kind: 'heading',
  level,
  text,
});
export const paragraph = (text: Sentence): Block => ({ kind: 'paragraph', text });
export const item = (text: Sentence): Block => ({ kind: 'item', text });
export const quote = (text: Sentence): Block => ({ kind: 'quote', text });

/** Heads the list of sources; below it the page holds SQL only. */
export const SOURCES = '## Sources';

export function page(path: string, blocks: readonly Block[]): Page {
  const facts = blocks.flatMap(factsOf);
  const body = blocks
    .map(
      (block, i) =>
        rendered(block) + (block.kind === 'item' && blocks[i + 1]?.kind === 'item' ? '\n' : '\n\n'),
    )
    .join('');
  return { path, text: `${body}${sourcesOf(facts)}`, facts };
}

const factsOf = (block: Block): readonly Fact[] =>
  block.kind === 'table'
    ? [block.header.flatMap(factsIn), ...block.rows.map((row) => row.flatMap(factsIn))].flat()
    : factsIn(block.text);

function rendered(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${textOf(block.text)}`;
    case 'paragraph':
      return cited(block.text);
    case 'item':
      return `- ${cited(block.text)}`;
    case 'quote':
      return `> ${cited(block.text)}`;
    case 'verbatim': {
      const fence = fenceFor(textOf(block.text));
      return `${fence}${block.language}\n${textOf(block.text)}\n${fence}`;
    }
    case 'table':
      return table(block);
  }
}

/** The header names the query of each column; the rows name their experiments and runs themselves. */
function table({ header, numbers, rows }: Extract<Block, { kind: 'table' }>): string {
  const names = header.map((cell, column) => {
    const sources = unique(
      rows.flatMap((row) => claimsIn(row[column] ?? []).map((one) => one.source.name)),
    );
    return `${textOf(cell)}${sources.map((name) => ` [${name}]`).join('')}`;
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(names),
    line(header.map((_, column) => (numbers.includes(column) ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(textOf))),
  ].join('\n');
}

/** A sentence with what it rests on, before its full stop or colon. */
function cited(text: Sentence): string {
  const [, words = '', end = ''] = /^(.*?)([.:]?)$/s.exec(textOf(text)) ?? [];
  return `${words}${citation(text)}${end}`;
}

/** ` (E-0007.4–7, E-0000.4–7; [dawn])`: the runs and queries behind a sentence. */
function citation(text: Sentence): string {
  const facts = claimsIn(text);
  if (facts.length === 0) return '';
  const sources = unique(facts.map((one) => `[${one.source.name}]`)).join(', ');
  const runs = runRanges(runsIn(text));
  return ` (${runs === '' ? '' : `${runs}; `}${sources})`;
}

/** `E-0007.1–3, E-0007.5, E-0000.1`: run ids, neighbours drawn together. */
export function runRanges(runs: readonly RunId[]): string {
  const ranges: { of: ExperimentId; from: number; to: number }[] = [];
  for (const run of runs) {
    const [of, n] = [experimentOf(run), runNumber(run)];
    const last = ranges.at(-1);
    if (last && last.of === of && last.to === n - 1) last.to = n;
    else ranges.push({ of, from: n, to: n });
  }
  return ranges.map(({ of, from, to }) => `${of}.${from}${to > from ? `–${to}` : ''}`).join(', ');
}

/** The SQL of every query the page names. `[dawn]` in the text links to its heading here. */
function sourcesOf(facts: readonly Fact[]): string {
  const sources = new Map<string, Source>();
  for (const { source } of facts) sources.set(source.name, source);
  if (sources.size === 0) return '';
  const named = [...sources.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [
    SOURCES,
    '',
    'Each number above is a cell of one of these queries over the recorded runs; ask again with `autolab query "…"`.',
    '',
    ...named.flatMap(({ name, sql }) => [`### ${name}`, '', '```sql', sql, '```', '']),
    ...named.map(({ name }) => `[${name}]: #${name}`),
    '',
  ].join('\n');
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
