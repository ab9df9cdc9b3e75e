import { LabError } from '../../orchestrator/domain/errors.ts';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const AGO = /^(\d+(?:\.\d+)?)([smhdw])$/;
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * The moment that somebody means by `8h`, `2d`, `22:00`, `2026-11-20` or `2026-11-20 18:00`, in
 * milliseconds since 1970. Without a zone it is this machine's time; a time of day is the last
 * one of that name. Throws LabError usage.
 */
export function since(text: string, now: number): number {
  const found = ago(text, now) ?? timeOfDay(text, now) ?? moment(text);
  if (found !== null) return found;
  throw new LabError(
    'usage',
    `expected a date, a time or how long ago behind --since, such as 2026-11-20, "2026-11-20 18:00", 22:00, 8h or 2d, found ${JSON.stringify(text.slice(0, 60))}`,
  );
}

function ago(text: string, now: number): number | null {
  const [, n, unit] = AGO.exec(text) ?? [];
  return unit === undefined ? null : now - Number(n) * SECONDS[unit as keyof typeof SECONDS] * 1000;
}

function timeOfDay(text: string, now: number): number | null {
  const [found, ...parts] = CLOCK.exec(text) ?? [];
  const [h = 0, m = 0, s = 0] = parts.map((part) => Number(part ?? 0));
  if (found === undefined || h > 23 || m > 59 || s > 59) return null;
  const today = new Date(now);
  if (today.setHours(h, m, s, 0) > now) today.setDate(today.getDate() - 1);
  return today.getTime();
}

function moment(text: string): number | null {
  const [found, ...parts] = DATE.exec(text) ?? [];
  if (found === undefined) return null;
  const [y = 0, mon = 0, d = 0, h = 0, m = 0, s = 0] = parts.slice(0, 6).map((p) => Number(p ?? 0));
  const utc = new Date(Date.UTC(y, mon - 1, d));
  // 30 February would be a day of March.
  if (utc.getUTCMonth() !== mon - 1 || utc.getUTCDate() !== d) return null;
  if (h > 23 || m > 59 || s > 59) return null;
  const zone = parts[6];
  if (zone !== undefined && Math.abs(offsetOf(zone)) >= 24 * 3_600_000) return null;
  if (zone === undefined) return new Date(y, mon - 1, d, h, m, s).getTime();
  return Date.UTC(y, mon - 1, d, h, m, s) - offsetOf(zone);
}

/** Milliseconds that a zone is ahead of UTC. */
function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}
