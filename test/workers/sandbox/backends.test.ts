import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import { chooseSandbox } from '../../../workers/local.ts';
import { bubblewrap } from '../../../workers/sandbox/bubblewrap.ts';
import { placesIn } from '../../../workers/sandbox/cgroup.ts';
import { shutInAgent } from '../../../workers/sandbox/coding-agent.ts';
import { inOrder, reads, writes, type Confinement } from '../../../workers/sandbox/confinement.ts';
import { containerArgv } from '../../../workers/sandbox/container.ts';
import { prefixesOf } from '../../../workers/sandbox/prefixes.ts';
import { makeScratch, sweepScratch } from '../../../workers/sandbox/scratch.ts';
import { seatbeltProfile } from '../../../workers/sandbox/sandbox-exec.ts';

/** The parts of the sandboxes that are text, on machines that have none of them. */

const confinement: Confinement = {
  argv: ['python3', 'train.py', '--name', 'a b'],
  env: { HF_TOKEN: 'secret', PATH: '/home/u/bin', AUTOLAB_RUN_ID: 'E-0001.1', LD_PRELOAD: 'x' },
  cwd: '/home/u/.cache/autolab/slot-1',
  mounts: [
    ...writes('/home/u/.cache/autolab/slot-1'),
    ...reads('/home/u/lab/data', '/home/u/.cache/autolab/slot-1/.venv'),
    { kind: 'empty', at: '/home/u/lab' },
    { kind: 'empty', at: '/home/u' },
  ],
  seals: ['/home/u/.cache/autolab/slot-1/.git'],
  ...{ network: false, gpus: false, lab: 'l', scratch: null },
  limits: { memory: 1000, processes: 7, file_size: 300, disk: 400 },
};

test('deeper mounts lie over those around them, and what may be written to is so in whole but for seals', () => {
  expect(inOrder(confinement).map(({ kind, at }) => `${kind} ${at}`)).toEqual([
    'empty /home/u',
    'empty /home/u/lab',
    'read /home/u/lab/data',
    'write /home/u/.cache/autolab/slot-1',
    'read /home/u/.cache/autolab/slot-1/.git',
  ]);
});

test('a bubblewrap of version 0.4 is asked for nothing that it does not know', async () => {
  const old = { program: 'bwrap', size: false, perms: false, disableUserns: false };
  const { argv, release } = await bubblewrap(old).shutIn(confinement);
  await release();
  expect(argv.filter((word) => /^--(?:size|perms|disable-userns)$/.test(word))).toEqual([]);
  expect(argv).toContain('--tmpfs');
});

test('homes that a killed launch left on disk are swept, and those of one that lives are not', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'autolab-scratch-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  const mine = makeScratch(cache);
  const dead = mine.replace(/-\d+-(\d+-\w+)$/, '-1-$1');
  mkdirSync(join(dead, '0/.cache'), { recursive: true });
  await sweepScratch(cache);
  expect([mine, dead].map((folder) => existsSync(folder))).toEqual([true, false]);
});

