import { expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import { memoryNotebook, type Cell } from './notebook.ts';
import { told } from './told.ts';

const call = (extra: Readonly<Record<string, Cell>>) => ({
  ...{ id: 'S-1', night: 'N-0002', name: 'draft', who: 'researcher', seconds: 2 },
  ...{ start: '2026-11-20 23:10:00', model: 'gpt-5-mini', requests: 1, outcome: 'answered' },
  ...{ tokens_in: 1000, tokens_out: 234, estimated: false, usd: 0.004, ...extra },
});

async function findings(...spans: readonly Readonly<Record<string, Cell>>[]): Promise<string> {
  const tables = told({ tried: [{ id: 'E-0000', values: [1.61, 1.612] }] });
  const notebook = await memoryNotebook({
    ...tables,
    spans: [...(tables['spans'] ?? []), ...spans],
  });
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const documents = 'documents' in report ? report.documents : [];
  return documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
}

test('what models were asked stands beside the run hours, with tokens, price and query', async () => {
  const page = await findings(
    call({}),
    call({ id: 'S-2', usd: 0.11 }),
    call({ id: 'S-3', who: 'worker', model: 'qwen3', usd: null, estimated: true }),
    call({ id: 'S-4', night: 'N-0001' }),
  );
  expect(page).toContain(
    'Models were asked 2 times by the researcher (`gpt-5-mini`, 2468 tokens, 0.11 US dollars); ' +
      '1 time by the worker (`qwen3`, about 1234 tokens, price unknown) ([calls]).',
  );
  expect(page).toContain('### calls\n');
});

test('a price that is known of some calls alone is said to be', async () => {
  const page = await findings(call({}), call({ id: 'S-2', usd: null }));
  expect(page).toContain('0.004 US dollars and the unknown price of 1 call');
});

test('a night says when, and why, it went on without a model', async () => {
  const spent = { outcome: 'budget', requests: 0, tokens_in: 0, tokens_out: 0, usd: 0 };
  const page = await findings(
    call({ outcome: 'unreachable', message: 'gpt-5-mini at api.example: 503 <b>busy</b>', usd: 0 }),
    call({ id: 'S-2', outcome: 'unreachable', message: 'later', start: '2026-11-20 23:40:00' }),
    call({ id: 'S-3', who: 'worker', message: 'budget.tokens (9) are spent', ...spent }),
  );
  expect(page).toContain(
    'From 23:10 UTC the researcher had to go on without `gpt-5-mini`, 2 times: gpt-5-mini at api.example: 503 &lt;b\\>busy&lt;/b\\>',
  );
  expect(page).toContain('the worker had to go on without `gpt-5-mini`, once: budget.tokens (9)');
  expect(page).toContain('Models were asked 2 times by the researcher');
});

test('answers that could not be used are told with why', async () => {
  const page = await findings(
    call({ outcome: 'malformed', message: 'expected a number' }),
    call({ id: 'S-2', outcome: 'lost', message: 'nobody heard' }),
  );
  expect(page).toContain(
    'The researcher could not use 1 answer of `gpt-5-mini` (malformed; the first: expected a number)',
  );
  expect(page).toContain('(lost; the first: nobody heard)');
  expect(page).not.toContain('go on without');
});

test('a night without models says nothing of them', async () => {
  expect(await findings()).not.toMatch(/Models were asked|go on without|could not use/);
});
