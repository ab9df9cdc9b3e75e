import { describe, expect, test } from 'vitest';
import { createResearcher } from '../../agents/researcher.ts';
import { startOf, titleOf } from '../../agents/researcher/words.ts';
import { VALUES_PER_RANGE } from '../../agents/researcher/values.ts';
import type { Memory, ResearcherBrief } from '../../orchestrator/domain/brief.ts';
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
};

/** Up where nothing is known. */
const up = createResearcher({ candidateValues, sampleRange, random: () => 0 });
const propose = createResearcher({ candidateValues, sampleRange });

const knob = (name: string, value: string): Change => ({
  kind: 'knobs',
  values: { [name]: value },
});
const tried = (
  experiment: Memory['experiment'],
  change: Change,
  gain: number | null,
  rest: Partial<Memory> = {},
): Memory => ({ experiment, change, parent: 'E-0000', verdict: 'inconclusive', gain, ...rest });
const mine = (title: string, change: Change): Proposal => ({
  title,
  because: 'I think so',
  source: 'yours',
  line: 'mine',
  change,
  success_criteria: [],
});

const titles = async (
  brief: Partial<ResearcherBrief>,
  ask: typeof propose = up,
): Promise<string[]> => (await ask({ ...BRIEF, ...brief })).proposals.map(({ title }) => title);

