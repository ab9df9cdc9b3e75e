import { describe, expect, test } from 'vitest';
import { createResearcher } from '../../agents/researcher.ts';
import type { ResearcherBrief, Trial } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Change, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import type { Knob } from '../../orchestrator/domain/plan.ts';
import { candidateValues, sampleRange } from '../../orchestrator/knobs/knobs.ts';

const RATE: Knob = { file: 'train.py', range: [1e-4, 1e-1], whole: false, scale: 'log' };
const DROPOUT: Knob = { file: 'train.py', range: [0, 0.5], whole: false, line: 'regularisation' };
const WIDTH: Knob = { file: 'train.py', values: ['16', '32', '64', '128'] };
const ACTIVATION: Knob = { file: 'train.py', values: ['relu', 'gelu', 'relu2'] };

const BRIEF: ResearcherBrief = {
  night: 'N-0001',
  round: 1,
  wanted: 4,
  objective: { metric: 'loss', direction: 'minimize', at: 'last' },
  search_space: {},
  incumbent: 'E-0000',
  settings: {},
  own: [],
  proposed: [],
  memory: [],
  baselines: [],
};

const propose = createResearcher({ candidateValues, sampleRange });

const knob = (name: string, value: string): Change => ({
  kind: 'knobs',
  values: { [name]: value },
});
/** A change of the baseline, or of `parent`; measured once, unless it says otherwise. */
const tried = (
  experiment: Trial['experiment'],
  change: Change,
  gain: number | null,
  rest: Partial<Trial> = {},
): Trial => ({
  ...{ experiment, change, parent: 'E-0000', verdict: 'inconclusive', gain },
  ...{ baseline: 'E-0000', effect: gain, n: 1, seconds: null },
  settings: change.kind === 'knobs' ? change.values : {},
  ...rest,
});
/** The settings of `memory` filled up with those of the baseline, which was measured thrice. */
const on = (
  settings: Readonly<Record<string, string>>,
  memory: readonly Trial[],
): Pick<ResearcherBrief, 'memory' | 'baselines' | 'settings'> => ({
  settings,
  memory: memory.map((one) => ({ ...one, settings: { ...settings, ...one.settings } })),
  baselines: [{ experiment: 'E-0000', settings, n: 3, seconds: null }],
});
const mine = (title: string, change: Change): Proposal => ({
  title,
  because: 'I think so',
  source: 'yours',
  line: 'mine',
  change,
  success_criteria: [],
});

const titles = async (brief: Partial<ResearcherBrief>): Promise<string[]> =>
  (await propose({ ...BRIEF, ...brief })).proposals.map(({ title }) => title);

describe('what comes first', () => {
  test('the user’s hypotheses are proposed as they are, in their order, before anything else', async () => {
    const own = [
      mine('Tie the embeddings', knob('width', '7')),
      mine('No warm-up', knob('width', '64')),
    ];
    const answer = await propose({
      ...BRIEF,
      search_space: { width: WIDTH },
      settings: { width: '32' },
      own,
    });
    expect(answer.proposals.slice(0, 2)).toEqual(own);
    expect(answer.proposals.map(({ change }) => changeKey(change))).toHaveLength(
      new Set(answer.proposals.map(({ change }) => changeKey(change))).size,
    );
  });

  test('a hypothesis of the user that was proposed this night is spent', async () => {
    const own = [mine('Tie the embeddings', { kind: 'patch', file: 'ideas/tie.diff', diff: '+a' })];
    const proposed = own.map((proposal) => ({ ...proposal, parent: 'E-0000' as const }));
    expect(await propose({ ...BRIEF, own, proposed })).toEqual({ proposals: [], exhausted: true });
  });

  test('more hypotheses than were wanted wait for the next round', async () => {
    const own = ['a', 'b', 'c'].map((title) => mine(title, knob('width', title)));
    const answer = await propose({ ...BRIEF, own, wanted: 2 });
    expect(answer.proposals.map(({ title }) => title)).toEqual(['a', 'b']);
    expect(answer.exhausted).toBe(false);
  });

  test('a finding on a parent that was left is tried again on the new incumbent, and says so', async () => {
    const answer = await propose({
      ...BRIEF,
      search_space: { width: WIDTH, activation: ACTIVATION },
      ...on({ width: '32', activation: 'relu' }, [
        tried('E-0001', knob('width', '64'), 2.6, { verdict: 'promising', n: 3 }),
        tried('E-0002', knob('activation', 'relu2'), 3.4, { verdict: 'promising', n: 3 }),
      ]),
      settings: { width: '32', activation: 'relu2' },
      incumbent: 'E-0002',
    });
    expect(answer.proposals[0]).toMatchObject({
      title: 'width 32 → 64',
      because:
        'E-0001 gained 2.6 noise units on E-0000; a finding should stack, so again on E-0002',
      source: 'search_space',
      change: knob('width', '64'),
    });
  });

  test('a finding that the same knob has overtaken is not tried again', async () => {
    const names = await titles({
      search_space: { width: WIDTH },
      ...on({ width: '32' }, [
        tried('E-0001', knob('width', '64'), 2.6, { verdict: 'promising', n: 3 }),
        tried('E-0002', knob('width', '128'), 5, { verdict: 'promising', n: 3 }),
      ]),
      settings: { width: '128' },
      incumbent: 'E-0002',
    });
    expect(names[0]).not.toBe('width 128 → 64');
  });
});

