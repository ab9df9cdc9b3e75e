import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, makeLab, PLAN, type FixtureLab } from '../support/lab.ts';
import { EDGES, ODD } from './mutate.ts';
import { holdsInTime } from './settings.ts';

/** `launch` is given a plan that it refuses: what its words do in a night is not asked here. */
const VERBS = [
  ...['init', 'check', 'launch', 'status', 'experiments', 'runs', 'hypotheses', 'show', 'compare'],
  ...['query', 'flag', 'unflag', 'tag', 'untag', 'decide', 'report', 'promote', 'gc'],
];
const WORDS = [
  ...[
    'E-0000',
    'E-0000.1',
    'E-99999999999999999999',
    'N-0001',
    'H-0001',
    'e-0001',
    'E-1',
    '..',
    '/',
    '-',
    '--',
  ],
  ...[
    '--json',
    '--limit',
    '0',
    '5',
    '-1',
    '1e9',
    '--status',
    'finished',
    '--night',
    '--verdict',
    '--because',
    '--since',
    '--sort',
    '--columns',
    '--tag',
    '--csv',
    '--closes',
    '--evidence',
  ],
  ...[
    '--for',
    '8h',
    '--experiments',
    '--parallel',
    '--unconfirmed',
    '--dry-run',
    '--yes',
    '--script',
    '--metric',
  ],
  ...[
    '--direction',
    'minimize',
    '--example',
    '--nothing',
    '-x',
    '--json=1',
    '--limit=x',
    'SELECT 1',
    'DROP TABLE runs',
  ],
  ...[
    'SELECT * FROM nothing',
    "SELECT '\u001b[31m'",
    "COPY runs TO '/tmp/x'",
    '%',
    '$(id)',
    '`id`',
    '*',
  ],
];
const word = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
    { weight: 1, arbitrary: fc.constantFrom(...EDGES, ...ODD) },
    { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
  )
  // The operating system takes no NUL in an argument, and hands over bytes.
  .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
const calls = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...VERBS) }, { weight: 1, arbitrary: word }),
  fc.array(word, { maxLength: 5 }),
  fc.nat(1),
);

describe('any words on the command line', () => {
  const labs: FixtureLab[] = [];
  beforeAll(() => {
    labs.push(
      makeLab({ 'research_plan.yaml': `${PLAN}nothing: 1\n` }),
      makeLab({ 'research_plan.yaml': 'objective: [\n' }),
    );
  });
  afterAll(() => {
    for (const lab of labs) lab.remove();
  });

  test('end with 0, 1 or 2, a message and no stack', async () => {
    await holdsInTime(0.006, calls, async ([verb, words, n]) => {
      const { code, stdout, stderr } = await autolab(labs[n] as FixtureLab, verb, ...words);
      expect([0, 1, 2]).toContain(code);
      expect(stdout + stderr).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
      expect(stdout + stderr).not.toMatch(/node:internal|file:\/\/|UnhandledPromise/);
      if (code === 0) return;
      if (![verb, ...words].includes('--json')) expect(stderr.trim()).not.toBe('');
      else {
        const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
        expect(error.code).not.toBe('');
        expect(error.message).not.toBe('');
      }
    });
  });
});
