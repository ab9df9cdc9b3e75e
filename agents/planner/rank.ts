import type { PlannerBrief } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Hypothesis } from '../../orchestrator/domain/hypothesis.ts';

/** In which order what passed is tried. Pure. */

/** What you ask for while it matters, then yours in the plan, last night's best, the rest; each as it came. */
export const inClasses = (hypotheses: readonly Hypothesis[]): readonly Hypothesis[] =>
  hypotheses.toSorted((a, b) => classOf(a) - classOf(b));

const classOf = ({ source, asked }: Hypothesis): number =>
  asked ? 0 : source === 'yours' ? 1 : source === 'incumbent' ? 2 : REST;
const REST = 3;

/**
 * The rest take turns by knob, so that two moves of one do not run side by side while others
 * wait: the second is better chosen once the first is known. A knob that is under way on this
 * incumbent, or stands earlier in the queue, has had its turn.
 */
export function rank({ incumbent, memory }: PlannerBrief, accepted: readonly Hypothesis[]) {
  const rest = accepted.filter((h) => classOf(h) === REST);
  const first = inClasses(accepted.filter((h) => classOf(h) < REST));
  const underWay = memory.filter((m) => m.parent === incumbent && m.verdict === null);
  const turns = new Map<string, number>();
  const take = (lane: string): number => {
    const turn = turns.get(lane) ?? 0;
    turns.set(lane, turn + 1);
    return turn;
  };
  for (const { change } of [...underWay, ...first]) take(laneOf(change));
  const turned = rest.map((hypothesis) => ({ hypothesis, turn: take(laneOf(hypothesis.change)) }));
  return [
    ...first,
    ...turned.toSorted((a, b) => a.turn - b.turn).map(({ hypothesis }) => hypothesis),
  ];
}

/** The knobs that a change sets; each patch is a lane of its own. */
const laneOf = (change: Hypothesis['change']): string =>
  change.kind === 'knobs' ? Object.keys(change.values).toSorted().join(' ') : changeKey(change);
