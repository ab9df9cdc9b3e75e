import { planMeaning, type Plan } from './domain/plan.ts';
import type { Night } from './domain/state.ts';

/** What is said where a night asks for something else than the one before. Pure. */

/**
 * The remark of a night whose plan means something else than the last one's, with the reason that
 * was given or the word that none was; null where the goal stands, or there was no night before.
 */
export function goalRemark(last: Night | null, plan: Plan, because: string | null): string | null {
  const moved = last === null ? [] : movedParts(last.plan, plan);
  if (last === null || moved.length === 0) return null;
  const why =
    because === null
      ? 'no reason was given (launch --because "…" records one)'
      : `because: ${because}`;
  return `the goal moved since ${last.id} (${moved.join(', ')}); verdicts of before and after are not ranked together; ${why}`;
}

/** Keys of what makes numbers comparable that differ: `objective.direction`, `run.command`, … */
function movedParts(before: Plan, now: Plan): string[] {
  const [old, fresh] = [flat(planMeaning(before)), flat(planMeaning(now))];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])];
  return keys.filter((key) => old.get(key) !== fresh.get(key));
}

/** Two levels of keys, and what is below as text. */
function flat(meaning: string): ReadonlyMap<string, string> {
  const entries = Object.entries(JSON.parse(meaning) as Record<string, unknown>);
  return new Map(
    entries.flatMap(([part, value]) =>
      Object.entries(typeof value === 'object' && value !== null ? value : {}).map(
        ([key, inner]): [string, string] => [`${part}.${key}`, JSON.stringify(inner)],
      ),
    ),
  );
}
