import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunOrder } from '../../orchestrator/domain/ports.ts';
import { writeLargeParquet } from '../../notebook/large-parquet.ts';
import { dataIdentity } from '../../workers/data.ts';
import { openLog } from '../../workers/log.ts';
import { manifestSchema } from '../../workers/manifest.ts';
import { killFamily } from '../../workers/survivors.ts';
import { environmentOf, nameOfProcess, processRow } from '../../workers/processes.ts';
import { carryOut, createLab, script, type TestLab } from '../workers/support/lab.ts';
import {
  appears,
  lives,
  mayMount,
  mountSmall,
  startHarness,
  until,
} from '../workers/support/harness.ts';

const linux = process.platform === 'linux';
const FOREVER = `setInterval(() => undefined, 1e6);`;
const NODE = JSON.stringify(process.execPath);

const sizeOf = (lab: TestLab): number => {
  const file = join(lab.folder(), 'run.log');
  return existsSync(file) ? readFileSync(file).length : 0;
};

const remarksOf = async (lab: TestLab, attempt = 1): Promise<readonly string[]> =>
  manifestSchema.parse(JSON.parse(await lab.read('manifest.json', { attempt }))).remarks;

describe.runIf(linux)('a machine or an AutoLab that stood still', () => {
  test('a run that ended in time is no timeout, however late AutoLab wakes up', async () => {
    const lab = await createLab({
      files: script(
        `import { writeFileSync } from 'node:fs';`,
        `writeFileSync(process.env.AUTOLAB_RUN_DIR + '/pid', String(process.pid));`,
        `console.log('loss: 0.5');`,
        `setTimeout(() => undefined, 300);`,
      ),
      run: { timeout: '3s' },
    });
    const harness = startHarness(lab, lab.order(), 'sealed');
    await appears(join(lab.folder(), 'pid'));
    harness.child.kill('SIGSTOP');
    const pid = Number(await lab.read('pid'));
    await until(() => !lives(pid));
    await wait(3500);
    harness.child.kill('SIGCONT');
    const result: unknown = JSON.parse((await harness.hears('result ')).slice('result '.length));
    expect(result).toMatchObject({ status: 'finished', objective: 0.5, failure: null });
    expect(await remarksOf(lab)).toEqual([
      expect.stringMatching(/^AutoLab itself stood still for \d+ s while it ran/),
    ]);
  });

  test('a suspend counts in no deadline, and the run says that it slept', async () => {
    // The clock of a machine that is suspended for an hour once the run has begun.
    const born = performance.now();
    let asleep = 0;
    const clock = {
      now: () => Date.now() + asleep,
      monotonic: () => performance.now() - born,
      asleep: () => asleep,
    };
    const lab = await createLab({
      // It lives on until the clock was set, also where this machine is busy.
      files: script(`console.log('loss: 0.5'); setTimeout(() => undefined, 3000);`),
      run: { timeout: '30s' },
      deps: { clock },
    });
    const running = carryOut(lab);
    await until(() => sizeOf(lab) > 0);
    asleep = 3_600_000;
    const result = await running;
    expect(result).toMatchObject({ status: 'finished', slept_seconds: 3600 });
    expect(result.seconds).toBeLessThan(30);
    expect(await remarksOf(lab)).toEqual([
      'the machine was suspended for 3600 s while it ran; its seconds do not count them',
    ]);
  });
});