describe('a profile for macOS', () => {
  const lines = seatbeltProfile(confinement, ['/private/tmp/h']).split('\n');
  const at = (text: string): number => lines.findIndex((line) => line.includes(text));

  test('denies what it does not allow, and hides the home before it shows what lies in it', () => {
    expect(lines.slice(0, 2)).toEqual(['(version 1)', '(deny default)']);
    const places = [
      '(deny file-read* file-write* (subpath "/home/u"))',
      '/home/u/lab"',
      'lab/data',
    ];
    const order = [...places, 'allow file-read* file-write* (subpath "/home/u/.cache', '.git'].map(
      at,
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(lines).toContain('(deny file-write* (subpath "/home/u/.cache/autolab/slot-1/.git"))');
  });

  test('leaves the loopback alone open where the network is off', () => {
    expect(lines).toContain('(allow network* (local ip "localhost:*") (remote ip "localhost:*"))');
    expect(lines).not.toContain('(allow network* system-socket)');
    const open = seatbeltProfile({ ...confinement, network: true }, []);
    expect(open).toContain('(allow network* system-socket)');
  });

  test('is ended by no path', () => {
    const odd = '/a")(allow default)("';
    const profile = seatbeltProfile({ ...confinement, mounts: reads(odd) }, []);
    expect(profile).not.toContain('(allow default)("');
    expect(profile).toContain('(subpath "/a\\")(allow default)(\\"")');
  });
});

describe('a container', () => {
  const made = (kind: 'docker' | 'podman', more: Partial<Confinement> = {}) =>
    containerArgv(
      { kind, program: `/usr/bin/${kind}`, image: 'torch:2', name: 'n' },
      { ...confinement, ...more },
    );

  test('is read-only, without network and capabilities, within limits', () => {
    const line = made('docker').join(' ');
    for (const part of [
      ...['--rm', '--read-only', '--cap-drop ALL', '--security-opt no-new-privileges'],
      ...['--network none', '--memory 1000 --memory-swap 1000', '--pids-limit 7', 'fsize=300'],
      'type=bind,source=/home/u/lab/data,target=/home/u/lab/data,readonly',
      '--tmpfs /tmp:exec',
    ])
      expect(line).toContain(part);
    expect(line).not.toContain('--gpus');
  });

  test('has its home on the machine’s disk where it has one there', () => {
    const line = made('docker', { scratch: '/c/scratch/1' }).join(' ');
    expect(line).toContain('type=bind,source=/c/scratch/1,target=/tmp');
    expect(line).not.toContain('--tmpfs');
  });

  test('gets values by name, and no program of the machine’s', () => {
    const argv = made('docker');
    expect(argv.join(' ')).toContain('--env HF_TOKEN');
    expect(argv.join(' ')).not.toMatch(/secret|--env PATH|--env LD_PRELOAD/);
    expect(argv.slice(-5)).toEqual(['python3', 'torch:2', 'train.py', '--name', 'a b']);
  });

  test('has GPUs where the plan wants them', () => {
    expect(made('docker', { gpus: true }).join(' ')).toContain('--gpus all');
    expect(made('podman', { gpus: true }).join(' ')).toContain('--device nvidia.com/gpu=all');
  });
});

describe('groups are made', () => {
  const V1 = [
    '30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '31 20 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
    '32 20 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
  ].join('\n');

  test('in version 1 in the tree of each controller', () => {
    const found = placesIn('9:cpu:/\n8:pids:/\n4:memory:/job/7\n0::/\n', V1);
    expect(found.map(({ folder, holds }) => [folder, holds])).toEqual([
      ['/sys/fs/cgroup/pids/', ['processes']],
      ['/sys/fs/cgroup/memory/job/7', ['memory']],
    ]);
  });

  test('in version 2 in the nearest folder above that hands both controllers on', () => {
    const mount = mkdtempSync(join(tmpdir(), 'autolab-cgroup-'));
    onTestFinished(() => rmSync(mount, { recursive: true }));
    mkdirSync(join(mount, 'user/app/term'), { recursive: true });
    const hand = (folder: string, controllers: string): void =>
      writeFileSync(join(mount, folder, 'cgroup.subtree_control'), `${controllers}\n`);
    hand('', 'cpu memory pids');
    hand('user', 'memory pids');
    hand('user/app', 'memory');
    hand('user/app/term', '');
    const found = placesIn('0::/user/app/term\n', `30 20 0:26 / ${mount} rw - cgroup2 cgroup2 rw`);
    expect(found.map(({ folder }) => folder)).toEqual([join(mount, 'user')]);
    expect(found[0]?.settings({ memory: 5, processes: 6, file_size: 0, disk: 0 })).toContainEqual([
      'pids.max',
      '6',
    ]);
  });

  test('nowhere where nobody hands anything on', () => {
    expect(placesIn('0::/a\n', '30 20 0:26 / /nowhere rw - cgroup2 cgroup2 rw')).toEqual([]);
  });
});

function programHome() {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'autolab-home-')));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const put = (path: string, text = ''): void => {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text, { mode: 0o755 });
  };
  return { home, put, isTrusted: (path: string): boolean => path !== home };
}

