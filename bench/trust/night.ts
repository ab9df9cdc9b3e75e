import type { Action, Work } from '../../orchestrator/actions.ts';
import { decide } from '../../orchestrator/decide.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { hypothesisId, type ExperimentId, type RunId } from '../../orchestrator/domain/ids.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { advance, replay } from '../../orchestrator/domain/fold.ts';
import { currentNight, experimentIn, type State } from '../../orchestrator/domain/state.ts';
import { aPlan, anIdea, nightStarted } from '../../test/support/simulate.ts';
import type { Setting } from './settings.ts';
import { titlesOf } from './truth.ts';
import type { World } from './worlds.ts';

/**
 * A night of the real `decide` in a world, with nothing kept but the state. The oldest run ends
 * first, as runs of equal length do. The Reporter is not asked: no decision hears it.
 */

const SECONDS = 10;
const MOST_EVENTS = 20_000;

/** The state at the end of the night. Throws where the night does not end. */
export function aNightIn(world: World, setting: Setting): State {
  let state = replay([]);
  let actions: readonly Action[] = [];
  let seq = 0;
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const measure = measuring(world);
  const running: RunId[] = [];
  const record = (body: EventBody) => {
    seq += 1;
    const event = { ...body, seq, at: new Date(clock).toISOString() };
    ({ state, actions } = decide(state, event, advance));
    if (body.type === 'run_started') running.push(body.run);
    if (seq > MOST_EVENTS) throw new Error(`the night did not end within ${MOST_EVENTS} events`);
  };
  record(nightStarted(planOf(setting), { slots: setting.slots }));
  for (;;) {
    const decision = actions.find((action) => action.kind === 'record');
    const thought = actions.find((action): action is Thought => THINKING.has(action.kind));
    if (decision) record(decision.event);
    else if (thought) record(answer(world, state, thought));
    else {
      const oldest = running.shift();
      if (oldest === undefined) break;
      clock += (SECONDS * 1000) / setting.slots;
      record({ type: 'run_ended', result: resultOf(state, oldest, measure(state, oldest)) });
    }
  }
  const { ended } = currentNight(state);
  if (ended === null || ended.reason === 'baseline_failed')
    throw new Error(`the night came to a halt: ${ended?.message ?? 'nothing was left to do'}`);
  return state;
}

/** The same changes on the same seed again are a repeat, whatever the experiment is called. */
function measuring(world: World): (state: State, run: RunId) => number {
  const repeats = new Map<string, number>();
  return (state, run) => {
    const { experiment, seed } = known(state.runs.get(run), run);
    const titles = titlesOf(state, experiment);
    const key = `${seed} ${titles.toSorted().join()}`;
    const repeat = repeats.get(key) ?? 0;
    repeats.set(key, repeat + 1);
    return world.measure(titles, seed, repeat);
  };
}

function planOf({ noise, runs, min_effect }: Setting): Plan {
  const command = 'node train.mjs';
  return aPlan({
    objective: {
      ...{ metric: 'loss', direction: 'minimize' },
      ...(min_effect === null ? {} : { min_effect }),
    },
    run: noise === 'none' ? { command, deterministic: true } : { command, seed: { env: 'SEED' } },
    budget: { experiments: Math.min(100, runs), runs },
  });
}

type Thought = Work & { kind: 'propose' | 'plan' | 'prepare' };
const THINKING: ReadonlySet<string> = new Set(['propose', 'plan', 'prepare']);

function answer(world: World, state: State, work: Thought): EventBody {
  const night = currentNight(state).id;
  if (work.kind === 'prepare') {
    const { experiment } = work;
    const command = { command: 'node train.mjs', env: {} };
    const at = { branch: `autolab/${experiment}`, commit: experiment };
    return { type: 'experiment_prepared', experiment, ...at, command, settings: null };
  }
  const { incumbent, round } = work;
  if (work.kind === 'plan') {
    const { waiting, proposed } = currentNight(state);
    const isStale = (id: (typeof waiting)[number]) =>
      state.hypotheses.get(id)?.parent !== incumbent;
    const all = [...waiting, ...proposed];
    const rejected = all.filter(isStale).map((id) => ({ id, because: 'overtaken' }));
    const queue = all.filter((id) => !isStale(id));
    return { type: 'hypotheses_planned', night, round, incumbent, queue, rejected };
  }
  const left = ideasLeft(world, state, incumbent);
  const hypotheses = left.slice(0, work.wanted).map((title, i) => ({
    ...anIdea(title),
    id: hypothesisId(state.next_hypothesis + i),
    ...{ night, parent: incumbent },
  }));
  const exhausted = left.length <= work.wanted;
  return { type: 'hypotheses_proposed', night, round, incumbent, hypotheses, exhausted };
}

/** What the Researcher would say: what was never tried; the rest the night applies again by itself. */
function ideasLeft(world: World, state: State, incumbent: ExperimentId): readonly string[] {
  const said = new Set<string>();
  for (const { parent, title, status } of state.hypotheses.values())
    if (parent === incumbent || status === 'tested') said.add(title);
  return world.ideas.map(({ title }) => title).filter((title) => !said.has(title));
}

function resultOf(state: State, id: RunId, objective: number): RunResult {
  const run = known(state.runs.get(id), id);
  return {
    ...{
      run: id,
      attempt: run.attempt,
      commit: known(experimentIn(state, run.experiment).commit, id),
    },
    ...{ status: 'finished', failure: null, killed_because: null, objective },
    ...{ tier: 'self_reported', started: run.started, seconds: SECONDS, cpu_seconds: null },
    ...{ slept_seconds: 0, exit_code: 0, signal: null },
    summary: [{ key: 'loss', number: objective, text: null }],
    ...{ params: [], artifacts: [], metric_points: 0, environment_key: 'here', spans: [] },
  };
}

function known<T>(found: T | null | undefined, id: string): T {
  if (found === null || found === undefined) throw new Error(`the state knows nothing of ${id}`);
  return found;
}
