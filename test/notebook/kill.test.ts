import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { readNotebook } from '../../notebook/reader.ts';
import { aPlace, leaveMetrics, losses, opened } from './helpers.ts';

/** A kill needs a process of its own, which runs the notebook that `npm test` has built. */
const built = (file: string): string =>
  JSON.stringify(join(new URL('../../dist/notebook', import.meta.url).pathname, file));

/** Kills in the life of a notebook. */
const ROUNDS = process.env['FULL'] ? 8 : 4;

const WRITER = (dir: string, metrics: string) => `
  import { openNotebook } from ${built('writer.js')};
  const clock = { now: Date.now, monotonic: Date.now, asleep: () => 0 };
  const notebook = await openNotebook({ dir: ${JSON.stringify(dir)}, clock, sealAfter: 10 });
  for (const warning of notebook.warnings) console.log('warning', warning);
  for (let i = 0; ; i++) {
    const text = 'text '.repeat(i % 40);
    const alert = () => notebook.append({ type: 'alert', level: 'info', subject: 'E-0001', text });
    for (const { seq } of await Promise.all([alert(), alert(), alert()])) console.log('recorded', seq);
    if (i % 3 === 0) {
      const run = 'E-0001.' + (notebook.events.length + 1);
      await notebook.takeIn({ run, attempt: 1, metric_points: 2 }, ${JSON.stringify(metrics)});
      console.log('taken', run);
    }
    for (const { type } of await notebook.drainInbox()) console.log('drained', type);
  }`;

describe('a writer that is killed', () => {
  it('has lost nothing that it acknowledged, and counted nothing twice', async () => {
    const place = await aPlace();
    const metrics = await leaveMetrics(place, 'E-0001.1', losses(2, 1));
    const recorded: number[] = [];
    const taken: string[] = [];
    const warnings: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const code = WRITER(place.dir, metrics);
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => {
        const [word, rest = ''] = line.split(/ (.*)/);
        if (word === 'recorded') recorded.push(Number(rest));
        else if (word === 'taken') taken.push(rest);
        else if (word === 'warning') warnings.push(rest);
      });
      await once(lines, 'line');
      await wait(40 + 67 * round);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const reader = await readNotebook(place.dir);
    const notebook = await opened(place);
    await notebook.seal();
    expect([...warnings, ...notebook.warnings]).toEqual([]);
    expect(notebook.events.length).toBeGreaterThanOrEqual(recorded.length);
    expect(notebook.events.map(({ seq }) => seq)).toEqual(notebook.events.map((_, i) => i + 1));
    expect(reader.events).toEqual(notebook.events);
    expect(new Set(recorded).size).toBe(recorded.length);
    const alerts = await notebook.query('SELECT count(*) AS n FROM alerts');
    expect(alerts.rows).toEqual([{ n: notebook.events.length }]);
    const points = await notebook.query(
      'SELECT count(*) AS n, count(*) FILTER (run_id IS NULL) AS bad FROM metrics',
    );
    // The file that each run left is the same one here, so its two rows name one run.
    expect(Number(points.rows[0]?.['n'])).toBeGreaterThanOrEqual(2 * taken.length);
    expect(Number(points.rows[0]?.['n']) % 2).toBe(0);
    expect((await readdir(place.dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('leaves each record of another process once in the journal', async () => {
    const place = await aPlace();
    const metrics = await leaveMetrics(place, 'E-0001.1', losses(2, 1));
    const marks = `
      import { putInInbox } from ${built('inbox.js')};
      for (let i = 0; i < 60; i++) {
        const label = 'mark ' + i;
        const body = { type: 'flagged', target: 'E-0001', label, because: 'x', who: 'me' };
        await putInInbox(${JSON.stringify(place.dir)}, body);
      }`;
    const marker = spawn(process.execPath, ['--input-type=module', '-e', marks]);
    const done = once(marker, 'close');
    for (let round = 0; round < ROUNDS / 2; round++) {
      const code = WRITER(place.dir, metrics);
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await wait(30 + 41 * round);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    expect((await done)[0]).toBe(0);
    const notebook = await opened(place);
    await notebook.drainInbox();
    const labels = notebook.events.flatMap((event) =>
      event.type === 'flagged' ? event.label : [],
    );
    expect(labels.toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `mark ${i}`).toSorted());
  });
});
