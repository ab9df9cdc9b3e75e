import type { Plan } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';

/** Lines of inquiry: what experiments belong to, a knob, a theme, or a name of the user's. */

/** What the unchanged script is measured under: no line that anybody works on. */
export const BASELINE_LINE = 'baseline';

/** Every line that something was tried, proposed or planned on. A set of the caller's own. */
export function linesOf(state: State): Set<string> {
  const lines = new Set<string>();
  // Work of the plan's own changes nothing: closing its line would close nothing.
  for (const { line, planned } of state.experiments.values()) if (!planned) lines.add(line);
  for (const { line } of state.hypotheses.values()) lines.add(line);
  for (const { plan } of state.nights.values())
    for (const line of linesOfPlan(plan)) lines.add(line);
  lines.delete(BASELINE_LINE);
  return lines;
}

/** The lines that a plan's knobs and hypotheses will belong to. */
export const linesOfPlan = ({ search_space, hypotheses }: Plan): readonly string[] => [
  ...Object.entries(search_space).map(([name, knob]) => knob.line ?? name),
  ...hypotheses.flatMap(({ line }) => line ?? []),
];
