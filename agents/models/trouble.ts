import { z } from 'zod';
import type { Reading, Trouble } from './heard.ts';

/**
 * What a request that brought no reply means. By what the endpoint sent, where it sent anything:
 *
 * | found                              | class        | a moment later |
 * | ---------------------------------- | ------------ | -------------- |
 * | 401, 402, 403, quota used up       | refused_key  | no, nor later  |
 * | 400 for the key, as Google has it  | refused_key  | no, nor later  |
 * | 403 for what the prompt says       | bad_request  | no             |
 * | 429                                | rate_limited | yes            |
 * | 408, 409, 425, 5xx                 | unreachable  | yes            |
 * | 404, another address (3xx)         | bad_request  | no; later      |
 * | any other 4xx                      | bad_request  | no             |
 * | no response, or one cut off        | unreachable  | yes            |
 * | no response in time                | timeout      | yes            |
 */
export function troubleOf(
  response: { readonly status: number; readonly headers: Headers; readonly text: string } | null,
  thrown: unknown,
  reading: Reading,
): Trouble {
  if (response === null) return noResponse(thrown, reading);
  const { formed, hide } = reading;
  const { status, headers, text } = response;
  const said = messageIn(text, hide);
  const retry_after = retryAfter(headers);
  const later = retry_after !== null && retry_after > 60 ? ` (retry after ${retry_after} s)` : '';
  const message = `${status}${said === '' ? '' : ` ${said}`}${later}`;
  const of_form = formed && FORM.test(text) && !TOO_LONG.test(text);
  const found = (kind: Trouble['class'], more: Partial<Trouble> = {}): Trouble => ({
    ...{ kind: 'trouble', class: kind, message, retry_after },
    ...{ passing: false, unknown: false, of_form: false, renamed: false },
    ...{ took: 'nothing' as const, ...more },
  });
  if (status < 400)
    return found('bad_request', { unknown: true, message: hide(moved(status, headers)) });
  if (status === 403 && FLAGGED.test(text)) return found('bad_request');
  if ([401, 402, 403].includes(status) || (status === 429 && USED_UP.test(text)))
    return found('refused_key');
  if (status === 400 && NO_KEY.test(text)) return found('refused_key');
  if (status < 429 && RENAMED.test(text)) return found('bad_request', { renamed: true });
  if (status === 429) return found('rate_limited', { passing: true });
  // Some servers fall over a form that they cannot give; one that is busy says so otherwise.
  if (status === 500 || status === 501) return found('unreachable', { passing: !of_form, of_form });
  if (status > 501)
    return found('unreachable', {
      passing: true,
      took: GAVE_UP.has(status) ? 'unknown' : 'nothing',
    });
  if ([408, 409, 425].includes(status)) return found('unreachable', { passing: true });
  return found('bad_request', { unknown: status === 404 && !of_form, of_form });
}

/** A gateway that waits no longer; the model behind it writes on. */
const GAVE_UP: ReadonlySet<number> = new Set([504, 524]);
/** A router's word on one prompt; the next may pass. */
const FLAGGED = /\bmoderation\b|\bflagged\b/i;
const NO_KEY = /API_KEY_INVALID|api key not valid/i;
/** What thinks counts that, too, under a name of its own; the client knows OpenAI's own models. */
const RENAMED = /(?:not supported|unsupported).*use\W+max_completion_tokens/is;
const USED_UP = /insufficient_quota|billing_hard_limit/;
/** Says what the prompt was made of, functions among it. */
const TOO_LONG = /context.?length|context window|too many tokens/i;
const FORM =
  /response_format|json_schema|json_object|json mode|\btools?\b|tool_choice|function|structured|grammar|schema|strict|requested parameters/i;

/** The client wraps what fetch threw; what went wrong stands innermost. */
function noResponse(thrown: unknown, { hide, taken }: Reading): Trouble {
  const causes: Error[] = [];
  for (let at = thrown; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at);
  const late = causes.some(({ name }) => name === 'TimeoutError');
  const code = causes.map((error) => (error as NodeJS.ErrnoException).code).findLast(Boolean);
  const why = code ?? causes.at(-1)?.message ?? String(thrown);
  return {
    ...{ kind: 'trouble', class: late ? 'timeout' : 'unreachable', passing: true },
    ...{
      message: late
        ? 'no answer in time'
        : `${taken ? 'no whole answer' : 'no connection'} (${hide(why)})`,
    },
    ...{ retry_after: null, unknown: false, of_form: false, renamed: false },
    took: taken ? 'unknown' : 'nothing',
  };
}

/** Seconds; the header holds these, or a date. */
function retryAfter(headers: Headers): number | null {
  const ms = Number(headers.get('retry-after-ms') ?? NaN);
  if (ms >= 0) return ms / 1000;
  const text = headers.get('retry-after');
  if (text === null) return null;
  const seconds = Number(text);
  if (seconds >= 0) return seconds;
  // Of the endpoint's own clock, where it says what that shows.
  const until = Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return until >= 0 ? until / 1000 : null;
}

/** Requests are not sent on: a key would go along to wherever that is. */
const moved = (status: number, headers: Headers): string =>
  `${status}: expected an answer there, found that it has moved to ${
    headers
      .get('location')
      ?.replace(/\/chat\/completions$/, '')
      .slice(0, 200) ?? 'nowhere'
  }: mend base_url`;

const errorBody = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]).optional(),
  message: z.string().optional(),
  detail: z
    .union([
      z.string(),
      z
        .array(z.object({ loc: z.array(z.unknown()).default([]), msg: z.string() }))
        .transform((all) => all.map(({ loc, msg }) => [loc.join('.'), msg].join(' ')).join('; ')),
    ])
    .optional(),
});

function messageIn(text: string, hide: Reading['hide']): string {
  let words = text;
  try {
    // Google sends a list of one.
    const [body] = [JSON.parse(text) as unknown].flat();
    const { error, message, detail } = errorBody.parse(body);
    words = (typeof error === 'string' ? error : error?.message) ?? message ?? detail ?? text;
  } catch {
    // No JSON, or of another make: its first words have to do.
  }
  return hide(words).trim().replace(/\s+/g, ' ').slice(0, 200);
}
