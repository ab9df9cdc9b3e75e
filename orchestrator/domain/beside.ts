import type { AlertKind } from './alert.ts';
import type { HypothesisAsked } from './asked.ts';
import type { ModelCalled } from './call.ts';
import type { ExperimentId, NightId, RunId, Subject } from './ids.ts';

/** A run executed again from its manifest, for the sake of the number alone. */
export interface Reran {
  readonly run: RunId;
  /** May be NaN or infinite; null where none was printed. */
  readonly objective: number | null;
  /** Whether the objective came out the same, to the last digit. */
  readonly same: boolean;
  /** What differs in its environment, a line each. */
  readonly differences: readonly string[];
  /** Where its files are, from the lab's top. */
  readonly folder: string | null;
  readonly who: string;
}

/** What happens in a lab beside its nights: while one works, and while none does. */
export type BesideBody =
  | HypothesisAsked
  | ModelCalled
  | {
      readonly type: 'flagged';
      readonly target: Subject;
      readonly label: string;
      readonly because: string;
      readonly who: string;
    }
  | {
      readonly type: 'unflagged';
      readonly target: Subject;
      readonly label: string;
      readonly who: string;
    }
  | {
      readonly type: 'promoted';
      readonly experiment: ExperimentId;
      readonly branch: string;
      readonly commit: string;
      readonly who: string;
    }
  | ({ readonly type: 'reran' } & Reran)
  /** What no other event says; the alerts that people see are these and those that events imply. */
  | {
      readonly type: 'alert';
      readonly kind?: AlertKind;
      readonly level: 'info' | 'warning' | 'error';
      readonly subject: ExperimentId | RunId | NightId;
      readonly text: string;
    };

/** Their types; an event of any of them is no sign that a night worked. */
const BESIDE: ReadonlySet<string> = new Set<BesideBody['type']>([
  'flagged',
  'unflagged',
  'promoted',
  'reran',
  'alert',
  'hypothesis_asked',
  'model_called',
]);

export const isBeside = <E extends { readonly type: string }>(
  event: E,
): event is Extract<E, BesideBody> => BESIDE.has(event.type);
