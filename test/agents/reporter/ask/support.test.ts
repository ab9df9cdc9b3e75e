import { describe, expect, test } from 'vitest';
import { shownAs } from '../../../../agents/reporter/ask/cells.ts';
import { readDraft } from '../../../../agents/reporter/ask/draft.ts';
import { unsupported } from '../../../../agents/reporter/ask/support.ts';
import type { Found, Row } from '../../../../agents/reporter/ask/tool.ts';

/** E-0013 is the better one of two, and nothing is confirmed but E-0007. */
const row = (id: string, effect: number, more: Row = {}): Row => ({
  ...{ id, title: `idea of ${id}`, baseline: 'E-0000', parent: 'E-0008', metric: 'val_bpb' },
  ...{ direction: 'minimize', objective: 2.82 + effect, n: 2, effect, verdict: 'promising' },
  ...{ interval: [effect - 0.04, effect + 0.04], dawn_confirmed: null, effect_on_parent: -0.1 },
  ...more,
});
const call = (name: string, tool: string, args: unknown, rows: readonly Row[]): Found => {
  const source = { name, sql: 'SELECT' };
  const factsOf = (one: Row) =>
    Object.fromEntries(
      Object.entries(one).map(([column, value]) => [
        column,
        { shown: shownAs(column, value, one), value, source, runs: [] },
      ]),
    );
  return {
    ...{ call: name, tool, args, source, rows: rows.map(factsOf) },
    ...{ whole: factsOf({ matching: 2, of: 18 }), ranked: tool === 'best' ? 'best' : null },
    free: false,
  };
};
const FOUND = [
  call('q1', 'compare', { a: 'E-0001', b: 'E-0013' }, [
    row('E-0001', -0.13),
    row('E-0013', -0.32, { difference: -0.19, difference_interval: [-0.24, -0.14] }),
  ]),
  call('q2', 'best', {}, [row('E-0013', -0.32), row('E-0016', -0.29)]),
  call('q3', 'show', { id: 'E-0007' }, [
    row('E-0007', -0.08, { dawn_confirmed: true, dawn_effect: -0.08 }),
  ]),
];
const problems = (draft: string) => unsupported(readDraft(draft, FOUND), FOUND);

describe('a draft is held against its facts', () => {
  test.each([
    '{{q1.r1.id}} is better than {{q1.r0.id}}: {{q1.r1.difference}}, {{q1.r1.difference_interval}}.',
    'E-0001 is worse than E-0013: {{q1.r1.difference}} is {{q1.r1.id}} minus {{q1.r0.id}}.',
    'E-0001 is not better than E-0013: {{q1.r1.difference}}.',
    'E-0013 improved by {{q2.r0.effect}} on the baseline {{q2.r0.baseline}}, {{q2.r0.interval}}, verdict {{q2.r0.verdict}}.',
    'E-0013 is not confirmed: {{q2.r0.effect}}.',
    'The best is {{q2.r0.id}} at {{q2.r0.objective}}; second best is {{q2.r1.id}} at {{q2.r1.objective}}.',
    '{{q3.r0.id}} is confirmed as better: {{q3.r0.dawn_effect}}.',
    '{{q2.whole.matching}} of {{q2.whole.of}} experiments.',
  ])('%s may be told', (draft) => {
    expect(problems(draft)).toEqual([]);
  });

  test.each([
    [
      'a swapped comparison',
      '{{q1.r0.id}} is better than {{q1.r1.id}}: {{q1.r1.difference}}.',
      '“better”',
    ],
    ['one in the passive', 'E-0013 was beaten by E-0001: {{q1.r1.difference}}.', '“beaten”'],
    [
      'one that nobody made',
      '{{q2.r0.id}} is better than {{q2.r1.id}}: {{q2.r0.effect}}.',
      'difference',
    ],
    [
      'a swapped subtraction',
      'E-0001 minus E-0013 is {{q1.r1.difference}}.',
      'does not name right before',
    ],
    [
      'a negation elsewhere',
      'E-0013 has not merely looked good: without doubt it is a confirmed win at {{q2.r0.objective}}.',
      '“without doubt”',
    ],
    [
      'the same without the doubt',
      'E-0013 was not lucky, it is confirmed: {{q2.r0.effect}}.',
      '“confirmed”',
    ],
    ['not only', 'E-0013 is not only confirmed: {{q2.r0.effect}}.', '“confirmed”'],
    ['no doubt', 'There is no doubt of E-0013: {{q2.r0.effect}}.', '“no doubt”'],
    [
      'another’s confirmation',
      'E-0013 is confirmed like {{q3.r0.id}}: {{q3.r0.dawn_effect}}.',
      '“confirmed”',
    ],
    [
      'a foreign cell',
      'E-0013 is at {{q2.r1.objective}} as {{q2.r0.id}} and {{q2.r1.id}} show.',
      'is E-0016’s',
    ],
    ['a cell of another call', 'E-0013 is at {{q3.r0.objective}}.', 'is E-0007’s'],
    [
      'its parent’s level',
      'E-0013, built on {{q2.r0.parent}} at {{q2.r0.objective}}.',
      'is E-0013’s',
    ],
    ['a count of all', 'E-0013 failed {{q2.whole.matching}} runs.', 'no number of what'],
    ['an effect for a value', 'E-0013 has a val_bpb of {{q2.r0.effect}}.', 'calls it a value'],
    ['a value for an effect', 'E-0013 gained a gain of {{q2.r0.objective}}.', 'calls it an effect'],
    ['a unit', 'E-0013 cost {{q2.r0.objective}} dollars.', 'is not in dollars'],
    ['a superlative of another', 'E-0016 is the best, said {{q2.r0.id}}.', '“best”'],
  ])('%s may not', (_, draft, problem) => {
    expect(problems(draft).join('\n')).toContain(problem);
  });
});