describe.runIf(linux)('a worker that is killed', () => {
  const training = script(
    `import { spawn } from 'node:child_process';`,
    `import { renameSync, writeFileSync } from 'node:fs';`,
    `const child = spawn(${NODE}, ['-e', ${JSON.stringify(FOREVER)}], { detached: true, stdio: 'ignore' });`,
    `const pids = process.env.AUTOLAB_RUN_DIR + '/pids';`,
    // Whole when it appears: who waits for it reads it at once.
    `writeFileSync(pids + '.part', [process.pid, child.pid].join(' '));`,
    `renameSync(pids + '.part', pids);`,
    `console.log('loss: 0.5');`,
    `child.unref();`,
    `if (process.env.AUTOLAB_PREVIOUS_RUN_DIR === undefined && process.env.HANG === '1') ${FOREVER}`,
  );
  const pidsOf = (lab: TestLab, order: Partial<RunOrder>): readonly number[] => {
    const file = join(lab.folder(order), 'pids');
    return existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : [];
  };

  test('at any step costs that attempt at most: the next one works, and nothing is left running', async () => {
    const lab = await createLab({ files: training, run: { setup: 'true' } });
    const sample = ['checkOut', 'training', 'sealed'];
    const steps = process.env['FULL'] ? [...sample, 'setUp', 'train', 'measure'] : sample;
    for (const [n, step] of steps.entries()) {
      const hang = step === 'training';
      const first = {
        run: `E-0007.${n + 1}`,
        command: { command: lab.plan.run.command, env: { HANG: hang ? '1' : '0' } },
      } as const;
      const next = { ...first, attempt: 2 };
      const harness = startHarness(lab, lab.order(first), step);
      if (hang) await appears(join(lab.folder(first), 'pids'));
      else await harness.hears(step === 'sealed' ? 'result ' : step);
      harness.child.kill('SIGKILL');
      await until(() => !lives(harness.pid));

      const ended = await lab.executor.endOrphans();
      const sealed = await lab.executor.sealed(first.run, 1, lab.base);
      const half = readdirSync(lab.folder(first)).filter((name) => name.startsWith('result.json'));
      const result = await carryOut(lab, next);
      expect({ step, ended: ended.length, sealed: sealed !== null, half, result }).toMatchObject({
        ...{ step, ended: hang ? 2 : 0, sealed: step === 'sealed' },
        half: step === 'sealed' ? ['result.json'] : [],
        result: { status: 'finished', objective: 0.5, attempt: 2 },
      });
      expect([...pidsOf(lab, first), ...pidsOf(lab, next)].filter(lives)).toEqual([]);
      expect(readdirSync(join(lab.cacheDir, 'claims'))).toEqual([]);
    }
  });

  test('had the attempt: whoever is given the same one waits for it to be dead, and starts anew', async () => {
    const lab = await createLab({ files: training, run: { env: { HANG: '1' } } });
    const harness = startHarness(lab, lab.order(), 'sealed');
    await appears(join(lab.folder(), 'pids'));
    const [first = 0] = pidsOf(lab, {});
    const stop = new AbortController();
    const second = lab.executor.open(lab.order({ seed: 2 }), stop.signal);
    const checkedOut = second.checkOut();
    expect(await Promise.race([checkedOut, wait(600, 'waits')])).toBe('waits');
    expect(lives(first)).toBe(true);
    expect(await lab.read('pids')).toContain(String(first));
    harness.child.kill('SIGKILL');
    expect(await checkedOut).toBeNull();
    expect(lives(first)).toBe(false);
    stop.abort('user');
    expect(await second.seal(null)).toMatchObject({ status: 'killed' });
  });
});

describe('two workers with one attempt', () => {
  const slow = script(
    `import { existsSync, writeFileSync } from 'node:fs';`,
    `const dir = process.env.AUTOLAB_RUN_DIR;`,
    `writeFileSync(dir + '/started', String(process.pid));`,
    `const timer = setInterval(() => { if (existsSync(dir + '/go')) { clearInterval(timer); console.log('loss: 0.5'); } }, 10);`,
  );

  const startedBy = (lab: TestLab): string => {
    const file = join(lab.folder(), 'started');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };

  test('the second waits, and has what the first one sealed', async () => {
    const lab = await createLab({ files: slow });
    const first = carryOut(lab);
    await appears(join(lab.folder(), 'started'));
    const second = carryOut(lab);
    await wait(400);
    expect(existsSync(join(lab.folder(), 'started'))).toBe(true);
    writeFileSync(join(lab.folder(), 'go'), '');
    const result = await first;
    expect(result).toMatchObject({ status: 'finished', objective: 0.5 });
    expect(await second).toEqual(result);
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
  });

  test('what a fenced one brings late is not sealed, and the next one starts from nothing', async () => {
    const lab = await createLab({ files: slow });
    const fence = new AbortController();
    const first = carryOut(lab, {}, fence.signal);
    await until(() => startedBy(lab) !== '');
    const old = startedBy(lab);
    const second = carryOut(lab, { seed: 2 });
    fence.abort('fenced');
    expect(await first).toMatchObject({ status: 'killed', killed_because: 'fenced' });
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toBeNull();
    await until(() => !['', old].includes(startedBy(lab)));
    writeFileSync(join(lab.folder(), 'go'), '');
    expect(await second).toMatchObject({ status: 'finished', objective: 0.5 });
  });

  test('one that was dropped between two steps is overtaken, and seals nothing over the other', async () => {
    const lab = await createLab({
      files: script(`console.log('loss: ' + process.env.SEED);`),
      run: { seed: { env: 'SEED' } },
      deps: { limits: { dropped_ms: 300 } },
    });
    const first = lab.executor.open(lab.order({ seed: 1 }), new AbortController().signal);
    await first.checkOut();
    const second = await carryOut(lab, { seed: 2 });
    expect(second.objective).toBe(2);
    expect(await first.train()).toMatchObject({ class: 'infrastructure' });
    await first.seal(null);
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(second);
  });
});

