import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../../agents/prompt.ts';
import { STEPS } from '../../../agents/scripted.ts';
import { readScript, serveScripted } from '../../../orchestrator/lab/scripted-model.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autolab-script-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function aScript(text: string, name = 'script.yaml'): Promise<string> {
  await writeFile(join(dir, name), text);
  return join(dir, name);
}

test('a script is YAML, or JSON', async () => {
  const line = { step: 'worker/write', reply: { edits: [] }, times: 'always' };
  const yaml = '- step: worker/write\n  reply: { edits: [] }\n  times: always\n';
  expect(await readScript(await aScript(yaml))).toEqual([line]);
  expect(await readScript(await aScript(JSON.stringify([line]), 'script.json'))).toEqual([line]);
});

test('what is wrong with a script is said at its place, all at once', async () => {
  const file = await aScript(
    "- match: '(open'\n- stp: x\n- fault: { kind: odd }\n- times: 0\n- fault: { state: 500 }\n- 7\n",
  );
  const error = await readScript(file).catch((thrown: unknown) => thrown as Error);
  expect(String(error).replaceAll(file, 'F').split('\n')).toEqual([
    "LabError: F:1:10: expected a regular expression, found '(open'",
    'F:2:3: expected step, match, reply, times or fault, found stp',
    'F:3:18: expected garbage, cut_off, truncated, empty or refusal, found odd',
    'F:4:10: expected a whole number above 0, or always, found 0',
    'F:5:12: expected status, message, retry_after, slow or kind, found state',
    'F:6:3: expected a mapping, found 7',
  ]);
  await expect(readScript(await aScript('step: x\n'))).rejects.toThrow(/expected a list, found/);
  await expect(readScript(join(dir, 'none.yaml'))).rejects.toMatchObject({
    ...{ message: `expected a script at ${join(dir, 'none.yaml')}, found none there`, exit: 2 },
  });
});

test('a script whose lines would never answer, or with nothing, is refused', async () => {
  const file = await aScript('- { step: researcher/draff, reply: x }\n- step: worker\n');
  await expect(readScript(file)).rejects.toThrow(
    `${file}:1:11: expected a step (did you mean researcher/draft?), found researcher/draff\n` +
      `${file}:2:3: expected a reply, a fault or both, found neither`,
  );
  await expect(readScript(await aScript('[]\n'))).rejects.toThrow('expected at least one line');
});

test('the steps that a script may name are those that have prompts, and check', async () => {
  const prompts = await readdir(join(packageRoot(), 'agents', 'prompts'));
  const steps = prompts.map((file) => file.replace('-', '/').replace('.md', ''));
  const asked = steps.filter((step) => !step.startsWith('worker/coding'));
  expect([...STEPS].toSorted()).toEqual([...asked, 'reporter/check'].toSorted());
});

test('a taken port is said to be taken', async () => {
  const file = await aScript('- reply: x\n');
  const first = await serveScripted(file, {});
  const port = Number(new URL(first.url).port);
  await expect(serveScripted(file, { port })).rejects.toThrow(
    `expected a free port, found ${port} taken`,
  );
  await first.close();
});
