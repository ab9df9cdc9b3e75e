import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { EventBody } from '../../orchestrator/domain/event.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { readInbox, putInInbox } from '../../notebook/inbox.ts';
import { follow } from '../../notebook/contents.ts';
import { openDatabase } from '../../notebook/duckdb.ts';
import { emptyManifest } from '../../notebook/manifest.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { TABLES } from '../../notebook/tables.ts';
import { warmTables } from '../../notebook/warm.ts';
import { aLittleNight, aResult, asEvents, runStarted } from '../support/events.ts';
import { anIdea, aPlan, nightStarted, simulate } from '../support/simulate.ts';
import { aPlace, leaveMetrics, losses, opened } from './helpers.ts';

const everything = (table: string): string => `SELECT * FROM ${table} ORDER BY ALL`;

type Query = (sql: string) => Promise<{ readonly rows: readonly unknown[] }>;

/** Compared with a reader that has never been asked anything, so knows all tables anew. */
async function expectAsNew(
  dir: string,
  asked: readonly Query[],
  tables = TABLES.map(({ name }) => name),
) {
  const fresh = await readNotebook(dir);
  for (const table of tables) {
    const { rows } = await fresh.query(everything(table));
    for (const query of asked) expect((await query(everything(table))).rows, table).toEqual(rows);
  }
}

/** Tables over events that a test adds to; `bringUp` gives the rows written. */
async function tablesOver(bodies: readonly EventBody[]) {
  const place = await aPlace();
  const database = await openDatabase({ spill: join(place.root, 'spill') });
  onTestFinished(() => database.close());
  const tables = await warmTables(database, place.dir);
  const follower = follow();
  const bodiesSoFar = [...bodies];
  return {
    database,
    more: (...more: readonly EventBody[]) => void bodiesSoFar.push(...more),
    async bringUp(sql: string): Promise<number> {
      const events = asEvents(bodiesSoFar);
      const source = {
        ...{ contents: follower.upTo(events), events, recorded: events.at(-1)?.seq ?? 0 },
        ...{ manifest: emptyManifest(CURRENT), runsDir: place.runsDir },
        verify: () => Promise.resolve(null),
      };
      return (await tables.bringUp(sql, source)).written;
    },
  };
}

describe('tables between two questions', () => {
  it('are filled once, and then get the rows that changed, however many there are', async () => {
    for (const experiments of [2, 40]) {
      const { more, bringUp } = await tablesOver(aLittleNight(experiments));
      const sql = 'SELECT 1 FROM runs, experiments';
      const runs = 2 * (experiments + 1);
      expect(await bringUp(sql)).toBe(runs + experiments + 1);
      expect(await bringUp(sql)).toBe(0);
      const run: RunId = 'E-0001.3';
      more(runStarted(run, 3), { type: 'run_ended', result: aResult(run) });
      // The run, and the experiment it belongs to.
      expect(await bringUp(sql)).toBe(2);
      expect(await bringUp(sql)).toBe(0);
    }
  });

  it('are brought up when they are asked for, also after others were', async () => {
    const { database, more, bringUp } = await tablesOver(aLittleNight(2));
    await bringUp('FROM runs');
    await bringUp('FROM spans');
    more(runStarted('E-0001.3', 3), { type: 'run_ended', result: aResult('E-0001.3') });
    await bringUp('FROM experiments');
    more({ type: 'run_summarised', run: 'E-0001.2', text: 'said' });
    expect(await bringUp('FROM runs')).toBe(2);
    const found = await database.read(
      `SELECT id, said FROM runs WHERE experiment = 'E-0001' ORDER BY id`,
    );
    expect(found).toEqual([
      { id: 'E-0001.1', said: null },
      { id: 'E-0001.2', said: 'said' },
      { id: 'E-0001.3', said: null },
    ]);
  });
});

