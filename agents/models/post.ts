import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

/** What a request brought back. */
export interface Came {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * A fetch for one request, which remembers the whole response. Node's own gives up on a server that is silent
 * for five minutes, which a model on a laptop may be while it writes: here the caller's signal
 * alone ends it.
 */
export interface Line {
  readonly fetch: typeof fetch;
  /** Null where no whole response came. */
  readonly came: () => Came | null;
  /** Whether somebody may be at work on an answer: the request went out, and was not turned down. */
  readonly taken: () => boolean;
}

export function listen(): Line {
  let came: Came | null = null;
  let taken = false;
  return {
    came: () => came,
    taken: () => taken,
    fetch: async (input, init = {}) => {
      const url = new URL(input instanceof Request ? input.url : input);
      came = await post(url, init, (took) => (taken = took));
      return new Response(came.text, { status: came.status, headers: came.headers });
    },
  };
}

/** No reply of a model is as long as this. */
const MOST_BYTES = 16 * 1024 * 1024;

const isOk = (status = 502): boolean => status >= 200 && status < 300;

const post = (
  url: URL,
  { method = 'GET', headers, body, signal }: RequestInit,
  onTaken: (taken: boolean) => void,
): Promise<Came> =>
  new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const sent = Object.fromEntries(new Headers(headers));
    // A connection of its own: one that lay idle may be gone, and whatever was sent into it is counted.
    const options = { method, headers: sent, agent: false, ...(signal ? { signal } : {}) };
    const request = send(url, options, (response) => {
      onTaken(isOk(response.statusCode));
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) response.destroy(new Error(TOO_LONG));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 502 } = response;
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ ok: isOk(status), status, headers: headersOf(response), text });
      });
    });
    request.on('error', reject);
    request.on('finish', () => onTaken(!request.destroyed));
    request.end(typeof body === 'string' ? body : undefined);
  });

const TOO_LONG = `expected at most ${MOST_BYTES / 2 ** 20} MB, found more`;

const headersOf = ({ headersDistinct }: { headersDistinct: NodeJS.Dict<string[]> }): Headers =>
  new Headers(
    Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  );
