import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Roles } from '../../../orchestrator/lab/import/foreign.ts';
import { importFiles } from '../../../orchestrator/lab/import/import.ts';
import { readNoticing } from '../../../orchestrator/lab/own/reading.ts';
import { makeLab } from '../../support/lab.ts';

const lab = makeLab();
afterAll(() => lab.remove());

const table = (...rows: readonly string[]): string =>
  `| trial | loss |\n| --- | --- |\n${rows.map((row) => `| ${row} |\n`).join('')}`;

/** Imports a table, and says which runs it brought, and which were there. */
async function brought(
  text: string,
  roles: Partial<Roles> = {},
  file = 't.md',
): Promise<readonly string[][]> {
  lab.write({ [`../${file}`]: text });
  const { lab: opened, state } = await readNoticing(lab.root);
  const found = await importFiles(opened, state, [join(lab.folder, file)], {
    ...{ metrics: [], params: [] },
    ...roles,
  });
  await readNoticing(lab.root);
  return [found.imported, found.known].map((runs) => runs.map(({ run }) => run));
}

test('a row that was imported with options is not brought again without them, and may be with others', async () => {
  const [a, b] = ['a | 0.5', 'b | 0.4'];
  expect(await brought(table(a), { id: 'trial' })).toEqual([['R-0001'], []]);
  expect(await brought(table(a))).toEqual([[], ['R-0001']]);
  // The table grew, at its beginning; what it says of one row may be said twice.
  expect(await brought(table(b, a))).toEqual([['R-0002'], ['R-0001']]);
  expect(await brought(table(b, a, a))).toEqual([['R-0003'], ['R-0002', 'R-0001']]);
  expect(await brought(table('a | 0.6'))).toEqual([['R-0004'], []]);
  // Another table may say the same of a run of its own.
  expect(await brought(table(a), {}, 'u.md')).toEqual([['R-0005'], []]);
  // Read otherwise on purpose.
  expect(await brought(table(a), { params: ['loss'] })).toEqual([['R-0006'], []]);
});
