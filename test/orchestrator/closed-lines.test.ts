import { describe, expect, test } from 'vitest';
import { createResearcher } from '../../agents/researcher.ts';
import { createPlanner } from '../../agents/planner.ts';
import { briefFor } from '../../orchestrator/briefs.ts';
import type { Action } from '../../orchestrator/actions.ts';
import { decide, openActions } from '../../orchestrator/decide.ts';
import type { PlannerBrief, ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, type State } from '../../orchestrator/domain/state.ts';
import { closedLines, type Decision } from '../../orchestrator/domain/words.ts';
import { candidateValues, sampleRange } from '../../orchestrator/knobs/knobs.ts';
import { searchMoves } from '../../orchestrator/search.ts';
import {
  anIdea,
  aPlan,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type World,
} from '../support/simulate.ts';

const plan = createPlanner();

/** What a decision that closes a line of inquiry does to the nights from then on. */

const knob = { file: 'train.mjs', match: 'x {value}', values: ['1', '2', '3'] };
const SPACE = {
  rate: { ...knob, line: 'schedule' },
  warmup: { ...knob, line: 'schedule' },
  width: knob,
};
const SETTINGS = { rate: '0', warmup: '0', width: '0' };
const knobs = (values: Record<string, string>) => ({ kind: 'knobs', values }) as const;
const IDEAS = [
  anIdea('rate 1', { line: 'schedule', change: knobs({ rate: '1' }) }),
  anIdea('width 1', { line: 'width', change: knobs({ width: '1' }) }),
  anIdea('both', { line: 'several knobs', change: knobs({ width: '2', warmup: '1' }) }),
  anIdea('mine', { line: 'schedule', source: 'yours', change: knobs({ warmup: '2' }) }),
  anIdea('width 3', { line: 'width', change: knobs({ width: '3' }) }),
];

const decided = (n: number, more: Partial<Decision>): EventBody => ({
  ...{ type: 'decided', id: `decision-${n}`, text: 'enough of it', because: 'it is\nflat' },
  ...{ closes: null, opens: null, evidence: [], who: 'ada', ...more },
});
const CLOSED = decided(1, { closes: 'schedule' });
const OPENED = decided(2, { opens: 'schedule' });

const night = simulate(
  { ideas: IDEAS, measure: (titles) => (titles.includes('rate 1') ? 0.8 : 1) },
  nightStarted(aPlan({ search_space: SPACE }), { slots: 3, settings: SETTINGS }),
);
/** Right after an event of that type. */
const after = (type: Event['type']): State =>
  replay(night.events.slice(0, night.events.findIndex((event) => event.type === type) + 1));
const saying = (state: State, ...bodies: readonly EventBody[]): State =>
  bodies.reduce((now, body, i) => fold(now, { ...body, seq: 9000 + i, at: now.now }), state);

const around = { branch_prefix: 'autolab', gpus: () => null };
const workOf = <Kind extends Action['kind']>(state: State, kind: Kind) =>
  openActions(state).find((one): one is Extract<Action, { kind: Kind }> => one.kind === kind);

