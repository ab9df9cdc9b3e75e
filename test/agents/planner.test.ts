import { describe, expect, test } from 'vitest';
import { createPlanner } from '../../agents/planner.ts';
import type { Memory, PlannerBrief } from '../../orchestrator/domain/brief.ts';
import type { Change, Hypothesis, Source } from '../../orchestrator/domain/hypothesis.ts';
import { experimentId, hypothesisId } from '../../orchestrator/domain/ids.ts';

const plan = createPlanner();

const BRIEF: PlannerBrief = {
  night: 'N-0001',
  round: 1,
  incumbent: 'E-0003',
  settings: { rate: '0.01', width: '32', depth: '2', warmup: '100' },
  waiting: [],
  proposed: [],
  memory: [],
};

const knobs = (values: Record<string, string>): Change => ({ kind: 'knobs', values });
const patch = (diff: string, file: string | null = null): Change => ({ kind: 'patch', file, diff });

const idea = (n: number, change: Change, rest: Partial<Hypothesis> = {}): Hypothesis => ({
  id: hypothesisId(n),
  night: 'N-0001',
  title: `idea ${n}`,
  because: 'it may help',
  source: 'search_space',
  line: 'any',
  change,
  parent: 'E-0003',
  success_criteria: [],
  ...rest,
});

const ask = (brief: Partial<PlannerBrief>) => plan({ ...BRIEF, ...brief });
const reasons = async (brief: Partial<PlannerBrief>) =>
  Object.fromEntries((await ask(brief)).rejected.map(({ id, because }) => [id, because]));

