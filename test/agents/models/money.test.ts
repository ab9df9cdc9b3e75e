import { describe, expect, test } from 'vitest';
import { pricedIn, priceOf } from '../../../agents/models/prices.ts';
import { openPurse, type Purse, type Taken } from '../../../agents/models/purse.ts';
import { called, NO_CALLS, NO_SPEND, type Called } from '../../../orchestrator/domain/call.ts';
import { agents, modelOf } from '../../../orchestrator/domain/plan-agents.ts';
import { aCall } from '../../conformance/model.ts';
import { aModel, anEndpoint } from './support.ts';

const PRICES = { prices: { scripted: { input: 1, output: 10 } } };
const OPENAI = 'https://api.openai.com/v1';

describe('prices', () => {
  test.each([
    ['gpt-5-mini', OPENAI, { input: 0.25, output: 2 }],
    ['gpt-5-mini-2025-08-07', OPENAI, { input: 0.25, output: 2 }],
    ['claude-sonnet-4-5-20250929', 'https://api.anthropic.com/v1', { input: 3, output: 15 }],
    ['gpt-4o-2024-05-13', OPENAI, { input: 5, output: 15 }],
    ['gpt-4o-2099-01-01', OPENAI, null],
    ['constructor', OPENAI, null],
    ['gpt-6', OPENAI, null],
    ['gpt-5-mini', 'http://localhost:8000/v1', null],
  ])('of %s at %s', (model, base_url, price) => {
    expect(priceOf({ model, base_url }, {})).toEqual(price);
  });

  test('the plan’s own word goes first', () => {
    const own = { 'gpt-5-mini': { input: 0, output: 0 } };
    expect(priceOf({ model: 'gpt-5-mini', base_url: OPENAI }, own)).toEqual({
      input: 0,
      output: 0,
    });
    expect(pricedIn({ model: 'gpt-5-mini', base_url: OPENAI }, own)).toBe(null);
  });

  test('a list price says of when it is', () => {
    expect(pricedIn({ model: 'gpt-5-mini', base_url: OPENAI }, {})).toMatch(/^20\d\d-\d\d$/);
    expect(pricedIn({ model: 'gpt-6', base_url: OPENAI }, {})).toBe(null);
  });

  test('an unknown price is unknown, and never nothing', async () => {
    const { url } = await anEndpoint([{ reply: 'x' }]);
    const { model, calls } = await aModel(url);
    await model.ask(aCall());
    const [call] = await calls();
    expect(call).toMatchObject({ usd: null, tokens: { output: 1 }, estimated: false });
    if (!call) throw new Error('expected a call');
    expect(called(NO_CALLS, call, call.started).total).toMatchObject({ usd: 0, unpriced: 1 });
  });
});

describe('a budget', () => {
  const most = { input: 100, output: 500 };
  const taken = async (purse: Purse): Promise<Taken> => {
    const took = await purse.take(most, null);
    if ('refused' in took) throw new Error(took.refused);
    return took;
  };

  test('counts what is in flight: who finds no room waits until that is back', async () => {
    const purse = openPurse({ tokens: 1000 }, NO_SPEND);
    const first = await taken(purse);
    const second = taken(purse);
    first.settle({ input: 100, output: 10 });
    (await second).settle(most);
    expect(await purse.take(most, null)).toEqual({
      refused: 'budget.tokens (1000) do not bear a further call',
    });
    // Something smaller may fit.
    expect(purse.why(null)).toBeNull();
    expect(await purse.take({ input: 100, output: 90 }, null)).toHaveProperty('settle');
  });

  test('that is all in flight is not spent', async () => {
    const purse = openPurse({ tokens: 600 }, NO_SPEND);
    const all = await taken(purse);
    expect(purse.why(null)).toBeNull();
    all.settle(most);
    expect(purse.why(null)).toBe('budget.tokens (600) do not bear a further call');
  });

  test('waits no longer than it is wanted', async () => {
    const purse = openPurse({ tokens: 1000 }, NO_SPEND);
    await taken(purse);
    const stop = new AbortController();
    const second = purse.take(most, null, stop.signal);
    stop.abort(new Error('the night is over'));
    await expect(second).rejects.toThrow('the night is over');
  });

  test('bears as many calls made together as it bears one after the other', async () => {
    const { url, lines } = await anEndpoint([{ reply: 'x', times: 'always' }]);
    const { model } = await aModel(url, { budget: { tokens: 400 }, agents: { max_tokens: 100 } });
    const asked = Array.from({ length: 10 }, (_, n) => model.ask(aCall({ work: `write-${n}` })));
    for (const reply of await Promise.all(asked)) expect(reply).toMatchObject({ value: 'x' });
    expect(lines).toHaveLength(10);
  });

  test('bears a long question in Chinese no better than it bears what that costs', async () => {
    const { url, lines } = await anEndpoint([{ reply: 'x' }]);
    const { model } = await aModel(url, { budget: { tokens: 300 }, agents: { max_tokens: 9 } });
    const messages = [{ role: 'user' as const, content: '训'.repeat(300) }];
    expect(await model.ask(aCall({ messages }))).toMatchObject({ failure: { class: 'budget' } });
    expect(lines).toEqual([]);
  });

  test('that is too small for one role’s calls goes on for the others', async () => {
    const { url } = await anEndpoint([{ reply: 'x', times: 'always' }]);
    const agents = { max_tokens: 500, planner: { max_tokens: 50 } };
    const { model } = await aModel(url, { budget: { tokens: 300 }, agents });
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: 'budget' } });
    expect(model.has('researcher')).toBe(false);
    expect(await model.ask(aCall({ role: 'planner' }))).toMatchObject({ value: 'x' });
  });

  test('that bears no more room for a reply that was cut off leaves that cut off', async () => {
    const { url } = await anEndpoint([
      { fault: { kind: 'truncated' }, reply: 'one two three' },
      { reply: 'whole' },
    ]);
    const { model } = await aModel(url, { budget: { tokens: 300 }, agents: { max_tokens: 100 } });
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: 'truncated' } });
    expect(model.has('researcher')).toBe(true);
    expect(await model.ask(aCall({ work: 'other' }))).toMatchObject({ value: 'whole' });
  });

  test('in dollars begins with what the night has spent, and says when it is over', async () => {
    const { url, lines } = await anEndpoint([{ reply: 'x', times: 'always' }]);
    const spent = { ...NO_SPEND, calls: 3, usd: 0.96 };
    const { model, calls } = await aModel(url, {
      ...{ agents: PRICES, budget: { llm_usd: 1 }, spent },
    });
    expect(model.has('researcher')).toBe(true);
    // 4096 tokens at 10 dollars a million are 0.041 dollars.
    expect(await model.ask(aCall())).toMatchObject({
      failure: { class: 'budget', message: 'budget.llm_usd (1) does not bear a further call' },
    });
    expect(lines).toEqual([]);
    expect(model.has('researcher')).toBe(false);
    expect(await calls()).toMatchObject([{ outcome: 'budget', requests: 0, usd: 0 }]);
    const cheaper = await aModel(url, { agents: PRICES, budget: { llm_usd: 1.1 }, spent });
    expect(await cheaper.model.ask(aCall())).toMatchObject({ value: 'x' });
  });

  test('in dollars cannot be kept for a model without a price, which is said and recorded', async () => {
    const { url } = await anEndpoint([]);
    const { model, calls } = await aModel(url, { budget: { llm_usd: 5 } });
    expect(model.has('worker')).toBe(false);
    const failure = await model.unasked('worker');
    expect(failure?.message).toContain('agents.prices');
    expect(await calls()).toMatchObject([{ role: 'worker', outcome: 'budget', requests: 0 }]);
  });
});

