import type { Hypothesis, Proposal } from './hypothesis.ts';
import type { HypothesisId, NightId } from './ids.ts';

/** What the user asks a night to try, by `propose`. */
export interface Asked {
  /** Tells it from every other one, before it has an id of its own. */
  readonly key: string;
  readonly who: string;
  /** ISO 8601. */
  readonly at: string;
  /** Wanted although the same change was tried, or waits. */
  readonly again?: true;
}

/** Waits for a night that tries it. */
export interface Queued {
  readonly proposal: Proposal;
  readonly asked: Asked;
  /** Where a night had taken it in, and ended before it was tried. */
  readonly hypothesis: HypothesisId | null;
}

export interface HypothesisAsked {
  readonly type: 'hypothesis_asked';
  readonly key: string;
  readonly proposal: Proposal;
  readonly who: string;
  readonly again?: true;
}

/** A night takes it in: from here on it has an id, and stands before what the Researcher thought of. */
export interface HypothesisTaken {
  readonly type: 'hypothesis_taken';
  readonly night: NightId;
  readonly hypothesis: Hypothesis & { readonly asked: Asked };
}
