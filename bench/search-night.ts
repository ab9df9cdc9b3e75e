import { createResearcher } from '../agents/researcher.ts';
import { createPlanner } from '../agents/planner.ts';
import type { Action, Work } from '../orchestrator/actions.ts';
import { briefFor, type Brief } from '../orchestrator/briefs.ts';
import { decide } from '../orchestrator/decide.ts';
import type {
  PlannerAnswer,
  PlannerBrief,
  ResearcherAnswer,
  ResearcherBrief,
} from '../orchestrator/domain/brief.ts';
import type { EventBody } from '../orchestrator/domain/event.ts';
import { advance, replay } from '../orchestrator/domain/fold.ts';
import { hypothesisId, nightId, type RunId } from '../orchestrator/domain/ids.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { RunResult } from '../orchestrator/domain/run.ts';
import { currentNight, experimentIn, type State } from '../orchestrator/domain/state.ts';
import { candidateValues, sampleRange } from '../orchestrator/knobs/knobs.ts';
import { settingsAt } from '../orchestrator/memory.ts';
import { aPlan, nightStarted } from '../test/support/simulate.ts';
import type { Luck, Objective } from './search-objectives.ts';

/**
 * A night of the real `decide` on an objective whose truth is known: briefs, race, incumbent and
 * dawn are those of any night, and only the Researcher's place is given away.
 */

/** Who sits in the Researcher's place, and the Planner that screens what it says. */
export interface Policy {
  readonly name: string;
  readonly propose: (brief: ResearcherBrief, night: number) => Promise<ResearcherAnswer>;
  readonly plan: (brief: PlannerBrief) => Promise<PlannerAnswer>;
}

const research = createResearcher({ candidateValues, sampleRange });

export const autolab: Policy = {
  name: 'autolab',
  propose: (brief) => research(brief),
  plan: createPlanner(),
};

/** Levels are true ones: 0 is the start, 1 the best that there is. */
export interface Outcome {
  /** From the night's start to its end, dawn included. */
  readonly seconds: number;
  readonly runs: number;
  /** Of what dawn calls improved; 0 where it says so of nothing. */
  readonly confirmed: number;
  /** Of what the search ended up with. */
  readonly provisional: number;
}

const SLOTS = 2;
const MOST_EVENTS = 20_000;
const AROUND = { branch_prefix: 'autolab', gpus: () => null };
const COMMAND = { command: 'node train.mjs', env: {} };

/** `night` is the night's number: the same one has the same luck, whoever proposes. */
export async function aNightOf(
  policy: Policy,
  objective: Objective,
  { night, runs }: { readonly night: number; readonly runs: number },
): Promise<Outcome> {
  const begun = Date.parse('2026-01-01T00:00:00Z');
  const luck = objective.luckOf(night);
  const running: { readonly id: RunId; readonly ends: number; readonly body: EventBody }[] = [];
  let [state, seq, clock] = [replay([]), 0, begun];
  let actions: readonly Action[] = [];
  const record = (body: EventBody) => {
    seq += 1;
    const event = { ...body, seq, at: new Date(clock).toISOString() };
    ({ state, actions } = decide(state, event, advance));
    if (seq > MOST_EVENTS) throw new Error(`the night did not end within ${MOST_EVENTS} events`);
    if (body.type !== 'run_started') return;
    const result = resultOf(state, body.run, luck);
    const ends = clock + 1000 * result.seconds;
    running.push({ id: body.run, ends, body: { type: 'run_ended', result } });
  };
  const from = { night: nightId(night), settings: objective.start, slots: SLOTS };
  record(nightStarted(planOf(objective, runs), from));
  for (;;) {
    const decision = actions.find((action) => action.kind === 'record');
    const thought = actions.find((action): action is Thought => THINKING.has(action.kind));
    if (decision) record(decision.event);
    else if (thought) record(await answer(policy, state, thought, night));
    else {
      const first = running.toSorted((a, b) => a.ends - b.ends)[0];
      if (!first) break;
      running.splice(running.indexOf(first), 1);
      clock = first.ends;
      record(first.body);
    }
  }
  return outcomeOf(state, objective, (clock - begun) / 1000);
}

function planOf({ space }: Objective, runs: number): Plan {
  const plan = aPlan({
    objective: { metric: 'loss', direction: 'minimize' },
    budget: { experiments: runs, runs, parallel: SLOTS },
  });
  return { ...plan, search_space: space };
}

type Thought = Work & { kind: 'propose' | 'plan' | 'prepare' };
const THINKING: ReadonlySet<string> = new Set(['propose', 'plan', 'prepare']);

async function answer(
  { propose, plan }: Policy,
  state: State,
  work: Thought,
  number: number,
): Promise<EventBody> {
  const night = currentNight(state).id;
  if (work.kind === 'prepare') {
    const { experiment } = work;
    const at = { branch: `autolab/${experiment}`, commit: experiment };
    return { type: 'experiment_prepared', experiment, ...at, command: COMMAND, settings: null };
  }
  const { incumbent, round } = work;
  const brief: Brief = briefFor(state, work, AROUND);
  if (work.kind === 'plan') {
    const said = await plan(brief as PlannerBrief);
    return { type: 'hypotheses_planned', night, round, incumbent, ...said };
  }
  const { proposals, exhausted } = await propose(brief as ResearcherBrief, number);
  const hypotheses = proposals.map((proposal, i) => ({
    ...proposal,
    id: hypothesisId(state.next_hypothesis + i),
    ...{ night, parent: incumbent },
  }));
  return { type: 'hypotheses_proposed', night, round, incumbent, hypotheses, exhausted };
}

function resultOf(state: State, id: RunId, luck: Luck): RunResult {
  const run = state.runs.get(id);
  if (!run) throw new Error(`the journal knows no ${id}`);
  const { commit } = experimentIn(state, run.experiment);
  const { loss, seconds } = luck(settingsAt(state, currentNight(state), run.experiment), run.seed);
  const failed = Number.isNaN(loss);
  return {
    ...{ run: id, attempt: run.attempt, commit: commit ?? '' },
    status: failed ? 'failed' : 'finished',
    failure: failed ? { class: 'not_a_number', message: 'it diverged' } : null,
    ...{ killed_because: null, objective: failed ? null : loss, tier: 'self_reported' },
    ...{ started: run.started, seconds, cpu_seconds: null, slept_seconds: 0 },
    ...{ exit_code: failed ? 1 : 0, signal: null },
    summary: failed ? [] : [{ key: 'loss', number: loss, text: null }],
    ...{ params: [], artifacts: [], metric_points: 0, environment_key: 'here', spans: [] },
  };
}

function outcomeOf(state: State, objective: Objective, seconds: number): Outcome {
  const night = currentNight(state);
  const { ended, incumbent, dawn } = night;
  if (ended === null || incumbent === null || ended.reason === 'baseline_failed')
    throw new Error(`the night came to a halt: ${ended?.message ?? 'nothing was left to do'}`);
  const start = objective.truth(objective.start);
  const level = (id: typeof incumbent): number =>
    (start - objective.truth(settingsAt(state, night, id))) / (start - objective.best);
  const tip = dawn?.arms[1];
  const claims = tip !== undefined && experimentIn(state, tip).judgement?.verdict === 'improved';
  const confirmed = claims ? level(tip) : 0;
  return { seconds, runs: night.runs_started, confirmed, provisional: level(incumbent) };
}