test('a finding of an earlier night stacks, and tonight’s own is left to the night', async () => {
  const memory = [
    tried('E-0001', knob('width', '64'), 3, { verdict: 'promising' }),
    tried('E-0002', knob('dropout', '0.2'), 2, { verdict: 'promising' }),
  ];
  const known = on({ width: '32', dropout: '0.1' }, memory);
  const settings = { width: '32', dropout: '0.2' };
  const brief = { ...BRIEF, ...known, settings, search_space: { width: WIDTH, dropout: DROPOUT } };
  const stacked = async (proposed: ResearcherBrief['proposed']) =>
    (await propose({ ...brief, incumbent: 'E-0002', proposed })).proposals.filter(({ because }) =>
      because.includes('should stack'),
    );
  expect((await stacked([])).map(({ change }) => change)).toEqual([knob('width', '64')]);
  const tonight = { ...mine('Wider', knob('width', '64')), parent: 'E-0000' as const };
  expect(await stacked([tonight])).toEqual([]);
});

const SPACE = { rate: RATE, dropout: DROPOUT, width: WIDTH, activation: ACTIVATION };
const BASE = { rate: '0.01', dropout: '0.1', width: '32', activation: 'relu' };
const valueIn = (title: string | undefined): number => Number(title?.split(' → ')[1]);

describe('with nothing to learn from', () => {
  test('each knob moves once before any moves twice, and the reason says that nothing is known', async () => {
    const { proposals } = await propose({ ...BRIEF, search_space: SPACE, ...on(BASE, []) });
    const knobs = proposals.map(({ title }) => title.split(' ')[0] ?? '');
    expect(knobs.toSorted()).toEqual(['activation', 'dropout', 'rate', 'width']);
    expect(proposals[0]?.because).toBe(`no move of ${knobs[0]} was tried yet`);
  });

  test('the first move of a range is on its scale, and leaves the far end for later', async () => {
    const brief = { ...BRIEF, search_space: { rate: RATE }, ...on({ rate: '0.001' }, []) };
    const first = valueIn((await titles({ ...brief, wanted: 1 }))[0]);
    const decades = Math.abs(Math.log10(first / 0.001));
    expect(decades).toBeGreaterThan(0.3);
    expect(decades).toBeLessThan(1.1);
  });

  test('the line is the plan’s, or else the knob’s name', async () => {
    const { proposals } = await propose({ ...BRIEF, search_space: SPACE, ...on(BASE, []) });
    for (const { line, change } of proposals) {
      const [name = ''] = change.kind === 'knobs' ? Object.keys(change.values) : [];
      expect(line).toBe(name === 'dropout' ? 'regularisation' : name);
    }
  });

  test('a current value that is outside the range, or no number at all, is moved from', async () => {
    for (const current of ['7', 'None']) {
      const [first] = await titles({ search_space: { rate: RATE }, ...on({ rate: current }, []) });
      expect(valueIn(first)).toBeGreaterThanOrEqual(1e-4);
      expect(valueIn(first)).toBeLessThanOrEqual(0.1);
    }
  });
});

