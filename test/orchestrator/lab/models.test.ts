import { expect, test } from 'vitest';
import type { Called } from '../../../orchestrator/domain/call.ts';
import { betweenNights } from '../../../orchestrator/lab/models.ts';
import { aLittleNight, asEvents } from '../../support/events.ts';

const call = (usd: number, night: Called['night'] = null) => ({
  ...{ type: 'model_called' as const, call: 'a'.repeat(32), night, role: 'reporter' as const },
  ...{ step: 'plan', work: 'ask', on: null, model: 'm', started: '2026-01-01T00:00:00.000Z' },
  ...{ seconds: 1, requests: 1, tokens: { input: 10, output: 5 }, estimated: false, usd },
  ...{ outcome: 'answered' as const, message: null },
});

test('what was asked since the last night began counts on one budget, and a night’s calls on its own', () => {
  const events = asEvents([call(4), ...aLittleNight(1), call(0.25), call(8, 'N-0001'), call(0.5)]);
  expect(betweenNights(events)).toEqual({
    id: null,
    spent: { calls: 2, tokens: { input: 20, output: 10 }, usd: 0.75, unpriced: 0 },
  });
  expect(betweenNights(asEvents([call(4)])).spent.usd).toBe(4);
});
