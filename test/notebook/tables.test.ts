import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';

import type { EventBody } from '../../orchestrator/domain/event.ts';
import { readManifest } from '../../notebook/manifest.ts';
import { plain } from '../../notebook/query.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { experimentRow, hypothesisRow, nightRow, runRow } from '../../notebook/rows.ts';
import { TABLES } from '../../notebook/tables.ts';
import {
  aJudgement,
  aLittleNight,
  aNight,
  anExperimentsLife,
  aResult,
  runStarted,
} from '../support/events.ts';
import { anIdea, aPlan, nightStarted, simulate } from '../support/simulate.ts';
import { aPlace, leaveMetrics, losses, opened, type Place } from './helpers.ts';

type Query = (sql: string) => Promise<{ readonly rows: readonly unknown[] }>;

/** What anybody's DuckDB sees through views.sql as it is now, a list of rows for each question. */
async function seenBy(place: Place, questions: readonly string[]): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(await readFile(join(place.dir, 'views.sql'), 'utf8'));
  const answers: unknown[][] = [];
  for (const sql of questions)
    answers.push((await (await connection.run(sql)).getRowObjectsJS()).map(plain));
  connection.closeSync();
  instance.closeSync();
  return answers;
}

const foreign = async (place: Place, sql: string) => (await seenBy(place, [sql]))[0];

const everything = (table: string): string => `SELECT * FROM ${table} ORDER BY ALL`;

const NAMES = TABLES.map(({ name }) => name);

async function expectSameEverywhere(
  place: Place,
  queries: readonly Query[],
  names: readonly string[] = NAMES,
) {
  const seen = await seenBy(place, names.map(everything));
  for (const query of queries)
    for (const [i, name] of names.entries())
      expect(seen[i], name).toEqual((await query(everything(name))).rows);
}

