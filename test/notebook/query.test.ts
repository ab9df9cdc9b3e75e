import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openQuestions } from '../../notebook/questions.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { aLittleNight, aResult, runStarted } from '../support/events.ts';
import { aPlace, copiesOf, leaveMetrics, losses, opened, openIn } from './helpers.ts';

const aNight = copiesOf(async (place) => {
  const notebook = await openIn(place);
  for (const body of aLittleNight(2)) await notebook.append(body);
  const file = await leaveMetrics(place, 'E-0001.1', losses(2, 1));
  await notebook.takeIn(aResult('E-0001.1', { metric_points: 2 }), file);
  await notebook.close();
});

async function aReader(limits = { rows: 1000, seconds: 30 }) {
  const place = await aNight();
  const notebook = await opened(place);
  return { place, notebook, reader: await readNotebook(place.dir, { limits }) };
}

describe('a query', () => {
  it('gives plain values: numbers, ISO times, arrays, and text for what JSON has no number for', async () => {
    const { reader } = await aReader();
    const { columns, rows } = await reader.query(
      `SELECT count(*) AS n, sum(seed)::HUGEINT AS big, 9007199254740993 AS beyond, 'NaN'::DOUBLE AS nan,
        TIMESTAMP '2026-01-01 12:00:00' AS at_noon, [1, NULL] AS list, {'a': 1} AS struct, NULL AS nothing,
        min(change->>'learning_rate') AS knob
      FROM runs JOIN experiments e ON e.id = experiment`,
    );
    expect(columns).toEqual(Object.keys(rows[0] ?? {}));
    expect(rows).toEqual([
      {
        ...{ n: 6, big: 9, beyond: '9007199254740993', nan: 'NaN' },
        ...{ at_noon: '2026-01-01T12:00:00.000Z', list: [1, null], struct: { a: 1 } },
        ...{ nothing: null, knob: '1e-3' },
      },
    ]);
  });

  it('may be any one statement that only reads', async () => {
    const { place, reader } = await aReader();
    for (const sql of [
      'WITH good AS (SELECT * FROM runs) SELECT count(*) FROM good;',
      'FROM experiments',
      'DESCRIBE runs',
      'SHOW TABLES',
      'SELECT * FROM metrics',
      'SELECT "id" FROM RUNS -- a remark',
      "SELECT * FROM query_table('run' || 's')",
    ]) {
      const { rows } = await reader.query(sql);
      expect(rows.length, sql).toBeGreaterThan(0);
      // Also where it is the only one, and reads no more of the journal than it needs.
      expect((await openQuestions(place.dir).query(sql)).rows, sql).toEqual(rows);
    }
  });

  it('is refused as bad usage where it is not one SELECT, or reads or writes files', async () => {
    const { place, reader } = await aReader();
    const secret = join(place.root, 'secret.csv').replaceAll("'", "''");
    await writeFile(join(place.root, 'secret.csv'), 'a,b\n1,2\n');
    const out = join(place.root, 'out.csv').replaceAll("'", "''");
    const inside = join(place.dir, 'metrics', 'out.parquet').replaceAll("'", "''");
    for (const sql of [
      '',
      '-- nothing',
      'SELEC 1',
      'SELECT nope FROM runs',
      'SELECT 1; SELECT 2',
      'SELECT 1; DROP TABLE runs',
      'DROP TABLE runs',
      'DROP VIEW metrics',
      'DELETE FROM runs',
      'UPDATE runs SET seed = 1 RETURNING *',
      'CREATE TABLE mine AS SELECT 1',
      'SET threads = 1',
      'PRAGMA enable_profiling',
      'INSTALL httpfs',
      `COPY runs TO '${out}'`,
      `COPY runs TO '${inside}'`,
      `EXPORT DATABASE '${place.root.replaceAll("'", "''")}'`,
      `ATTACH '${out}.db'`,
      `SELECT * FROM read_csv('${secret}')`,
      `SELECT * FROM '${secret}'`,
      `SELECT * FROM read_text('${secret}')`,
      `SELECT * FROM read_blob('${place.dir.replaceAll("'", "''")}/journal/*')`,
      `SELECT * FROM glob('/etc/*')`,
    ])
      await expect(reader.query(sql), sql).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(join(place.root, 'out.csv'))).toBe(false);
    expect(existsSync(join(place.dir, 'metrics', 'out.parquet'))).toBe(false);
    expect((await reader.query('SELECT count(*) AS n FROM runs')).rows).toEqual([{ n: 6 }]);
  });

  it('is stopped when it takes too long, and when it has too many rows', async () => {
    const { reader } = await aReader({ rows: 10, seconds: 0.2 });
    await expect(reader.query('SELECT * FROM range(11)')).rejects.toThrow('at most 10 rows');
    await expect(
      reader.query('SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a <> b'),
    ).rejects.toThrow('within 0.2 s');
    expect((await reader.query('SELECT * FROM range(10)')).rows).toHaveLength(10);
  });

  it('sees each record that was appended, and the inbox, without being told', async () => {
    const { place, notebook, reader } = await aReader();
    const flags = 'SELECT target, label FROM flags ORDER BY ALL';
    expect((await reader.query(flags)).rows).toEqual([]);
    const flag = { type: 'flagged', because: 'x', who: 'me' } as const;
    await notebook.append({ ...flag, target: 'E-0001', label: 'publish' });
    await putInInbox(place.dir, { ...flag, target: 'E-0002', label: 'suspicious' });
    expect((await reader.query(flags)).rows).toEqual([
      { target: 'E-0001', label: 'publish' },
      { target: 'E-0002', label: 'suspicious' },
    ]);
  });

  it('goes on while the writer seals, merges and opens anew', async () => {
    const { place, notebook, reader } = await aReader();
    for (let i = 0; i < 5; i++) {
      await notebook.append({ type: 'alert', level: 'info', subject: 'E-0001', text: `${i}` });
      const [answer] = await Promise.all([
        reader.query('SELECT count(*) AS n FROM metrics'),
        notebook.seal(),
      ]);
      expect(answer.rows).toEqual([{ n: 2 }]);
    }
    await notebook.close();
    await opened(place);
    expect((await reader.query('SELECT count(*) AS n FROM metrics')).rows).toEqual([{ n: 2 }]);
  });

  it('shows what a run that trains has logged so far, to its last whole line', async () => {
    const { place, notebook, reader } = await aReader();
    await notebook.append(runStarted('E-0002.3', 3));
    const file = await leaveMetrics(place, 'E-0002.3', losses(5, NaN));
    await writeFile(
      join(dirname(file), 'metrics.ndjson'),
      `${await readFile(`${file}.ndjson`)}{"key"`,
    );
    const sql = "SELECT step, value FROM metrics WHERE run_id = 'E-0002.3' ORDER BY step";
    const rows = [
      { step: 1, value: 5 },
      { step: 2, value: 'NaN' },
    ];
    expect((await reader.query(sql)).rows).toEqual(rows);
    const result = aResult('E-0002.3', { metric_points: 2 });
    await notebook.takeIn(result, file);
    expect((await reader.query(sql)).rows).toEqual(rows);
    await notebook.append({ type: 'run_ended', result });
    expect((await reader.query(sql)).rows).toEqual(rows);
  });

  it('finds an empty notebook where there is none yet', async () => {
    const place = await aPlace();
    const reader = await readNotebook(place.dir);
    expect(reader.events).toEqual([]);
    expect((await reader.query('SELECT * FROM experiments')).rows).toEqual([]);
    expect(existsSync(place.dir)).toBe(false);
  });
});