describe('what comes first', () => {
  test('the user’s hypotheses are proposed as they are, in their order, before anything else', async () => {
    const own = [
      mine('Tie the embeddings', knob('width', '7')),
      mine('No warm-up', knob('width', '64')),
    ];
    const answer = await up({
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
    expect(await up({ ...BRIEF, own, proposed })).toEqual({ proposals: [], exhausted: true });
  });

  test('more hypotheses than were wanted wait for the next round', async () => {
    const own = ['a', 'b', 'c'].map((title) => mine(title, knob('width', title)));
    const answer = await up({ ...BRIEF, own, wanted: 2 });
    expect(answer.proposals.map(({ title }) => title)).toEqual(['a', 'b']);
    expect(answer.exhausted).toBe(false);
  });

  test('a finding on a parent that was left is tried again on the new incumbent, and says so', async () => {
    const answer = await up({
      ...BRIEF,
      search_space: { width: WIDTH, activation: ACTIVATION },
      settings: { width: '32', activation: 'relu2' },
      incumbent: 'E-0002',
      memory: [
        tried('E-0001', knob('width', '64'), 2.6, { verdict: 'promising' }),
        tried('E-0002', knob('activation', 'relu2'), 3.4, { verdict: 'promising' }),
      ],
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
      settings: { width: '128' },
      incumbent: 'E-0002',
      memory: [
        tried('E-0001', knob('width', '64'), 2.6, { verdict: 'promising' }),
        tried('E-0002', knob('width', '128'), 2, { verdict: 'promising', parent: 'E-0001' }),
      ],
    });
    expect(names[0]).not.toBe('width 128 → 64');
  });
});

test('a patch that was promising stacks too, but not on what was built on it', async () => {
  const own = [mine('Tie', { kind: 'patch', file: 'tie.diff', diff: '+tied' })];
  const [tie] = own;
  const proposed = own.map((proposal) => ({ ...proposal, parent: 'E-0000' as const }));
  const memory = [
    tried('E-0001', tie?.change ?? { kind: 'none' }, 2, { verdict: 'promising' }),
    tried('E-0002', knob('width', '64'), 3, { verdict: 'promising' }),
    tried('E-0003', knob('width', '64'), 3, { verdict: 'promising', parent: 'E-0001' }),
  ];
  expect(await titles({ own, proposed, memory, incumbent: 'E-0002' })).toEqual(['Tie']);
  expect(await titles({ own, proposed, memory, incumbent: 'E-0003' })).toEqual([]);
});

describe('which knob', () => {
  const search_space = { rate: RATE, dropout: DROPOUT, width: WIDTH, activation: ACTIVATION };
  const settings = { rate: '0.01', dropout: '0.1', width: '32', activation: 'relu' };

  test('each knob moves once before any moves twice, and kinds take turns', async () => {
    const names = await titles({ search_space, settings, wanted: 5 });
    expect(names.slice(0, 4).map((title) => title.split(' ')[0])).toEqual([
      'rate',
      'width',
      'activation',
      'dropout',
    ]);
  });

  test('a knob that paid comes before one that did not', async () => {
    const memory = [
      tried('E-0001', knob('rate', '0.03'), 0.1),
      tried('E-0002', knob('dropout', '0.225'), 0.2),
      tried('E-0003', knob('width', '64'), 2.9),
      tried('E-0004', knob('activation', 'gelu'), -0.1),
    ];
    expect(await titles({ search_space, settings, memory, wanted: 1 })).toEqual(['width 32 → 128']);
  });

  test('a clear loss one way is a hope for the other way, a crash is none', async () => {
    const rest = [
      tried('E-0002', knob('dropout', '0.225'), 0.2),
      tried('E-0003', knob('width', '64'), 0.1),
      tried('E-0004', knob('activation', 'gelu'), -0.1),
    ];
    const lost = tried('E-0001', knob('rate', '0.00333'), -8);
    const crashed = { ...lost, gain: null, verdict: 'failed' as const };
    const first = async (memory: Memory[]) =>
      (await titles({ search_space, settings, memory, wanted: 1 }))[0];
    expect(await first([lost, ...rest])).toBe('rate 0.01 → 0.03');
    expect(await first([crashed, ...rest])).not.toContain('rate');
  });

  test('the line is the plan’s, or else the knob’s name', async () => {
    const answer = await up({ ...BRIEF, search_space, settings });
    expect(answer.proposals.map(({ line }) => line)).toEqual([
      'rate',
      'width',
      'activation',
      'regularisation',
    ]);
  });
});

describe('which value of a range', () => {
  const rate = { search_space: { rate: RATE }, settings: { rate: '0.01' }, wanted: 1 };
  const next = async (memory: Memory[], rest: Partial<ResearcherBrief> = {}) =>
    (await up({ ...BRIEF, ...rate, memory, ...rest })).proposals[0];

  test('the first step is a factor of three on a log scale', async () => {
    expect(await next([])).toMatchObject({
      title: 'rate 0.01 → 0.03',
      because: 'no move of rate was tried yet; one step up',
    });
  });

  test('the first step is a quarter of the range on a linear scale', async () => {
    const linear = { search_space: { dropout: DROPOUT }, settings: { dropout: '0.1' } };
    expect(await next([], linear)).toMatchObject({ title: 'dropout 0.1 → 0.225' });
  });

  test('a way that paid is followed further, with the evidence named', async () => {
    expect(await next([tried('E-0004', knob('rate', '0.03'), 2.1)])).toMatchObject({
      title: 'rate 0.01 → 0.09',
      because: 'E-0004 (0.01 → 0.03) gained 2.1 noise units; one step further',
    });
  });

  test('a way that moved the incumbent is followed with a longer step', async () => {
    const moved = {
      incumbent: 'E-0004',
      settings: { rate: '0.003' },
      proposed: [
        {
          title: 'rate 0.001 → 0.003',
          change: knob('rate', '0.003'),
          parent: 'E-0000',
          source: 'search_space',
        },
      ],
    } as const;
    const memory = [tried('E-0004', knob('rate', '0.003'), 2.1, { verdict: 'promising' })];
    expect(await next(memory, moved)).toMatchObject({
      title: 'rate 0.003 → 0.027',
      because: 'E-0004 (0.001 → 0.003) gained 2.1 noise units; a longer step the same way',
    });
  });

  test('after a way that lost comes the other way', async () => {
    expect(await next([tried('E-0001', knob('rate', '0.03'), -2)])).toMatchObject({
      title: 'rate 0.01 → 0.00333',
      because: 'E-0001 (0.01 → 0.03) lost 2.0 noise units; one step down',
    });
  });

  test('where both ways lost the step is halved', async () => {
    const both = [
      tried('E-0001', knob('rate', '0.03'), -2),
      tried('E-0002', knob('rate', '0.00333'), -3),
    ];
    expect(await next(both)).toMatchObject({ title: 'rate 0.01 → 0.0173' });
  });

  test('where both ways moved nothing the step is widened', async () => {
    const both = [
      tried('E-0001', knob('rate', '0.03'), 0.3),
      tried('E-0002', knob('rate', '0.00333'), -0.2),
    ];
    expect(await next(both)).toMatchObject({ title: 'rate 0.01 → 0.09' });
  });

  test('a step that crashed is turned from', async () => {
    const crash = tried('E-0001', knob('rate', '0.03'), null, { verdict: 'failed' });
    expect(await next([crash])).toMatchObject({
      title: 'rate 0.01 → 0.00333',
      because: 'E-0001 (0.01 → 0.03) failed; one step down',
    });
  });

  test('a verdict without a figure is cited without one', async () => {
    const found = tried('E-0001', knob('rate', '0.03'), null, { verdict: 'promising' });
    expect((await next([found]))?.because).toBe(
      'E-0001 (0.01 → 0.03) was promising; one step further',
    );
  });

  test('the bounds are tried and never passed', async () => {
    const high = { settings: { rate: '0.05' } };
    expect(await next([], high)).toMatchObject({ title: 'rate 0.05 → 0.1' });
    expect(await next([], { settings: { rate: '7' } })).toMatchObject({ title: 'rate 7 → 0.1' });
    expect(await next([], { settings: { rate: 'None' } })).toMatchObject({
      title: 'rate None → 0.00316',
    });
  });

  test('a range of whole numbers gets whole numbers', async () => {
    const layers = { file: 'a', range: [1, 512], whole: true, scale: 'log' } satisfies Knob;
    const brief = { search_space: { layers }, settings: { layers: '64' } };
    expect(await next([], brief)).toMatchObject({ title: 'layers 64 → 192' });
  });

  test('is exhausted for one incumbent after a good number of values, not for the next', async () => {
    const all = await up({ ...BRIEF, ...rate, wanted: 50 });
    expect(all.exhausted).toBe(true);
    expect(all.proposals).toHaveLength(VALUES_PER_RANGE);
    const proposed = all.proposals.map((p) => ({ ...p, parent: 'E-0000' as const }));
    expect(await up({ ...BRIEF, ...rate, proposed })).toEqual({ proposals: [], exhausted: true });
    const later = await up({ ...BRIEF, ...rate, proposed, incumbent: 'E-0009' });
    expect(later.proposals).toHaveLength(1);
  });
});

describe('which value of a list', () => {
  const next = async (
    search_space: ResearcherBrief['search_space'],
    current: string,
    memory: Memory[],
  ) => (await titles({ search_space, settings: { k: current }, memory, wanted: 1 }))[0];

  test('numbers go by neighbours, on along the way that paid', async () => {
    expect(await next({ k: WIDTH }, '32', [])).toBe('k 32 → 64');
    expect(await next({ k: WIDTH }, '32', [tried('E-0001', knob('k', '64'), -2)])).toBe(
      'k 32 → 16',
    );
    expect(await next({ k: WIDTH }, '32', [tried('E-0001', knob('k', '64'), 2)])).toBe(
      'k 32 → 128',
    );
    expect(await next({ k: WIDTH }, '50', [])).toBe('k 50 → 64');
  });

  test('the value that the incumbent came from is not returned to', async () => {
    const names = await titles({
      search_space: { k: { ...WIDTH, values: ['16', '32', '64'] } },
      settings: { k: '32' },
      incumbent: 'E-0001',
      memory: [tried('E-0001', knob('k', '32'), 2.5, { verdict: 'promising' })],
      proposed: [
        {
          title: titleOf('k', '16', '32'),
          change: knob('k', '32'),
          parent: 'E-0000',
          source: 'search_space',
        },
      ],
    });
    expect(names).toEqual(['k 32 → 64', 'k 32 → 16']);
  });

  test('words that were never tried come before those that lost on an earlier incumbent', async () => {
    const memory = [
      tried('E-0001', knob('k', 'gelu'), -1.2),
      tried('E-0002', knob('other', '1'), 2, { verdict: 'promising' }),
    ];
    const answer = await up({
      ...BRIEF,
      search_space: { k: ACTIVATION },
      settings: { k: 'relu' },
      incumbent: 'E-0002',
      memory,
    });
    expect(answer.proposals.map(({ title }) => title)).toEqual(['k relu → relu2', 'k relu → gelu']);
    expect(answer.proposals[1]?.because).toBe(
      'E-0001 (relu → gelu) lost 1.2 noise units on E-0000; nothing newer is left, and it may act differently here',
    );
  });

  test('one value written in two ways is not a move', async () => {
    const k: Knob = { file: 'a', values: ['0.01', '0.1'] };
    expect(await titles({ search_space: { k }, settings: { k: '1e-2' } })).toEqual([
      'k 1e-2 → 0.1',
    ]);
  });
});

describe('always', () => {
  const search_space = { rate: RATE, dropout: DROPOUT, width: WIDTH, activation: ACTIVATION };
  const settings = { rate: '0.01', dropout: '0.1', width: '32', activation: 'relu' };

  test('the same brief gets the same answer, another night another order of directions', async () => {
    const brief = { ...BRIEF, search_space, settings, wanted: 8 };
    expect(await propose(brief)).toEqual(await propose(brief));
    const nights = await Promise.all(
      (['N-0001', 'N-0002', 'N-0003', 'N-0004'] as const).map((night) =>
        propose({ ...brief, night }),
      ),
    );
    expect(new Set(nights.map((answer) => JSON.stringify(answer))).size).toBeGreaterThan(1);
  });

  test('what waits for the new incumbent under the user’s name is not proposed beside it', async () => {
    const names = await titles({
      search_space: { width: WIDTH },
      settings: { width: '32' },
      incumbent: 'E-0005',
      proposed: [{ ...mine('Wider', knob('width', '64')), parent: 'E-0000' }],
    });
    expect(names).not.toContain('width 32 → 64');
  });

  test('a title tells where its move began, and no other title does', () => {
    expect(startOf(titleOf('rate', '0.01', '0.03'), 'rate', '0.03')).toBe('0.01');
    expect(startOf('Warm-up hurts', 'rate', '0.03')).toBeNull();
    expect(startOf(titleOf('rate', '0.01', '0.03'), 'rate', '0.3')).toBeNull();
  });
});
