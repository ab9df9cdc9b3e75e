import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { worker } from '../../../orchestrator/domain/plan-worker.ts';
import { planSchema } from '../../../orchestrator/domain/plan.ts';
import { codingAgentProbes } from '../../../orchestrator/lab/probe/coding-agent.ts';
import { seesItsProgram } from '../../../workers/coding-agent/coding-agent.ts';
import { chooseSandbox } from '../../../workers/local.ts';
import { shutInAgent } from '../../../workers/sandbox/coding-agent.ts';

const aPlan = (command: string, read: readonly string[]) =>
  planSchema.parse({
    ...{ project: 'toy', question: 'Does it work?', run: { command: 'node a.mjs' } },
    workspace: { editable: ['a.mjs'] },
    ...{ objective: { metric: 'loss', direction: 'minimize' }, worker: { command, read } },
  });

/** A folder with a program that nobody starts, as PATH and as HOME. */
function aUser(): { readonly folder: string; readonly user: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), 'autolab-probe-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'coder'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(folder, 'coder'), 0o755);
  return { folder, user: { PATH: folder, HOME: folder } };
}

const probed = (
  plan: Record<string, unknown>,
  user: Record<string, string>,
  sees: boolean | null = true,
) => codingAgentProbes({ worker: worker.parse(plan) }, user, async () => sees);

test('a plan without a coding agent has nothing to look at', async () => {
  expect(await codingAgentProbes({ worker: undefined }, {}, async () => null)).toEqual([]);
});

test('a coding agent is looked for, and not called', async () => {
  const { folder, user } = aUser();
  expect(await probed({ command: 'coder -p {brief}', read: ['~/coder'] }, user)).toEqual([
    {
      name: 'coding agent',
      result: 'ok',
      text: `${join(folder, 'coder')} writes and repairs patches`,
    },
  ]);
  expect(await probed({ command: 'decoder' }, user)).toMatchObject([
    { result: 'bad', text: expect.stringContaining('expected decoder on the PATH') as string },
  ]);
});

test('a program that its sandbox hides is told of before the night, with the key that shows it', async () => {
  const { folder, user } = aUser();
  const program = join(folder, 'coder');
  const [hidden] = await probed({ command: 'coder', read: ['~/coder'] }, user, false);
  expect(hidden?.result).toBe('bad');
  expect(hidden?.text).toContain(`name it in worker.read: [~/coder, ${program}]`);
  expect(await probed({ command: 'coder' }, user, null)).toMatchObject([{ result: 'ok' }]);

  // The sandbox of an agent, on a program in /tmp, which it hides.
  const lab = { root: join(folder, 'lab'), cacheDir: join(folder, 'cache'), gitDir: '/none' };
  const ground = { ...lab, user, links: [] };
  const sees = async (read: readonly string[]) => {
    const order = { plan: aPlan(program, read), worker: worker.parse({ command: program, read }) };
    return seesItsProgram(
      { cacheDir: lab.cacheDir, user, shutIn: (wish) => shutInAgent(ground, wish) },
      order,
    );
  };
  const { sandbox } = await chooseSandbox(aPlan(program, []).sandbox);
  expect(await sees([])).toBe(sandbox === null);
  expect(await sees([program])).toBe(true);
  expect(readdirSync(lab.cacheDir)).toEqual([]); // nor is anything left of the looking
});

test('what it is to be given has to be there', async () => {
  const { user } = aUser();
  const [probe] = await probed({ command: 'coder', env_from: ['KEY'], read: ['~/.none'] }, user);
  expect(probe).toMatchObject({ result: 'odd' });
  expect(probe?.text).toMatch(/KEY is not set .* ~\/\.none is not there/);
});

test('a command whose quotes are open, and a path without a beginning, are no coding agent', () => {
  const problems = (plan: unknown) =>
    worker.safeParse(plan).error?.issues.map(({ message }) => message) ?? [];
  expect(problems({ command: "claude 'x" })).toEqual([
    'expected a command whose quotes are closed, such as claude -p',
  ]);
  expect(problems({ command: 'claude', read: ['x/../y'] })[0]).toContain('expected a path');
});
