import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf, processTable, variableIn } from '../../../workers/processes.ts';
import { chooseSandbox } from '../../../workers/local.ts';
import {
  AFTER_KEEPER,
  bubblewrap,
  bubblewrapFeatures,
} from '../../../workers/sandbox/bubblewrap.ts';
import { writes, type Confinement } from '../../../workers/sandbox/confinement.ts';
import { createHolder } from '../../../workers/sandbox/hold.ts';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import { appears, lives, until } from '../support/harness.ts';
import { carryOut, createLab, git, put, type LabOptions, type TestLab } from '../support/lab.ts';

/** What still works in a sandbox as it does outside, and what is said where it does not. */

const settings = (sandbox: unknown) =>
  planSchema.parse({
    ...{ project: 'p', question: 'q?', objective: { metric: 'loss', direction: 'minimize' } },
    ...{ workspace: { editable: ['x'] }, run: { command: 'x' }, sandbox },
  }).sandbox;
const works = (await chooseSandbox(settings('auto'))).sandbox !== null;
const PYTHON = '/usr/bin/python3';

/** A lab whose runs are shut in, and whose user has a home of its own. */
async function shutLab(options: LabOptions, sandbox: object = {}): Promise<TestLab> {
  const user: Record<string, string> = {};
  const lab = await createLab({
    ...options,
    plan: { sandbox: { mode: 'required', ...sandbox }, ...options.plan },
    deps: { user, ...options.deps },
  });
  const top = dirname(lab.root);
  mkdirSync(join(top, 'home'));
  const path = `${join(top, 'home/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
  Object.assign(user, { HOME: join(top, 'home'), PATH: path });
  return lab;
}

async function startedWith(variable: string, value: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid, zombie } of await processTable())
    if (!zombie && variableIn(await environmentOf(pid), variable) === value) found.push(pid);
  return found;
}

/** No cgroup holds it: its limits are watched. */
const watched = async () => {
  const features = await bubblewrapFeatures('bwrap');
  if (features === null) throw new Error('expected bubblewrap');
  return { sandbox: bubblewrap(features, createHolder(null, 0)) };
};

describe.skipIf(!works)('in bubblewrap', () => {
  test('a run writes to its worktree and its folder, and is measured as outside', async () => {
    const lab = await shutLab({
      files: {
        'train.mjs': `
          import { writeFileSync } from 'node:fs';
          const hoard = Buffer.alloc(200 << 20, 1);
          writeFileSync('left.txt', 'here');
          writeFileSync(process.env.AUTOLAB_RUN_DIR + '/artifacts/model.pt', 'weights');
          writeFileSync('/dev/stderr', 'to standard error\\n');
          // So long that it is looked at, whatever else this machine does.
          setTimeout(() => console.log('loss: ' + hoard.length / hoard.length), 3000);`,
      },
    });
    const result = await carryOut(lab);
    expect(result).toMatchObject({ status: 'finished', objective: 1, sandbox: 'bubblewrap' });
    expect(result.artifacts.map(({ name }) => name)).toEqual(['model.pt']);
    expect(await lab.read('run.log')).toContain('to standard error');
    const peak = result.summary.find(({ key }) => key === 'peak_memory_mb')?.number;
    expect(peak).toBeGreaterThan(200);
  });

  test('a run that says the words of a sandbox that could not be made has failed by itself', async () => {
    const lab = await shutLab({
      files: { 'train.sh': 'echo bwrap: Creating new namespace failed >&2; exit 1\n' },
      run: { command: 'sh train.sh' },
    });
    expect((await carryOut(lab)).failure).toMatchObject({ class: 'idea' });
  });

  test('a file is held to the size that the plan says', async () => {
    const lab = await shutLab({
      files: { 'train.sh': 'prlimit --fsize --output HARD --noheadings; echo loss: 1\n' },
      run: { command: 'sh train.sh' },
      plan: { sandbox: { file_size: '20MB' } },
    });
    await carryOut(lab);
    const held = Number((await lab.read('run.log')).split('\n')[0]);
    expect(held).toBeLessThanOrEqual(20e6);
    expect(held).toBeGreaterThan(19.9e6);
  });

  test('a program that the size of a file ended without a word has met sandbox.file_size', async () => {
    const lab = await shutLab({
      files: { 'train.sh': 'exec dd if=/dev/zero of=huge bs=1M count=9\n' },
      run: { command: 'sh train.sh' },
      plan: { sandbox: { file_size: '2MB' } },
    });
    const { failure } = await carryOut(lab);
    expect(failure?.class).toBe('idea');
    expect(failure?.message).toContain('sandbox.file_size');
  });

  test('a run has the environment that is activated in the checkout, linked or not', async () => {
    const user = {};
    const lab = await shutLab({
      files: { 'train.py': 'import sys; print(sys.prefix); import mine; print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
      deps: { user },
    });
    const venv = join(lab.root, '.venv');
    execFileSync(PYTHON, ['-m', 'venv', '--without-pip', venv]);
    const [version = ''] = readdirSync(join(venv, 'lib'));
    writeFileSync(join(venv, 'lib', version, 'site-packages/mine.py'), '');
    const home = join(dirname(lab.root), 'home');
    Object.assign(user, { HOME: home, VIRTUAL_ENV: venv, PATH: `${venv}/bin:/usr/bin:/bin` });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', sandbox: 'bubblewrap' });
    expect((await lab.read('run.log')).split('\n')[0]).toBe(venv);
  });

  test('an interpreter of the checkout that runs do not see is said, and no other takes its place', async () => {
    const user = {};
    const lab = await shutLab({
      files: { 'train.py': 'print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
      deps: { user },
    });
    mkdirSync(join(lab.root, 'tools'));
    symlinkSync(PYTHON, join(lab.root, 'tools/python3'));
    const home = join(dirname(lab.root), 'home');
    Object.assign(user, { HOME: home, PATH: `${lab.root}/tools:/usr/bin:/bin` });
    expect((await carryOut(lab)).failure?.message).toContain('name tools under workspace.link');
  });

  test('a set-up that the sandbox refuses the network is tried once, on base too', async () => {
    const lab = await shutLab({
      files: {
        'train.py': 'print("loss: 1")\n',
        'get.sh': 'echo Network is unreachable >&2; exit 1\n',
      },
      run: { command: 'python3 train.py', setup: 'sh get.sh' },
    });
    const { failure } = await carryOut(lab);
    expect(failure).toMatchObject({ class: 'idea' });
    expect(failure?.message).toContain('sandbox.network');
  });

  test('home and temporary folders lie on disk, whatever memory there is, and are gone with the run', async () => {
    const lab = await shutLab(
      {
        files: {
          'train.sh':
            'for at in /tmp ~/.cache; do mkdir -p $at && head -c 120m /dev/zero > $at/large; done; mkdir ~/shut; touch ~/shut/x; chmod 0 ~/shut; echo loss: 1\n',
        },
        run: { command: 'sh train.sh' },
      },
      { memory: '100MB' },
    );
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
    expect(readdirSync(join(lab.cacheDir, 'scratch'))).toEqual([]);
  });

  test('git says which commit it is, and nothing else', async () => {
    const lab = await shutLab({
      files: { 'train.sh': 'git rev-parse HEAD; git log 2>&1 | head -1; echo loss: 1\n' },
      run: { command: 'sh train.sh' },
    });
    await carryOut(lab);
    const log = await lab.read('run.log');
    expect(log).toContain(lab.base);
    expect(log).toMatch(/fatal: bad object HEAD/);
  });

  test('processes of a run speak to each other, by 127.0.0.1, sockets and shared memory', async () => {
    const lab = await shutLab({
      files: {
        'train.py': [
          'import multiprocessing as m, os, socket',
          'from multiprocessing.shared_memory import SharedMemory',
          'def child(q): q.put(42)',
          "if __name__ == '__main__':",
          '    q = m.Queue(); p = m.Process(target=child, args=(q,)); p.start(); print("got", q.get()); p.join()',
          '    s = SharedMemory(create=True, size=1 << 20); s.close(); s.unlink()',
          '    l = socket.create_server((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])))',
          '    socket.create_connection(l.getsockname()); socket.socketpair()',
          '    print("loss: 1")',
        ].join('\n'),
      },
      run: { command: `${PYTHON} train.py` },
    });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
    expect(await lab.read('run.log')).toContain('got 42');
  });

  test('a stop is asked for inside, and waits for an answer', async () => {
    const lab = await shutLab({
      files: {
        'train.mjs': `
          import { writeFileSync } from 'node:fs';
          process.on('SIGTERM', () => { writeFileSync('saved', 'x'); console.log('loss: 2'); process.exit(0); });
          writeFileSync('began', 'x');
          setInterval(() => {}, 1000);`,
      },
    });
    const stop = new AbortController();
    const worktree = join(lab.cacheDir, 'worktrees/slot-1');
    const running = carryOut(lab, {}, stop.signal);
    await appears(join(worktree, 'began'));
    stop.abort('user');
    expect(await running).toMatchObject({ status: 'killed', killed_because: 'user' });
    expect(readFileSync(join(worktree, 'saved'), 'utf8')).toBe('x');
  });

  test('a run that does not answer a stop is ended, with all that it started', async () => {
    const lab = await shutLab({
      files: {
        'train.sh': `trap '' TERM; (trap '' TERM; setsid sleep 600 & echo $! > pid; wait) & sleep 600`,
      },
      run: { command: 'sh train.sh', timeout: '1s' },
      deps: { limits: { grace_ms: 100 } },
    });
    expect((await carryOut(lab)).failure?.class).toBe('timeout');
  });

  test('nothing of it outlives who started it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'autolab-alone-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { sandbox } = await chooseSandbox(settings('auto'));
    const confinement: Confinement = {
      argv: ['/bin/sh', '-c', 'setsid sleep 600 & echo began > began; wait'],
      env: { PATH: '/usr/bin:/bin', ALONE: folder },
      ...{
        cwd: folder,
        mounts: writes(folder),
        seals: [],
        network: false,
        gpus: false,
        scratch: null,
      },
      limits: { memory: 1e9, processes: 100, file_size: 1e9, disk: 1e9 },
      lab: 'test',
    };
    const shut = await sandbox?.shutIn(confinement);
    const code = `const { spawn } = require('node:child_process');
      const [program, ...args] = ${JSON.stringify(shut?.argv)};
      console.log(spawn(program, args, { stdio: 'ignore', detached: true }).pid);
      setInterval(() => {}, 1e6);`;
    const starter = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const keeper = new Promise<number>((resolve) => {
      starter.stdout.once('data', (line) => resolve(Number(String(line))));
    });
    await appears(join(folder, 'began'));
    expect(lives(await keeper)).toBe(true);
    starter.kill('SIGKILL');
    const pid = await keeper;
    await until(() => !lives(pid));
    await shut?.release();
    expect(await startedWith('ALONE', folder)).toEqual([]);
  });

  test('setup may reach the network where the plan says so, and training may not', async () => {
    let met = 0;
    const server = createServer((socket) => {
      met++;
      socket.end();
    }).listen({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const ask = `import { connect } from 'node:net';
      connect(${port}, '127.0.0.1').on('error', ({ code }) => console.log(code + '\\nloss: 1')).resume();`;
    const lab = await shutLab(
      {
        files: { 'train.mjs': ask, 'setup.mjs': ask },
        run: { setup: 'node setup.mjs' },
      },
      { network: 'setup' },
    );
    expect((await carryOut(lab)).objective).toBe(1);
    expect(await lab.read('run.log')).toContain('ECONNREFUSED');
    expect(met).toBe(1);
  });

  test('the evaluator reads what a run left, and cannot change it', async () => {
    const lab = await shutLab({
      files: {
        'train.mjs': "console.log('loss: 9')",
        'evaluate.sh':
          'cat "$AUTOLAB_WORKTREE/train.mjs" > /dev/null && ! touch "$AUTOLAB_WORKTREE/x" 2>/dev/null && touch here && echo loss: 3\n',
      },
      plan: { evaluate: { command: 'sh evaluate.sh' } },
    });
    expect(await carryOut(lab)).toMatchObject({ objective: 3, tier: 'checked', failure: null });
  });

  test('a scorer has the labels that training has not', async () => {
    const lab = await shutLab({
      files: {
        'train.sh': `cat ../../../lab/labels.csv; echo '"a"' > predictions.jsonl; echo loss: 9\n`,
        'score.sh': 'cat "$AUTOLAB_LABELS" "$AUTOLAB_PREDICTIONS" > /dev/null && echo loss: 4\n',
      },
      untracked: { 'labels.csv': 'a' },
      run: { command: 'sh train.sh' },
      plan: { score: { command: 'sh score.sh', labels: ['labels.csv'] } },
    });
    expect(await carryOut(lab)).toMatchObject({ objective: 4, tier: 'verified', failure: null });
    expect(await lab.read('run.log')).toContain('labels.csv: No such file');
  });

  test('what sandbox.read names can be read, and not written to', async () => {
    const lab = await shutLab(
      {
        files: {
          'train.sh':
            'cat ~/models/m && ! touch ~/models/x 2>/dev/null && ls -A ~ && echo loss: 1\n',
        },
        run: { command: 'sh train.sh' },
      },
      { read: ['~/models'] },
    );
    await put(join(dirname(lab.root), 'home'), { 'models/m': 'weights\n', secret: 'x' });
    expect((await carryOut(lab)).objective).toBe(1);
    expect(await lab.read('run.log')).toBe('weights\nmodels\nloss: 1\n');
  });

  test('the interpreter that lies in the home, behind links, is the same inside', async () => {
    const lab = await shutLab({
      files: { 'train.py': 'import sys; print(sys.executable); print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
    });
    const home = join(dirname(lab.root), 'home');
    await put(home, { 'envs/one/pyvenv.cfg': `home = /usr/bin\n` });
    mkdirSync(join(home, 'envs/one/bin'));
    mkdirSync(join(home, 'bin'));
    symlinkSync(PYTHON, join(home, 'envs/one/bin/python3'));
    symlinkSync('../envs/one/bin/python3', join(home, 'bin/python3'));
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
    expect(await lab.read('run.log')).toContain(join(home, 'bin/python3'));
  });

  test('another interpreter inside than outside is refused, and both are named', async () => {
    const lab = await shutLab({
      files: { 'train.py': 'print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
    });
    const home = join(dirname(lab.root), 'home');
    // It finds its libraries by a way that nobody can see.
    await put(home, { 'hidden/real': '#!/bin/sh\necho 3.99 /hidden\n' });
    await put(home, { 'bin/python3': `#!/bin/sh\nexec sh ${home}/hidden/real\n` });
    chmodSync(join(home, 'bin/python3'), 0o755);
    const { failure } = await carryOut(lab);
    expect(failure?.class).toBe('infrastructure');
    expect(failure?.message).toContain('expected python3 to be the same in the sandbox as outside');
    expect(failure?.message).toContain('3.99 /hidden');
    expect(failure?.message).toContain('sandbox.read');
  });

  test('programs that a run can write to are asked for their version inside, too', async () => {
    const lab = await shutLab({
      files: {
        'sitecustomize.py': 'import os; open(os.environ["OUTSIDE"] + "/planted", "w")',
        'bin/python3': '#!/bin/sh\ntouch "$OUTSIDE/planted"\n/usr/bin/python3 "$@"\n',
        'train.py': 'print("loss: 1")\n',
      },
      run: { command: 'bin/python3 train.py' },
    });
    const home = join(dirname(lab.root), 'home');
    git(lab.root, 'update-index', '--chmod=+x', 'bin/python3');
    git(lab.root, 'commit', '-q', '-m', 'executable');
    const commit = git(lab.root, 'rev-parse', 'HEAD').trim();
    const command = { command: 'bin/python3 train.py', env: { OUTSIDE: home } };
    const result = await carryOut(lab, { commit, base: commit, command });
    expect(result.objective).toBe(1);
    expect(() => readFileSync(join(home, 'planted'))).toThrow('ENOENT');
  });

  test('variables that load programs reach the run, and nothing before it', async () => {
    const choice = await watched();
    const shut = await choice.sandbox.shutIn({
      argv: ['/bin/true'],
      env: { LD_PRELOAD: './mine.so', BASH_ENV: './mine', PATH: '/bin', TOKEN: 'secret' },
      ...{ cwd: '/', mounts: [], seals: [], scratch: null, network: false, gpus: false },
      limits: { memory: 1e9, processes: 100, file_size: 1e9, disk: 1e9 },
      lab: 'test',
    });
    expect(shut.env).toEqual({ TOKEN: 'secret' });
    expect(shut.argv.slice(-5)).toEqual([
      ...['/usr/bin/env', 'LD_PRELOAD=./mine.so', 'BASH_ENV=./mine', 'PATH=/bin', '/bin/true'],
    ]);
    expect(shut.argv.join(' ')).not.toContain('secret');
    await shut.release();
  });

  test('a command begins when its keeper has let go of the machine’s folders', async () => {
    const { program = '' } = (await bubblewrapFeatures('bwrap')) ?? {};
    const keeper = `exec 3< /proc; "$@" echo began & sleep 0.3; echo let go; exec 3<&-; wait`;
    const mounts = ['/usr', '/bin', '/lib', '/lib64'].flatMap((at) => ['--ro-bind-try', at, at]);
    const argv = ['--unshare-user', '--unshare-pid', '--as-pid-1', ...mounts, '--proc', '/proc'];
    const inside = ['--dev', '/dev', '--', '/bin/sh', '-c', keeper, 'sh', ...AFTER_KEEPER];
    const said = execFileSync(program, [...argv, ...inside], { encoding: 'utf8' });
    expect(said).toBe('let go\nbegan\n');
  });

  test('what the user’s shell says when it starts is no answer of an interpreter', async () => {
    const lab = await shutLab({
      files: { 'train.py': 'print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
    });
    await put(join(dirname(lab.root), 'home'), { '.bashrc': 'echo Welcome\n' });
    expect(await carryOut(lab)).toMatchObject({ status: 'finished', objective: 1 });
  });

  test.each([
    [
      'memory',
      `const a = []; for (let i = 0; i < 400; i++) a.push(Buffer.alloc(1 << 20, 1)); setTimeout(() => {}, 60000)`,
      'out_of_memory',
      'expected at most 200 MB of memory (sandbox.memory)',
    ],
    [
      'processes',
      `const { spawn } = await import('node:child_process'); for (let i = 0; i < 60; i++) spawn('sleep', ['60'])`,
      'idea',
      'expected at most 50 processes and threads (sandbox.processes)',
    ],
  ])('where no cgroup holds it, %s is watched', async (_, code, kind, message) => {
    const lab = await shutLab(
      { files: { 'train.mjs': code }, deps: { chooseSandbox: watched } },
      { memory: '200MB', processes: 50 },
    );
    const { failure } = await carryOut(lab);
    expect(failure).toMatchObject({ class: kind });
    expect(failure?.message).toContain(message);
  });
});

describe('where no sandbox works', () => {
  const nothing = async () =>
    ({ sandbox: null, because: 'bubblewrap: it is not installed' }) as const;
  const files = { 'train.mjs': "console.log('loss: 1')" };

  test('a run that must have one is not run', async () => {
    const deps = { chooseSandbox: nothing };
    const { failure } = await carryOut(
      await createLab({ files, deps, plan: { sandbox: 'required' } }),
    );
    expect(failure?.message).toContain('expected a sandbox (sandbox: required), found bubblewrap');
  });

  test('another one says that it had none', async () => {
    const deps = { chooseSandbox: nothing };
    const result = await carryOut(await createLab({ files, deps, plan: { sandbox: 'auto' } }));
    expect(result).toMatchObject({ status: 'finished', sandbox: 'none' });
  });
});