describe.runIf(linux)('processes', () => {
  test('a daemon that forked twice and made a session of its own dies with the run', async () => {
    const lab = await createLab({
      files: script(''),
      run: {
        shell: true,
        command: `echo 'loss: 1'; setsid sh -c 'sleep 1000 & echo $! > "$AUTOLAB_RUN_DIR/pid"' & wait`,
      },
    });
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'finished' });
    expect(lives(Number(await lab.read('pid')))).toBe(false);
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      ended: { processes_left_behind: 1 },
    });
  });

  test('a zombie is nobody who is left behind', async () => {
    const lab = await createLab({
      files: script(`console.log('loss: 1'); setTimeout(() => undefined, 300);`),
      run: { shell: true, command: `(true &) ; true & exec node train.mjs` },
    });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished' });
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      ended: { processes_left_behind: 0 },
    });
  });

  test('a child that holds the output open after its parent keeps nobody waiting, and its words are kept', async () => {
    const code = `process.on('SIGTERM', () => undefined); console.log('still here'); ${FOREVER}`;
    const lab = await createLab({
      files: script(
        `import { spawn } from 'node:child_process';`,
        `const child = spawn(${NODE}, ['-e', ${JSON.stringify(code)}], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });`,
        `child.unref();`,
        `console.log('loss: 1');`,
        `setTimeout(() => undefined, 1500);`,
      ),
    });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
    expect(await lab.read('run.log')).toContain('still here');
    expect(JSON.parse(await lab.read('manifest.json'))).toMatchObject({
      ended: { processes_left_behind: 1 },
    });
  });

  test('whoever has the pid of a command that is gone is left alone', async () => {
    const stranger = spawn(process.execPath, ['-e', FOREVER], { detached: true, env: {} });
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const pid = stranger.pid ?? 0;
    await until(() => processRow(pid)?.group === pid);
    const marks = { variable: 'AUTOLAB_RUN_DIR', value: '/nowhere' };
    const seen = new Map([[pid, 'another start']]);
    expect(await killFamily({ root: pid, start: 'another start', ...marks, seen })).toBe(0);
    expect(await killFamily({ root: -1, start: null, ...marks, value: '', seen })).toBe(0);
    expect(lives(pid)).toBe(true);
    const start = processRow(pid)?.start ?? null;
    expect(await killFamily({ root: pid, start, ...marks, seen: new Map() })).toBe(1);
  });

  test('a process whose launcher’s pid lives on under another start is an orphan, one of a living launcher is none', async () => {
    const lab = await createLab({ files: script(`console.log('loss: 1');`, FOREVER) });
    const stop = new AbortController();
    const running = carryOut(lab, {}, stop.signal);
    await until(() => sizeOf(lab) > 0);
    // Ours lives: what it trains is nobody's orphan.
    expect(await lab.executor.endOrphans()).toEqual([]);
    const [pid = '', start = '', space = ''] = (nameOfProcess(process.pid) ?? '').split(':');
    const mark = await markOf();
    const env = { AUTOLAB_LAB: mark, AUTOLAB_RUN_ID: 'E-0001.1' };
    const before = `${pid}:${Number(start) - 1}:${space}`;
    const orphan = spawn(process.execPath, ['-e', FOREVER], {
      env: { ...env, AUTOLAB_LAUNCHER: before },
      detached: true,
    });
    onTestFinished(() => void orphan.kill('SIGKILL'));
    await until(() => readFileSync(`/proc/${orphan.pid}/environ`, 'latin1').includes(before));
    expect(await lab.executor.endOrphans()).toHaveLength(1);
    await until(() => !lives(orphan.pid ?? 0));
    stop.abort();
    expect(await running).toMatchObject({ status: 'killed' });

    async function markOf(): Promise<string> {
      for (const name of readdirSync('/proc')) {
        const text = /^\d+$/.test(name) ? await environmentOf(Number(name)) : '';
        if (text.includes(`AUTOLAB_RUN_DIR=${lab.folder()}`))
          return /AUTOLAB_LAB=(\w+)/.exec(text)?.[1] ?? '';
      }
      return '';
    }
  });
});