describe('the tables', () => {
  it('are the same for a foreign DuckDB, for another process and for the writer', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(3)) await notebook.append(body);
    await notebook.append({
      ...{ type: 'flagged', target: 'E-0001', label: 'publish', because: 'good', who: 'me' },
    });
    await notebook.append({ type: 'alert', level: 'info', subject: 'E-0001', text: 'look' });
    const file = await leaveMetrics(place, 'E-0001.1', losses(3, NaN, 1));
    await notebook.takeIn(aResult('E-0001.1', { metric_points: 3 }), file);
    await notebook.seal();

    const reader = await readNotebook(place.dir);
    await expectSameEverywhere(place, [notebook.query, reader.query]);
    const counts = await reader.query(
      'SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM metrics) AS metrics, (SELECT count(*) FROM spans) AS spans, (SELECT count(*) FROM flags) AS flags',
    );
    expect(counts.rows).toEqual([{ runs: 8, metrics: 3, spans: 8, flags: 1 }]);
  });

  it('are there and typed before anything was recorded', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.seal();
    await expectSameEverywhere(place, [notebook.query]);
    const described = await seenBy(
      place,
      NAMES.map((name) => `DESCRIBE ${name}`),
    );
    for (const [i, { name, columns }] of TABLES.entries()) {
      const types = columns.map(({ name, type }) => ({
        ...{ column_name: name, column_type: type === 'JSON' ? 'VARCHAR' : type },
      }));
      expect(described[i], name).toMatchObject(types);
      expect((await notebook.query(`DESCRIBE ${name}`)).rows, name).toMatchObject(types);
    }
  });

  it('stay the fold of the journal, wherever seals fall in a night', async () => {
    const place = await aPlace();
    let notebook = await opened(place);
    const { events } = simulate(
      {
        ideas: ['a', 'b'].map((title) => anIdea(title)),
        measure: (titles, run) => 1 - titles.length * 0.1 + (run.seed ?? 0) * 0.0001,
      },
      nightStarted(aPlan({ budget: { experiments: 1, runs: 5 } })),
    );
    for (const [i, { seq: _seq, at: _at, ...body }] of events.entries()) {
      await notebook.append(body as EventBody);
      if (i % 5 === 0) await notebook.seal();
      if (i % 13 === 0) {
        await notebook.close();
        notebook = await opened(place);
      }
    }
    await notebook.seal();
    await expectSameEverywhere(place, [notebook.query]);
    expect(await foreign(place, 'SELECT id FROM nights')).toEqual([{ id: 'N-0001' }]);
  });

  it('show the newest state of an experiment and of a run', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    for (const body of anExperimentsLife(0, 0)) await notebook.append(body);
    await notebook.append(runStarted('E-0000.1', 1));
    await notebook.seal();
    expect(await foreign(place, 'SELECT status, objective FROM runs')).toEqual([
      { status: 'running', objective: null },
    ]);
    await notebook.append({ type: 'run_ended', result: aResult('E-0000.1') });
    await notebook.seal();
    expect(await foreign(place, 'SELECT status, objective FROM runs')).toEqual([
      { status: 'finished', objective: 1.5 },
    ]);
    expect(await foreign(place, 'SELECT key FROM params')).toHaveLength(1);
  });

  it('forget what an older attempt left when a newer one begins', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    for (const body of anExperimentsLife(0, 1)) await notebook.append(body);
    await notebook.seal();
    await notebook.append(runStarted('E-0000.1', 1, 2));
    await notebook.seal();
    const [spans, ...others] = await seenBy(place, [
      everything('spans'),
      ...['SELECT attempt, status FROM runs', 'FROM params', 'FROM summary', 'FROM artifacts'],
    ]);
    // The slot's time was spent all the same.
    expect(spans).toHaveLength(1);
    expect(others).toEqual([[{ attempt: 2, status: 'running' }], [], [], []]);
  });

  it('lose a flag that was taken back, and keep its sister', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    const target = 'E-0001';
    for (const label of ['publish', 'suspicious'])
      await notebook.append({ type: 'flagged', target, label, because: 'x', who: 'me' });
    await notebook.seal();
    await notebook.append({ type: 'unflagged', target, label: 'publish', who: 'me' });
    await notebook.seal();
    expect(await foreign(place, 'SELECT label FROM flags')).toEqual([{ label: 'suspicious' }]);
    await notebook.append({ type: 'unflagged', target, label: 'suspicious', who: 'me' });
    await notebook.seal();
    expect(await foreign(place, 'SELECT label FROM flags')).toEqual([]);
    await expectSameEverywhere(place, [notebook.query], ['flags', 'experiments']);
    expect(await notebook.query("SELECT flags FROM experiments WHERE id = 'E-0001'")).toMatchObject(
      { rows: [{ flags: [] }] },
    );
  });

  it('hold what the judgement says, and null where an older record does not say it', async () => {
    const notebook = await opened(await aPlace());
    for (const body of aLittleNight(2)) await notebook.append(body);
    const dawn = {
      ...{ confirmed: true, n: 2, n_baseline: 2, objective: 1.4, baseline: 1.5, runs: [] },
      on_baseline: { effect: -0.1, interval: [-0.12, -0.08] },
    } as const;
    const told = {
      ...{ chance: 0.97, stack: 'E-0002', dawn: { ...dawn, test: 'paired', values: [1.41, 1.39] } },
      attribution: {
        ...{ effect: -0.05, interval: [-0.06, -0.04], n: 2, p: 0.01, attributed: true, runs: [] },
      },
      limits: [
        {
          ...{ of: 'constraint', metric: 'mb', max: 600, status: 'borderline' },
          ...{ mean: 590, interval: [570, 610], n: 3 },
        },
      ],
    } as const;
    const judged = (experiment: 'E-0001' | 'E-0002', more: object): EventBody => ({
      ...{ type: 'experiment_judged', experiment, judgement: aJudgement(more) },
    });
    await notebook.append(judged('E-0001', told));
    await notebook.append(judged('E-0002', { dawn }));
    await notebook.seal();
    const { rows } = await notebook.query(
      `SELECT chance, reapplies, left_out, attribution_effect, attribution_low, attribution_high, attribution_n,
         attribution_p, attributed, dawn_test, dawn_values, confidence, borderline,
         limits->0->>'status' AS first_limit
       FROM experiments ORDER BY id`,
    );
    const nothing = { chance: null, reapplies: null, left_out: null, attributed: null };
    expect(rows[0]).toMatchObject({ ...nothing, dawn_values: null, confidence: null });
    expect(rows[1]).toEqual({
      ...{ chance: 0.97, reapplies: null, left_out: null, attribution_effect: -0.05 },
      ...{ attribution_low: -0.06, attribution_high: -0.04, attribution_n: 2, attribution_p: 0.01 },
      ...{ attributed: true, dawn_test: 'paired', dawn_values: [1.41, 1.39] },
      ...{ confidence: 'low', borderline: true, first_limit: 'borderline' },
    });
    expect(rows[2]).toMatchObject({ ...nothing, dawn_test: 'welch', dawn_values: null });
  });

  it('keep numbers that are not finite', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    for (const body of anExperimentsLife(0, 0)) await notebook.append(body);
    const values = [NaN, Infinity, -Infinity];
    for (const [i, objective] of values.entries()) {
      const run = `E-0000.${i + 1}` as const;
      await notebook.append(runStarted(run, i + 1));
      const summary = [{ key: 'loss', number: objective, text: null }];
      await notebook.append({ type: 'run_ended', result: aResult(run, { objective, summary }) });
    }
    await notebook.seal();
    const sql =
      'SELECT r.id, objective, number, isfinite(objective) AS finite FROM runs r JOIN summary s ON s.run_id = r.id ORDER BY r.id';
    const expected = ['NaN', 'Infinity', '-Infinity'].map((text, i) => ({
      ...{ id: `E-0000.${i + 1}`, objective: text, number: text, finite: false },
    }));
    expect(await foreign(place, sql)).toEqual(expected);
    expect((await notebook.query(sql)).rows).toEqual(expected);
    await notebook.close();
    const again = await opened(place);
    expect((await again.query(sql)).rows).toEqual(expected);
    expect(runRow(again.state(), 'E-0000.1').objective).toBe('NaN');
  });

  it('are merged when more files of a table wait than may, and say the same as before', async () => {
    const place = await aPlace();
    const notebook = await opened(place, { mostFiles: 4 });
    await notebook.append(aNight());
    for (const body of anExperimentsLife(0, 0)) await notebook.append(body);
    for (let i = 1; i <= 6; i++) {
      const run = `E-0000.${i}` as const;
      await notebook.append(runStarted(run, i));
      const file = await leaveMetrics(place, run, losses(2, 1 / i));
      await notebook.takeIn(aResult(run, { metric_points: 2 }), file);
      await notebook.append({ type: 'run_ended', result: aResult(run, { metric_points: 2 }) });
      if (i < 6) await notebook.seal();
    }
    const before = (await notebook.query(everything('metrics'))).rows;
    await notebook.seal();
    const { files } = (await readManifest(place.dir)) ?? { files: [] };
    const metrics = files.filter((file) => file.table === 'metrics');
    expect(metrics.map((file) => file.rows)).toEqual([10, 2]);
    expect(files.filter((file) => file.table === 'runs').length).toBeLessThan(3);
    await expectSameEverywhere(place, [notebook.query]);
    expect((await notebook.query(everything('metrics'))).rows).toEqual(before);
    // What was replaced lives on for open queries, until somebody opens the notebook to write.
    expect((await readdir(join(place.dir, 'metrics'))).length).toBeGreaterThan(5);
    await notebook.close();
    const again = await opened(place);
    expect(await readdir(join(place.dir, 'metrics'))).toHaveLength(2);
    expect((await again.query(everything('metrics'))).rows).toEqual(before);
    expect(again.warnings).toEqual([]);
  });

  it('seal by themselves before long', async () => {
    const place = await aPlace();
    const notebook = await opened(place, { sealAfter: 20 });
    await notebook.append(aNight());
    await expect
      .poll(() => foreign(place, 'SELECT id FROM nights'), { timeout: 20_000 })
      .toEqual([{ id: 'N-0001' }]);
  });

  it('hold examples that run', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    for (const { name, example } of TABLES)
      await expect(notebook.query(example), name).resolves.toBeDefined();
  });
});

