import type { PlannerBrief } from '../../orchestrator/domain/brief.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import type { Rejection } from './screen.ts';

/** Patches that do not apply to the incumbent, or leave files that do not parse. */
export async function inspect(
  { lab, incumbent, proposed }: PlannerBrief,
  accepted: readonly Hypothesis[],
  desk: Pick<Desk, 'patched' | 'syntax'>,
): Promise<readonly Rejection[]> {
  if (!lab) return [];
  const rejected: Rejection[] = [];
  const fresh = new Set(proposed.map(({ id }) => id));
  for (const { id, change, parent } of accepted) {
    // What waits was looked at when it came; what moved along with the incumbent stands elsewhere now.
    if (change.kind !== 'patch' || (!fresh.has(id) && parent === incumbent)) continue;
    const tried = await desk.patched(lab.commit, change.diff);
    if ('problem' in tried) {
      rejected.push({ id, because: `it does not apply to ${incumbent}: ${tried.problem}` });
      continue;
    }
    const problems = await desk.syntax(lab.plan, lab.commit, change.diff);
    if (problems.length > 0)
      rejected.push({ id, because: `it does not parse: ${problems.slice(0, 3).join('; ')}` });
  }
  return rejected;
}
