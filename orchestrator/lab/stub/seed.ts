import type { Plan } from '../../domain/plan.ts';
import type { RunResult } from '../../domain/run.ts';
import { bad, odd, ok, type Probe } from '../probe/probe.ts';

/** Three runs of base: a seed, the same seed again, another seed. */
export interface Seeded {
  readonly one: RunResult;
  readonly again: RunResult;
  readonly other: RunResult;
}

/** They tell the clock's time and the machine's load, whatever the seed. */
const OF_THE_MACHINE = /time|second|duration|elapsed|memory|_mb$|throughput|per_sec|\/s$|eta/i;

/** Whether the seed reaches the script, as its numbers say. */
export function seedStage({ run, objective }: Plan, { one, again, other }: Seeded): Probe {
  const lost = [one, again, other].find((result) => numberOf(result) === null);
  if (lost)
    return bad(
      'seed',
      `expected ${objective.metric} from each of three runs of the same code, found none in one: ` +
        (lost.failure?.message ?? 'it was not finished'),
    );
  const [a, b, c] = [one, again, other].map((result) => String(numberOf(result)));
  const { metric } = objective;
  if (run.deterministic)
    return a === b && b === c
      ? ok('seed', `deterministic, as the plan says: three runs gave ${metric} ${a}`)
      : odd(
          'seed',
          `the plan calls the script deterministic, and three runs gave ${metric} ${a}, ${b}, ${c}: take run.deterministic out, and set run.seed`,
        );
  if (!run.seed)
    return a === b && b === c
      ? odd(
          'seed',
          `run.seed is not set, and three runs gave the same ${metric} (${a}): set run.seed, or run.deterministic: true where the script draws no random numbers. Until then verdicts stop at inconclusive`,
        )
      : odd(
          'seed',
          `run.seed is not set, and runs differ (${metric} ${a}, ${b}, ${c}): set run.seed, or verdicts stop at inconclusive`,
        );
  if (a !== b)
    return ok(
      'seed',
      `the same seed twice gave ${metric} ${a} and ${b}, another one ${c}: there is chance beyond the seed (threads, GPUs, time). ` +
        'No harm: it counts as noise, but a run cannot be repeated to the digit',
    );
  if (a !== c)
    return ok('seed', `it reaches the script: ${metric} ${a} with seed 1, twice, ${c} with seed 2`);
  const moved = moving(one, again, other);
  if (moved !== null)
    return ok(
      'seed',
      `it reaches the script: ${moved} differs between two seeds (${metric} does not yet, at ${a})`,
    );
  return odd(
    'seed',
    `two seeds gave the same ${metric} (${a}) and nothing else that differs: the seed does not reach the script, ` +
      'or a moment is too short to show it. Where the script draws no random numbers, say run.deterministic: true; ' +
      'else mend run.seed: until then verdicts stop at inconclusive',
  );
}

const numberOf = ({ status, objective }: RunResult): number | null =>
  status === 'finished' ? objective : null;

/** A metric that the seed alone moves. */
function moving(one: RunResult, again: RunResult, other: RunResult): string | null {
  const value = (result: RunResult, key: string) =>
    String(result.summary.find((summary) => summary.key === key)?.number);
  for (const { key, number } of one.summary) {
    if (number === null || OF_THE_MACHINE.test(key)) continue;
    const first = value(one, key);
    if (first === value(again, key) && first !== value(other, key)) return key;
  }
  return null;
}
