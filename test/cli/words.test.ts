import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNotebook, type OpenNotebook } from '../../notebook/writer.ts';
import { systemClock } from '../../orchestrator/lab/clock.ts';
import { aLittleNight } from '../support/events.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';

/** What a person types in a lab of one little night, while it is held and while it is not. */

const lab = makeLab();
let notebook: OpenNotebook;

beforeAll(async () => {
  lab.git(['config', 'user.name', 'Ada']);
  const dir = join(lab.root, 'data/notebook');
  notebook = await openNotebook({ dir, clock: systemClock(), sealAfter: 3_600_000 });
  for (const body of aLittleNight(2)) await notebook.append(body);
});
afterAll(async () => {
  await notebook.close();
  lab.remove();
});

const ODD = 'it "says"\n\u0007\u001b[31m-- | 🚀\n\nend';
const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;

/** The verb with that on its standard input. */
async function piped(input: Uint8Array | string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: lab.root, env: lab.environment });
  child.stdin.end(input);
  const [out] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, said: JSON.parse(out) as Record<string, unknown> };
}

test('each verb leaves its words while a night holds the lab, and shows them at once', async () => {
  const onRun = await piped(`${ODD}\n`, 'note', 'E-0001.2', '-', '--json');
  expect(onRun).toMatchObject({ code: 0, said: { target: 'E-0001.2', text: ODD, who: 'Ada' } });
  expect(Date.now() - Date.parse(String(onRun.said['at']))).toBeLessThan(600_000);
  const decision = ['decide', 'no more', '--because', 'flat', '--closes', 'learning_rate'];
  expect(await autolabJson(lab, ...decision, '--evidence', 'E-0001,H-0002')).toMatchObject({
    ...{ type: 'decided', closes: 'learning_rate', opens: null, evidence: ['E-0001', 'H-0002'] },
  });
  expect(await autolabJson(lab, 'tag', 'E-0001', 'keep', '🚀')).toMatchObject({
    tags: ['keep', '🚀'],
  });
  expect(await autolabJson(lab, 'untag', 'E-0001', '🚀')).toMatchObject({ tag: '🚀' });
  expect(await autolabJson(lab, 'flag', 'H-0002', 'odd', '--because', 'never seen')).toMatchObject({
    target: 'H-0002',
    who: 'Ada',
  });

  expect(await autolabJson(lab, 'show', 'E-0001')).toMatchObject({
    ...{ tags: ['keep'], decisions: [{ text: 'no more' }] },
    notes: [{ id: onRun.said['id'], text: ODD }],
  });
  const shown = (await autolab(lab, 'show', 'H-0002')).stdout;
  expect(shown).toMatch(/flag +odd \(never seen; Ada\)/);
  expect(shown).toMatch(/line +closed by Ada: no more/);
  const asked = 'SELECT n.text, d.closes FROM notes n, decisions d';
  expect(await autolabJson(lab, 'query', asked)).toEqual([{ text: ODD, closes: 'learning_rate' }]);
});

test('the lists filter, sort and cut, as a table, as CSV and as JSON', async () => {
  const rows = ['--sort', '-objective', '--columns', 'id,tags', '--since', '2d', '--limit', '2'];
  expect(await autolabJson(lab, 'experiments', ...rows)).toEqual([
    { id: 'E-0000', tags: [] },
    { id: 'E-0001', tags: ['keep'] },
  ]);
  const csv = await autolab(lab, 'runs', '--csv', '--columns', 'id,objective,failure', '--limit=1');
  expect(csv.stdout).toBe('id,objective,failure\r\nE-0002.2,1.5022,\r\n');
  const byLine = (await autolab(lab, 'hypotheses', '--tag', 'keep', '--status', 'done')).stdout;
  expect(byLine.split('\n').slice(1, 3)).toEqual(['(none)', '']);
  expect((await autolab(lab, 'hypotheses')).stdout).toMatch(
    /^id +status .*\nlearning_rate closed by Ada: no more\nH-0001 +done +E-0001 /,
  );
  const refused = await autolabJson(lab, 'runs', '--sort', 'loss');
  expect(refused).toMatchObject({
    error: { code: 'usage', message: expect.stringContaining('There are id, name') as string },
  });
});

test('a mistake in what was typed is told in sentences with one dot each', async () => {
  const said = async (...args: string[]) => (await autolab(lab, ...args)).stderr;
  expect(await said('show', 'E-0001', 'E-0002')).toMatch(
    / Expected 1 argument but got 2\. See autolab show --help\.\n$/,
  );
  expect(await said('init', '--example', 'none')).toMatch(
    / Allowed choices are char-lm\. See autolab init --help\.\n$/,
  );
  expect(await said('runs', '--nothing')).toMatch(/'--nothing'\. See autolab runs --help\.\n$/);
});

test('what is no note is refused before anything is written', async () => {
  await notebook.close();
  const refused = { code: 2, said: { error: { code: 'usage' } } };
  expect(await piped('', 'note', '-', '--json')).toMatchObject(refused);
  expect(await piped(Buffer.from([0xff, 0xfe]), 'note', '-', '--json')).toMatchObject(refused);
  const { code, stderr } = await autolab(lab, 'note', 'E-0001');
  expect([code, stderr]).toEqual([2, expect.stringContaining('autolab note E-0001 "…"')]);
  // Nobody holds the lab now.
  expect(await autolabJson(lab, 'note', 'all is well')).toMatchObject({ target: null });
  const dir = join(lab.root, 'data/notebook');
  notebook = await openNotebook({ dir, clock: systemClock() });
  await notebook.drainInbox();
  expect([...notebook.state().notes.values()].map((note) => note.text)).toEqual([
    ODD,
    'all is well',
  ]);
});
