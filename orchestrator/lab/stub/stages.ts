import type { Plan } from '../../domain/plan.ts';
import type { Failure, RunResult } from '../../domain/run.ts';
import { inTime } from '../probe/quantities.ts';
import { bad, odd, ok, type Probe } from '../probe/probe.ts';
import { smokeCommand, type Step, type StepName } from './watched.ts';

/** From the steps of base's first run to lines for people. */

export interface Stage extends Probe {
  readonly seconds: number;
  /** The end of what a script said, where it failed. */
  readonly said?: readonly string[];
}

export const timed = (probe: Probe, seconds: number, failure: Failure | null = null): Stage => ({
  ...probe,
  seconds: Math.round(seconds * 1000) / 1000,
  ...(failure?.traceback ? { said: failure.traceback.split('\n').slice(-MOST_LINES) } : {}),
});

const MOST_LINES = 12;

/** What steps are called before people. */
const NAMES: Readonly<Record<StepName, string>> = {
  checkOut: 'worktree',
  setUp: 'setup',
  train: 'run',
  verify: 'protected files',
  measure: 'metric',
  seal: 'seal',
};

export interface Seen {
  readonly plan: Plan;
  readonly result: RunResult;
  /** Seconds after which we ended the run; null where it ended by itself. */
  readonly cut: number | null;
}

const ran = (steps: readonly Step[]): boolean => steps.some(({ name }) => name === 'train');

/** One line per step; a plan without setup has no such step. */
export function stagesOf(steps: readonly Step[], seen: Seen): readonly Stage[] {
  const broke = steps.some(({ name, failure }) => name === 'train' && failure !== null);
  return steps.flatMap((step) => {
    if (step.name === 'setUp' && seen.plan.run.setup === undefined) return [];
    // What a broken run lacks is no news.
    if (step.name === 'measure' && (broke || !ran(steps))) return [];
    return [timed(stageOf(step, seen), step.seconds, step.failure)];
  });
}

function stageOf({ name, failure }: Step, seen: Seen): Probe {
  const called = NAMES[name];
  if (name === 'measure') return metricStage(failure, seen);
  if (failure !== null) return bad(called, `${failure.class}: ${failure.message}`);
  return ok(called, WELL[name](seen));
}

const WELL: Readonly<Record<Exclude<StepName, 'measure'>, (seen: Seen) => string>> = {
  checkOut: ({ plan: { workspace } }) =>
    workspace.link.length === 0
      ? 'base checked out, protected files as committed'
      : `base checked out, linked: ${workspace.link.join(', ')}`,
  setUp: ({ plan }) => plan.run.setup ?? '',
  train: ({ plan, cut }) => {
    const { command, env } = plan.run;
    const shown = smokeCommand(plan.run, { command, env }).command;
    const variables = Object.entries(plan.run.smoke?.env ?? {}).map(
      ([name, value]) => `${name}=${value}`,
    );
    const whole = [...variables, shown].join(' ');
    if (cut === null) return plan.run.smoke ? whole : `${whole}, at full length`;
    return `${whole}: it runs. Ended by us after ${inTime(cut)}; with run.smoke, such as { args: "--max-steps 2" }, it would go through to its end`;
  },
  verify: () => 'as base has them, linked paths too',
  seal: ({ result }) => `result.json and ${result.metric_points} points of metrics in Parquet`,
};

function metricStage(failure: Failure | null, { plan, result, cut }: Seen): Probe {
  const { metric } = plan.objective;
  if (failure === null) {
    const others = result.summary.map(({ key }) => key).filter((key) => key !== metric);
    const also = others.length === 0 ? '' : `; also ${listed(others)}`;
    return ok('metric', `${metric} ${result.objective}${also}`);
  }
  if (failure.class !== 'no_metric') return bad('metric', failure.message);
  if (cut !== null)
    return odd(
      'metric',
      `${metric} was not printed within ${inTime(cut)} (${afterFound(failure.message)}): run.smoke would show whether it comes`,
    );
  const found = failure.message.includes('these metrics')
    ? ['name one of these in objective.metric']
    : ['print it as a line "name: value"'];
  const hints = [...found, ...(plan.run.smoke ? ['let run.smoke reach the evaluation'] : [])];
  return bad('metric', `${failure.message}. What to do: ${hints.join(', or ')}`);
}

const afterFound = (message: string): string => message.slice(message.indexOf('found '));

const listed = (names: readonly string[]): string =>
  names.slice(0, 8).join(', ') + (names.length > 8 ? `, and ${names.length - 8} more` : '');
