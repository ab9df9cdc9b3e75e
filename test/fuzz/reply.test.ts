import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeEvent, encodeEvent } from '../../notebook/codec.ts';
import { openNotebook, type OpenNotebook } from '../../notebook/writer.ts';
import type { Work } from '../../orchestrator/actions.ts';
import { understand, type AnswerParts } from '../../orchestrator/answers.ts';
import { decide } from '../../orchestrator/decide.ts';
import type { Json, Post } from '../../orchestrator/domain/ports.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import { type State } from '../../orchestrator/domain/state.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { openLocalExecutor } from '../../workers/local.ts';
import {
  aLittleNight,
  aNight,
  anExperimentsLife,
  asEvents,
  runStarted,
} from '../support/events.ts';
import { makeRepo, type TestRepo } from '../support/repo.ts';
import { EDGES, ODD } from './mutate.ts';
import { holdsInTime } from './settings.ts';

const PROPOSED: readonly Json[] = [
  {
    proposals: [
      {
        ...{ title: 'Relu', because: 'cheap', source: 'model', line: 'activation' },
        change: { kind: 'knobs', values: { activation: 'relu' } },
        success_criteria: [{ metric: 'loss', max: 1, borderline: 0.1 }],
      },
      {
        ...{ title: 'Tie', because: 'smaller', source: 'yours', line: 'shape' },
        change: { kind: 'patch', file: null, diff: '--- a/x\n+++ b/x\n' },
        success_criteria: [],
      },
    ],
    exhausted: false,
  },
  { proposals: [], exhausted: true },
];
const PLANNED: readonly Json[] = [
  { queue: ['H-0001'], rejected: [{ id: 'H-0002', because: 'seen' }] },
  { queue: ['H-0001', 'H-0001', 'H-9999'], rejected: [] },
];

/** Right answers of each role, to be bent. */
const ANSWERS: Readonly<Record<Work['kind'], readonly Json[]>> = {
  propose: PROPOSED,
  invent: PROPOSED,
  plan: PLANNED,
  compare: PLANNED,
  write: [
    { diff: '--- a/x\n+++ b/x\n', account: { changes: ['x'] }, by: 'a model' },
    { failure: { class: 'infrastructure', message: 'no model' } },
  ],
  repair: [
    { diff: '--- a/x\n+++ b/x\n', account: { changes: ['x'] }, by: 'a model' },
    { gave_up: 'it cannot be mended' },
  ],
  prepare: [
    { commit: 'abc', command: { command: 'node x', env: { A: '1' } }, settings: { depth: '2' } },
    { failure: { class: 'idea', message: 'no', traceback: 'at x' } },
  ],
  run: [{ sealed: true }],
  hold_out: [
    { value: 0.5, failure: null },
    { value: 'NaN', failure: null },
    { value: null, failure: { class: 'no_metric', message: 'no' } },
  ],
  summarise: [{ text: 'It went well.' }],
  report: [
    {
      documents: [{ path: 'FINDINGS.md', text: '# Findings' }],
      findings: [{ experiment: 'E-0001', text: 'Yes.', runs: ['E-0001.1'], query: 'SELECT 1' }],
    },
  ],
};

const strange: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    ...[null, true, 0, -1, 1.5, 1e308, '', [], {}, [[]], { __proto__: null }],
    ...['H-0001', 'H-1', 'H-99999999999999999999', 'E-0001', 'E-0000.1', ['H-0001'], ['E-0001.1']],
    ...[{ kind: 'none' }, { kind: 'knobs', values: {} }, { class: 'idea', message: '' }],
    ...EDGES,
    ...ODD,
    'x'.repeat(100_000),
  ),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
);

type Step = string | number;
const pathsIn = (value: Json, path: readonly Step[] = []): (readonly Step[])[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [
        path,
        ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner as Json, [...path, key])),
      ];

/** The answer with another value at one of its places, or without it, or with one more. */
function bent(answer: Json, at: number, kind: string, key: string, value: Json): Json {
  const paths = pathsIn(answer);
  const path = paths[at % paths.length] ?? [];
  if (path.length === 0 && (kind !== 'add' || typeof answer !== 'object' || answer === null))
    return value;
  const copy = structuredClone(answer) as Record<Step, Json>;
  let holder = copy;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<Step, Json>;
  const last = path.at(-1) ?? key;
  if (kind === 'drop') delete holder[last];
  else if (kind === 'set') holder[last] = value;
  else
    Object.defineProperty(holder, key, {
      value,
      ...{ enumerable: true, configurable: true, writable: true },
    });
  return copy;
}

