import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { followScript, type Script, type ScriptLine } from '../scripted.ts';
import { completionOf, events, wholeBody } from './completion.ts';
import { questionIn, type Question } from './question.ts';

/**
 * The scripted model as an endpoint that speaks OpenAI's chat completions: streamed or not, with
 * tools, JSON schema (a script's author sees to it that replies fit), and whatever faults the script
 * asks for. Answers on this machine alone.
 */

export interface ScriptedEndpoint {
  /** What `base_url` of a plan should say. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ScriptedOptions {
  /** 0 or absent: any free one. */
  readonly port?: number | undefined;
  /** The key that requests must bear; absent: none need. */
  readonly key?: string | undefined;
  /** Hears of each request, in a line. */
  readonly onRequest?: (line: string) => void;
}

/** Rejects where the port is taken. */
export async function serveScript(
  script: Script,
  { port = 0, key, onRequest = () => undefined }: ScriptedOptions = {},
): Promise<ScriptedEndpoint> {
  const next = followScript(script);
  const closing = new AbortController();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = '', headers } = request;
    const body = await textOf(request);
    if (key !== undefined && headers.authorization !== `Bearer ${key}`) {
      onRequest(`${method} ${path}: 401, another key`);
      return refuse(response, 401, 'expected another key');
    }
    if (method === 'GET' && path === '/v1/models')
      return json(response, 200, JSON.stringify({ object: 'list', data: [MODEL] }));
    if (method !== 'POST' || path !== '/v1/chat/completions')
      return refuse(response, 404, `expected POST /v1/chat/completions, found ${method} ${path}`);
    const step = headers['x-autolab-step'];
    const read = questionIn(body, typeof step === 'string' ? step : null);
    if ('problem' in read) return refuse(response, 400, read.problem);
    const line = next(read.question);
    onRequest(`${read.question.step ?? 'no step'}: ${inWords(line, read.question)}`);
    if (line === null)
      return refuse(response, 400, `the script has no line for ${read.question.step ?? 'this'}`);
    await say(response, line, read.question, closing.signal);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const at = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${at}/v1`,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const MODEL = { id: 'scripted', object: 'model', created: 0, owned_by: 'autolab' };

async function say(
  response: ServerResponse,
  line: ScriptLine,
  asked: Question,
  closing: AbortSignal,
): Promise<void> {
  const { fault } = line;
  if (fault?.slow !== undefined) await pause(fault.slow * 1000, undefined, { signal: closing });
  if (fault?.status !== undefined) {
    if (fault.retry_after !== undefined) response.setHeader('retry-after', fault.retry_after);
    return refuse(response, fault.status, fault.message ?? 'as the script asks');
  }
  if (fault?.kind === 'garbage') return json(response, 200, '<html>Bad gateway');
  if (fault?.kind === 'cut_off') return cutOff(response, line, asked);
  if (!asked.stream) return json(response, 200, wholeBody(line, asked));
  response.writeHead(200, STREAM);
  for (const event of events(line, asked)) response.write(event);
  response.end();
}

const STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };

/** Ends the connection in the middle of the answer. */
function cutOff(response: ServerResponse, line: ScriptLine, asked: Question): void {
  const parts = asked.stream ? events(line, asked) : [wholeBody(line, asked)];
  const body = Buffer.from(parts.join(''));
  response.writeHead(200, {
    ...(asked.stream ? STREAM : { 'content-type': 'application/json' }),
    'content-length': body.length,
  });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

const json = (response: ServerResponse, status: number, body: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
};

const refuse = (response: ServerResponse, status: number, message: string): void =>
  json(response, status, JSON.stringify({ error: { message, type: 'scripted', code: null } }));

/** `researcher/draft: answered (812 tokens read, 96 written)` */
function inWords(line: ScriptLine | null, asked: Question): string {
  if (line === null) return '400, no line of the script';
  const { status, kind, slow } = line.fault ?? {};
  const { prompt_tokens, completion_tokens } = completionOf(line, asked).usage;
  const end =
    status === undefined
      ? `${kind?.replace('_', ' ') ?? 'answered'} (${prompt_tokens} tokens read, ${completion_tokens} written)`
      : `${status}, as the script asks`;
  return slow === undefined ? end : `${end}, after ${slow} s`;
}

/** No prompt of ours is as long as this. */
const MOST_BYTES = 64 * 1024 * 1024;

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES) throw new Error(`expected at most ${MOST_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