test('a night’s calls add up by role, and say once when a role had to do without', () => {
  const call: Called = {
    ...{ call: 'c', night: 'N-0001', role: 'worker', step: 'write', work: 'w', on: null },
    ...{ model: 'm', started: 's', seconds: 1, requests: 1, estimated: false },
    ...{ tokens: { input: 10, output: 5 }, usd: 0.5, outcome: 'answered', message: null },
  };
  const away: Called = { ...call, requests: 4, usd: 0, tokens: { input: 0, output: 0 } };
  const gone: Called = { ...away, outcome: 'unreachable', message: 'no connection' };
  const night = [call, { ...call, role: 'planner' as const }, gone, gone].reduce(
    (all, one) => called(all, one, 't'),
    NO_CALLS,
  );
  expect(night.total).toEqual({ calls: 4, tokens: { input: 20, output: 10 }, usd: 1, unpriced: 0 });
  expect(night.by_role.planner).toMatchObject({ calls: 1, usd: 0.5 });
  expect(night.without).toEqual([
    { role: 'worker', model: 'm', outcome: 'unreachable', message: 'no connection', at: 't' },
  ]);
});

describe('the plan says who thinks with what', () => {
  const of = (given: Record<string, unknown>) => agents.parse(given);

  test('no model, and a role that has none', () => {
    expect(modelOf(of({}), 'worker')).toBeNull();
    expect(modelOf(of({ model: 'm', planner: { model: 'none' } }), 'planner')).toBeNull();
  });

  test('a role takes from all what it does not say itself, but no key to another place', () => {
    const plan = of({
      ...{ model: 'gpt-5', temperature: 0.2, api_key_env: 'KEY', timeout: '5m' },
      worker: { model: 'qwen3', base_url: 'http://localhost:11434/v1', max_tokens: 9000 },
    });
    expect(modelOf(plan, 'researcher')).toMatchObject({ model: 'gpt-5', api_key_env: 'KEY' });
    expect(modelOf(plan, 'worker')).toEqual({
      ...{ model: 'qwen3', base_url: 'http://localhost:11434/v1', api_key_env: null },
      ...{ temperature: 0.2, max_tokens: 9000, timeout: 300, structured: 'auto' },
    });
  });

  test('OpenAI’s key is looked for at OpenAI, and a missing one is told before anything is asked', async () => {
    for (const base_url of [undefined, `${OPENAI}/`])
      expect(modelOf(of({ model: 'gpt-5', base_url }), 'planner')).toMatchObject({
        ...{ base_url: OPENAI, api_key_env: 'OPENAI_API_KEY' },
      });
    const { model } = await aModel(OPENAI);
    expect(await model.unasked('planner')).toMatchObject({
      class: 'refused_key',
      message: 'scripted: expected a key in the variable OPENAI_API_KEY, found none',
    });
  });
});
