import type {
  PlannerAnswer,
  PlannerBrief,
  ResearcherAnswer,
  ResearcherBrief,
} from '../orchestrator/domain/brief.ts';
import { changeKey } from '../orchestrator/domain/hypothesis.ts';
import { uniforms } from '../test/support/simulate.ts';
import type { Policy } from './search-night.ts';
import { pointKey, type Point } from './table.ts';
import { byLot, tpe, type Trial } from './tpe.ts';
import { mixed } from './trust/worlds.ts';

/**
 * Rivals in the Researcher's place. They get its brief, and say whole points, as in their papers:
 * every knob in which the point differs from the incumbent is set at once.
 */

type Draw = (brief: ResearcherBrief, random: () => number) => Point;

/** Draws that are thrown away before a rival says that it has nothing new. */
const MOST_DRAWS = 300;

const rival = (name: string, draw: Draw): Policy => ({
  name,
  propose: async (brief, night) =>
    proposed(brief, draw, uniforms(mixed(night, brief.round, 0x5eed))),
  plan: async (brief) => screened(brief),
});

export const randomSearch = rival('random', ({ search_space }, random) =>
  byLot(search_space, random),
);

export const plainTpe = rival('tpe', (brief, random) =>
  tpe(brief.search_space, trialsIn(brief), random),
);

/** What was measured, in noise units of the baseline, the baseline among it. */
function trialsIn({ memory, baselines }: ResearcherBrief): readonly Trial[] {
  const tried = memory.flatMap(({ settings, effect, verdict }): Trial[] => {
    if (settings === null || (effect === null && verdict !== 'failed')) return [];
    return [{ settings, loss: effect === null ? Infinity : -effect }];
  });
  return [
    ...baselines.flatMap(({ settings }) => (settings ? [{ settings, loss: 0 }] : [])),
    ...tried,
  ];
}

function proposed(brief: ResearcherBrief, draw: Draw, random: () => number): ResearcherAnswer {
  const spent = spentOn(brief);
  const proposals: ResearcherAnswer['proposals'] = [];
  for (let drawn = 0; drawn < MOST_DRAWS && proposals.length < brief.wanted; drawn += 1) {
    const point = draw(brief, random);
    if (spent.has(pointKey(point))) continue;
    spent.add(pointKey(point));
    const set = Object.entries(point).filter(([name, value]) => brief.settings[name] !== value);
    proposals.push({
      ...{ title: pointKey(point), because: 'drawn', source: 'search_space', line: 'points' },
      change: { kind: 'knobs', values: Object.fromEntries(set) },
      success_criteria: [],
    });
  }
  return { proposals, exhausted: proposals.length === 0 };
}

/**
 * Points not worth a run: the incumbent, what was said on it, and what was measured and is no
 * better than the incumbent. A plain sampler would draw these again, which a table of few points
 * would hold against it.
 */
function spentOn(brief: ResearcherBrief): Set<string> {
  const { incumbent, settings, memory } = brief;
  const reached = memory.find(({ experiment }) => experiment === incumbent)?.effect ?? 0;
  const said = brief.proposed.flatMap(({ parent, change }) =>
    parent === incumbent && change.kind === 'knobs' ? [{ ...settings, ...change.values }] : [],
  );
  const tried = memory.flatMap(({ settings, effect }) =>
    settings !== null && (effect === null || effect <= reached) ? [settings] : [],
  );
  const start = brief.baselines.flatMap(({ settings }) => (settings ? [settings] : []));
  return new Set([settings, ...said, ...tried, ...start].map(pointKey));
}

/** The Planner's screen without its rule of one knob a change; in the order in which they came. */
function screened({ incumbent, waiting, proposed, memory }: PlannerBrief): PlannerAnswer {
  const tried = new Set(
    memory.filter(({ parent }) => parent === incumbent).map(({ change }) => changeKey(change)),
  );
  const all = [...waiting, ...proposed];
  const stands = ({ parent, change }: (typeof all)[number]): boolean =>
    parent === incumbent && !tried.has(changeKey(change));
  return {
    queue: all.filter(stands).map(({ id }) => id),
    rejected: all.filter((one) => !stands(one)).map(({ id }) => ({ id, because: 'overtaken' })),
  };
}
