import { readFile, writeFile } from 'node:fs/promises';

import { expect, it } from 'vitest';

import { duckType } from '../../notebook/sql.ts';
import { TABLES } from '../../notebook/tables.ts';

const README = new URL('../../notebook/README.md', import.meta.url);
const HEADING = '## The tables\n\n';

/** The tables in words, for the README: made from their definitions, so that the two cannot differ. */
const tablesReference = (): string =>
  TABLES.map(({ name, doc, columns, example }) => {
    const rows = columns.map(
      (column) =>
        `| \`${column.name}\` | ${duckType(column)} | ${column.doc.replaceAll('|', '\\|')} |`,
    );
    return [
      `### ${name}`,
      '',
      doc,
      '',
      '| Column | Type | Says |',
      '|---|---|---|',
      ...rows,
      '',
      '```sql',
      `${example};`,
      '```',
      '',
    ].join('\n');
  }).join('\n');

it('the README describes every table and column as the code has them', async () => {
  const text = await readFile(README, 'utf8');
  const [before] = text.split(HEADING);
  const wanted = `${before}${HEADING}${tablesReference()}`;
  if (process.env['UPDATE_README']) await writeFile(README, wanted);
  expect(process.env['UPDATE_README'] ? wanted : text).toBe(wanted);
});
