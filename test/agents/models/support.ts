import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createModel, type ModelParts } from '../../../agents/models/model.ts';
import type { Script } from '../../../agents/scripted.ts';
import { serveScript, type ScriptedOptions } from '../../../agents/scripted/server.ts';
import { openCalls } from '../../../notebook/calls.ts';
import { readInbox } from '../../../notebook/inbox.ts';
import { NO_SPEND, type ModelCalled } from '../../../orchestrator/domain/call.ts';
import { agents as agentsSchema } from '../../../orchestrator/domain/plan-agents.ts';

/** A real client, a scripted endpoint over HTTP, calls kept in a real folder; no wait takes time. */

export async function aFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'autolab-models-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function anEndpoint(script: Script, options: ScriptedOptions = {}) {
  const lines: string[] = [];
  const endpoint = await serveScript(script, { ...options, onRequest: (line) => lines.push(line) });
  onTestFinished(() => endpoint.close());
  return { ...endpoint, lines };
}

/** Time that passes only when somebody says so. */
function aClock() {
  let now = Date.parse('2026-01-01T00:00:00Z');
  return {
    now: () => now,
    monotonic: () => now,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

export interface Opened extends Partial<Omit<ModelParts, 'agents'>> {
  readonly dir?: string;
  readonly agents?: Record<string, unknown>;
}

export async function aModel(url: string, { dir, agents, ...extra }: Opened = {}) {
  const folder = dir ?? (await aFolder());
  const clock = aClock();
  const waits: number[] = [];
  const model = createModel({
    agents: agentsSchema.parse({ model: 'scripted', base_url: url, ...agents }),
    ...{ night: 'N-0001', budget: {}, spent: NO_SPEND, environment: {}, clock },
    calls: await openCalls(folder, clock.now),
    random: () => 0,
    pause: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      clock.pass(ms);
    },
    ...extra,
  });
  return { model, dir: folder, clock, waits, calls: () => callsIn(folder) };
}

/** What a notebook in the folder would take in. */
export async function callsIn(dir: string): Promise<readonly ModelCalled[]> {
  return (await readInbox(dir)).flatMap(({ event }) =>
    event?.type === 'model_called' ? [event] : [],
  );
}
