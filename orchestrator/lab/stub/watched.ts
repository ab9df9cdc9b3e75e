import type { Plan } from '../../domain/plan.ts';
import type { Executor, Hands, RunOrder } from '../../domain/ports.ts';
import type { Failure } from '../../domain/run.ts';
import { extended } from '../../domain/command.ts';
import type { ExperimentId, RunId } from '../../domain/ids.ts';
import { clock } from '../lab.ts';

/** The real executor, with its runs cut to a moment and its steps looked at from outside. */

export type StepName = 'checkOut' | 'setUp' | 'train' | 'verify' | 'measure' | 'seal';

export interface Step {
  readonly run: RunId;
  readonly name: StepName;
  readonly failure: Failure | null;
  readonly seconds: number;
}

export interface Watch {
  readonly branchOf: (experiment: ExperimentId) => string;
  /** Runs are ended after so many seconds, and count as ended; null: the plan's timeout holds. */
  readonly cut: number | null;
  readonly onStep: (step: Step) => void;
  /** A run was ended by the cut. */
  readonly onCut: (run: RunId) => void;
}

export const watched = (executor: Executor, watch: Watch): Executor => ({
  ...executor,
  prepare: (order) => executor.prepare({ ...order, branch: watch.branchOf(order.experiment) }),
  open(order, signal) {
    const short = cutShort(order, watch.cut);
    return watchedHands(executor.open(short, signal), order, watch);
  },
});

/** The order with `run.smoke` added to its command, or a timeout of a moment where there is none. */
function cutShort(order: RunOrder, cut: number | null): RunOrder {
  const { plan, command } = order;
  const limited: Plan =
    cut === null
      ? plan
      : { ...plan, run: { ...plan.run, timeout: Math.min(cut, plan.run.timeout) } };
  return { ...order, plan: limited, command: smokeCommand(plan.run, command) };
}

/** A command as a rehearsal runs it. Without `run.smoke`, the command. */
export const smokeCommand = (run: Plan['run'], command: RunOrder['command']): RunOrder['command'] =>
  extended(command, run.smoke ?? {});

function watchedHands(hands: Hands, { run, plan }: RunOrder, watch: Watch): Hands {
  const step = async (
    name: StepName,
    work: () => Promise<Failure | null>,
  ): Promise<Failure | null> => {
    const begin = clock.monotonic();
    const failure = await work();
    watch.onStep({ run, name, failure, seconds: (clock.monotonic() - begin) / 1000 });
    return failure;
  };
  const isCut = (failure: Failure | null): boolean =>
    failure?.class === 'timeout' && watch.cut !== null && watch.cut < plan.run.timeout;
  return {
    checkOut: () => step('checkOut', () => hands.checkOut()),
    setUp: () => step('setUp', () => hands.setUp()),
    train: () =>
      step('train', async () => {
        const failure = await hands.train();
        if (!isCut(failure)) return failure;
        watch.onCut(run);
        return null;
      }),
    verify: () => step('verify', () => hands.verify()),
    measure: () => step('measure', () => hands.measure()),
    async seal(failure) {
      const begin = clock.monotonic();
      const result = await hands.seal(failure);
      watch.onStep({
        ...{ run, name: 'seal', failure: null },
        seconds: (clock.monotonic() - begin) / 1000,
      });
      return result;
    },
  };
}