describe('from what was measured', () => {
  const rest = [
    tried('E-0002', knob('dropout', '0.225'), -0.2),
    tried('E-0003', knob('width', '64'), -0.1),
    tried('E-0004', knob('activation', 'gelu'), -0.1),
  ];
  const first = async (memory: readonly Trial[], extra: Partial<ResearcherBrief> = {}) =>
    (await propose({ ...BRIEF, search_space: SPACE, ...on(BASE, memory), wanted: 1, ...extra }))
      .proposals[0];

  test('a knob that paid is moved further the same way, with the evidence named', async () => {
    const paid = tried('E-0001', knob('rate', '0.02'), 4.1, { n: 3 });
    const proposal = await first([paid, ...rest]);
    expect(proposal?.title).toContain('rate 0.01 → ');
    expect(valueIn(proposal?.title)).toBeGreaterThan(0.02);
    expect(proposal?.because).toMatch(
      /^expected gain \d+\.\d ± \d+\.\d noise units \(Gaussian process over 5 experiments; nearest: E-0001 \(0\.01 → 0\.02\) gained 4\.1 noise units\)$/,
    );
  });

  test('a number that lost one way is moved the other way, when it is moved', async () => {
    const lost = tried('E-0001', knob('rate', '0.02'), -4);
    const only = { search_space: { rate: RATE }, ...on({ rate: '0.01' }, [lost]) };
    expect(
      valueIn((await propose({ ...BRIEF, ...only, wanted: 1 })).proposals[0]?.title),
    ).toBeLessThan(0.01);
  });

  test('a value that crashed the script is turned from, without a figure', async () => {
    const crashed = tried('E-0001', knob('rate', '0.02'), null, { verdict: 'failed' });
    const only = { search_space: { rate: RATE }, ...on({ rate: '0.01' }, [crashed]) };
    const [proposal] = (await propose({ ...BRIEF, ...only, wanted: 1 })).proposals;
    expect(valueIn(proposal?.title)).toBeLessThan(0.01);
    expect(proposal?.because).toContain('nearest: E-0001 (0.01 → 0.02) failed');
  });

  test('a knob that was never moved comes before those that moved nothing', async () => {
    const flat = [
      ...rest,
      tried('E-0005', knob('dropout', '0.4'), 0.1),
      tried('E-0006', knob('width', '16'), 0),
      tried('E-0007', knob('activation', 'relu2'), -0.2),
    ];
    expect((await first(flat))?.title).toContain('rate');
  });

  test('what an earlier night measured against a baseline of its own counts too', async () => {
    const earlier = { baseline: 'E-0100', parent: 'E-0100', effect: 5, n: 3 } as const;
    const memory = [
      ...rest,
      tried('E-0101', knob('activation', 'relu2'), 5, earlier),
      tried('E-0005', knob('rate', '0.02'), -0.1),
    ];
    const known = on(BASE, memory);
    const baselines = [...known.baselines, { ...known.baselines[0], experiment: 'E-0100' }];
    const proposal = await first(memory, { baselines } as Partial<ResearcherBrief>);
    expect(proposal?.title).toBe('activation relu → relu2');
    expect(proposal?.because).toContain('E-0101');
  });

  test('numbers that cannot be compared with today’s teach nothing', async () => {
    const incomparable = tried('E-0001', knob('rate', '0.02'), -9, { effect: null });
    const known = await titles({ search_space: SPACE, ...on(BASE, [...rest, incomparable]) });
    const other = tried('E-0001', knob('rate', '0.02'), 9, { effect: null });
    expect(await titles({ search_space: SPACE, ...on(BASE, [...rest, other]) })).toEqual(known);
  });

  test('a patch lifts what is built on it, and no knob gets the credit', async () => {
    const patch = { kind: 'patch', file: null, diff: '+tied' } as const;
    const on_patch = { parent: 'E-0001', effect: 5, settings: { k: '2' } } as const;
    const { proposals } = await propose({
      ...BRIEF,
      search_space: { k: { file: 'a', values: ['1', '2', '3'] } },
      ...on({ k: '1' }, [
        tried('E-0001', patch, 10, { verdict: 'promising', n: 3 }),
        tried('E-0002', knob('k', '2'), -5, on_patch),
      ]),
      incumbent: 'E-0001',
    });
    expect(proposals).toHaveLength(1);
    expect(proposals[0]?.because).toMatch(/^expected gain −[2-9]/);
  });

  test('of two knobs that nothing tells apart the cheaper is moved first', async () => {
    const two: ResearcherBrief['search_space'] = {
      dear: { file: 'a', values: ['1', '2', '3', '4'] },
      cheap: { file: 'a', values: ['1', '2', '3', '4'] },
    };
    const settings = { dear: '1', cheap: '1' };
    const timed = (dear: number, cheap: number) => [
      tried('E-0001', knob('dear', '3'), 1, { seconds: dear }),
      tried('E-0002', knob('cheap', '3'), 1, { seconds: cheap }),
    ];
    const asked = async (dear: number, cheap: number) =>
      (
        await titles({
          search_space: two,
          wanted: 1,
          ...on(settings, timed(dear, cheap)),
          baselines: [{ experiment: 'E-0000', settings, n: 3, seconds: 100 }],
        })
      )[0];
    expect(await asked(300, 100)).toContain('cheap');
    expect(await asked(100, 300)).toContain('dear');
  });

  test('a range of whole numbers gets whole numbers', async () => {
    const layers = { file: 'a', range: [1, 512], whole: true, scale: 'log' } satisfies Knob;
    const { proposals } = await propose({
      ...BRIEF,
      wanted: 40,
      search_space: { layers },
      ...on({ layers: '64' }, []),
    });
    for (const { title } of proposals) expect(Number.isInteger(valueIn(title))).toBe(true);
  });
});

