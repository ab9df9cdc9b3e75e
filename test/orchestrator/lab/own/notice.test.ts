import { execFile, spawn } from 'node:child_process';
import { appendFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startOf } from '../../../../notebook/lock.ts';
import { readNotebook } from '../../../../notebook/reader.ts';
import { detailsOf } from '../../../../orchestrator/domain/own-run.ts';
import type { OwnRunId } from '../../../../orchestrator/domain/ids.ts';
import { readNoticing } from '../../../../orchestrator/lab/own/reading.ts';
import { makeLab, type FixtureLab } from '../../../support/lab.ts';
import { anEnd, aStart, leaveOwnRun } from '../../../support/own.ts';

const call = promisify(execFile);
const repository = new URL('../../../../', import.meta.url).pathname;

let lab: FixtureLab;
beforeEach(() => {
  lab = makeLab();
});
afterEach(() => lab.remove());

const notebook = () => readNotebook(join(lab.root, 'data/notebook'));
const ownOf = async (id: OwnRunId) => (await readNoticing(lab.root, Infinity)).state.own.get(id);
const rows = async (sql: string) => (await (await notebook()).query(sql)).rows;

function untouchedFor(folder: string, hours: number): void {
  const at = new Date(Date.now() - hours * 3_600_000);
  for (const name of [...readdirSync(folder), '.']) utimesSync(join(folder, name), at, at);
}

describe('numbers of runs of one’s own', () => {
  it('are given once, however many processes ask at once, and never again', async () => {
    const code = `
      import { claimOwnRun } from ${JSON.stringify(join(repository, 'dist/orchestrator/lab/own/claim.js'))};
      const place = { experimentsDir: process.argv[1] + '/experiments', notebookDir: process.argv[1] + '/data/notebook' };
      for (let i = 0; i < 10; i++) console.log((await claimOwnRun(place)).id);`;
    const asked = Array.from({ length: 5 }, () =>
      call(process.execPath, ['--input-type=module', '-e', code, lab.root]),
    );
    const given = (await Promise.all(asked)).flatMap(({ stdout }) => stdout.trim().split('\n'));
    expect(given.toSorted()).toEqual(
      Array.from({ length: 50 }, (_, i) => `R-${String(i + 1).padStart(4, '0')}`),
    );
    // A number that the journal knows is taken, whether or not its folder still stands.
    leaveOwnRun(lab.root, 'R-0051');
    await readNoticing(lab.root, Infinity);
    rmSync(join(lab.root, 'experiments/R-0051'), { recursive: true });
    const { stdout } = await call(process.execPath, ['--input-type=module', '-e', code, lab.root]);
    expect(stdout.split('\n')[0]).toBe('R-0052');
    expect(lab.git(['status', '--porcelain'])).toBe('');
  });
});

