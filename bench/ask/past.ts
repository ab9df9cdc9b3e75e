import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advance, replay } from '../../orchestrator/domain/fold.ts';
import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import type { Proposal } from '../../orchestrator/domain/hypothesis.ts';
import { experimentOf } from '../../orchestrator/domain/ids.ts';
import type { Run, RunResult } from '../../orchestrator/domain/run.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { readNotebook, type NotebookView } from '../../notebook/reader.ts';
import { openNotebook } from '../../notebook/writer.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
} from '../../test/support/simulate.ts';

/** A lab's past whose truth is known: two nights as the real `decide` would have had them. */

export interface Past {
  readonly notebook: NotebookView;
  readonly state: State;
  /** When it is asked: the evening after the second night began. */
  readonly now: number;
  remove(): Promise<void>;
}

const NOW = Date.parse('2026-11-18T20:00:00Z');
const FIRST = Date.parse('2026-11-11T01:00:00Z');
const SECOND = '2026-11-18T01:00:00.000Z';

const KNOBS = [
  'learning_rate',
  'width',
  'depth',
  'dropout',
  'weight_decay',
  'warmup_steps',
  'batch_size',
  'activation',
  'optimizer',
  'momentum',
];

/** So many experiments, a third of them in the second night; `first` are ideas before the others. */
export async function makePast(
  experiments: number,
  first: readonly Proposal[] = [],
): Promise<Past> {
  const folder = await mkdtemp(join(tmpdir(), 'autolab-ask-'));
  const events = imagined(experiments, first);
  const dir = join(folder, 'data', 'notebook');
  let now = 0;
  const notebook = await openNotebook({
    ...{ dir, sealAfter: 1e9 },
    clock: { now: () => now, monotonic: () => now, asleep: () => 0 },
  });
  const recorded: Promise<Event>[] = [];
  for (const { seq: _, at, ...body } of events) {
    now = Date.parse(at);
    recorded.push(notebook.append(body as EventBody));
  }
  await Promise.all(recorded);
  await notebook.close();
  const view = await readNotebook(dir, { limits: { rows: 10_000, seconds: 20 } });
  return {
    ...{ notebook: view, state: view.state, now: NOW },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function imagined(experiments: number, some: readonly Proposal[]): readonly Event[] {
  const late = Math.round(experiments / 3);
  const early = experiments - late;
  const ideas = [...some, ...Array.from({ length: experiments }, (_, i) => ideaOf(i))];
  const world = { measure, secondsPerRun: 60 };
  const first = simulate(
    { ...world, ideas: ideas.slice(0, early) },
    nightStarted(planOf(early), { slots: 1 }),
    40 * experiments + 1000,
  );
  const shift = FIRST - Date.parse(first.events[0]?.at ?? '');
  const moved = first.events.map((event) => ({
    ...event,
    at: new Date(Date.parse(event.at) + shift).toISOString(),
  }));
  const seq = moved.length;
  const between: Event[] = beside(replay(moved)).map(
    (body, i) => ({ ...body, seq: seq + i + 1, at: SECOND }) as Event,
  );
  const before = [...moved, ...between];
  const state = between.reduce((so_far, event) => advance(so_far, event), replay(moved));
  const second = simulate(
    { ...world, ideas: ideas.slice(early) },
    nightStarted(planOf(late), {
      slots: 1,
      night: 'N-0002',
      next_experiment: state.experiments.size,
    }),
    80 * experiments + 2000,
    before,
  );
  return second.events.map((event) => withDetails(second.state, event));
}

const planOf = (experiments: number) =>
  aPlan({
    project: 'asked',
    objective: { metric: 'loss', direction: 'minimize', min_effect: 0.002 },
    budget: { experiments, runs: 4 * experiments },
  });

const ideaOf = (i: number): Proposal => {
  const knob = KNOBS[i % KNOBS.length] ?? '';
  const value = String(10 + Math.floor(i / KNOBS.length));
  return anIdea(`${knob} to ${value}`, {
    because: `its neighbours of ${knob} are not known yet`,
    line: knob,
    source: i % 37 === 5 ? 'yours' : 'search_space',
    change: { kind: 'knobs', values: { [knob]: value } },
  });
};

/** A change in twelve helps, one in fifteen fails, the rest does nothing or harm. */
function measure(
  titles: readonly string[],
  run: Run,
): number | { readonly fails: 'idea' | 'out_of_memory' | 'timeout' } {
  for (const title of titles) {
    const kind = hash(title) % 45;
    if (kind === 0) return { fails: 'idea' };
    if (kind === 1) return { fails: 'out_of_memory' };
    if (kind === 2) return { fails: 'timeout' };
  }
  const noise = normals(uniforms(hash(`${run.id}`)));
  return 1.6 + titles.reduce((sum, title) => sum + effectOf(title), 0) + 0.002 * noise();
}

function effectOf(title: string): number {
  const luck = uniforms(hash(`effect of ${title}`));
  const kind = luck();
  if (kind < 0.08) return -0.004 - 0.01 * luck();
  return kind < 0.5 ? 0.03 * luck() : 0;
}

/** FNV-1a. */
function hash(text: string): number {
  let h = 2_166_136_261;
  for (const character of text) h = Math.imul(h ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return h >>> 0;
}

/** What people wrote between the nights. */
function beside(state: State): readonly EventBody[] {
  const [, second, third] = [...state.experiments.values()].filter(({ parent }) => parent !== null);
  const who = 'Ada';
  return [
    {
      type: 'noted',
      id: 'note-1',
      target: second?.id ?? null,
      text: 'The loss curve has a bump at step \u001b[31m400\u001b[0m.',
      who,
    },
    {
      type: 'decided',
      id: 'decision-1',
      text: 'Leave the optimizer alone',
      because: 'three papers disagree',
      closes: null,
      opens: null,
      evidence: [],
      who,
    },
    {
      type: 'flagged',
      target: third?.id ?? 'E-0001',
      label: 'suspicious',
      because: 'too good to be true',
      who,
    },
  ];
}

/** Results with a second metric, memory, and what they were configured with. */
function withDetails(state: State, event: Event): Event {
  if (event.type !== 'run_ended') return event;
  const { result } = event;
  const experiment = state.experiments.get(experimentOf(result.run));
  const values = experiment?.change.kind === 'knobs' ? experiment.change.values : {};
  const more: Partial<RunResult> = {
    summary: [
      ...result.summary,
      ...(result.objective === null
        ? []
        : [{ key: 'accuracy', number: accuracyOf(result.objective), text: null }]),
    ],
    params: Object.entries(values).map(([key, value]) => ({
      key,
      value,
      type: 'number',
      source: 'knob',
    })),
    cpu_seconds: 90,
  };
  return { ...event, result: { ...result, ...more } };
}

/** A second metric, known from the first. */
export const accuracyOf = (loss: number): number => 1 - loss / 4;
