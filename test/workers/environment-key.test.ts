import { expect, test } from 'vitest';
import { environmentOf } from '../../workers/environment-key.ts';
import { aPlan } from '../support/simulate.ts';

const machine = {
  cpu: 'a',
  cores: 8,
  gpus: [{ index: 0, name: 'H100', memory_mb: 1 }],
  driver: '550.1',
};
const data = [{ path: 'corpus', files: 1, bytes: 2, sha256: 'd' }];
const planWith = (run: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  aPlan({ run: { command: 'node train.mjs', seed: { env: 'SEED' }, ...run }, ...more });
const plan = planWith({});
const keys = environmentOf(machine, data, plan, {});

test.each([
  [
    'another device',
    environmentOf({ ...machine, gpus: [{ index: 0, name: 'A100', memory_mb: 1 }] }, data, plan, {}),
  ],
  [
    'one device more',
    environmentOf({ ...machine, gpus: [...machine.gpus, ...machine.gpus] }, data, plan, {}),
  ],
  [
    'other data',
    environmentOf(machine, [{ path: 'corpus', files: 1, bytes: 2, sha256: 'e' }], plan, {}),
  ],
  ['a time limit', environmentOf(machine, data, planWith({ timeout: '9s' }), {})],
  ['an evaluator', environmentOf(machine, data, planWith({}, { evaluate: { command: 'e' } }), {})],
  ['a promise', environmentOf(machine, data, planWith({ deterministic: true }), {})],
  [
    'threads in the plan',
    environmentOf(machine, data, planWith({ env: { OMP_NUM_THREADS: 2 } }), {}),
  ],
  [
    'threads of the user’s that the plan passes on',
    environmentOf(machine, data, planWith({ env_from: ['OMP_NUM_THREADS'] }), {
      OMP_NUM_THREADS: '4',
    }),
  ],
])('%s makes another hard key', (_, other) => {
  expect(other.hard).not.toBe(keys.hard);
  expect(other.soft).toBe(keys.soft);
});

test('a driver makes another soft key; other variables and a knob make neither', () => {
  const patched = environmentOf({ ...machine, driver: '550.2' }, data, plan, {});
  expect(patched).toMatchObject({ hard: keys.hard, words: { driver: '550.2' } });
  expect(patched.soft).not.toBe(keys.soft);
  const free = planWith({ env: { WIDTH: 3 }, env_from: ['HF_TOKEN'] });
  expect(environmentOf(machine, data, free, { HF_TOKEN: 'x', OMP_NUM_THREADS: '9' })).toEqual(keys);
});
