import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
    "- match: '(open'\n- stp: x\n- fault: { kind: odd }\n- times: 0\n- fault: { state: 500 }\n",
  );
  const error = await readScript(file).catch((thrown: unknown) => thrown as Error);
  expect(String(error).replaceAll(file, 'F').split('\n')).toEqual([
    "LabError: F:1:10: expected a regular expression, found '(open'",
    'F:2:3: expected step, match, reply, times or fault, found stp',
    'F:3:18: expected one of "garbage"|"cut_off"|"truncated"|"empty"|"refusal", found odd',
    expect.stringMatching(/^F:4:10: expected .*, found 0$/),
    'F:5:12: expected status, message, retry_after, slow or kind, found state',
  ]);
  await expect(readScript(join(dir, 'none.yaml'))).rejects.toThrow('expected a script');
  await expect(readScript(await aScript('step: x\n'))).rejects.toThrow(/expected array, found/);
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
