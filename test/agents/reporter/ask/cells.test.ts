import { expect, test } from 'vitest';
import { shownAs } from '../../../../agents/reporter/ask/cells.ts';

test('an effect that is not zero is not written as zero, and never with the other sign', () => {
  const row = { effect: -0.004876, interval: [-0.05, 0.04] };
  expect(shownAs('effect', row.effect, row)).toBe('−0.005');
});

test('calls whose price nobody knows did not cost nothing', () => {
  expect(shownAs('usd', 0, { usd: 0, unpriced_calls: 15 })).toBe('an unknown number of US dollars');
  expect(shownAs('usd', 0, { usd: 0, unpriced_calls: 0 })).toBe('0 US dollars');
  expect(shownAs('usd', 0.25, { usd: 0.25, unpriced_calls: 15 })).toBe('0.25 US dollars');
});
