import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import type { RunResult } from '../../../orchestrator/domain/run.ts';
import { chooseSandbox } from '../../../workers/local.ts';
import { lives } from '../support/harness.ts';
import { carryOut, createLab, git, put, type TestLab } from '../support/lab.ts';
import { ATTACKS, PRELUDE, type Attack } from './attacks.ts';

/** Runs that attack, on a real executor in a real sandbox: each with what becomes of it. */

const SETTINGS = {
  ...{ mode: 'required', with: 'bubblewrap', processes: 100 },
  ...{ memory: '300MB', file_size: '20MB', disk: '64MB' },
};
const aPlan = (sandbox: unknown, seconds = 60) =>
  planSchema.parse({
    ...{ project: 'p', question: 'q?', objective: { metric: 'loss', direction: 'minimize' } },
    workspace: { editable: ['train.py'], link: ['data'] },
    run: { command: 'python3 train.py', timeout: `${seconds}s`, keep: ['out/*.pt'] },
    sandbox,
  });
const works = (await chooseSandbox(aPlan(SETTINGS).sandbox)).sandbox !== null;

const FULL = process.env['FULL'] !== undefined;
const TRIED = ATTACKS.filter(({ again }) => FULL || !again);

const SECRET = 'SECRET-5f1d';
const fileOf = ({ name }: Attack): string => `attacks/${name.replace(/\W+/g, '_')}.py`;

let lab: TestLab;
let top: string;
let victim: ChildProcess;
let servers: readonly Server[];
let port = 0;
let met = 0;
let runs = 0;
const cleaning: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const user: Record<string, string> = { OPENAI_API_KEY: SECRET };
  const scripts = ATTACKS.map((attack) => [fileOf(attack), `${PRELUDE}${attack.script}\n`]);
  lab = await createLab({
    files: { 'train.py': 'print("loss: 1")\n', ...Object.fromEntries(scripts) },
    untracked: { 'labels.csv': SECRET, 'data/corpus.txt': 'corpus' },
    workspace: { editable: ['train.py'], link: ['data'] },
    deps: { user },
    onFinished: (work) => void cleaning.push(work),
  });
  top = dirname(lab.root);
  const node = dirname(process.execPath);
  Object.assign(user, { HOME: join(top, 'home'), PATH: `/usr/bin:/bin:${node}`, LANG: 'C.UTF-8' });
  await put(top, {
    'home/.ssh/id_ed25519': SECRET,
    'home/.aws/credentials': SECRET,
    'cache/worktrees/slot-2/train.py': 'print("loss: 1")',
    'cache/worktrees/slot-1-evaluate/evaluate.py': 'print("loss: 1")',
    'lab/evaluate.py': 'print("loss: 1")',
    'lab/data/notebook/manifest.json': '{}',
    'lab/experiments/E-0001/runs/1/attempts/1/artifacts/model.pt': SECRET,
    'lab/experiments/E-0001/runs/1/attempts/1/result.json': '{}',
  });
  await mkdir(join(lab.root, 'data/notebook/inbox'));
  commitOnce(lab.root, 'labels.csv');
  victim = spawn('sleep', ['600'], { stdio: 'ignore' });
  servers = [0, join(top, 'home/agent.sock'), `\0autolab-${basename(top)}`].map((place) =>
    createServer((socket) => {
      met++;
      socket.end('hello');
    }).listen(typeof place === 'number' ? { port: 0, host: '127.0.0.1' } : { path: place }),
  );
  await new Promise<void>((resolve) => {
    servers[0]?.once('listening', () => resolve());
  });
  const address = servers[0]?.address();
  if (typeof address === 'object' && address !== null) ({ port } = address);
});

afterAll(async () => {
  victim.kill('SIGKILL');
  for (const server of servers) server.close();
  for (const work of cleaning) await work();
});

/** Of another branch, and so in git's objects alone. */
function commitOnce(root: string, file: string): void {
  git(root, 'add', '--force', file);
  const tree = git(root, 'write-tree').trim();
  git(root, 'branch', 'old', git(root, 'commit-tree', tree, '-m', 'once').trim());
  git(root, 'rm', '--cached', '--quiet', file);
}

async function attacked(
  attack: Attack,
  sandbox: unknown,
): Promise<{ result: RunResult; folder: string; log: string }> {
  const env = { TOP: top, SERVER_PORT: String(port), VICTIM: String(victim.pid) };
  const run = `E-0007.${++runs}` as const;
  const command = { command: `python3 ${fileOf(attack)}`, env };
  const result = await carryOut(lab, { run, command, plan: aPlan(sandbox, attack.seconds) });
  return { result, folder: lab.folder({ run }), log: await lab.read('run.log', { run }) };
}

/** Everything that is no business of the run: path → what stands there. */
function outside(): Readonly<Record<string, string>> {
  const own =
    /^(?:lab\/experiments\/E-0007|lab\/\.git\/worktrees|cache\/(?!worktrees)|cache\/worktrees\/slot-1(?:\/|$))/;
  const seen: Record<string, string> = {};
  const look = (path: string): void => {
    for (const entry of readdirSync(join(top, path), { withFileTypes: true })) {
      const at = path === '' ? entry.name : `${path}/${entry.name}`;
      if (own.test(at)) continue;
      if (entry.isDirectory()) look(at);
      else seen[at] = entry.isFile() ? readFileSync(join(top, at), 'base64') : 'no file';
    }
  };
  look('');
  return seen;
}

function holds(folder: string, text: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

/** Processes that stand in the worktree, whatever else is known of them. */
const standing = (): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(join(top, 'cache/worktrees/slot-1'));
    } catch {
      return false;
    }
  });

describe.skipIf(!works)('a run in bubblewrap', () => {
  test.each(TRIED)('that $name gets nowhere', async (attack) => {
    const before = outside();
    const metBefore = met;
    const { result, folder, log } = await attacked(attack, SETTINGS);
    expect(log).not.toContain('GOT');
    if (attack.log) expect(log).toMatch(attack.log);
    const failure = result.failure && `${result.failure.class}: ${result.failure.message}`;
    if (attack.failure) expect(failure).toMatch(attack.failure);
    expect(failure ?? '').not.toContain('infrastructure');
    expect(result.sandbox).toBe('bubblewrap');
    expect(result.tier).toBe('self_reported');
    expect(holds(folder, SECRET)).toEqual([]);
    expect(outside()).toEqual(before);
    expect(met).toBe(metBefore);
    expect(lives(victim.pid ?? 0)).toBe(true);
    expect(standing()).toEqual([]);
  });

  test.each(TRIED.filter(({ opens }) => opens))(
    'and without one, a run that $name gets there',
    async (attack) => {
      const { result, log } = await attacked(attack, 'off');
      expect(log).toContain('GOT');
      expect(result.sandbox).toBe('none');
    },
  );
});