describe('a run of one’s own', () => {
  it('is recorded once with all that its folder says, by whoever looks first', async () => {
    const params = { optimizer: { lr: 0.1 }, note: 'line\nbreak' };
    const metrics = [
      '{"step": 1, "time": 1763632800000, "val_loss": 0.5, "task/acc": NaN}',
      '{"step": 2, "time": 1763632801000, "val_loss": 0.25}',
      '{"step": 3, "time": 17636328',
    ];
    leaveOwnRun(lab.root, 'R-0001', { start: aStart({ params }), metrics });
    const [first] = await Promise.all([
      readNoticing(lab.root, Infinity),
      readNoticing(lab.root, Infinity),
    ]);
    expect(first.remarks).toEqual([]);
    const run = first.state.own.get('R-0001');
    expect(run).toMatchObject({
      ...{ status: 'finished', source: 'logger-python', who: 'ada' },
      end: { objective: 0.25, tier: 'self_reported', seconds: 60, metric_points: 3 },
    });
    expect(run && detailsOf(run)).toMatchObject({
      params: [
        { key: 'lr', value: '0.1', source: 'argument' },
        { key: 'optimizer/lr', value: '0.1', source: 'logged' },
        { key: 'note', value: 'line\nbreak', source: 'logged' },
      ],
      summary: [
        { key: 'val_loss', number: 0.25 },
        { key: 'task/acc', number: Number.NaN },
      ],
    });
    expect((await notebook()).events.map(({ type }) => type)).toEqual([
      'own_run_started',
      'own_run_ended',
    ]);
    expect(
      await rows(
        'SELECT r.id, r.source, r.night, m.key, m.value FROM runs r JOIN metrics m ON m.run_id = r.id ORDER BY m.key, m.step',
      ),
    ).toEqual([
      { id: 'R-0001', source: 'logger-python', night: null, key: 'task/acc', value: 'NaN' },
      { id: 'R-0001', source: 'logger-python', night: null, key: 'val_loss', value: 0.5 },
      { id: 'R-0001', source: 'logger-python', night: null, key: 'val_loss', value: 0.25 },
    ]);
    expect(lab.git(['status', '--porcelain'])).toBe('');
  });

  it('whose files are broken is shown as far as they go, and breaks nothing', async () => {
    leaveOwnRun(lab.root, 'R-0001', { start: '{"version": 1, "name"', end: '[]' });
    const odd = { version: 7, pid: 'me', started: 'now', source: 'elsewhere', dirty: 1 };
    leaveOwnRun(lab.root, 'R-0002', {
      start: aStart({ ...odd, name: 'odd' }),
      end: anEnd({ exit_code: 'x' }),
    });
    const old = leaveOwnRun(lab.root, 'R-0003', {
      start: null,
      end: null,
      metrics: ['{"val_loss": 1}'],
    });
    untouchedFor(old, 48);
    leaveOwnRun(lab.root, 'R-0004', { start: null, end: null });
    const mixed = leaveOwnRun(lab.root, 'R-0005', {
      start: aStart({ name: 'mixed' }),
      end: anEnd(),
    });
    writeFileSync(
      join(mixed, 'metrics.ndjson'),
      [
        '{"key":5,"step":1,"time":1,"value":2}',
        '{"key":"val_loss","step":"x","time":1,"value":2}',
        '{"key":"val_loss","step":1,"time":1e300,"value":2}',
        '[]',
        '{"key":"val_loss","step":1,"time":1,"value":0.5}',
        '',
      ].join('\n'),
    );
    const { state, remarks } = await readNoticing(lab.root, Infinity);
    expect(remarks).toEqual([]);
    expect([...state.own.values()].map(({ id, status, name }) => [id, status, name])).toEqual([
      ['R-0001', 'finished', ''],
      ['R-0002', 'finished', 'odd'],
      ['R-0003', 'killed', ''],
      ['R-0005', 'finished', 'mixed'],
    ]);
    expect(state.own.get('R-0005')?.end).toMatchObject({ metric_points: 1, objective: 0.5 });
    const remarksOn = (id: OwnRunId) => detailsOf(state.own.get(id) as never).remarks.join('\n');
    expect(remarksOn('R-0001')).toMatch(/expected start.json to hold a JSON object[^]*end.json/);
    expect(remarksOn('R-0002')).toMatch(/version 1, found 7/);
    expect(remarksOn('R-0002')).toContain(
      'start.json: expected started to be a time (ISO 8601), found "now"',
    );
    expect(remarksOn('R-0002')).toMatch(/expected source to be one of logger-python[^]*exit_code/);
    expect(remarksOn('R-0003')).toContain('found none');
  });

  it('runs for as long as its process does, with its numbers, and is believed when it says its end late', async () => {
    const child = spawn('sleep', ['60']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const { pid = 0 } = child;
    const start = aStart({ pid, process_started: await startOf(pid) });
    const folder = leaveOwnRun(lab.root, 'R-0001', {
      start,
      end: null,
      metrics: ['{"step": 1, "val_loss": -Infinity}'],
    });
    expect(await ownOf('R-0001')).toMatchObject({ status: 'running', end: null });
    expect(await rows('SELECT step, value FROM metrics')).toEqual([
      { step: 1, value: '-Infinity' },
    ]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(await ownOf('R-0001')).toMatchObject({
      status: 'killed',
      end: { killed_because: 'gone', attempt: 1 },
    });
    appendFileSync(join(folder, 'metrics.jsonl'), '{"step": 2, "val_loss": 3}\n');
    writeFileSync(
      join(folder, 'end.json'),
      JSON.stringify(anEnd({ exit_code: 1, error: 'ValueError: no' })),
    );
    const late = await ownOf('R-0001');
    expect(late).toMatchObject({
      status: 'failed',
      attempt: 2,
      end: { objective: 3, metric_points: 2 },
    });
    expect(late?.end?.failure).toMatchObject({
      class: 'idea',
      message: 'ended with exit code 1: ValueError: no',
    });
    // And nothing more is looked for.
    const before = (await notebook()).events.length;
    await readNoticing(lab.root, Infinity);
    expect((await notebook()).events.length).toBe(before);
  });

  it('of another machine runs until it has been silent for a day', async () => {
    const folder = leaveOwnRun(lab.root, 'R-0001', {
      start: aStart({ host: 'elsewhere' }),
      end: null,
    });
    expect((await ownOf('R-0001'))?.status).toBe('running');
    untouchedFor(folder, 25);
    expect((await ownOf('R-0001'))?.status).toBe('killed');
  });

  it('that Ctrl-C or its like ended was killed by the user, and one that a number spoilt failed', async () => {
    leaveOwnRun(lab.root, 'R-0001', { end: anEnd({ exit_code: 1, error: 'KeyboardInterrupt: ' }) });
    leaveOwnRun(lab.root, 'R-0002', { end: anEnd({ exit_code: null, signal: 'SIGKILL' }) });
    leaveOwnRun(lab.root, 'R-0003', { metrics: ['{"val_loss": NaN}'] });
    const { state } = await readNoticing(lab.root, Infinity);
    const ends = [...state.own.values()].map(({ end }) => [
      end?.status,
      end?.killed_because,
      end?.failure?.class,
    ]);
    expect(ends).toEqual([
      ['killed', 'user', undefined],
      ['killed', 'signal', undefined],
      ['failed', null, 'not_a_number'],
    ]);
  });
});
