import { join } from 'node:path';

import { writeDurably } from './durable.ts';
import type { Manifest } from './manifest.ts';
import { name, selectSealed } from './sql.ts';
import { TABLES } from './tables.ts';

/** views.sql: the tables as sealed, for any DuckDB. Paths are absolute; `dir` must be too. */
function viewsSql(dir: string, manifest: Manifest): string {
  const views = TABLES.map(
    (table) =>
      `-- ${table.doc}\nCREATE OR REPLACE VIEW ${name(table.name)} AS ${selectSealed(dir, manifest, table)};`,
  );
  return [
    '-- The tables of this lab, for any DuckDB: .read views.sql',
    `-- Written by AutoLab (schema ${manifest.schema}, generation ${manifest.generation}); while a night runs,`,
    '-- at most ten seconds behind. Read it again to see more. NaN sorts above every number: isfinite().',
    ...views,
    '',
  ].join('\n');
}

export const writeViews = (dir: string, manifest: Manifest): Promise<void> =>
  writeDurably(join(dir, 'views.sql'), viewsSql(dir, manifest));
