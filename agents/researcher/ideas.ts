import type { LabBrief, ResearcherBrief } from '../../orchestrator/domain/brief.ts';

/** How many ideas of a model a round may have. */

/** So many in a row that nobody could write, or that the Planner turned down, and no more is asked. */
const PATIENCE = 6;

/**
 * At most as many as the brief wants. None where the last ideas on this incumbent all came to
 * nothing: a round costs calls, and a night must not spend its money on what never runs.
 */
export const ideasWanted = (brief: ResearcherBrief): number =>
  !brief.lab || isInVain(brief, brief.lab) ? 0 : (brief.ideas ?? 0);

function isInVain({ proposed, incumbent }: ResearcherBrief, { rejected }: LabBrief): boolean {
  const ideas = proposed.filter(
    ({ source, parent }) => parent === incumbent && (source === 'model' || source === 'paper'),
  );
  const turnedDown = new Set(rejected.map(({ title }) => title));
  return (
    ideas.length >= PATIENCE && ideas.slice(-PATIENCE).every((one) => turnedDown.has(one.title))
  );
}
