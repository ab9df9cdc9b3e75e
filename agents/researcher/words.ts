import type { Memory } from '../../orchestrator/domain/brief.ts';
import { placesOf, sameValue } from './axis.ts';
import type { KnobEvidence, Move } from './evidence.ts';
import type { Gain } from './surrogate.ts';

/** What the Researcher calls its moves, and how it cites the ones before. */

/** `learning_rate 0.01 → 0.03` */
export const titleOf = (knob: string, from: string, to: string): string =>
  `${knob} ${from} → ${to}`;

/** `gained 2.1 noise units`, or what else is known of how it went. */
export function outcomeOf({ verdict, gain }: Pick<Memory, 'verdict' | 'gain'>): string {
  if (verdict === 'failed') return 'failed';
  if (verdict === 'invalid') return 'was invalid';
  if (gain === null) return verdict === null ? 'is under way' : `was ${spaced(verdict)}`;
  if (Math.abs(gain) < 0.05) return 'made no difference';
  return `${gain > 0 ? 'gained' : 'lost'} ${Math.abs(gain).toFixed(1)} noise units`;
}

/** `E-0004 (0.01 → 0.03) gained 2.1 noise units` */
function cited({ experiment, from, to, verdict, gain }: Move): string {
  const way = from === null ? `→ ${to}` : `${from} → ${to}`;
  return `${experiment} (${way}) ${outcomeOf({ verdict, gain })}`;
}

/** The two moves of a knob that say most of a value: those to the nearest values, newest first. */
export function nearestTo(evidence: KnobEvidence, value: string): readonly Move[] {
  const place = placesOf(evidence.knob, evidence.current);
  const at = place(value);
  const distance = ({ to }: Move): number => {
    const there = place(to);
    if (sameValue(to) === sameValue(value)) return 0;
    return typeof at === 'number' && typeof there === 'number' ? Math.abs(at - there) : 1;
  };
  return evidence.moves
    .toReversed()
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, 2);
}

/**
 * `expected gain 0.8 ± 0.9 noise units (Gaussian process over 14 experiments; nearest: E-0003 …)`,
 * with one standard deviation behind the ±.
 */
export function whyTry(
  knob: string,
  { mean, deviation }: Gain,
  experiments: number,
  nearest: readonly Move[],
): string {
  const untried = nearest.length === 0 ? `no move of ${knob} was tried yet` : null;
  if (experiments < 2) return untried ?? `tried before: ${nearest.map(cited).join('; ')}`;
  const model = `Gaussian process over ${experiments} experiments`;
  const grounds = untried ?? `nearest: ${nearest.map(cited).join('; ')}`;
  const sign = mean <= -0.05 ? '−' : '';
  const gain = `${sign}${Math.abs(mean).toFixed(1)} ± ${deviation.toFixed(1)}`;
  return `expected gain ${gain} noise units (${model}; ${grounds})`;
}

const spaced = (verdict: string): string => verdict.replaceAll('_', ' ');
