import { describe, expect, test } from 'vitest';
import { createWorker } from '../../agents/worker.ts';
import type { WorkerBrief } from '../../orchestrator/domain/brief.ts';
import { planSchema } from '../../orchestrator/domain/plan.ts';
import type { Executor, Hands, HeldOutNumber, Prepared } from '../../orchestrator/domain/ports.ts';
import type { Failure, RunResult } from '../../orchestrator/domain/run.ts';

const PLAN = planSchema.parse({
  project: 'toy',
  question: 'Does it work?',
  objective: { metric: 'loss', direction: 'minimize' },
  workspace: { editable: ['train.py'] },
  run: { command: 'python train.py' },
});

const RUN: WorkerBrief = {
  task: 'run',
  order: {
    run: 'E-0007.1',
    attempt: 2,
    seed: 1,
    slot: 1,
    commit: 'c0ffee',
    base: 'ba5e',
    command: { command: 'python train.py', env: {} },
    plan: PLAN,
    knobs: {},
    gpus: null,
  },
};

const PREPARE: WorkerBrief = {
  task: 'prepare',
  order: {
    experiment: 'E-0007',
    parent: 'ba5e',
    base: 'ba5e',
    parent_command: { command: 'python train.py', env: {} },
    change: { kind: 'knobs', values: { rate: '0.03' } },
    message: 'E-0007: rate',
    branch: 'autolab/E-0007',
    plan: PLAN,
  },
};

type Step = Exclude<keyof Hands, 'seal'>;

const RESULT: RunResult = {
  run: 'E-0007.1',
  attempt: 2,
  commit: 'c',
  status: 'finished',
  failure: null,
  killed_because: null,
  objective: 1,
  tier: 'self_reported',
  started: '2026-11-21T00:00:00.000Z',
  seconds: 1,
  cpu_seconds: 1,
  slept_seconds: 0,
  exit_code: 0,
  signal: null,
  summary: [],
  params: [],
  artifacts: [],
  metric_points: 0,
  environment_key: 'k',
  spans: [],
};

/** Hands that write down what they are asked to do, and fail where they are told to. */
class Notes implements Executor {
  readonly calls: string[] = [];
  readonly sealedAs: (Failure | null)[] = [];
  private readonly outcomes: Partial<Record<Step, Failure | Error>>;
  private readonly known: RunResult | null;
  private readonly prepared: Prepared;

  constructor(
    outcomes: Partial<Record<Step, Failure | Error>> = {},
    known: RunResult | null = null,
    prepared: Prepared = {
      commit: 'c0ffee',
      command: { command: 'python train.py', env: {} },
      settings: null,
    },
  ) {
    this.outcomes = outcomes;
    this.known = known;
    this.prepared = prepared;
  }

  async prepare(order: { readonly experiment: string }): Promise<Prepared> {
    this.calls.push(`prepare ${order.experiment}`);
    return this.prepared;
  }

