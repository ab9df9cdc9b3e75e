import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { carryOut, createLab, script } from './support/lab.ts';

const linux = process.platform === 'linux';
const FOREVER = `setInterval(() => undefined, 1e6);`;

/** A script whose child escapes its process group and notes its pid. */
const escaping = (...rest: string[]): Record<string, string> =>
  script(
    `import { spawn } from 'node:child_process';`,
    `import { writeFileSync } from 'node:fs';`,
    `const child = spawn(process.execPath, ['-e', ${JSON.stringify(FOREVER)}], { detached: true, stdio: 'ignore' });`,
    `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/pid', String(child.pid));`,
    `child.unref();`,
    `console.log('loss: 1');`,
    ...rest,
  );

test.runIf(linux)('a child that left the process group dies with the run', async () => {
  const lab = await createLab({ files: escaping() });
  const result = await carryOut(lab);
  expect(result.status).toBe('finished');
  expect(lives(Number(await lab.read('pid')))).toBe(false);
  expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
    ended: { processes_left_behind: 1 },
  });
});

test.runIf(linux)('a child that cleared its environment, too, dies with the run', async () => {
  const lab = await createLab({
    files: script(
      `import { spawn } from 'node:child_process';`,
      `import { writeFileSync } from 'node:fs';`,
      `const child = spawn(process.execPath, ['-e', ${JSON.stringify(FOREVER)}], { detached: true, stdio: 'ignore', env: {} });`,
      `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/pid', String(child.pid));`,
      `child.unref();`,
      `console.log('loss: 1');`,
      // Seen at least once while it still hangs below the command.
      `setTimeout(() => undefined, 800);`,
    ),
  });
  await carryOut(lab);
  expect(lives(Number(await lab.read('pid')))).toBe(false);
});

