import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countLostCalls, openCalls } from '../../../notebook/calls.ts';
import type { Called, Calls } from '../../../orchestrator/domain/call.ts';
import { aCall, anIdeaCall } from '../../conformance/model.ts';
import { aFolder, aModel, anEndpoint, callsIn } from './support.ts';

const IDEA = { title: 'Warm up', effect: -0.1 };
const now = () => Date.parse('2026-01-01T01:00:00Z');

class Killed extends Error {}

test('the same question of the same work is paid for once, also by another process', async () => {
  const { url, lines } = await anEndpoint([{ reply: IDEA }]);
  const { model, dir } = await aModel(url);
  const first = await model.ask(anIdeaCall());
  // Another launch, which finds the endpoint gone.
  const later = await aModel('http://127.0.0.1:1/v1', { dir });
  expect(await later.model.ask(anIdeaCall())).toEqual(first);
  expect(lines).toHaveLength(1);
  expect(await callsIn(dir)).toHaveLength(1);
});

test('asked twice at once, it is sent once', async () => {
  const { url, lines } = await anEndpoint([{ reply: 'x', fault: { slow: 0.01 } }]);
  const { model } = await aModel(url);
  const [a, b] = await Promise.all([model.ask(aCall()), model.ask(aCall())]);
  expect(a).toEqual(b);
  expect(lines).toHaveLength(1);
});

test.each([
  ['work', { work: 'propose-N-0001-2' }],
  ['step', { step: 'criticise' }],
  ['instructions', { system: 'Others.' }],
  ['room', { max_tokens: 9 }],
])('another %s is another question', async (_, other) => {
  const { url, lines } = await anEndpoint([{ reply: 'x', times: 'always' }]);
  const { model } = await aModel(url);
  await model.ask(aCall());
  await model.ask(aCall(other));
  expect(lines).toHaveLength(2);
});

test('what was said is kept word for word, and a damaged record is asked anew', async () => {
  const { url, lines } = await anEndpoint([{ reply: IDEA, times: 'always' }]);
  const { model, dir } = await aModel(url);
  const reply = await model.ask(anIdeaCall());
  if ('failure' in reply) throw new Error(reply.failure.message);
  const calls = await openCalls(dir, now);
  expect(await calls.recall(reply.call)).toMatchObject({
    system: 'You state hypotheses.',
    messages: [{ role: 'user', content: 'What about the learning rate?' }],
    schema: 'idea',
    reply: JSON.stringify(IDEA),
  });
  const file = join(dir, 'calls', `${reply.call}.json`);
  await writeFile(file, (await readFile(file, 'utf8')).replace('Warm', 'Cold'));
  expect(await calls.recall(reply.call)).toBeNull();
  expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
  expect(lines).toHaveLength(2);
});

test('a refusal is not paid for twice either; an outage may be over', async () => {
  const { url, lines } = await anEndpoint([
    { fault: { kind: 'refusal' }, match: 'learning' },
    { fault: { status: 400 } },
    { reply: 'here' },
  ]);
  const { model } = await aModel(url);
  const refused = await model.ask(aCall());
  expect(refused).toMatchObject({ failure: { class: 'refused' } });
  expect(await model.ask(aCall())).toEqual(refused);
  expect(lines).toHaveLength(1);
  const other = aCall({ messages: [{ role: 'user', content: 'depth?' }] });
  expect(await model.ask(other)).toMatchObject({ failure: { class: 'bad_request' } });
  expect(await model.ask(other)).toMatchObject({ value: 'here' });
});

/** Where the process may end: before the answer is sealed, and before that is recorded. */
const dyingAt = (calls: Calls, dies: 'end' | 'record', dir: string): Calls => ({
  ...calls,
  async end(called, kept) {
    if (dies === 'record' && kept) {
      const other = await aFolder();
      await (await openCalls(other, now)).end(called, kept);
      const name = `${called.call}.json`;
      await writeFile(join(dir, 'calls', name), await readFile(join(other, 'calls', name)));
    }
    throw new Killed();
  },
});

test('killed between the answer and its use, the next launch uses it, and it counts once', async () => {
  const { url, lines } = await anEndpoint([{ reply: IDEA }]);
  const dir = await aFolder();
  const dying = dyingAt(await openCalls(dir, now), 'record', dir);
  const { model } = await aModel(url, { dir, calls: dying });
  await expect(model.ask(anIdeaCall())).rejects.toThrow(Killed);
  expect(await callsIn(dir)).toEqual([]);

  await countLostCalls(dir, now);
  await countLostCalls(dir, now);
  const next = await aModel(url, { dir });
  expect(await next.model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
  expect(lines).toHaveLength(1);
  expect(await callsIn(dir)).toMatchObject([{ outcome: 'answered', requests: 1 }]);
});

test('killed while it is under way, it counts as lost at most once, and is asked again', async () => {
  const { url, lines } = await anEndpoint([{ reply: IDEA, times: 2 }]);
  const dir = await aFolder();
  const dying = dyingAt(await openCalls(dir, now), 'end', dir);
  const { model } = await aModel(url, {
    ...{ dir, calls: dying, agents: { prices: { scripted: { input: 1, output: 2 } } } },
  });
  await expect(model.ask(anIdeaCall())).rejects.toThrow(Killed);

  await countLostCalls(dir, now);
  await countLostCalls(dir, now);
  const [lost] = await callsIn(dir);
  expect(lost).toMatchObject({ outcome: 'lost', estimated: true, tokens: { output: 4096 } });
  expect(lost?.usd).toBeGreaterThan(0.008);
  const next = await aModel(url, { dir });
  expect(await next.model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
  expect(lines).toHaveLength(2);
  expect((await callsIn(dir)).map((one) => one.outcome).toSorted()).toEqual(['answered', 'lost']);
  expect((await readdir(join(dir, 'calls'))).filter((name) => name.endsWith('.sent'))).toEqual([]);
});

test('what another process asks outside of all nights is lost when that is a day ago', async () => {
  const dir = await aFolder();
  const calls = await openCalls(dir, now);
  const started = '2026-01-01T00:30:00.000Z';
  await calls.intend({ call: 'a'.repeat(32), night: null, started, outcome: 'lost' } as Called);
  await countLostCalls(dir, now);
  expect(await callsIn(dir)).toEqual([]);
  await countLostCalls(dir, () => now() + 86_400_000);
  expect(await callsIn(dir)).toMatchObject([{ night: null, outcome: 'lost' }]);
  expect((await readdir(join(dir, 'calls'))).filter((name) => name.endsWith('.sent'))).toEqual([]);
});
