import type { Memory, PlannerBrief } from '../../orchestrator/domain/brief.ts';
import type { Verdict } from '../../orchestrator/domain/experiment.ts';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { namesAround, namesOf, share } from './names.ts';

/** What memory says of where the incumbent stands: what it has, and what came out badly and would again. */

const BAD: ReadonlySet<Verdict | null> = new Set<Verdict>([
  'worse',
  'no_difference',
  'failed',
  'invalid',
]);

/**
 * Whether what memory says of a patch on another parent holds on the incumbent too: it came out
 * badly, and the parent has not changed in a way that matters since. It has where a change between
 * the two, on either's line, is about a name that stands in the patch or right beside it.
 */
export function holdsHere(found: Memory, diff: string, brief: PlannerBrief): boolean {
  if (found.parent === brief.incumbent || !BAD.has(found.verdict)) return false;
  const about = namesAround(diff);
  const space = brief.lab?.plan.search_space ?? {};
  return changesBetween(found.parent, brief).every(
    (change) => !share(namesOf(change, space), about),
  );
}

/** The changes that an experiment stands on, its own first, as far as memory reaches. */
export function lineOf(
  from: ExperimentId,
  { memory }: PlannerBrief,
): ReadonlyMap<ExperimentId, Change> {
  const known = new Map(memory.map((m) => [m.experiment, m]));
  const line = new Map<ExperimentId, Change>();
  for (let m = known.get(from); m && !line.has(m.experiment); m = known.get(m.parent))
    line.set(m.experiment, m.change);
  return line;
}

/** What the incumbent has and the other has not, and the other way round. */
function changesBetween(other: ExperimentId, brief: PlannerBrief): readonly Change[] {
  const [here, there] = [lineOf(brief.incumbent, brief), lineOf(other, brief)];
  return [
    ...[...here].filter(([id]) => !there.has(id)),
    ...[...there].filter(([id]) => !here.has(id)),
  ].map(([, change]) => change);
}
