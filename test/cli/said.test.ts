import { expect, test } from 'vitest';

import { saidInWords } from '../../cli/said.ts';

test('a run’s page says what its script said of it, as the script’s own words, on one line each', () => {
  const file = { bytes: 1, sha256: '' };
  const saved = { as: 'mo\ndel', version: 3, kind: 'checkpoint', step: 700 };
  expect(
    saidInWords({
      artifacts: [
        { ...file, name: 'model/v1/m.pt', saved: { ...saved, version: 1, step: 0 } },
        { ...file, name: 'model/v3/m.pt', saved, best: true },
        { ...file, name: 'opt/v1/o.pt', saved: { ...saved, as: 'opt', version: 1 }, best: true },
      ],
      logged: { findings: ['It "works"\u0007\nnearly', 'again'], tags: ['a', 'b'], group: 'sweep' },
    }),
  ).toEqual([
    ['best', 'checkpoint mo del:v3, opt:v1, saved at step 700 (model/v3/m.pt)'],
    ['group', 'sweep (the script says)'],
    ['tags', 'a, b (the script says)'],
    ['script says', '“It "works" nearly”'],
    ['script says', '“again”'],
  ]);
  expect(saidInWords({})).toEqual([]);
});