describe('rows without DuckDB', () => {
  it('say the same as the tables', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    await notebook.append({
      ...{ type: 'experiment_judged', experiment: 'E-0002' },
      judgement: aJudgement({ on_baseline: { effect: NaN, interval: [-Infinity, 1] } }),
    });
    const state = notebook.state();
    const asTable = <R extends object>(row: R) => ({
      ...row,
      ...('change' in row ? { change: JSON.stringify(row.change) } : {}),
      ...('plan' in row ? { plan: JSON.stringify(row.plan) } : {}),
    });
    const rowsOf = async (table: string) =>
      (await notebook.query(`SELECT * FROM ${table} ORDER BY id`)).rows;
    expect(await rowsOf('experiments')).toEqual(
      [...state.experiments.keys()].map((id) => asTable(experimentRow(state, id))),
    );
    expect(await rowsOf('runs')).toEqual([...state.runs.keys()].map((id) => runRow(state, id)));
    expect(await rowsOf('hypotheses')).toEqual(
      [...state.hypotheses.keys()].map((id) => asTable(hypothesisRow(state, id))),
    );
    expect(await rowsOf('nights')).toEqual(
      [...state.nights.keys()].map((id) => asTable(nightRow(state, id))),
    );
    expect(experimentRow(state, 'E-0002')).toMatchObject({
      ...{ effect: 'NaN', interval: ['-Infinity', 1], interval_low: '-Infinity' },
      ...{ change: { learning_rate: '2e-3' }, tags: [], flags: [] },
    });
    expect(JSON.parse(JSON.stringify(experimentRow(state, 'E-0002')))).toEqual(
      experimentRow(state, 'E-0002'),
    );
  });
});
