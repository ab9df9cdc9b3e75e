import { expect, test } from 'vitest';
import type { Script } from '../../../agents/scripted.ts';
import { modelProbes } from '../../../orchestrator/lab/probe/models.ts';
import { agents as agentsSchema } from '../../../orchestrator/domain/plan-agents.ts';
import { aPlan } from '../../support/simulate.ts';
import { anEndpoint } from '../../agents/models/support.ts';

const READY = { reply: { ready: true }, times: 'always' } as const;

async function found(script: Script, agents: object = {}, budget: object = {}) {
  const { url, lines } = await anEndpoint(script);
  const plan = {
    agents: agentsSchema.parse({ model: 'm', base_url: url, ...agents }),
    budget: { ...aPlan().budget, ...budget },
  };
  const probes = await modelProbes(plan, { KEY: 'sk-1' });
  return { host: new URL(url).host, lines, probes };
}

test('a plan without a model is told so, and nobody is called', async () => {
  const { probes, lines } = await found([], { model: 'none' });
  expect(probes).toEqual([
    { name: 'model', result: 'ok', text: 'none: the agents think without one' },
  ]);
  expect(lines).toEqual([]);
});

test('a model is called once however many roles share it', async () => {
  const { probes, lines, host } = await found([READY]);
  expect(lines).toHaveLength(1);
  expect(probes).toMatchObject([{ result: 'ok' }]);
  expect(probes[0]?.text).toMatch(`all roles: m at ${host} answers`);
  expect(probes[0]?.text).toMatch(/by JSON schema; price unknown/);
});

test('an endpoint without structured output is found out', async () => {
  const no = { fault: { status: 400, message: 'response_format and tools are not supported' } };
  const { probes } = await found([{ ...no, times: 3 }, READY]);
  expect(probes).toMatchObject([{ result: 'ok' }]);
  expect(probes[0]?.text).toContain('no structured output: JSON is asked for in words');
});

test.each([
  [
    'a key that is refused',
    [{ fault: { status: 401, message: 'no such key' } }],
    {},
    '401 no such key',
  ],
  [
    'a key that is not there',
    [],
    { api_key_env: 'MISSING' },
    'in the variable MISSING, found none',
  ],
  ['an endpoint in trouble', [{ fault: { status: 503 } }], {}, '503'],
  ['a wrong name', [{ fault: { status: 404, message: 'model m not found' } }], {}, 'not found'],
])('%s is odd and not bad: a night goes on without', async (_, script, agents, text) => {
  const { probes, lines } = await found(script, agents);
  expect(lines.length).toBeLessThan(2);
  expect(probes).toMatchObject([{ name: 'model', result: 'odd' }]);
  expect(probes[0]?.text).toContain(text);
  expect(probes[0]?.text).toContain('A night would go on without it');
});

test('prices are said, and a budget in dollars without one is odd', async () => {
  const own = { prices: { m: { input: 1, output: 2 } }, api_key_env: 'KEY' };
  const priced = await found([READY], own, { llm_usd: 5 });
  expect(priced.probes[0]).toMatchObject({ result: 'ok' });
  expect(priced.probes[0]?.text).toContain('1 and 2 dollars per million tokens');
  const unknown = await found([READY], {}, { llm_usd: 5 });
  expect(unknown.probes[0]).toMatchObject({ result: 'odd' });
});
