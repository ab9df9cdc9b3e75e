import type { Event, EventType } from '../orchestrator/domain/event.ts';

/**
 * Events as JSON and back, exactly. JSON has no NaN and no infinities (JSON.stringify makes them
 * null), so these numbers are written as the strings NaN, Infinity and -Infinity. Only the places
 * below may hold them, and only there do the strings become numbers again: a knob whose literal is
 * the text NaN stays text, whatever the knob is called.
 */
const CONTRAST = ['effect', 'interval.*'];
const NUMBERS: Partial<Record<EventType, readonly string[]>> = {
  run_ended: [
    'result.objective',
    'result.pruning.value',
    'result.seconds',
    'result.cpu_seconds',
    'result.summary.*.number',
    'result.spans.*.seconds',
  ],
  experiment_judged: [
    'judgement.objective',
    'judgement.spread',
    ...CONTRAST.map((at) => `judgement.on_baseline.${at}`),
    ...CONTRAST.map((at) => `judgement.on_parent.${at}`),
    'judgement.dawn.objective',
    'judgement.dawn.baseline',
    ...CONTRAST.map((at) => `judgement.dawn.on_baseline.${at}`),
    'judgement.dawn.values.*',
    'judgement.chance',
    ...[...CONTRAST, 'p'].map((at) => `judgement.attribution.${at}`),
    ...['mean', 'interval.*'].map((at) => `judgement.limits.*.${at}`),
  ],
  planned_judged: ['mean', 'interval.*'].map((at) => `outcome.limits.*.${at}`),
  baseline_measured: ['confirmable.gain'],
  dawn_began: ['confirmable.gain'],
  held_out: ['held.value'],
  span: ['span.seconds'],
  reran: ['objective'],
  own_run_ended: ['end.objective', 'end.seconds', 'details.summary.*.number'],
};
const PLACES = new Map(
  Object.entries(NUMBERS).map(([type, places]) => [type, places.map((place) => place.split('.'))]),
);

/** Throws (a bug of ours) where a number that is not finite stands in a place not listed above. */
export function encodeEvent(event: Event): string {
  let unusual = 0;
  const text = JSON.stringify(event, (_, value: unknown) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    unusual++;
    return String(value);
  });
  if (unusual > 0 && revive(JSON.parse(text)) !== unusual)
    throw new Error(`a ${event.type} holds a number that is not finite where codec.ts lists none`);
  return text;
}

/** The event that `encodeEvent` made the text of. Throws SyntaxError where it is no JSON. */
export function decodeEvent(text: string): Event {
  const event = JSON.parse(text) as Event;
  revive(event);
  return event;
}

/** Makes numbers of the strings in an event's number places, in place. Returns how many. */
function revive(event: Event): number {
  let count = 0;
  for (const place of PLACES.get(event.type) ?? []) count += reviveAt(event, place, 0);
  return count;
}

function reviveAt(holder: unknown, place: readonly string[], depth: number): number {
  if (typeof holder !== 'object' || holder === null) return 0;
  const step = place[depth] ?? '';
  const keys = step === '*' ? Object.keys(holder) : [step];
  let count = 0;
  for (const key of keys) {
    const values = holder as Record<string, unknown>;
    if (depth < place.length - 1) count += reviveAt(values[key], place, depth + 1);
    else if (isUnusual(values[key])) {
      values[key] = Number(values[key]);
      count++;
    }
  }
  return count;
}

const isUnusual = (value: unknown): boolean =>
  value === 'NaN' || value === 'Infinity' || value === '-Infinity';