describe('how a run can fail', () => {
  const node = (code: string, options = ''): string => `node ${options} -e "${code}"`;
  const BAD_ALLOC = `terminate called after throwing an instance of 'std::bad_alloc'`;

  test('is told by its signal, by its words and by its numbers', async () => {
    const lab = await createLab({ files: script(''), run: { shell: true, timeout: '10s' } });
    const cases = [
      // As the kernel's killer does it, and as a shell tells of it.
      ['out_of_memory', 'kill -9 $$'],
      ['out_of_memory', `sh -c 'kill -9 $$'; exit $?`],
      [
        'out_of_memory',
        node('const a = []; for (;;) a.push(Array(1e5).fill(0.5))', '--max-old-space-size=30'),
      ],
      ['out_of_memory', `echo "${BAD_ALLOC}" >&2; kill -ABRT $$`],
      ['not_a_number', `echo 'loss: 0.5'; echo 'loss: nan'`],
      ['no_metric', 'echo done'],
      ['no_metric', 'true'],
    ] as const;
    for (const [n, [kind, command]] of cases.entries()) {
      const run = `E-0007.${n + 1}` as const;
      const { status, failure } = await carryOut(lab, { run, command: { command, env: {} } });
      expect({ command, status, class: failure?.class }).toEqual({
        command,
        status: 'failed',
        class: kind,
      });
    }
  });

  test.runIf(process.env['FULL'])(
    'output without an end fills neither memory nor disk, and is ended by the timeout',
    async () => {
      const lab = await createLab({
        files: script(''),
        run: { shell: true, command: `echo 'loss: 0.5'; yes "a word, and another"`, timeout: '2s' },
      });
      const before = process.memoryUsage.rss();
      let most = before;
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
      expect(await carryOut(lab)).toMatchObject({ failure: { class: 'timeout' }, objective: 0.5 });
      clearInterval(watch);
      expect((most - before) / 2 ** 20).toBeLessThan(150);
      expect(sizeOf(lab)).toBeLessThan(16.1 * 2 ** 20);
      expect(readdirSync(lab.folder()).filter((name) => name.startsWith('run.log'))).toEqual([
        'run.log',
      ]);
    },
  );

  test('10 GB of output leave a log of head and tail, and are counted to the byte', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'autolab-log-')), 'run.log');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    const log = await openLog(file, 1000, 1000);
    const chunk = Buffer.alloc(64 * 2 ** 20, 'x');
    chunk.write('end', chunk.length - 3);
    // Only what may be kept is written: the file system sees two kilobytes a chunk.
    for (let i = 0; i < 160; i++) await log.write(chunk);
    await log.close();
    const text = readFileSync(file, 'latin1');
    expect(text).toContain(`[autolab: ${160 * chunk.length - 2000} bytes left out here]`);
    expect(text.endsWith('xend')).toBe(true);
    expect(text.length).toBeLessThan(2100);
  });

  test('what a log said last is on disk already when AutoLab is killed', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'autolab-log-')), 'run.log');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    const log = await openLog(file, 4, 8);
    for (let i = 0; i < 26; i++) await log.write(Buffer.from(String.fromCharCode(97 + i)));
    const tails = readdirSync(dirname(file)).filter((name) => name !== 'run.log');
    const texts = tails.map((name) => readFileSync(join(dirname(file), name), 'utf8'));
    expect(texts.toSorted()).toEqual(['mnopqrst', 'uvwxyz']);
    await log.close();
    expect(readdirSync(dirname(file))).toEqual(['run.log']);
  });
});