describe('a notebook that is asked again and again', () => {
  it('answers as one that is asked for the first time, wherever in a night', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const reader = await readNotebook(place.dir);
    const { events } = simulate(
      {
        ideas: ['a', 'd'].map((title) => anIdea(title)),
        measure: (titles, run) =>
          titles.includes('d')
            ? { fails: 'idea' }
            : 1 - titles.length * 0.1 + (run.seed ?? 0) / 1e4,
      },
      nightStarted(aPlan({ budget: { experiments: 2, runs: 8 } })),
    );
    for (const [i, { seq: _seq, at: _at, ...body }] of events.entries()) {
      await notebook.append(body as EventBody);
      await notebook.query('SELECT count(*) FROM experiments, runs');
      if (i % 3 === 0 && body.type === 'run_ended')
        await notebook.append({
          ...{ type: 'flagged', target: body.result.run, label: `at ${i}` },
          ...{ because: 'odd', who: 'me' },
        });
      if (i % 15 === 14) await expectAsNew(place.dir, [notebook.query, reader.query]);
    }
    await expectAsNew(place.dir, [notebook.query, reader.query]);
    expect((await reader.query('FROM flags')).rows.length).toBeGreaterThan(0);
  });

  it('follows the inbox: what waits there, what is taken in, and what was not', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    const reader = await readNotebook(place.dir);
    const tables = ['flags', 'experiments', 'runs', 'alerts', 'nights'];
    const flag = { type: 'flagged', because: 'x', who: 'me' } as const;
    await expectAsNew(place.dir, [reader.query], tables);
    await putInInbox(place.dir, { ...flag, target: 'E-0001', label: 'waits' });
    await putInInbox(place.dir, { type: 'stopping', night: 'N-0001', how: 'drain', who: 'me' });
    await expectAsNew(place.dir, [reader.query], tables);
    expect((await reader.query('SELECT label FROM flags')).rows).toEqual([{ label: 'waits' }]);
    // Recorded before they are: under the numbers that they had while they waited.
    await notebook.append({ type: 'alert', level: 'info', subject: 'E-0001', text: 'first' });
    await expectAsNew(place.dir, [reader.query], tables);
    await notebook.drainInbox();
    expect(await readInbox(place.dir)).toEqual([]);
    await expectAsNew(place.dir, [reader.query], tables);
    await notebook.append({ type: 'unflagged', target: 'E-0001', label: 'waits', who: 'me' });
    await expectAsNew(place.dir, [reader.query], tables);
    expect((await reader.query('SELECT label FROM flags')).rows).toEqual([]);
  });

  it('reads the metrics that there are at each question, and of a newer attempt none', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    const sql = 'SELECT run_id, value FROM metrics ORDER BY ALL';
    expect((await notebook.query(sql)).rows).toEqual([]);
    const file = await leaveMetrics(place, 'E-0001.1', losses(2));
    await notebook.takeIn(aResult('E-0001.1', { metric_points: 1 }), file);
    expect((await notebook.query(sql)).rows).toEqual([{ run_id: 'E-0001.1', value: 2 }]);
    await notebook.append(runStarted('E-0001.1', 1, 2));
    expect((await notebook.query(sql)).rows).toEqual([]);
  });

  it('gives two that ask at once their own answers', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    const reader = await readNotebook(place.dir);
    const label = 'at the same time';
    const [runs, flags, wrong] = await Promise.all([
      reader.query('SELECT count(*) AS n FROM runs'),
      notebook
        .append({ type: 'flagged', target: 'E-0001', label, because: 'x', who: 'me' })
        .then(() => reader.query('SELECT label FROM flags')),
      reader.query('SELECT nope FROM runs').catch((error: { code: string }) => error.code),
    ]);
    expect(runs.rows).toEqual([{ n: 6 }]);
    expect(flags.rows).toEqual([{ label }]);
    expect(wrong).toBe('usage');
    await expectAsNew(place.dir, [reader.query], ['flags', 'runs']);
  });
});
