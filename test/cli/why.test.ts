import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCalls } from '../../notebook/calls.ts';
import { openNotebook } from '../../notebook/writer.ts';
import type { Called, CallRecord } from '../../orchestrator/domain/call.ts';
import { systemClock } from '../../orchestrator/lab/clock.ts';
import type { Why } from '../../orchestrator/lab/why.ts';
import { aLittleNight } from '../support/events.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';

/** A night whose models were asked three things; one call is still in the inbox, one was lost. */

const lab = makeLab();
const dir = join(lab.root, 'data/notebook');
const clock = systemClock();
afterAll(() => lab.remove());

const aCalled = (extra: Partial<Called>): Called => ({
  ...{ call: 'a'.repeat(32), night: 'N-0001', role: 'researcher', step: 'draft' },
  ...{ work: 'propose-N-0001-1', on: 'E-0000', model: 'gpt-5-mini' },
  ...{ started: '2026-01-01T00:00:01.000Z', seconds: 2.5, requests: 1, estimated: false },
  ...{ tokens: { input: 1000, output: 200 }, usd: 0.12, outcome: 'answered', message: null },
  ...extra,
});
const recordOf = (called: Called): CallRecord => ({
  called,
  system: 'You state hypotheses.',
  messages: [
    { role: 'user', content: '<<data train.mjs 1f>>\n\tconst RATE = 1;\u001b[2J\n<<end 1f>>' },
  ],
  schema: 'ideas',
  reply: '{"title":"Warm up"}',
});

beforeAll(async () => {
  const notebook = await openNotebook({ dir, clock });
  for (const body of aLittleNight(1)) await notebook.append(body);
  await notebook.append({
    ...{ type: 'hypotheses_compared', night: 'N-0001', round: 1 },
    ...{ hypotheses: ['H-0001'], rejected: [] },
  });
  const calls = await openCalls(dir, () => clock.now());
  const draft = aCalled({});
  await calls.end(draft, recordOf(draft));
  const look = { role: 'planner', step: 'same', work: 'compare-N-0001-1' } as const;
  const compared = aCalled({ ...look, call: 'd'.repeat(32), started: '2026-01-01T00:00:05.000Z' });
  await calls.end(compared, recordOf(compared));
  // Another round, when the experiment of the first was the incumbent.
  const other = aCalled({ call: 'b'.repeat(32), work: 'invent-N-0001-9', on: 'E-0001' });
  await calls.end(other, recordOf(other));
  await notebook.drainInbox();
  await notebook.close();
  const away = { requests: 4, usd: null, tokens: { input: 0, output: 0 }, role: 'worker' } as const;
  const message = 'gpt-5-mini at api.example: 503 \u001b[31mbusy';
  await calls.end(
    aCalled({
      ...{ ...away, call: 'c'.repeat(32), step: 'write', work: 'write-H-0001', on: 'H-0001' },
      ...{ started: '2026-01-01T00:00:09.000Z', outcome: 'unreachable', message },
    }),
    null,
  );
});

describe('show --why', () => {
  test('tells of a hypothesis and of its experiment each call on its way, prompt and reply', async () => {
    for (const id of ['H-0001', 'E-0001']) {
      const { stdout } = await autolab(lab, 'show', id, '--why');
      expect(stdout).toContain('as H-0001');
      expect(stdout).toMatch(/models +3 calls\n/);
      expect(stdout).toMatch(/researcher\/draft {2}gpt-5-mini {2}2026-01-01T00:00:01/);
      expect(stdout).toMatch(
        /came to +answered after 2\.5 ?s.*: 1000 tokens read, 200 written, \$0\.12\n/,
      );
      expect(stdout).toMatch(/told +You state hypotheses\.\n/);
      expect(stdout).toMatch(/said +\{"title":"Warm up"\}\n/);
      expect(stdout).toContain(`data/notebook/calls/${'a'.repeat(32)}.json`);
      expect(stdout).toMatch(
        /worker\/write(?:.*\n)+came to +unreachable .*4 requests.*price unknown/,
      );
      expect(stdout).not.toContain('\u001b');
    }
  });

  test('gives all of it as JSON', async () => {
    const why = await autolabJson<Why>(lab, 'show', 'H-0001', '--why');
    expect(why.hypothesis).toMatchObject({ id: 'H-0001' });
    expect(why.calls).toMatchObject([
      { step: 'draft', usd: 0.12, messages: [{ content: expect.stringContaining('\u001b') }] },
      { step: 'same', role: 'planner' },
      { step: 'write', usd: null, outcome: 'unreachable', file: null, reply: null },
    ]);
  });

  test('is told of what was no model’s idea that none was asked, and of a run nothing', async () => {
    // Rounds ask on the incumbent, and not about it.
    expect((await autolab(lab, 'show', 'E-0000', '--why')).stdout).toContain('none was asked');
    const { stderr, code } = await autolab(lab, 'show', 'E-0001.1', '--why');
    expect(code).toBe(2);
    expect(stderr).toContain('expected an experiment or a hypothesis');
  });
});

test('status and the page of the night say what models came to, and who went without', async () => {
  for (const verb of [['status'], ['show', 'N-0001']]) {
    const { stdout } = await autolab(lab, ...verb);
    expect(stdout).toContain('4 calls of models, 3600 tokens, $0.36, 1 call of unknown price');
    expect(stdout).toMatch(/without +the worker had no answer of gpt-5-mini: .* 503 .*busy/);
  }
  expect(await autolabJson(lab, 'status')).toMatchObject({
    budget: { tokens: { used: 3600, of: null }, llm_usd: { used: 0.36, of: null } },
    models: { total: { calls: 4, unpriced: 1 }, without: [{ outcome: 'unreachable' }] },
  });
});

test('calls are spans, and what a night spent is a query', async () => {
  const sql =
    'SELECT who, name, model, tokens_in, usd, outcome FROM spans WHERE model IS NOT NULL ORDER BY start';
  const answer = await autolabJson<object[]>(lab, 'query', sql);
  expect(answer).toHaveLength(4);
  expect(answer.at(-1)).toMatchObject({
    who: 'worker',
    name: 'write',
    outcome: 'unreachable',
  });
  const nights = await autolabJson<object[]>(
    lab,
    ...['query', 'SELECT calls, tokens, unpriced_calls FROM nights'],
  );
  expect(nights).toEqual([{ calls: 4, tokens: 3600, unpriced_calls: 1 }]);
});