describe('always', () => {
  test('the same brief gets the same answer', async () => {
    const brief = {
      ...BRIEF,
      search_space: SPACE,
      ...on(BASE, [tried('E-0001', knob('width', '64'), 2)]),
      wanted: 8,
    };
    expect(await propose(brief)).toEqual(await propose(brief));
  });

  test('nothing but gains in noise units counts, whichever way the objective goes', async () => {
    const brief = {
      ...BRIEF,
      search_space: SPACE,
      ...on(BASE, [tried('E-0001', knob('width', '64'), 2)]),
    };
    const objective = { metric: 'accuracy', direction: 'maximize', at: 'last' } as const;
    expect(await propose({ ...brief, objective })).toEqual(await propose(brief));
  });

  test('everything is proposed once and then the incumbent is exhausted, but not the next', async () => {
    const space = { rate: RATE, width: WIDTH };
    const brief = { ...BRIEF, search_space: space, ...on({ rate: '0.02', width: '32' }, []) };
    const all = await propose({ ...brief, wanted: 50 });
    expect(all.exhausted).toBe(true);
    expect(new Set(all.proposals.map(({ change }) => changeKey(change))).size).toBe(25 + 3);
    const proposed = all.proposals.map((p) => ({ ...p, parent: 'E-0000' as const }));
    expect(await propose({ ...brief, proposed })).toEqual({ proposals: [], exhausted: true });
    expect((await propose({ ...brief, proposed, incumbent: 'E-0009' })).proposals).toHaveLength(4);
  });

  test('one value written in two ways is not a move', async () => {
    const k: Knob = { file: 'a', values: ['0.01', '0.1'] };
    expect(await titles({ search_space: { k }, ...on({ k: '1e-2' }, []) })).toEqual([
      'k 1e-2 → 0.1',
    ]);
  });

  test('what waits for the new incumbent under the user’s name is not proposed beside it', async () => {
    const names = await titles({
      search_space: { width: WIDTH },
      ...on({ width: '32' }, []),
      incumbent: 'E-0005',
      proposed: [{ ...mine('Wider', knob('width', '64')), parent: 'E-0000' }],
    });
    expect(names.toSorted()).toEqual(['width 32 → 128', 'width 32 → 16']);
  });

  test('proposals that wait are taken for tried, so that the next ones look elsewhere', async () => {
    const brief = { ...BRIEF, search_space: SPACE, ...on(BASE, []), wanted: 1 };
    const said: ResearcherBrief['proposed'][number][] = [];
    for (let round = 1; round <= 4; round += 1) {
      const { proposals } = await propose({ ...brief, round, proposed: said });
      said.push(...proposals.map((p) => ({ ...p, parent: 'E-0000' as const })));
    }
    expect(new Set(said.map(({ title }) => title.split(' ')[0])).size).toBe(4);
  });

  test('asking for two is asking for one and, while that waits, for another', async () => {
    const memory = [
      tried('E-0001', knob('rate', '0.02'), 0.1),
      tried('E-0002', knob('dropout', '0.225'), -0.2),
      tried('E-0003', knob('width', '64'), -0.1),
      tried('E-0004', knob('activation', 'gelu'), -0.1),
    ];
    const brief = { ...BRIEF, search_space: SPACE, ...on(BASE, memory) };
    const both = await propose({ ...brief, wanted: 6 });
    const said: ResearcherBrief['proposed'][number][] = [];
    for (const expected of both.proposals) {
      const [next] = (await propose({ ...brief, wanted: 1, proposed: said })).proposals;
      expect(next?.title).toBe(expected.title);
      if (next) said.push({ ...next, parent: 'E-0000' });
    }
  });

  test('two knobs are moved at once where one gains and each needs the other', async () => {
    const space = { rate: RATE, width: WIDTH };
    const settings = { rate: '0.001', width: '32' };
    const both = { kind: 'knobs', values: { rate: '0.01', width: '128' } } as const;
    const memory = [
      tried('E-0001', knob('rate', '0.01'), -3, { n: 3 }),
      tried('E-0002', knob('width', '128'), 0.5, { n: 3 }),
      tried('E-0003', both, 4, { n: 3 }),
    ];
    const { proposals } = await propose({
      ...BRIEF,
      ...{ search_space: space, wanted: 6 },
      ...on(settings, memory),
    });
    const joint = proposals.filter(({ title }) => title.includes(', '));
    expect(joint.length).toBeGreaterThan(0);
    expect(joint[0]).toMatchObject({ line: 'several knobs', source: 'search_space' });
    const keys = proposals.map(({ change }) => changeKey(change));
    expect(keys).not.toContain(changeKey(both));
  });

  describe('with a gain of tonight on an incumbent that is gone', () => {
    const found = tried('E-0001', knob('rate', '0.1'), 8);
    const settings = { ...BASE, width: '64' };
    const moved: Partial<ResearcherBrief> = {
      ...{ search_space: SPACE, incumbent: 'E-0002', settings, wanted: 8 },
      ...on(BASE, [found, tried('E-0002', knob('width', '64'), 4, { verdict: 'promising', n: 2 })]),
    };
    const said = [{ ...mine('', found.change), parent: 'E-0000', source: 'search_space' }] as const;

    test('it is left to the night, which puts it on the new one', async () => {
      const again = await titles({ ...moved, settings, proposed: said });
      expect(again).not.toContain('rate 0.01 → 0.1');
      // An earlier night's is not: this night will not come back to it by itself.
      const free = (await propose({ ...BRIEF, ...moved, settings })).proposals;
      expect(free.some(({ change }) => changeKey(change).includes('"rate","0.1"'))).toBe(true);
    });

    test('other knobs get the next runs, since nothing near it gains much over it', async () => {
      const next = await titles({ ...moved, settings, proposed: said, wanted: 4 });
      const rates = next.filter((title) => title.startsWith('rate') && !title.includes(', '));
      expect(rates.length).toBeLessThanOrEqual(1);
    });
  });
});
