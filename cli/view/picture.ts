import { alertOf } from '../../orchestrator/domain/alert.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { Curve } from '../../notebook/live-curve.ts';
import { stripVTControlCharacters } from 'node:util';
import { oneLine } from '../output.ts';
import { progressLine } from '../progress.ts';
import type { Tone } from './text.ts';

/** Something that happened, in a line. */
export interface Told {
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** All that a drawing of a night is made from. */
export interface Picture {
  readonly state: State;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the runs that train, where they have logged something. */
  readonly curves: ReadonlyMap<RunId, Curve>;
  /** Oldest first. */
  readonly recent: readonly Told[];
  readonly alerts: readonly Told[];
  /** What the keys do. */
  readonly hint: string;
}

/** What an event means to somebody who watches. */
export interface News {
  readonly lines: readonly Told[];
  /** Of a warning or worse. */
  readonly alert: Told | null;
  /** Whether it belongs into the scrollback, to be read in the morning. */
  readonly lasting: boolean;
}

const LASTING: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'night_started',
  'night_resumed',
  'baseline_measured',
  'experiment_judged',
  'incumbent_moved',
  'dawn_began',
  'night_ended',
  'stopping',
  'unpaused',
]);

/** `state` is any that the event has gone into. */
export function newsOf(state: State, event: Event): News {
  const { at } = event;
  const said = progressLine(state, event);
  const tone = toneOf(event);
  const lines = (said?.split('\n') ?? []).map((line): Told => {
    return { at, text: oneLine(stripVTControlCharacters(line)), tone };
  });
  const raised = alertOf(state, event);
  const alert =
    raised === null || raised.level === 'info'
      ? null
      : ({
          ...{ at, text: oneLine(raised.text) },
          tone: raised.level === 'error' ? 'red' : 'yellow',
        } as const);
  return { lines, alert, lasting: alert !== null || LASTING.has(event.type) };
}

function toneOf(event: Event): Tone | undefined {
  if (event.type === 'incumbent_moved') return 'green';
  if (event.type !== 'experiment_judged') return undefined;
  const { verdict, stack, attribution } = event.judgement;
  if (stack !== null || attribution) return attribution?.attributed ? 'green' : undefined;
  if (verdict === 'improved' || verdict === 'promising') return 'green';
  return verdict === 'failed' || verdict === 'invalid' ? 'yellow' : undefined;
}
