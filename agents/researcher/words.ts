import type { Memory } from '../../orchestrator/domain/brief.ts';
import type { Move } from './evidence.ts';

/** What the Researcher calls its moves, and how it cites the ones before. */

/** `learning_rate 0.01 → 0.03` */
export const titleOf = (knob: string, from: string, to: string): string =>
  `${knob} ${from} → ${to}`;

/** `0.01` of the title above, null where the title is not that of a move of this knob to `to`. */
export function startOf(title: string, knob: string, to: string): string | null {
  const [before, after] = [`${knob} `, ` → ${to}`];
  if (!title.startsWith(before) || !title.endsWith(after)) return null;
  return title.slice(before.length, -after.length) || null;
}

/** `gained 2.1 noise units`, or what else is known of how it went. */
export function outcomeOf({ verdict, gain }: Pick<Memory, 'verdict' | 'gain'>): string {
  if (verdict === 'failed') return 'failed';
  if (verdict === 'invalid') return 'was invalid';
  if (gain === null) return verdict === null ? 'is under way' : `was ${spaced(verdict)}`;
  if (Math.abs(gain) < 0.05) return 'made no difference';
  return `${gain > 0 ? 'gained' : 'lost'} ${Math.abs(gain).toFixed(1)} noise units`;
}

/** `E-0004 (0.01 → 0.03) gained 2.1 noise units` */
export function cited({ experiment, from, to, verdict, measured }: Move): string {
  const way = from === null ? `→ ${to}` : `${from} → ${to}`;
  return `${experiment} (${way}) ${outcomeOf({ verdict, gain: measured })}`;
}

const spaced = (verdict: string): string => verdict.replaceAll('_', ' ');
