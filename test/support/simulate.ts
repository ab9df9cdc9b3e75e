import type { Action, Work } from '../../orchestrator/actions.ts';
import { titlesOf } from '../../bench/trust/truth.ts';
import { decide } from '../../orchestrator/decide.ts';
import type { Event, EventBody, NightStarted } from '../../orchestrator/domain/event.ts';
import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import { changeKey, type Hypothesis, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { hypothesisId, type HypothesisId } from '../../orchestrator/domain/ids.ts';
import { planSchema, type Plan } from '../../orchestrator/domain/plan.ts';
import type {
  Failure,
  FailureClass,
  Pruning,
  Run,
  RunResult,
} from '../../orchestrator/domain/run.ts';
import { advance, replay } from '../../orchestrator/domain/fold.ts';
import {
  currentNight,
  experimentIn,
  type HypothesisRecord,
  type State,
} from '../../orchestrator/domain/state.ts';
import type { Written } from '../../orchestrator/domain/writing.ts';
import { heldBack, uncompared, wordsKey, written } from '../../orchestrator/in-words.ts';
import { unprepared } from '../../orchestrator/preparing.ts';
import { dueBy, nextAt } from '../../orchestrator/trouble.ts';

/**
 * A night without git, queue or processes: the real `decide`, and a world whose truth is known.
 * The world answers work in the order it was asked for, one answer at a time.
 */

export interface World {
  /** What a run of these changes (the experiment's and its ancestors', by title) comes to. */
  readonly measure: (
    titles: readonly string[],
    run: Run,
  ) => number | { readonly fails: FailureClass } | { readonly pruned: Pruning };
  /** Ideas, in the order the Researcher has them. */
  readonly ideas: readonly Proposal[];
  readonly secondsPerRun?: number;
  /** What others leave in the inbox: looked for after each event. */
  readonly meanwhile?: (state: State, events: readonly Event[]) => readonly EventBody[];
  /** The hard key of what a run ran on; without it nobody looked. */
  readonly environment?: (run: Run) => string;
  /** What becomes of an idea in words; without it, a patch. */
  readonly writes?: (hypothesis: Hypothesis) => Written | { readonly failure: Failure };
  /** What becomes of a crash; without it, nobody can repair it. */
  readonly repairs?: (
    experiment: Experiment,
    number: number,
  ) => Written | { readonly gave_up: string };
  /** Who writes and repairs is slower than everything else; without it, faster than any run. */
  readonly slowAuthor?: boolean;
  /** Why no branch can be made of an experiment now; without it, one always can. */
  readonly unprepared?: (experiment: Experiment, now: string) => Failure | null;
  /** What a run says that it took, where that is not `secondsPerRun`. */
  readonly took?: (titles: readonly string[], run: Run) => number;
}

export interface Simulated {
  readonly state: State;
  readonly events: readonly Event[];
  /** The actions that were open after each event. */
  readonly open: readonly (readonly Action[])[];
}

export const aPlan = (extra: Record<string, unknown> = {}): Plan =>
  planSchema.parse({
    project: 'simulated',
    question: 'Which changes help?',
    objective: { metric: 'loss', direction: 'minimize', min_effect: 0.01 },
    workspace: { editable: ['train.mjs'] },
    run: { command: 'node train.mjs', seed: { env: 'SEED' } },
    budget: { experiments: 8, runs: 40 },
    ...extra,
  });

export const anIdea = (title: string, extra: Partial<Proposal> = {}): Proposal => ({
  title,
  because: 'it might help',
  source: 'search_space',
  line: title,
  change: { kind: 'knobs', values: { [title]: '1' } },
  success_criteria: [],
  ...extra,
});

export const nightStarted = (plan: Plan, extra: Partial<NightStarted> = {}): NightStarted => ({
  type: 'night_started',
  night: 'N-0001',
  base: { branch: 'main', commit: 'base' },
  plan,
  plan_text: '',
  plan_key: 'key',
  plan_changes: '',
  settings: {},
  slots: 2,
  machine: 'a test',
  data: [],
  data_changed: [],
  baseline: null,
  proposals: [],
  next_experiment: 0,
  remarks: [],
  ...extra,
});

/**
 * Drives one night to its end, behind the events of earlier ones. Throws after `most` events: a
 * night that does not end is a bug.
 */
export function simulate(
  world: World,
  started: EventBody,
  most = 5000,
  before: readonly Event[] = [],
): Simulated {
  let state = replay(before);
  let actions: readonly Action[] = [];
  const events: Event[] = [...before];
  const open: (readonly Action[])[] = [];
  let clock = Date.parse(before.at(-1)?.at ?? '2026-01-01T00:00:00Z');
  const record = (body: EventBody) => {
    const event = { ...body, seq: events.length + 1, at: new Date(clock).toISOString() };
    ({ state, actions } = decide(state, event, advance));
    events.push(event);
    open.push(actions);
    if (events.length > most) throw new Error(`the night did not end within ${most} events`);
  };
  record(started);
  for (;;) {
    for (const body of world.meanwhile?.(state, events) ?? []) record(body);
    const decision = actions.find((action) => action.kind === 'record');
    if (decision) {
      record(decision.event);
      continue;
    }
    const due = dueBy(state, clock)[0];
    if (due) {
      record(due);
      continue;
    }
    const toDo = actions.filter((action) => action.kind !== 'record');
    const late = toDo.filter(({ kind }) => world.slowAuthor && isAuthors(kind));
    const prompt = toDo.filter((action) => !late.includes(action));
    const thinking = prompt.find(({ kind }) => kind !== 'run');
    const work = thinking ?? prompt.find(({ kind }) => kind === 'run') ?? late[0];
    if (!work) {
      const at = nextAt(state, currentNight(state));
      if (at === null) return { state, events, open };
      clock = at;
      continue;
    }
    if (work.kind === 'run') clock += (world.secondsPerRun ?? 10) * 1000;
    record(answer(world, state, work));
  }
}

export function answer(world: World, state: State, work: Work): EventBody {
  const night = currentNight(state);
  switch (work.kind) {
    case 'propose':
    case 'invent': {
      const { incumbent, round } = work;
      // An idea is had once: what the search has tried it puts on newer incumbents by itself.
      const said = new Set(
        [...state.hypotheses.values()]
          .filter((h) => h.parent === incumbent || h.status === 'tested' || movesAlong(h))
          .map((h) => wordsKey(h) ?? changeKey(h.change)),
      );
      const fresh = world.ideas.filter((idea) => !said.has(changeKey(idea.change)));
      const invents = work.kind === 'invent';
      const left = fresh.filter((idea) => isThoughtUp(idea) === invents);
      const given = left.slice(0, invents ? work.ideas : work.wanted);
      const hypotheses = given.map((idea, i) => ({
        ...idea,
        id: hypothesisId(state.next_hypothesis + i),
        night: night.id,
        parent: incumbent,
      }));
      return {
        type: 'hypotheses_proposed',
        ...{ night: night.id, round, incumbent, hypotheses },
        exhausted: invents ? given.length === 0 : left.length <= given.length,
        ...(invents ? { invented: true } : heldBack(night.plan)),
      };
    }
    case 'compare': {
      const { round } = work;
      const hypotheses = uncompared(state, night);
      return { type: 'hypotheses_compared', night: night.id, round, hypotheses, rejected: [] };
    }
    case 'plan': {
      const { incumbent, round } = work;
      const all = [...night.waiting, ...written(state, night)];
      const known = (id: HypothesisId) => {
        const hypothesis = state.hypotheses.get(id);
        if (!hypothesis) throw new Error(`no ${id}`);
        return hypothesis;
      };
      const asked = all.filter((id) => known(id).asked);
      const isStale = (h: HypothesisRecord) => !h.asked && !h.written && h.parent !== incumbent;
      const stale = all.filter((id) => isStale(known(id)));
      return {
        type: 'hypotheses_planned',
        ...{ night: night.id, round, incumbent },
        queue: [...asked, ...all.filter((id) => !asked.includes(id) && !stale.includes(id))],
        rejected: stale.map((id) => ({ id, because: 'its parent was overtaken' })),
      };
    }
    case 'write': {
      const { hypothesis: id } = work;
      const hypothesis = state.hypotheses.get(id);
      if (!hypothesis) throw new Error(`no ${id}`);
      const said = world.writes?.(hypothesis) ?? aPatch(hypothesis.title);
      const of = { night: night.id, hypothesis: id };
      return 'failure' in said
        ? { type: 'hypothesis_unwritten', ...of, failure: said.failure }
        : { type: 'hypothesis_written', ...of, written: said };
    }
    case 'repair': {
      const { experiment, run, attempt, number } = work;
      const said = world.repairs?.(experimentIn(state, experiment), number) ?? { gave_up: 'no' };
      const of = { experiment, run, attempt, number };
      return 'gave_up' in said
        ? { type: 'experiment_unrepaired', ...of, because: said.gave_up }
        : { type: 'experiment_repaired', ...of, written: said };
    }
    case 'prepare': {
      const experiment = experimentIn(state, work.experiment);
      const failure = world.unprepared?.(experiment, state.now) ?? null;
      if (failure) return unprepared(experiment, failure);
      return {
        type: 'experiment_prepared',
        experiment: work.experiment,
        branch: `autolab/${work.experiment}`,
        commit: commitOf(experiment),
        command: { command: 'node train.mjs', env: {} },
        settings: null,
      };
    }
    case 'run':
      return { type: 'run_ended', result: resultOf(world, state, work) };
    case 'hold_out': {
      const { experiment, run } = work;
      const metric = night.plan.holdout?.metric ?? '';
      const value = Number(run.split('.')[1]);
      const held = { experiment, run, metric, value, failure: null };
      return { type: 'held_out', night: work.night, held };
    }
    case 'summarise':
      return { type: 'run_summarised', run: work.run, text: 'said' };
    case 'report':
      return { type: 'reported', night: work.night, revision: work.revision, findings: [] };
  }
}

const isAuthors = (kind: Work['kind']): boolean => kind === 'write' || kind === 'repair';

const isThoughtUp = ({ change, source }: Proposal): boolean =>
  change.kind === 'idea' && source !== 'yours';

const movesAlong = ({ change, written: by, status }: HypothesisRecord): boolean =>
  (change.kind === 'idea' || by !== undefined) && status !== 'rejected';

/** Each repair of an experiment is a commit of its own. */
const commitOf = ({ id, repairs = [] }: Experiment): string =>
  [id, ...repairs.map(({ number }) => `repair-${number}`)].join('-');

export const aPatch = (title: string): Written => ({
  diff: `--- a/train.mjs\n+++ b/train.mjs\n@@ -1 +1 @@\n-old\n+${title}\n`,
  account: { changes: [title] },
  by: 'a model',
});

function resultOf(world: World, state: State, work: Work & { kind: 'run' }): RunResult {
  const run = state.runs.get(work.run);
  if (!run) throw new Error(`no ${work.run}`);
  const { planned } = experimentIn(state, run.experiment);
  const titles = planned ? [planned.name] : titlesOf(state, run.experiment);
  const measured = world.measure(titles, run);
  const pruned = typeof measured === 'object' && 'pruned' in measured;
  const failed = typeof measured !== 'number' && !pruned;
  return {
    run: run.id,
    attempt: run.attempt,
    commit: experimentIn(state, run.experiment).commit ?? '',
    status: failed ? 'failed' : pruned ? 'killed' : 'finished',
    failure: failed ? { class: measured.fails, message: 'as the world would have it' } : null,
    killed_because: pruned ? 'pruned' : null,
    ...(pruned && { pruning: measured.pruned }),
    objective: typeof measured === 'number' && run.purpose !== 'planned' ? measured : null,
    tier: 'self_reported',
    started: state.now,
    seconds: world.took?.(titles, run) ?? world.secondsPerRun ?? 10,
    ...{ cpu_seconds: null, slept_seconds: 0, exit_code: failed ? 1 : 0, signal: null },
    summary: typeof measured === 'number' ? [{ key: 'loss', number: measured, text: null }] : [],
    ...{ params: [], artifacts: [], metric_points: 0, environment_key: 'here', spans: [] },
    ...(world.environment
      ? { environment: { hard: world.environment(run), soft: 's', words: {} } }
      : {}),
  };
}

/** A small seeded generator (mulberry32): the same nights every time. Uniform in [0, 1). */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal noise from a uniform source (Box and Muller 1958). */
export const normals = (uniform: () => number) => (): number =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