const ROLES: Readonly<Record<Work['kind'], Post>> = {
  propose: 'researcher',
  invent: 'researcher',
  plan: 'planner',
  compare: 'planner',
  write: 'author',
  repair: 'author',
  prepare: 'worker',
  run: 'worker',
  hold_out: 'worker',
  summarise: 'reporter',
  report: 'reporter',
};
const WORKS: readonly Work[] = [
  { kind: 'propose', night: 'N-0001', round: 2, incumbent: 'E-0000', wanted: 3 },
  { kind: 'invent', night: 'N-0001', round: 2, incumbent: 'E-0000', ideas: 3 },
  { kind: 'plan', night: 'N-0001', round: 2, incumbent: 'E-0000' },
  { kind: 'compare', night: 'N-0001', round: 2, incumbent: 'E-0000' },
  { kind: 'write', night: 'N-0001', hypothesis: 'H-0001' },
  { kind: 'repair', experiment: 'E-0001', run: 'E-0001.1', attempt: 1, number: 1 },
  { kind: 'prepare', experiment: 'E-0001' },
  { kind: 'run', run: 'E-0002.3', attempt: 1 },
  { kind: 'hold_out', night: 'N-0001', experiment: 'E-0001', run: 'E-0001.1' },
  { kind: 'summarise', run: 'E-0001.1' },
  { kind: 'report', night: 'N-0001', revision: 3 },
].map((work) => ({ ...work, id: 'x', role: ROLES[work.kind as Work['kind']] }) as Work);

const replies = fc.constantFrom(...WORKS).chain((work) =>
  fc.tuple(
    fc.constant(work),
    fc.oneof(
      { weight: 1, arbitrary: strange },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom(...ANSWERS[work.kind]),
            fc.array(
              fc.tuple(
                fc.nat(1000),
                fc.constantFrom('set', 'drop', 'add'),
                fc.oneof(fc.constantFrom(...EDGES, 'kind', 'id'), fc.string({ maxLength: 5 })),
                strange,
              ),
              { maxLength: 3 },
            ),
          )
          .map(([answer, changes]) =>
            changes.reduce<Json>(
              (now, [at, kind, key, value]) => bent(now, at, kind, key, value),
              answer,
            ),
          ),
      },
    ),
  ),
);

describe('whatever a role answers', () => {
  let lab: TestRepo;
  let folder = '';
  let notebook: OpenNotebook;
  let parts: AnswerParts;
  const published: string[] = [];

  /** A night at work: one experiment judged, one with a run that was started. */
  const events = asEvents([...aLittleNight(2).slice(0, -2), runStarted('E-0002.3', 3)]);
  const state: State = replay(events);
  const nights = [state, replay(asEvents([aNight(), ...anExperimentsLife(0)]))];

  beforeAll(async () => {
    lab = makeRepo();
    folder = await mkdtemp(join(tmpdir(), 'autolab-fuzz-'));
    const clock = { now: () => Date.parse('2026-01-02T00:00:00Z') };
    notebook = await openNotebook({ dir: join(folder, 'notebook'), clock: clock as never });
    const executor = openLocalExecutor({
      root: lab.root,
      cacheDir: join(folder, 'cache'),
      experimentsDir: join(folder, 'experiments'),
      repository: await openRepository(lab.root, lab.env),
      version: '0',
      clock,
    } as never);
    parts = {
      ...{ root: lab.root, notebook, executor },
      surroundings: { branch_prefix: 'autolab', gpus: () => null },
      publish: async (documents) => void published.push(...documents.map(({ path }) => path)),
    };
  });
  afterAll(async () => {
    await notebook.close();
    lab.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test('right ones are events', async () => {
    for (const work of WORKS.filter(({ kind }) => kind !== 'run'))
      for (const output of ANSWERS[work.kind])
        expect(await understand(parts, state, work, { ...work, output })).toHaveProperty('bodies');
  });

  test('is an error in words, or events that the journal can hold and the night goes on from', async () => {
    await holdsInTime(1, replies, async ([work, output]) => {
      const said = await understand(parts, state, work, { ...work, output });
      if ('error' in said) {
        expect(said.error.length).toBeGreaterThan(0);
        return;
      }
      for (const body of said.bodies) {
        const event = { ...body, seq: 1000, at: '2026-01-01T01:00:00.000Z' };
        expect(decodeEvent(encodeEvent(event))).toEqual(event);
        for (const before of work.kind === 'propose' || work.kind === 'plan' ? nights : [state]) {
          const after = fold(before, event);
          expect(after.now).toBe(event.at);
          expect(decide(before, event).state).toEqual(after);
        }
      }
      expect({}).not.toHaveProperty('polluted');
    });
  });
});
