import type { Event, EventBody, NightStarted } from '../../orchestrator/domain/event.ts';
import type { Experiment, Judgement } from '../../orchestrator/domain/experiment.ts';
import type { Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import {
  experimentId,
  hypothesisId,
  nightId,
  runId,
  type ExperimentId,
  type RunId,
} from '../../orchestrator/domain/ids.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { aPlan, nightStarted } from './simulate.ts';

/** Events of a little night, made by hand: for tests that need records and no decisions. */

export const aNight = (extra: Partial<NightStarted> = {}): NightStarted =>
  nightStarted(aPlan(), extra);

const aHypothesis = (n: number, extra: Partial<Hypothesis> = {}): Hypothesis => ({
  id: hypothesisId(n),
  night: 'N-0001',
  title: `Idea ${n}`,
  because: 'it might help',
  source: 'search_space',
  line: 'learning_rate',
  change: { kind: 'knobs', values: { learning_rate: `${n}e-3` } },
  parent: 'E-0000',
  success_criteria: [],
  ...extra,
});

/** Number 0 is the baseline. */
export const anExperiment = (n: number, extra: Partial<Experiment> = {}): Experiment => {
  const { title, because, source, line, change, success_criteria } = aHypothesis(n);
  return {
    ...{ id: experimentId(n), night: 'N-0001', hypothesis: n === 0 ? null : hypothesisId(n) },
    ...(n === 0
      ? { title: 'Baseline', because: 'what is', source: 'baseline', line: 'baseline' }
      : { title, because, source, line }),
    change: n === 0 ? { kind: 'none' } : change,
    ...{ parent: n === 0 ? null : 'E-0000', baseline: 'E-0000', success_criteria },
    ...{ branch: null, commit: null, command: null, failure: null, runs: [], judgement: null },
    ...extra,
  } as Experiment;
};

export const aResult = (run: RunId, extra: Partial<RunResult> = {}): RunResult => ({
  run,
  attempt: 1,
  commit: 'c',
  status: 'finished',
  failure: null,
  killed_because: null,
  objective: 1.5,
  tier: 'self_reported',
  started: '2026-01-01T00:00:01.000Z',
  seconds: 10,
  cpu_seconds: 9.5,
  slept_seconds: 0,
  exit_code: 0,
  signal: null,
  summary: [
    { key: 'loss', number: 1.5, text: null },
    { key: 'note', number: null, text: 'converged' },
  ],
  params: [{ key: 'learning_rate', value: '1e-3', type: 'number', source: 'knob' }],
  artifacts: [{ name: 'model.pt', bytes: 3, sha256: 'ab' }],
  metric_points: 0,
  environment_key: 'here',
  spans: [
    {
      ...{ name: 'train', who: 'slot 1', experiment: null, run },
      ...{ start: '2026-01-01T00:00:01.000Z', seconds: 10 },
    },
  ],
  ...extra,
});

export const aJudgement = (extra: Partial<Judgement> = {}): Judgement => ({
  rule: '1',
  verdict: 'promising',
  because: 'three seeds agree',
  n: 3,
  objective: 1.4,
  spread: 0.01,
  on_baseline: { effect: -0.1, interval: [-0.12, -0.08] },
  on_parent: { effect: -0.1, interval: null },
  runs: [],
  dawn: null,
  stack: null,
  ...extra,
});

export const runStarted = (run: RunId, seed: number, attempt = 1): EventBody => ({
  ...{ type: 'run_started', run, experiment: run.slice(0, run.lastIndexOf('.')) as ExperimentId },
  ...{ seed, purpose: 'screen', attempt, slot: 1 },
});

/** An experiment from its opening to its verdict: two runs, or one that is left running. */
export function anExperimentsLife(n: number, runs = 2): EventBody[] {
  const id = experimentId(n);
  const bodies: EventBody[] = [
    { type: 'experiment_opened', experiment: anExperiment(n) },
    {
      ...{ type: 'experiment_prepared', experiment: id, branch: `autolab/${id}` },
      ...{ commit: `c${n}`, command: { command: 'node train.mjs', env: {} }, settings: null },
    },
  ];
  for (let i = 1; i <= runs; i++)
    bodies.push(runStarted(runId(id, i), i), {
      type: 'run_ended',
      result: aResult(runId(id, i), { objective: 1.5 + n / 1000 + i / 10_000 }),
    });
  if (n > 0) bodies.push({ type: 'experiment_judged', experiment: id, judgement: aJudgement() });
  return bodies;
}

/** A night of the baseline and `experiments` candidates, reported and ended. */
export function aLittleNight(experiments = 2, runs = 2): EventBody[] {
  const numbers = Array.from({ length: experiments }, (_, i) => i + 1);
  return [
    aNight(),
    ...anExperimentsLife(0, runs),
    {
      ...{ type: 'hypotheses_proposed', night: nightId(1), round: 1, incumbent: 'E-0000' },
      ...{ hypotheses: numbers.map((n) => aHypothesis(n)), exhausted: true },
    },
    {
      ...{ type: 'hypotheses_planned', night: nightId(1), round: 1, incumbent: 'E-0000' },
      ...{ queue: numbers.map((n) => hypothesisId(n)), rejected: [] },
    },
    ...numbers.flatMap((n) => anExperimentsLife(n, runs)),
    {
      ...{ type: 'night_ended', night: nightId(1), reason: 'ideas_spent' },
      message: 'nothing left to try',
    },
    {
      ...{ type: 'reported', night: nightId(1), revision: 1 },
      findings: [
        { experiment: 'E-0001', text: 'It helps.', runs: ['E-0001.1'], query: 'SELECT 1' },
      ],
    },
  ];
}

/** Bodies as a journal would number them, a second apart. */
export const asEvents = (bodies: readonly EventBody[]): Event[] =>
  bodies.map((body, i) => ({
    ...body,
    seq: i + 1,
    at: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
  }));