test('a run past its timeout is ended with all its children', async () => {
  const lab = await createLab({
    files: escaping(FOREVER),
    run: { timeout: '300ms' },
    deps: { limits: { grace_ms: 200 } },
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({
    status: 'failed',
    failure: { class: 'timeout' },
    exit_code: null,
  });
  const pid = await lab.read('pid').catch(() => null);
  expect(pid !== null && lives(Number(pid))).toBe(false);
});

test('a script that ignores SIGTERM is killed after the grace', async () => {
  const lab = await createLab({
    files: script(`process.on('SIGTERM', () => console.log('loss: 0.1'));`, FOREVER),
    run: { timeout: '1s' },
    deps: { limits: { grace_ms: 300 } },
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({
    failure: { class: 'timeout' },
    signal: 'SIGKILL',
    objective: 0.1,
  });
});

test('a run that is stopped is killed, not failed, and says who stopped it', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 2');`, FOREVER) });
  const stop = new AbortController();
  const running = carryOut(lab, {}, stop.signal);
  await until(() => fileHas(join(lab.folder(), 'metrics.ndjson'), 'loss'));
  stop.abort('pruned');
  expect(await running).toMatchObject({
    status: 'killed',
    killed_because: 'pruned',
    failure: null,
    objective: 2,
  });
});

test('an attempt stopped before it began is killed by the user', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 2');`) });
  const stop = new AbortController();
  stop.abort();
  expect(await carryOut(lab, {}, stop.signal)).toMatchObject({
    status: 'killed',
    killed_because: 'user',
    seconds: 0,
  });
});

test('200 MB without a newline leave memory flat and the log capped', async () => {
  const lab = await createLab({
    files: script(
      `import { writeSync } from 'node:fs';`,
      `const chunk = Buffer.alloc(1 << 20, 'x');`,
      `const put = (b) => { for (let at = 0; at < b.length; ) try { at += writeSync(1, b, at); } catch (e) { if (e.code !== 'EAGAIN') throw e; } };`,
      `put(Buffer.from('head\\n'));`,
      `for (let i = 0; i < 200; i++) put(chunk);`,
      `put(Buffer.from('\\nloss: 0.5\\ntail\\n'));`,
    ),
  });
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const result = await carryOut(lab);
  clearInterval(watch);
  expect(result).toMatchObject({ status: 'finished', objective: 0.5 });
  const file = join(lab.folder(), 'run.log');
  const log = readFileSync(file, 'latin1');
  expect(statSync(file).size).toBeLessThan(16.1 * 2 ** 20);
  expect(log.startsWith('head\nxxx')).toBe(true);
  expect(log.endsWith('xxx\nloss: 0.5\ntail\n')).toBe(true);
  const size = 5 + 200 * 2 ** 20 + '\nloss: 0.5\ntail\n'.length;
  expect(log).toContain(`[autolab: ${size - 16 * 2 ** 20} bytes left out here]`);
  expect((most - before) / 2 ** 20).toBeLessThan(150);
});

test('binary output and control characters are kept as they came and break nothing', async () => {
  const lab = await createLab({
    files: script(
      `const all = Buffer.from(Array.from({ length: 256 * 64 }, (_, i) => (i * 7) % 256));`,
      `process.stdout.write(all);`,
      `process.stdout.write('\\n\\u001b[1mloss:\\u001b[0m 0.25\\u0007\\r\\n\\u0000');`,
      `process.stderr.write('\\rstep 1 loss 0.5\\rstep 2 loss 0.125\\r');`,
    ),
  });
  const result = await carryOut(lab);
  expect(result.metric_points).toBe(3);
  const log = readFileSync(join(lab.folder(), 'run.log'));
  const all = Buffer.from(Array.from({ length: 256 * 64 }, (_, i) => (i * 7) % 256));
  expect(log.includes(all)).toBe(true);
});

test('output can be opened again by its name, as a shell script does', async () => {
  const lab = await createLab({
    files: script(''),
    run: { command: 'echo "loss: 0.5" | tee /dev/stderr > /dev/stdout', shell: true },
  });
  const result = await carryOut(lab);
  expect(result).toMatchObject({ status: 'finished', objective: 0.5, metric_points: 2 });
});

test('a command that is not there is trouble with the machine, in words', async () => {
  const lab = await createLab({
    files: script(''),
    run: { command: 'no-such-program train.mjs' },
  });
  const { status, failure } = await carryOut(lab);
  expect({ status, class: failure?.class }).toEqual({ status: 'failed', class: 'infrastructure' });
  expect(failure?.message).toContain('no-such-program');
});

test('memory and processor time of the whole tree are measured', async () => {
  const lab = await createLab({
    files: script(
      `import { execFileSync } from 'node:child_process';`,
      `const code = "const b = Buffer.alloc(150 * 2 ** 20, 1); while (process.cpuUsage().user < 4e5) for (let i = 0; i < 1e5; i++) b[i]++;";`,
      `execFileSync(process.execPath, ['-e', code]);`,
      `console.log('loss: 1');`,
      // Long enough to be looked at once more, with what the child had used.
      `setTimeout(() => undefined, 2000);`,
    ),
  });
  const result = await carryOut(lab);
  const peak = result.summary.find((value) => value.key === 'peak_memory_mb')?.number;
  expect(peak).toBeGreaterThan(150);
  expect(result.cpu_seconds).toBeGreaterThan(0.36);
});

test('a script that says its own peak memory is believed', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 1, peak_memory_mb: 7');`) });
  const { summary } = await carryOut(lab);
  expect(summary.filter((value) => value.key === 'peak_memory_mb')).toEqual([
    { key: 'peak_memory_mb', number: 7, text: null },
  ]);
});

test.runIf(linux)('orphans of a dead launch are ended, and nobody else is', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 1');`) });
  await carryOut(lab);
  // The mark that this lab's runs carry.
  const shown = await createLab({
    files: script(`console.log('loss: 1'); console.log(process.env.AUTOLAB_LAB);`),
  });
  await carryOut(shown);
  const mark = (await shown.read('run.log')).trim().split('\n').at(-1) ?? '';
  const dead = spawn('true');
  await once(dead, 'exit');
  const space = (await import('node:fs')).readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  const start = (env: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, ['-e', FOREVER], { env, detached: true });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const gone = `${dead.pid}:1:${space}`;
  const run = { AUTOLAB_RUN_ID: 'E-0003.1' };
  const orphan = start({ ...run, AUTOLAB_LAB: mark, AUTOLAB_LAUNCHER: gone });
  const others = [
    start({ ...run, AUTOLAB_LAB: 'another', AUTOLAB_LAUNCHER: gone }),
    start({ ...run, AUTOLAB_LAB: mark, AUTOLAB_LAUNCHER: `${dead.pid}:1:4242` }),
    start({ ...run, AUTOLAB_LAB: mark }),
    start({ AUTOLAB_LAB: mark, AUTOLAB_LAUNCHER: gone }),
  ];
  await until(() =>
    [orphan, ...others].every((child) => fileHas(`/proc/${child.pid}/environ`, 'AUTOLAB')),
  );
  const ended = await shown.executor.endOrphans();
  expect(ended).toHaveLength(1);
  expect(ended[0]).toContain(`${orphan.pid}`);
  expect(ended[0]).toContain('E-0003.1');
  expect(others.map((child) => lives(child.pid ?? 0))).toEqual([true, true, true, true]);
});

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (!linux) return true;
  // A container without an init keeps the dead in its table.
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function fileHas(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'latin1').includes(text);
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
