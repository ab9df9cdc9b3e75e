import type { Turns } from './turns.ts';

/** One polite GET. */

export interface Getting {
  readonly turns: Turns;
  /** Milliseconds until a server that says nothing is given up. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export type Got = { readonly text: string } | { readonly failure: string; readonly status: number };

/** Bytes. A hundred abstracts are a tenth of it. */
const MOST = 4 * 1024 * 1024;
/** Where a server that is asked too much does not say how long to leave it alone. */
const HOLD_OFF_MS = 60_000;
const TRIES = 2;

/**
 * The reply's text. Too many calls (429) and too busy (503) are asked once more, after as long as
 * the server's `Retry-After` says; where that is too long, it is left alone until then. `status` is
 * 0 where there was no reply. Never rejects.
 */
export async function get(
  url: URL,
  { turns, timeoutMs, now }: Getting,
  signal?: AbortSignal,
): Promise<Got> {
  const host = url.host;
  let last: Got = { failure: `${host} was not asked`, status: 0 };
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const later = await turns.take(signal);
      if (later !== null) return last.status > 0 ? last : { failure: later, status: 0 };
      const response = await fetch(url, {
        headers: { 'user-agent': 'AutoLab (paper look-up)' },
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
      });
      if (response.ok) return { text: await bodyOf(response) };
      await response.body?.cancel();
      last = { failure: `${host} answered ${response.status}`, status: response.status };
      if (response.status !== 429 && response.status !== 503) return last;
      await turns.holdOff(retryAfter(response.headers.get('retry-after'), now()) ?? HOLD_OFF_MS);
    }
    return last;
  } catch (error) {
    return { failure: `${host} cannot be read: ${reasonOf(error)}`, status: 0 };
  }
}

/** Milliseconds: the header holds seconds or a date. */
function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

async function bodyOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  // Breaking off closes the connection.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST) throw new Error(`expected at most ${MOST} bytes, found more`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** fetch says `fetch failed`, and keeps why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