describe('a program’s folders', () => {
  test('are those of its links, and never a home in whole', async () => {
    const { home, put, isTrusted } = programHome();
    put('.nvm/versions/v20/bin/tool', '#!/bin/sh\n');
    put('.nvm/versions/v20/lib/node_modules/.keep');
    put('bin/own', '#!/bin/sh\n');
    const env = { PATH: `${home}/bin:${home}/.nvm/versions/v20/bin`, HOME: home };
    const found = await prefixesOf({ words: ['tool', 'own'], env, cwd: '/', isTrusted });
    const own = found.filter((path) => path.startsWith(home));
    expect(own.map((path) => path.slice(home.length + 1)).toSorted()).toEqual([
      '.nvm/versions/v20/bin',
      '.nvm/versions/v20/lib',
      'bin',
    ]);
  });

  test('are no keyrings, and of a folder of anything its libraries alone', async () => {
    const { home, put, isTrusted } = programHome();
    put('.local/bin/uv');
    put('.local/lib/node_modules/x');
    put('.local/share/keyrings/login');
    put('work/.env');
    put('work/a.so.1');
    put('tools/lib/b.so');
    const LD_LIBRARY_PATH = `${home}/work:${home}/tools/lib:`;
    const env = { PATH: `${home}/.local/bin`, HOME: home, LD_LIBRARY_PATH };
    const named = { ...env, CUDA_HOME: `${home}/.local` };
    const found = await prefixesOf({ words: ['uv'], env: named, cwd: '/', isTrusted });
    expect(found.map((path) => path.slice(home.length + 1)).toSorted()).toEqual([
      '.local/bin',
      '.local/lib',
      'tools/lib',
      'work/a.so.1',
    ]);
  });

  test('are those that PYTHONPATH names, but for what a run could fill', async () => {
    const { home, put } = programHome();
    put('shared/helpers.py');
    put('cache/slot-1/src/x.py');
    const env = { PATH: '/usr/bin', HOME: home };
    const PYTHONPATH = `${home}/cache/slot-1/src:src:${home}/shared`;
    const isTrusted = (path: string): boolean => !path.startsWith(`${home}/cache`);
    const order = { words: [], env: { ...env, PYTHONPATH }, cwd: '/', isTrusted };
    const found = await prefixesOf(order);
    expect(found.filter((path) => path.startsWith(home))).toEqual([`${home}/shared`]);
  });

  test('are those of what a script’s first line names', async () => {
    const { home, put, isTrusted } = programHome();
    put('pythons/3.11/bin/interpreter');
    put('venv/bin/train', `#!${home}/pythons/3.11/bin/interpreter -E\n`);
    put('venv/bin/tune', '#!/usr/bin/env interpreter\n');
    const env = { PATH: `${home}/venv/bin`, HOME: home };
    const below = (found: readonly string[]) =>
      found.map((path) => path.slice(home.length + 1)).toSorted();
    const ask = (word: string, path: string) =>
      prefixesOf({ words: [word], env: { ...env, PATH: path }, cwd: '/', isTrusted });
    const both = ['pythons/3.11/bin', 'venv/bin'];
    expect(below(await ask('train', env.PATH))).toEqual(both);
    expect(below(await ask('tune', `${env.PATH}:${home}/pythons/3.11/bin`))).toEqual(both);
  });
});

const { sandbox } = planSchema.parse({
  ...{ project: 'p', question: 'q?', objective: { metric: 'loss', direction: 'minimize' } },
  ...{ workspace: { editable: ['x'] }, run: { command: 'x' } },
});
const works = (await chooseSandbox(sandbox)).sandbox !== null;

describe.skipIf(!works)('a coding agent', () => {
  test('sees its own home and work, and neither the user’s home nor the lab', async () => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), 'autolab-agent-')));
    onTestFinished(() => rmSync(top, { recursive: true }));
    for (const folder of ['lab/.git', 'cache/coding/work', 'cache/coding/home', 'home/.ssh'])
      mkdirSync(join(top, folder), { recursive: true });
    for (const file of ['lab/notes', 'home/.ssh/key', 'cache/other', 'cache/coding/home/token'])
      writeFileSync(join(top, file), 'text');
    const [work, home] = [join(top, 'cache/coding/work'), join(top, 'cache/coding/home')];
    const script = `cat ~/token && echo > edited && echo > ~/state
      for path in lab/notes home/.ssh/key cache/other; do cat ${top}/$path 2>/dev/null && echo GOT $path; done
      ls /sys/class/net > /dev/null; echo; echo done`;
    const ground = {
      ...{ root: join(top, 'lab'), cacheDir: join(top, 'cache'), gitDir: join(top, 'lab/.git') },
      ...{ user: { HOME: join(top, 'home'), PATH: '/usr/bin:/bin' }, links: [] },
    };
    const ready = await shutInAgent(ground, {
      plan: { sandbox },
      argv: ['/bin/sh', '-c', script],
      env: { HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin' },
      ...{ cwd: work, writes: [work, home], reads: [] },
    });
    const [program = '', ...args] = ready.argv;
    const said = execFileSync(program, args, { env: { ...ready.env }, encoding: 'utf8' });
    await ready.release();
    expect(said).toBe('text\ndone\n');
    expect(ready.keeper).toBe(true);
  });
});
