/**
 * npm run bench:agents -- [--keep]
 *
 * A full night on the example char-lm with the scripted model over HTTP (examples/char-lm/model.yaml):
 * knobs and written patches, an endpoint that is too busy, an idea in other words, a cheat, a patch that
 * crashes and is repaired. The launch is killed twice. Fails unless the night ends as it should, with
 * the written improvement confirmed and promoted, and no answer paid for twice. Prints what the agents'
 * own code took per experiment, model time apart. Takes some minutes; `--keep` leaves the lab.
 */
import { execFile, spawn } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { serveScript } from '../agents/scripted/server.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { readLabState } from '../orchestrator/lab/lab.ts';
import { readScript } from '../orchestrator/lab/scripted-model.ts';
import { callsAndOverhead, checksOf } from './agents/night.ts';

const call = promisify(execFile);
const CLI = new URL('../bin/autolab.js', import.meta.url).pathname;
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const folder = await mkdtemp(join(tmpdir(), 'autolab-bench-agents-'));
const root = join(folder, 'lab');
const environment = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), NO_COLOR: '1' };
const requests: string[] = [];
const endpoint = await serveScript(
  await readScript(new URL('../../examples/char-lm/model.yaml', import.meta.url).pathname),
  { onRequest: (line) => requests.push(line) },
);
try {
  await autolab(folder, 'init', '--example', 'char-lm', root);
  await appendFile(
    join(root, 'research_plan.yaml'),
    `\nagents: { model: scripted, base_url: '${endpoint.url}', papers: off }\n`,
  );
  await git('commit', '--quiet', '--no-gpg-sign', '-am', 'think with the scripted model');
  say('killed once ideas are written, and once a crash is repaired');
  await killedWhen((state) =>
    [...state.hypotheses.values()].some(({ idea }) => idea !== undefined),
  );
  await killedWhen((state) =>
    [...state.experiments.values()].some(({ repairs }) => repairs?.length),
  );
  say('and launched to its end');
  await autolab(root, 'launch');
  const { state } = await readLabState(root);
  const before = await git('rev-parse', 'main');
  const promoted = await autolab(root, 'promote').catch((error: unknown) => String(error));
  say(promoted.trim());
  const script = await git('show', 'main:train.mjs');
  let failed = 0;
  const moved = before !== (await git('rev-parse', 'main'));
  const { calls, overhead } = await callsAndOverhead(root);
  const found = { state, requests, moved, script, calls };
  for (const { what, holds, because } of checksOf(found)) {
    process.stdout.write(`${holds ? '✓' : '✗'} ${what}: ${because}\n`);
    if (!holds) failed++;
  }
  process.stdout.write(`${overhead}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await endpoint.close();
  if (values.keep) say(root);
  else await rm(folder, { recursive: true, force: true });
}

/** Launches, and kills the launch with SIGKILL as soon as that holds. Throws where it ends before. */
async function killedWhen(holds: (state: State) => unknown): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'launch'], {
    cwd: root,
    env: environment,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let over = false;
  void ended.then(() => (over = true));
  while (!holds((await readLabState(root)).state)) {
    if (over) throw new Error(`expected a launch that goes on, found it ended (${await ended})`);
    await pause(200);
  }
  child.kill('SIGKILL');
  await ended;
  say('killed');
}

async function autolab(cwd: string, ...args: string[]): Promise<string> {
  const options = { cwd, env: environment, maxBuffer: 1 << 26 };
  return (await call(process.execPath, [CLI, ...args], options)).stdout;
}

async function git(...args: string[]): Promise<string> {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  return (await call('git', ['-C', root, ...who, ...args], { env: environment })).stdout.trim();
}

function say(text: string): void {
  process.stdout.write(`  ${text}\n`);
}