describe('what is turned down, and why', () => {
  test('the same change on the same parent, whatever its title', async () => {
    const memory: Memory[] = [
      {
        experiment: 'E-0004',
        change: knobs({ rate: '0.03' }),
        parent: 'E-0003',
        verdict: 'no_difference',
        gain: 0,
      },
      {
        experiment: 'E-0005',
        change: knobs({ width: '64' }),
        parent: 'E-0003',
        verdict: null,
        gain: null,
      },
    ];
    const proposed = [
      idea(1, knobs({ rate: '0.03' }), { title: 'A bolder learning rate' }),
      idea(2, knobs({ width: '64' }), { source: 'yours', parent: 'E-0000' }),
    ];
    expect(await reasons({ memory, proposed })).toEqual({
      'H-0001': 'the same change as E-0004 on E-0003 (no difference)',
      'H-0002': 'the same change as E-0005 on E-0003 (under way)',
    });
  });

  test('a configuration that tonight has already, by whatever way it came to it', async () => {
    const settings = { ...BRIEF.settings, rate: '0.1' };
    const besides = [{ experiment: 'E-0000', settings }] as const;
    const proposed = [idea(1, knobs({ rate: '0.1' })), idea(2, knobs({ rate: '0.3' }))];
    expect(await reasons({ besides, proposed })).toEqual({
      'H-0001': 'E-0000 has that configuration already',
    });
  });

  test('the same change on another parent is none', async () => {
    const memory: Memory[] = [
      {
        experiment: 'E-0001',
        change: knobs({ rate: '0.03' }),
        parent: 'E-0000',
        verdict: 'worse',
        gain: -2,
      },
    ];
    expect(await ask({ memory, proposed: [idea(1, knobs({ rate: '0.03' }))] })).toEqual({
      queue: ['H-0001'],
      rejected: [],
    });
  });

  test('a twin of what waits or came in the same batch; of two twins the user’s stays', async () => {
    const waiting = [idea(1, knobs({ rate: '0.03' }))];
    const proposed = [
      idea(2, knobs({ rate: '0.03' })),
      idea(3, knobs({ width: '64' }), { title: 'Wider' }),
      idea(4, knobs({ width: '64' }), { source: 'yours', title: 'My width' }),
    ];
    expect(await ask({ waiting, proposed })).toEqual({
      queue: ['H-0004', 'H-0001'],
      rejected: [
        { id: 'H-0002', because: 'the same change as H-0001 (“idea 1”)' },
        { id: 'H-0003', because: 'the same change as H-0004 (“My width”)' },
      ],
    });
  });

  test('a patch that differs only in line numbers, blanks at line ends and file name', async () => {
    const one = '--- a/m.py\n+++ b/m.py\n@@ -1,2 +1,2 @@\n-x = 1\n+x = 2\n';
    const other =
      'diff --git a/m.py b/m.py\nindex 1..2\n--- a/m.py\n+++ b/m.py\n@@ -9,2 +9,2 @@\n-x = 1\n+x = 2  \n';
    const proposed = [
      idea(1, patch(one, 'a.diff'), { source: 'yours' }),
      idea(2, patch(other, 'b.diff'), { source: 'yours' }),
      idea(3, patch(one.replace('x = 2', 'x = 3')), { source: 'yours' }),
    ];
    expect(await ask({ proposed })).toEqual({
      queue: ['H-0001', 'H-0003'],
      rejected: [{ id: 'H-0002', because: 'the same change as H-0001 (“idea 1”)' }],
    });
  });

  test('more than one change, but for last night’s best and what the search joins', async () => {
    const both = { rate: '0.03', width: '64' };
    const proposed = [
      idea(1, knobs(both), { source: 'yours' }),
      idea(2, knobs(both), { source: 'incumbent', parent: 'E-0000' }),
      idea(3, knobs({ rate: '0.1', width: '64' })),
    ];
    expect(await ask({ proposed })).toEqual({
      queue: ['H-0002', 'H-0003'],
      rejected: [
        {
          id: 'H-0001',
          because: 'expected one change, found 2 (rate=0.03, width=64): propose them one by one',
        },
      ],
    });
  });

  test('what changes nothing, and knobs nobody knows', async () => {
    const proposed = [
      idea(1, knobs({ rate: '0.01' })),
      idea(2, { kind: 'none' }),
      idea(3, knobs({ toString: '1' })),
    ];
    expect(await reasons({ proposed })).toEqual({
      'H-0001': 'E-0003 has rate=0.01 already',
      'H-0002': 'it changes nothing',
      'H-0003': 'the search space has no knob toString',
    });
  });

  test('stale parents, those that wait included; the user’s and last night’s best move along', async () => {
    const old = { parent: 'E-0000' } as const;
    const waiting = [
      idea(1, knobs({ rate: '0.03' }), old),
      idea(2, knobs({ width: '64' }), { ...old, source: 'yours' }),
    ];
    const proposed = [
      idea(3, knobs({ depth: '4' }), { ...old, source: 'model' }),
      idea(4, knobs({ warmup: '0' }), { ...old, source: 'incumbent' }),
    ];
    const because = 'it was thought up for E-0000, and the search has moved on to E-0003';
    expect(await ask({ waiting, proposed })).toEqual({
      queue: ['H-0002', 'H-0004'],
      rejected: [
        { id: 'H-0003', because },
        { id: 'H-0001', because },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    });
  });
});

describe('in which order', () => {
  test('the user’s first, then last night’s best, then the rest as they came', async () => {
    const waiting = [idea(1, knobs({ rate: '0.03' }))];
    const proposed = [
      idea(2, knobs({ width: '64' })),
      idea(3, knobs({ depth: '4' }), { source: 'incumbent' }),
      idea(4, knobs({ warmup: '0' }), { source: 'yours' }),
      idea(5, patch('+a'), { source: 'yours' }),
    ];
    expect((await ask({ waiting, proposed })).queue).toEqual([
      'H-0004',
      'H-0005',
      'H-0003',
      'H-0001',
      'H-0002',
    ]);
  });

  test('moves of one knob do not run side by side while others wait', async () => {
    const proposed = [
      idea(1, knobs({ rate: '0.03' })),
      idea(2, knobs({ rate: '0.09' })),
      idea(3, knobs({ width: '64' })),
      idea(4, knobs({ width: '16' })),
      idea(5, knobs({ depth: '4' })),
    ];
    expect((await ask({ proposed })).queue).toEqual([
      'H-0001',
      'H-0003',
      'H-0005',
      'H-0002',
      'H-0004',
    ]);
  });

  test('a knob that is under way on this incumbent has had its turn', async () => {
    const memory: Memory[] = [
      {
        experiment: 'E-0004',
        change: knobs({ rate: '0.05' }),
        parent: 'E-0003',
        verdict: null,
        gain: null,
      },
    ];
    const proposed = [idea(1, knobs({ rate: '0.03' })), idea(2, knobs({ width: '64' }))];
    expect((await ask({ memory, proposed })).queue).toEqual(['H-0002', 'H-0001']);
  });
});

describe('always', () => {
  test('each hypothesis comes out exactly once, and asking again changes nothing', async () => {
    let state = 7;
    const draw = (n: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const sources: Source[] = ['yours', 'search_space', 'incumbent', 'paper', 'model'];
    const names = ['rate', 'width', 'depth', 'unknown'];
    const change = (): Change => {
      if (draw(8) === 0) return draw(2) ? { kind: 'none' } : patch(`+${draw(3)}`);
      const count = draw(5) === 0 ? 2 : 1;
      const entries = Array.from({ length: count }, () => [names[draw(4)] ?? '', String(draw(4))]);
      return knobs(Object.fromEntries(entries));
    };
    for (let round = 0; round < (process.env['FULL'] ? 200 : 40); round += 1) {
      const all = Array.from({ length: draw(12) }, (_, i) =>
        idea(i + 1, change(), {
          source: sources[draw(5)] ?? 'yours',
          parent: draw(3) ? 'E-0003' : 'E-0000',
        }),
      );
      const cut = draw(all.length + 1);
      const memory = Array.from({ length: draw(5) }, (_, i): Memory => ({
        experiment: experimentId(i + 4),
        change: change(),
        parent: draw(2) ? 'E-0003' : 'E-0000',
        verdict: draw(2) ? null : 'worse',
        gain: null,
      }));
      const brief = { ...BRIEF, memory, waiting: all.slice(0, cut), proposed: all.slice(cut) };
      const { queue, rejected } = await plan(brief);
      const out = [...queue, ...rejected.map(({ id }) => id)];
      expect(out.toSorted()).toEqual(all.map(({ id }) => id));
      const kept = queue.flatMap((id) => all.find((hypothesis) => hypothesis.id === id) ?? []);
      const again = await plan({ ...brief, waiting: kept, proposed: [] });
      expect(again).toEqual({ queue, rejected: [] });
    }
  });
});
