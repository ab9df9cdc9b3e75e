import { LabError } from '../orchestrator/domain/errors.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { inWords } from './durable.ts';
import { sourceOf, whatIsLeft, withLeft, type Taking } from './intake.ts';
import type { Keeper } from './manifest.ts';
import type { Problem } from './problem.ts';
import { untaken } from './untaken.ts';

/** So many at once: each is a file of its own, and the manifest is written once for all. */
const AT_ONCE = 64;

/**
 * Takes the metrics of runs of one's own in that are not, for as long as `goOn` says. Returns what is
 * wrong with their files. Throws LabError failed where the notebook cannot be written.
 */
export async function takeInOwn(
  dir: string,
  keeper: Keeper,
  state: State,
  runsDir: string,
  goOn: () => boolean,
): Promise<readonly Problem[]> {
  const waiting = untaken(state, keeper.current);
  const problems: Problem[] = [];
  for (let first = 0; first < waiting.length && goOn(); first += AT_ONCE) {
    const takings: Taking[] = [];
    for (const { id: run, attempt, end } of waiting.slice(first, first + AT_ONCE)) {
      const { metric_points = 0, sample_rows = 0 } = end ?? {};
      const by = { run, attempt, metric_points, sample_rows };
      const found = await whatIsLeft(by, sourceOf(runsDir, run, attempt));
      takings.push(found.taking);
      problems.push(...found.problems);
    }
    try {
      await keeper.change((manifest) => withLeft(dir, manifest, takings));
    } catch (error) {
      const text = `the metrics of ${takings.length} runs could not be taken in: ${inWords(error)}`;
      throw new LabError('failed', text, dir, error);
    }
  }
  return problems;
}
