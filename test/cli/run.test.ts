import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readNoticing } from '../../orchestrator/lab/own/reading.ts';
import { detailsOf } from '../../orchestrator/domain/own-run.ts';
import type { OwnRunId } from '../../orchestrator/domain/ids.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';
import { makeRepo } from '../support/repo.ts';

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;

/** Says what it was given, logs by the variables of its run, and ends as it is told. */
const SCRIPT = `
import { appendFileSync, readFileSync } from 'node:fs';
const { AUTOLAB_RUN_DIR: folder, AUTOLAB_RUN_ID: id, LANGSMITH_KEY: key } = process.env;
process.stdout.write(Buffer.from([0xff, 0x00, 0x0d, 0x0a]));
console.log(JSON.stringify({ id, key, cwd: process.cwd().split('/').pop(), input: readFileSync(0, 'utf8') }));
for (let step = 0; step < 3; step++) console.error('step: ' + step + ' val_loss: ' + 1 / (step + 1));
appendFileSync(folder + '/metrics.jsonl', '{"step": 1, "time": 1763632800000, "acc": 0.5}\\n');
console.error('ValueError: as told');
process.exitCode = Number(process.argv.at(-1));
`;

const lab = makeLab({ 'sub/hand.mjs': SCRIPT });
afterAll(() => lab.remove());

const inLab = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawn(process.execPath, [MAIN, 'run', ...args], {
    cwd: join(lab.root, 'sub'),
    env: { ...lab.environment, ...env },
  });

async function ended(child: ReturnType<typeof inLab>) {
  const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return {
    code,
    stdout: Buffer.concat(chunks.stdout),
    stderr: String(Buffer.concat(chunks.stderr)),
  };
}

const own = async (id: OwnRunId) => {
  const { state } = await readNoticing(lab.root, Infinity);
  const run = state.own.get(id);
  if (!run) throw new Error(`no ${id}`);
  return { run, details: detailsOf(run) };
};

