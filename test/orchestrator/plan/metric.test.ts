import { expect, test } from 'vitest';
import { metricIn } from '../../../orchestrator/plan/metric.ts';

test('a plan names its metric, also with mistakes elsewhere', () => {
  expect(metricIn('objective: { metric: val/loss, direction: downwards }\nbugdet: 3\n')).toBe(
    'val/loss',
  );
});

test.each(['', 'objective: val_loss', 'objective: { metric: 3 }', 'objective: [', '[]', '\t{'])(
  'a text without a metric names none: %j',
  (text) => {
    expect(metricIn(text)).toBeNull();
  },
);
