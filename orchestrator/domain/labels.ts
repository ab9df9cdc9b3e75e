import { tidyPath } from './editable.ts';
import type { Plan } from './plan.ts';

/** Paths that no training may see: what predictions are scored by, and what is held out. */

/** Whether one of two tidy paths from the top is the other, or lies within it. */
export const overlap = (a: string, b: string): boolean =>
  a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

/** All of the plan's, tidy, from the repository's top. */
export const labelsOf = ({
  score,
  holdout,
}: Pick<Plan, 'score' | 'holdout'>): readonly string[] => [
  ...new Set([...(score?.labels ?? []), ...(holdout?.labels ?? [])].map(tidyPath)),
];

/** Whether a file is kept from every worktree but that of the command which needs it. */
export function hiddenBy(plan: Pick<Plan, 'score' | 'holdout'>): (file: string) => boolean {
  const paths = labelsOf(plan);
  return (file) => paths.some((path) => file === path || file.startsWith(`${path}/`));
}

/** The plan for the one command that may see `shown`. */
export function showing(plan: Plan, shown: readonly string[]): Plan {
  const tidy = shown.map(tidyPath);
  const hidden = labelsOf(plan).filter((path) => !tidy.some((each) => overlap(each, path)));
  const { score: _, holdout, ...rest } = plan;
  const first = holdout ?? { command: 'none', metric: 'none' };
  return hidden.length === 0 ? rest : { ...rest, holdout: { ...first, labels: hidden } };
}