  open(_order: unknown, signal: AbortSignal): Hands {
    this.calls.push(signal.aborted ? 'open, aborted' : 'open');
    const step = (name: Step) => async (): Promise<Failure | null> => {
      this.calls.push(name);
      const outcome = this.outcomes[name] ?? null;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
    return {
      checkOut: step('checkOut'),
      setUp: step('setUp'),
      train: step('train'),
      verify: step('verify'),
      measure: step('measure'),
      seal: async (failure) => {
        this.calls.push('seal');
        this.sealedAs.push(failure);
        return { ...RESULT, failure };
      },
    };
  }

  async holdOut(order: { readonly run: string }): Promise<HeldOutNumber> {
    this.calls.push(`hold out ${order.run}`);
    return { value: NaN, failure: null };
  }

  async sealed(run: string, attempt: number): Promise<RunResult | null> {
    this.calls.push(`sealed ${run} ${attempt}?`);
    return this.known;
  }

  async endOrphans(): Promise<readonly string[]> {
    return [];
  }
}

const failure = (kind: Failure['class']): Failure => ({ class: kind, message: `a ${kind}` });

async function run(
  executor: Notes,
  brief: WorkerBrief = RUN,
  signal = new AbortController().signal,
) {
  const answer = await createWorker(executor)(brief, { signal });
  return { answer, calls: executor.calls, sealedAs: executor.sealedAs };
}

const ALL = [
  'sealed E-0007.1 2?',
  'open',
  'checkOut',
  'setUp',
  'train',
  'verify',
  'measure',
  'seal',
];
const without = (...steps: string[]): string[] => ALL.filter((step) => !steps.includes(step));

describe('a run', () => {
  test('goes through every step once, and is sealed', async () => {
    const { answer, calls, sealedAs } = await run(new Notes());
    expect(answer).toEqual({ sealed: true });
    expect(calls).toEqual(ALL);
    expect(sealedAs).toEqual([null]);
  });

  test('that was sealed before is not run again', async () => {
    const { answer, calls } = await run(new Notes({}, RESULT));
    expect(answer).toEqual({ sealed: true });
    expect(calls).toEqual(['sealed E-0007.1 2?']);
  });

  test.each(['checkOut', 'setUp'] as const)('whose %s failed is sealed untrained', async (step) => {
    const broken = failure('infrastructure');
    const { calls, sealedAs } = await run(new Notes({ [step]: broken }));
    const skipped = step === 'checkOut' ? ['setUp'] : [];
    expect(calls).toEqual(without(...skipped, 'train', 'verify', 'measure'));
    expect(sealedAs).toEqual([broken]);
  });

  test('whose training failed is measured all the same, and keeps its first failure', async () => {
    const late = failure('timeout');
    const { calls, sealedAs } = await run(
      new Notes({ train: late, measure: failure('no_metric') }),
    );
    expect(calls).toEqual(ALL);
    expect(sealedAs).toEqual([late]);
  });

  test('whose training failed and that wrote where it may not says both', async () => {
    const { sealedAs } = await run(
      new Notes({ train: failure('timeout'), verify: failure('invalid') }),
    );
    expect(sealedAs).toEqual([{ class: 'timeout', message: 'a timeout; besides, a invalid' }]);
  });

  test('that touched what it may not is invalid, however good its number', async () => {
    const invalid = failure('invalid');
    const { calls, sealedAs } = await run(
      new Notes({ verify: invalid, measure: failure('not_a_number') }),
    );
    expect(calls).toEqual(ALL);
    expect(sealedAs).toEqual([invalid]);
  });

  test('without a number fails as its measurement says', async () => {
    const missing = failure('no_metric');
    const { calls, sealedAs } = await run(new Notes({ measure: missing }));
    expect(calls).toEqual(ALL);
    expect(sealedAs).toEqual([missing]);
  });

  test('that is taken away is still sealed: the hands know how to stop', async () => {
    const taken = new AbortController();
    taken.abort();
    const { calls } = await run(new Notes(), RUN, taken.signal);
    expect(calls).toEqual(ALL.map((step) => (step === 'open' ? 'open, aborted' : step)));
  });

  test('in which a hand has a bug comes back as that bug, unsealed', async () => {
    const bug = new TypeError('undefined is not a worktree');
    const executor = new Notes({ train: bug });
    await expect(run(executor)).rejects.toBe(bug);
    expect(executor.calls).not.toContain('seal');
  });

  test('does not mix with another that the same worker carries at once', async () => {
    const executor = new Notes();
    const worker = createWorker(executor);
    const { signal } = new AbortController();
    await Promise.all([
      worker(RUN, { signal }),
      worker(PREPARE, { signal }),
      worker(RUN, { signal }),
    ]);
    expect(executor.calls.toSorted()).toEqual([...ALL, ...ALL, 'prepare E-0007'].toSorted());
  });
});

test('a look at what is held out is one call, and its number crosses a queue as text', async () => {
  const found = await run(new Notes(), { task: 'hold_out', order: RUN.order } as WorkerBrief);
  expect(found.answer).toEqual({ value: 'NaN', failure: null });
  expect(found.calls).toEqual(['hold out E-0007.1']);
});

describe('a preparation', () => {
  test('answers with the commit and the command that came of it', async () => {
    const { answer, calls } = await run(new Notes(), PREPARE);
    expect(answer).toEqual({
      commit: 'c0ffee',
      command: { command: 'python train.py', env: {} },
      settings: null,
    });
    expect(calls).toEqual(['prepare E-0007']);
  });

  test('answers with the failure where the change could not be made', async () => {
    const prepared = { failure: failure('idea') };
    expect((await run(new Notes({}, null, prepared), PREPARE)).answer).toEqual(prepared);
  });
});