describe.runIf(linux && mayMount())('a full disk', () => {
  const FILL = `
    const dir = process.env.AUTOLAB_RUN_DIR;
    const fill = () => { const fd = openSync(dir + '/fill', 'a'); try { for (;;) writeSync(fd, Buffer.alloc(4096)); } finally { closeSync(fd); } };`;
  const HEAD = `import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';`;
  const full = script(
    HEAD,
    FILL,
    `try { fill(); } catch {}`,
    `for (let step = 0; step < 500; step++) console.log(JSON.stringify({ step, loss: 500 - step }));`,
    `writeFileSync('big.bin', Buffer.alloc(3 << 20));`,
  );

  test('costs no measured result: it waits for room, says so once, and names what is missing', async () => {
    const trouble: string[] = [];
    const lab = await createLab({
      files: full,
      run: { keep: ['big.bin'] },
      deps: { onTrouble: (text) => trouble.push(text), limits: { room_ms: 50 } },
    });
    mountSmall(lab.experimentsDir, '2m');
    const running = carryOut(lab);
    await until(() => trouble.length > 0);
    await wait(300);
    expect(trouble).toEqual([
      expect.stringMatching(/^no room on the disk for the metrics of E-0007\.2/),
    ]);
    rmSync(join(lab.folder(), 'fill'));
    const result = await running;
    expect(result).toMatchObject({
      status: 'finished',
      objective: 1,
      failure: null,
      artifacts: [],
    });
    expect(result.metric_points).toBeLessThan(500);
    const remarks = await remarksOf(lab);
    expect(remarks).toEqual([
      expect.stringMatching(/^run\.log is not whole: .*ENOSPC/),
      expect.stringMatching(/^metrics\.parquet does not hold every point: .*ENOSPC/),
      'no room on the disk for big.bin: it was not kept',
    ]);
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toEqual(result);
  });

  test('that nobody clears before the stop leaves the attempt unsealed, in words', async () => {
    const stop = new AbortController();
    const lab = await createLab({
      files: full,
      deps: { onTrouble: () => stop.abort('user'), limits: { room_ms: 50 } },
    });
    mountSmall(lab.experimentsDir, '2m');
    await expect(carryOut(lab, {}, stop.signal)).rejects.toThrow(
      /no room on the disk for the result of E-0007\.2.* launch again/,
    );
    expect(await lab.executor.sealed('E-0007.2', 1, lab.base)).toBeNull();
    expect(readdirSync(lab.folder()).filter((name) => name.startsWith('result.json'))).toEqual([]);
  });

  test('that is found out by whoever writes large runs is waited for, too', async () => {
    const trouble: string[] = [];
    const lab = await createLab({
      files: script(
        HEAD,
        FILL,
        `for (let step = 0; step < 500; step++) console.log(JSON.stringify({ step, loss: 500 - step }));`,
        // Once the points are on disk.
        `setTimeout(() => { try { fill(); } catch {} }, 1000);`,
      ),
      deps: {
        writeLargeParquet,
        limits: { room_ms: 50, large_points: 100 },
        onTrouble: (text) => {
          trouble.push(text);
          rmSync(join(lab.folder(), 'fill'));
        },
      },
    });
    mountSmall(lab.experimentsDir, '2m');
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', metric_points: 500 });
    expect(trouble).toEqual([expect.stringContaining('for the metrics of E-0007.2')]);
  });

  test('under the cache keeps nobody from knowing the data', async () => {
    const lab = await createLab({ files: script(''), untracked: { 'data/a.txt': 'a' } });
    mountSmall(lab.cacheDir, '8k');
    expect(() => writeFileSync(join(lab.cacheDir, 'fill'), Buffer.alloc(1 << 20))).toThrow(
      'ENOSPC',
    );
    expect(await dataIdentity(lab.root, 'data', lab.cacheDir)).toMatchObject({
      files: 1,
      bytes: 1,
    });
  });

  test('that a script itself runs into is trouble with the machine', async () => {
    const lab = await createLab({
      files: script(HEAD, FILL, `try { fill(); } finally { writeFileSync('ended', ''); }`),
      deps: {
        limits: { room_ms: 50 },
        onTrouble: () => rmSync(join(lab.folder(), 'fill'), { force: true }),
      },
    });
    mountSmall(lab.experimentsDir, '1m');
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'failed', failure: { class: 'infrastructure' } });
    expect(result.failure?.message).toContain('ENOSPC');
  });
});

describe('a run that failed', () => {
  test('and wrote to linked data is found out, and what it left there is named', async () => {
    const lab = await createLab({
      files: {
        ...script(
          `import { rmSync, writeFileSync } from 'node:fs';`,
          `writeFileSync('corpus/cache.bin', '1'); writeFileSync('corpus/a.txt', 'b'); rmSync('corpus/b.txt');`,
          `throw new RangeError('too deep');`,
        ),
        '.gitignore': '/corpus\n',
      },
      untracked: { 'corpus/a.txt': 'a', 'corpus/b.txt': 'b' },
      workspace: { link: ['corpus'] },
    });
    const result = await carryOut(lab);
    expect(result.failure).toMatchObject({ class: 'idea' });
    expect(await remarksOf(lab)).toEqual([
      'linked paths are read-only, but while the run went on corpus/a.txt changed, corpus/cache.bin was left there, corpus/b.txt was removed',
    ]);
  });
});
