import type { Change } from './domain/hypothesis.ts';
import type { Plan } from './domain/plan.ts';

/** What a change reads like, by its own words: no claim of what it does. Pure. */

/**
 * The lines that a change removes or adds, and the paths of its files; of knobs their names, where
 * they stand, and the new values.
 */
export function changedLines(plan: Plan, change: Change): readonly string[] {
  switch (change.kind) {
    case 'none':
      return [];
    case 'stack':
      return change.changes.flatMap((one) => changedLines(plan, one));
    case 'patch':
      return change.diff
        .split('\n')
        .filter((line) => /^[+-]/.test(line))
        .map((line) => line.replace(/^(?:\+\+\+|---) (?:[ab]\/)?|^[+-]/, ''));
    case 'knobs':
      return Object.entries(change.values).map(([name, value]) => {
        const { match, path, arg, env } = plan.search_space[name] ?? {};
        return [name, match, path, arg, env, value].filter((part) => part !== undefined).join(' ');
      });
  }
}