describe('a line that is closed', () => {
  const before = after('hypotheses_planned');
  const closed = saying(before, CLOSED);

  test('has what waits on it planned anew before anything more of it is opened', async () => {
    const opens = (state: State) =>
      openActions(state)
        .filter((one) => one.kind === 'record')
        .map(({ event }) => event.type);
    expect(currentNight(before).waiting.length).toBe(IDEAS.length);
    expect(opens(before)).toContain('experiment_opened');
    expect(workOf(before, 'plan')).toBeUndefined();
    expect(opens(closed)).not.toContain('experiment_opened');
    const work = workOf(closed, 'plan');
    if (!work) throw new Error('expected the Planner to be asked');

    const brief = briefFor(closed, work, around) as PlannerBrief;
    const answer = await plan(brief);
    const titles = answer.queue.map((id) => closed.hypotheses.get(id)?.title);
    expect(titles).toEqual(['mine', 'width 1', 'width 3']);
    expect(answer.rejected.map(({ because }) => because)).toEqual([
      'ada closed the line schedule: enough of it (it is flat)',
      'ada closed the line schedule: enough of it (it is flat)',
    ]);
    const { round, incumbent } = work;
    const planned = { type: 'hypotheses_planned', night: 'N-0001', round, incumbent } as const;
    const settled = saying(closed, { ...planned, ...answer });
    expect(workOf(settled, 'plan')).toBeUndefined();
    expect(opens(settled)).toContain('experiment_opened');

    // Opened again, it may have the same ideas once more.
    const proposed = (state: State) => {
      const propose = {
        kind: 'propose',
        id: 'p',
        role: 'researcher',
        round: 2,
        wanted: 2,
      } as const;
      const asked = { ...propose, night: 'N-0001', incumbent } as const;
      return (briefFor(state, asked, around) as ResearcherBrief).proposed.map((one) => one.title);
    };
    expect(proposed(settled)).toEqual(IDEAS.map(({ title }) => title));
    expect(proposed(saying(settled, OPENED))).toEqual(['width 1', 'mine', 'width 3']);
  });

  test('is learned from and proposed on no more, but for what the user wrote', async () => {
    const began = after('experiment_prepared');
    const propose = createResearcher({ candidateValues, sampleRange });
    const answered = (state: State, wanted: number, own: ResearcherBrief['own']) => {
      const { id, incumbent } = currentNight(state);
      const work = {
        ...({ kind: 'propose', id: 'p', role: 'researcher' } as const),
        ...{ night: id, round: 2, wanted, incumbent: incumbent ?? 'E-0000' },
      } as const;
      const brief = briefFor(state, work, around) as ResearcherBrief;
      return propose({ ...brief, own, proposed: [] });
    };
    const mine = { line: 'schedule', source: 'yours', change: knobs({ rate: '3' }) } as const;
    const proposals = async (state: State) => {
      const answer = await answered(state, 20, [anIdea('mine', mine)]);
      return answer.proposals.flatMap(({ change }) =>
        change.kind === 'knobs' ? Object.keys(change.values).join() : [],
      );
    };
    expect(new Set(await proposals(began))).toEqual(new Set(['rate', 'width', 'warmup']));
    expect(new Set(await proposals(saying(began, CLOSED)))).toEqual(new Set(['rate', 'width']));
    const open = await proposals(saying(began, CLOSED, OPENED));
    expect(open).toEqual(await proposals(began));
    // The best moves may all be on the closed line: that does not exhaust the search.
    for (const line of ['schedule', 'width']) {
      const few = await answered(saying(began, decided(5, { closes: line })), 1, []);
      expect(few, line).toMatchObject({ exhausted: false, proposals: [{}] });
    }
  });

  test('is begun on no newer incumbent, whatever it promises there', () => {
    const normal = normals(uniforms(5));
    const gains: Readonly<Record<string, number>> = { wide: 0.2, fast: 0.1 };
    const world: World = {
      ideas: [
        anIdea('wide', { line: 'width', change: knobs({ width: '1' }) }),
        anIdea('fast', { line: 'schedule', change: knobs({ rate: '1' }) }),
        anIdea('neither', { line: 'width', change: knobs({ width: '2' }) }),
      ],
      measure: (titles) =>
        1 + 0.01 * normal() - titles.reduce((sum, title) => sum + (gains[title] ?? 0), 0),
    };
    const { events } = simulate(world, nightStarted(aPlan({ search_space: SPACE })));
    const again = events.findIndex(
      (event) => event.type === 'experiment_opened' && event.experiment.reapplies,
    );
    const before = replay(events.slice(0, again));
    const moves = (state: State) =>
      searchMoves(state, currentNight(state)).filter(({ kind }) => kind === 'reapply');
    expect(moves(before)).toHaveLength(1);
    expect(moves(saying(before, CLOSED))).toEqual([]);
    expect(moves(saying(before, decided(4, { closes: 'width' })))).toHaveLength(1);
  });

  test('that is opened again has the Researcher asked once more in the same night', () => {
    const spent = saying(closed, {
      ...{ type: 'hypotheses_proposed', night: 'N-0001', round: 9, incumbent: 'E-0000' },
      ...{ hypotheses: [], exhausted: true },
    });
    expect(currentNight(spent).exhausted_for).toBe('E-0000');
    expect(currentNight(saying(spent, OPENED)).exhausted_for).toBeNull();
    // An answer that was thought before says nothing of the line; a later one does.
    const answer = (round: number) => ({
      ...{ type: 'hypotheses_proposed', night: 'N-0001', round, incumbent: 'E-0000' },
      ...{ hypotheses: [], exhausted: true },
    });
    const late = saying(spent, OPENED, answer(10) as EventBody);
    expect(currentNight(late).exhausted_for).toBeNull();
    expect(currentNight(saying(late, answer(11) as EventBody)).exhausted_for).toBe('E-0000');
    // After its end a night is asked nothing.
    const { state } = decide(night.state, { ...OPENED, seq: 9001, at: night.state.now } as Event);
    expect(currentNight(state).exhausted_for).toBe(currentNight(night.state).exhausted_for);
    expect(openActions(state)).toEqual([]);
  });
});

test('the last word on a line counts, and a decision that comes twice counts once', () => {
  const state = saying(
    night.state,
    CLOSED,
    decided(3, { closes: 'width' }),
    OPENED,
    decided(1, { closes: 'schedule', text: 'again' }),
  );
  expect(state.decisions.get('decision-1')?.text).toBe('enough of it');
  expect(state.decisions.size).toBe(3);
  expect([...closedLines(state.decisions.values()).keys()]).toEqual(['width']);
});