describe('autolab run', () => {
  it('is the command as it would be without us, and recorded', async () => {
    writeFileSync(join(lab.root, 'train.mjs'), 'changed by hand\n');
    writeFileSync(join(lab.root, 'new.txt'), '');
    const args = ['--name', 'by hand', '--tag', 'a', '--tag', 'b', '--group', 'g'];
    const command = ['node', 'hand.mjs', '--lr', '0.1', '--json', '3'];
    const child = inLab([...args, '--', ...command], { LANGSMITH_KEY: 'mine' });
    child.stdin.end('from outside');
    const { code, stdout, stderr } = await ended(child);
    expect(code).toBe(3);
    expect([...stdout.subarray(0, 4)]).toEqual([0xff, 0x00, 0x0d, 0x0a]);
    const said = JSON.parse(String(stdout.subarray(4)).split('\n')[0] ?? '') as unknown;
    expect(said).toEqual({ id: 'R-0001', key: 'mine', cwd: 'sub', input: 'from outside' });
    expect(stderr).toMatch(
      /^step: 0 val_loss: 1\n[^]*ValueError: as told\nautolab: recorded as R-0001/,
    );

    const { run, details } = await own('R-0001');
    expect(run).toMatchObject({
      ...{ name: 'by hand', command: command.join(' '), directory: 'sub', source: 'run' },
      ...{ dirty: true, branch: 'main', status: 'failed' },
      end: { exit_code: 3, objective: 1 / 3, metric_points: 4, failure: { class: 'idea' } },
    });
    expect(details.logged).toMatchObject({ tags: ['a', 'b'], group: 'g' });
    expect(details.params).toContainEqual({
      key: 'lr',
      value: '0.1',
      type: 'number',
      source: 'argument',
    });
    expect(details.summary).toContainEqual({ key: 'acc', number: 0.5, text: null });
    const folder = join(lab.root, 'experiments/R-0001');
    expect(readFileSync(join(folder, 'run.log')).subarray(0, 4)).toEqual(stdout.subarray(0, 4));
    expect(readFileSync(join(folder, 'change.diff'), 'utf8')).toContain('+changed by hand');
    const start = JSON.parse(readFileSync(join(folder, 'start.json'), 'utf8')) as object;
    expect(start).toMatchObject({ untracked: ['new.txt'], node: process.version.slice(1) });
    expect(lab.git(['status', '--porcelain'])).toBe(' M train.mjs\n?? new.txt');
  });

  it('ends the command first where it is told to end, and says who ended it', async () => {
    const child = inLab([
      'sh',
      '-c',
      'trap "echo val_loss=1; exit 5" TERM; echo val_loss=2; sleep 60 & wait',
    ]);
    const done = ended(child);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await done).toMatchObject({ code: 5, stdout: Buffer.from('val_loss=2\nval_loss=1\n') });
    expect((await own('R-0002')).run).toMatchObject({
      status: 'killed',
      end: { killed_because: 'user', exit_code: 5, objective: 1 },
    });
  });

  it('that could not start its command, or lost it to a signal, says so as a shell does', async () => {
    expect((await ended(inLab(['no-such-program']))).code).toBe(127);
    expect((await ended(inLab(['sh', '-c', 'kill -9 $$']))).code).toBe(137);
    expect((await own('R-0003')).run.end?.failure?.message).toContain('could not be started');
    expect((await own('R-0004')).run).toMatchObject({
      status: 'killed',
      end: { signal: 'SIGKILL' },
    });
  });

  it('runs nothing where it cannot record it', async () => {
    const repo = makeRepo();
    try {
      const said = await autolab({ ...lab, root: repo.root }, 'run', '--', 'touch', 'was-run');
      expect(said).toMatchObject({ code: 2, stdout: '' });
      expect(said.stderr).toMatch(/nothing was run[^]*autolab init/);
      expect(repo.git(['status', '--porcelain'])).toBe('');
    } finally {
      repo.remove();
    }
    expect((await ended(inLab(['true'], { AUTOLAB_RUN_ID: 'E-0001.1' }))).code).toBe(2);
    expect((await ended(inLab([]))).code).toBe(2);
  });

  it('leaves runs that the lists, the pages and comparisons know', async () => {
    interface Row {
      readonly id: string;
      readonly status: string;
    }
    const rows = await autolabJson<Row[]>(lab, 'runs', '--status', 'killed');
    expect(rows.map(({ id }) => id)).toEqual(['R-0002', 'R-0004']);
    const { stdout } = await autolab(lab, 'show', 'R-0001');
    expect(stdout).toMatch(/by hand[^]*a run of your own[^]*experiments\/R-0001\/change.diff/);
    const compared = await autolabJson(lab, 'compare', 'R-0001', 'R-0002');
    expect(compared).toMatchObject({
      ...{ a: 'R-0001', b: 'R-0002', objective: null },
      metrics: [{ key: 'acc' }, { key: 'val_loss', a: 1 / 3, b: 1 }],
    });
    expect((await autolab(lab, 'show', 'R-0099')).stderr).toContain('found "R-0099"');
  });

  it('is compared as what it is where it did not finish, and as no mean over finished runs', async () => {
    const { stderr } = await ended(inLab(['echo', 'val_loss=3']));
    const [, finished = ''] = /recorded as (R-\d+)/.exec(stderr) ?? [];
    const two = (await autolab(lab, 'compare', finished, 'R-0002')).stdout;
    expect(two).toContain(`metrics: ${finished} of 1 run, R-0002 (killed)\n`);
    expect(two).toMatch(/^val_loss +3 +1 /m);
    expect(two).toMatch(/\nmeans over finished runs\nR-0002 was killed: what it had said last\n$/);
    const three = (await autolab(lab, 'compare', 'R-0001', 'R-0002', finished)).stdout;
    expect(three).toContain(`metrics of R-0001 (failed), R-0002 (killed), ${finished} (1 run)\n`);
    const none = (await autolab(lab, 'compare', 'R-0001', 'R-0002')).stdout;
    expect(none).not.toContain('finished runs');
    expect(none).toMatch(/\nR-0001 failed: what it had said last\nR-0002 was killed: /);
  });

  it('puts what failed on no idea: it tried none, and keeps the class that was recorded', async () => {
    expect((await autolab(lab, 'runs')).stdout).toMatch(/^R-0001 +failed /m);
    const page = (await autolab(lab, 'show', 'R-0001')).stdout;
    expect(page).toMatch(/^status +failed: ended with exit code 3: ValueError: as told$/m);
    const answer = (await autolab(lab, 'ask', 'what is R-0001?')).stdout;
    expect(answer).toMatch(/R-0001 by hand: failed, /);
    expect(answer).not.toContain('idea');
    for (const word of ['failed', 'idea'])
      expect(await autolabJson(lab, 'runs', '--status', word)).toContainEqual(
        expect.objectContaining({ id: 'R-0001', status: 'failed', failure: 'idea' }),
      );
  });
});
