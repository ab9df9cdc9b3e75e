import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { AWAY_MS } from '../../../agents/models/patience.ts';
import { aCall, anIdeaCall } from '../../conformance/model.ts';
import { aModel, anEndpoint } from './support.ts';

const IDEA = { title: 'Warm up', effect: -0.1 };
const refusing = (form: string) => ({
  fault: { status: 400, message: `${form} is not supported by this model` },
});

describe('what went wrong is told apart, and treated apart', () => {
  test.each([
    [401, 'refused_key', 1, false],
    [403, 'refused_key', 1, false],
    [402, 'refused_key', 1, false],
    [404, 'bad_request', 1, false],
    [400, 'bad_request', 1, true],
    [422, 'bad_request', 1, true],
    [429, 'rate_limited', 4, false],
    [408, 'unreachable', 4, false],
    [500, 'unreachable', 4, false],
    [503, 'unreachable', 4, false],
    [529, 'unreachable', 4, false],
  ] as const)('%i is %s after %i requests', async (status, kind, requests, stays) => {
    const { url, lines } = await anEndpoint([{ fault: { status }, times: 'always' }]);
    const { model } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: kind } });
    expect(lines).toHaveLength(requests);
    expect(model.has('researcher')).toBe(stays);
  });

  test('an endpoint that is not there is unreachable, by its name', async () => {
    const { url, close } = await anEndpoint([]);
    await close();
    const { model } = await aModel(url);
    const reply = await model.ask(aCall());
    expect(reply).toMatchObject({ failure: { class: 'unreachable' } });
    expect('failure' in reply && reply.failure.message).toBe(
      `scripted at ${new URL(url).host}: no connection (ECONNREFUSED)`,
    );
  });

  test('an answer that takes too long is a timeout, tried once more', async () => {
    const { url } = await anEndpoint([{ fault: { slow: 60 }, reply: 'late', times: 'always' }]);
    const { model, waits, calls } = await aModel(url, { agents: { timeout: '50ms' } });
    const message = `scripted at ${new URL(url).host}: no answer in time (agents.timeout: 0.05 s)`;
    expect(await model.ask(aCall())).toEqual({ failure: { class: 'timeout', message } });
    expect(waits).toHaveLength(1);
    // Nobody knows what it took: the most that it may have is counted.
    expect(await calls()).toMatchObject([{ requests: 2, estimated: true, outcome: 'timeout' }]);
  });

  test('a router’s error in an answer that went well is what its code says', async () => {
    const url = await answering(JSON.stringify({ error: { code: 429, message: 'upstream' } }));
    const { model } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: 'rate_limited' } });
  });

  test.each([
    [{ error: 'Unexpected endpoint' }, '200, but Unexpected endpoint'],
    [
      {
        choices: [
          {
            finish_reason: 'error',
            error: { code: 502, message: 'gone' },
            message: { content: 'A' },
          },
        ],
      },
      '502 gone',
    ],
  ])('nor is an error that comes as %j a reply', async (body, says) => {
    const { model } = await aModel(await answering(JSON.stringify(body)));
    const reply = await model.ask(aCall());
    expect(reply).toMatchObject({ failure: { class: 'unreachable' } });
    expect('failure' in reply && reply.failure.message).toContain(says);
  });

  test('a quota that is used up is no rate limit that passes', async () => {
    const { url, lines } = await anEndpoint([
      { fault: { status: 429, message: 'insufficient_quota: check your plan' } },
    ]);
    const { model } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: 'refused_key' } });
    expect(lines).toHaveLength(1);
  });

  test.each([
    [403, { error: { message: 'your input was flagged' } }, 'bad_request', true, 'flagged'],
    [400, [{ error: { message: 'API key not valid.' } }], 'refused_key', false, ': 400 API key'],
    [
      422,
      { detail: [{ loc: ['body', 'n'], msg: 'required' }] },
      ...(['bad_request', true, ': 422 body.n required'] as const),
    ],
  ] as const)('%i with %j is %s', async (status, body, kind, stays, says) => {
    const url = await serving((response) => response.writeHead(status).end(JSON.stringify(body)));
    const { model } = await aModel(url);
    const reply = await model.ask(aCall());
    expect(reply).toMatchObject({ failure: { class: kind } });
    expect('failure' in reply && reply.failure.message).toContain(says);
    expect(model.has('researcher')).toBe(stays);
  });

  test('a base_url that is not quite right is told from a model that is not there', async () => {
    const { url } = await anEndpoint([]);
    const bare = await aModel(url.replace('/v1', ''));
    const lost = await bare.model.ask(aCall());
    expect('failure' in lost && lost.failure.message).toMatch(/404 .*base_url ends in \/v1/);
    const location = `${url}/chat/completions`;
    const moved = await aModel(await serving((r) => r.writeHead(308, { location }).end()));
    const away = await moved.model.ask(aCall());
    expect('failure' in away && away.failure.message).toContain(`moved to ${url}: mend base_url`);
  });

  test('a key that no header can bear is told before anything is asked', async () => {
    const { url, lines } = await anEndpoint([]);
    const { model } = await aModel(url, {
      ...{ agents: { api_key_env: 'KEY' }, environment: { KEY: 'sk-one\nsk-two' } },
    });
    expect(await model.ask(aCall())).toEqual({
      failure: {
        class: 'refused_key',
        message: 'scripted: expected a key in the variable KEY, found characters that no key has',
      },
    });
    expect(lines).toEqual([]);
  });

  test('a key that the endpoint repeats is in no message', async () => {
    const message = 'Incorrect API key provided: sk-very-secret.';
    const { url } = await anEndpoint([{ fault: { status: 401, message } }]);
    const { model } = await aModel(url, {
      ...{ agents: { api_key_env: 'KEY' }, environment: { KEY: 'sk-very-secret' } },
    });
    const reply = await model.ask(aCall());
    expect(reply).toMatchObject({ failure: { class: 'refused_key' } });
    expect(JSON.stringify(reply)).not.toContain('sk-very-secret');
  });

  test.each([
    [
      'message',
      (key: string) =>
        JSON.stringify({ error: { code: 400, message: `${'x'.repeat(189)} ${key}` } }),
    ],
    ['page', (key: string) => `${'x'.repeat(70)} ${key}`],
  ])(
    'nor is a part of one where a long %s is cut, and a newline behind it is no part of it',
    async (_, body) => {
      const url = await answering(body('sk-very-secret'));
      const { model, calls } = await aModel(url, {
        ...{ agents: { api_key_env: 'KEY' }, environment: { KEY: 'sk-very-secret\n' } },
      });
      expect(JSON.stringify(await model.ask(aCall()))).toMatch(/x …/);
      expect(JSON.stringify(await calls())).not.toContain('sk-');
    },
  );

  test('a reply without end is let go of', async () => {
    let closed = 0;
    const url = await serving((response) => {
      const chunk = Buffer.alloc(2 ** 20, 'a');
      const more = () => void (response.writable && response.write(chunk, more));
      response.on('close', () => closed++);
      more();
    });
    const { model } = await aModel(url);
    const reply = await model.ask(aCall());
    expect(reply).toMatchObject({ failure: { class: 'unreachable' } });
    expect('failure' in reply && reply.failure.message).toContain('expected at most 16 MB');
    expect(closed).toBe(4);
  });

  test('what broke off, and what came without a reply, counts for what it took', async () => {
    const cut = await anEndpoint([{ fault: { kind: 'cut_off' }, reply: 'x', times: 'always' }]);
    const { model, calls } = await aModel(cut.url, { agents: { max_tokens: 100 } });
    await model.ask(aCall());
    expect(await calls()).toMatchObject([
      { requests: 4, estimated: true, tokens: { output: 400 } },
    ]);
    const empty = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 3 } };
    const other = await aModel(await answering(JSON.stringify(empty)));
    expect(await other.model.ask(aCall())).toMatchObject({ failure: { class: 'empty' } });
    expect(await other.calls()).toMatchObject([
      { estimated: false, tokens: { input: 40, output: 12 } },
    ]);
  });

  test('what went out and was cut off counts for the most it may have taken; what never did, for nothing', async () => {
    const reset = await serving((response) => response.destroy());
    const cut = await aModel(reset, { agents: { max_tokens: 100 } });
    const host = new URL(reset).host;
    const message = `scripted at ${host}: no whole answer (ECONNRESET)`;
    expect(await cut.model.ask(aCall())).toEqual({ failure: { class: 'unreachable', message } });
    expect(await cut.calls()).toMatchObject([{ estimated: true, tokens: { output: 400 } }]);
    const { url, close } = await anEndpoint([]);
    await close();
    const gone = await aModel(url);
    await gone.model.ask(aCall());
    expect(await gone.calls()).toMatchObject([{ tokens: { input: 0, output: 0 } }]);
  });

  test.each([
    ['nothing', { prompt_tokens: 0, completion_tokens: 0 }, { input: 17, output: 1 }, true],
    ['less than nothing', { prompt_tokens: -9e9, completion_tokens: 1 }, { output: 1 }, true],
    ['too much', { prompt_tokens: 1e300, completion_tokens: 1 }, { input: 17 }, true],
    ['words', { prompt_tokens: 'ten', completion_tokens: 1 }, { input: 17 }, true],
    [
      'thoughts in the sum alone',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 915 },
      { input: 10, output: 905 },
      false,
    ],
  ])(
    'an endpoint that reports %s is not taken at its word',
    async (_, usage, tokens, estimated) => {
      const choices = [{ message: { content: 'yes' } }];
      const { model, calls } = await aModel(await answering(JSON.stringify({ choices, usage })));
      expect(await model.ask(aCall())).toMatchObject({ value: 'yes' });
      expect(await calls()).toMatchObject([{ estimated, tokens }]);
    },
  );

  test.each([
    [['a', { type: 'text', text: 'b' }, { type: 'thinking', thinking: [] }], 'ab'],
    [{ n: 1 }, '{"n":1}'],
  ])('a reply that is %j is read and not paid for again', async (content, value) => {
    const body = { choices: [{ finish_reason: 7, message: { content, tool_calls: 'none' } }] };
    const { model, calls } = await aModel(await answering(JSON.stringify(body)));
    expect(await model.ask(aCall())).toMatchObject({ value });
    expect(await calls()).toMatchObject([{ requests: 1 }]);
  });

  test('a place that knew no such model may know it later', async () => {
    const { url } = await anEndpoint([{ fault: { status: 404 } }, { reply: 'here' }]);
    const { model, clock } = await aModel(url);
    await model.ask(aCall());
    expect(model.has('researcher')).toBe(false);
    clock.pass(AWAY_MS);
    expect(await model.ask(aCall())).toMatchObject({ value: 'here' });
  });
});

describe('patience', () => {
  test('waits as long as the endpoint asks, and doubles its own waits', async () => {
    const { url } = await anEndpoint([
      { fault: { status: 429, retry_after: 7 } },
      { fault: { status: 503 } },
      { reply: 'at last' },
    ]);
    const { model, waits } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({ value: 'at last' });
    expect(waits).toEqual([7000, 1000]);
  });

  test('waits for nobody who asks for more than a minute, and comes back when that is over', async () => {
    const { url, lines } = await anEndpoint([
      { fault: { status: 429, retry_after: 3600 } },
      { reply: 'again' },
    ]);
    const { model, waits, clock } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({
      failure: {
        class: 'rate_limited',
        message: expect.stringMatching(/ \(retry after 3600 s\)$/) as string,
      },
    });
    expect(waits).toEqual([]);
    clock.pass(3_599_000);
    expect(model.has('researcher')).toBe(false);
    expect(await model.ask(aCall())).toMatchObject({ failure: { class: 'rate_limited' } });
    expect(lines).toHaveLength(1);
    clock.pass(1000);
    expect(model.has('researcher')).toBe(true);
    expect(await model.ask(aCall())).toMatchObject({ value: 'again' });
  });

  test('asks a model that was away once, not four times, until it answers', async () => {
    const { url, lines } = await anEndpoint([{ fault: { status: 500 }, times: 'always' }]);
    const { model, clock } = await aModel(url);
    await model.ask(aCall());
    clock.pass(AWAY_MS);
    await model.ask(aCall());
    expect(lines).toHaveLength(5);
    expect(model.has('researcher')).toBe(false);
  });

  test('leaves a refused key alone for good, and the other roles their own', async () => {
    const bad = await anEndpoint([{ fault: { status: 401 } }]);
    const good = await anEndpoint([{ reply: 'a patch' }]);
    const { model, clock } = await aModel(bad.url, { agents: { worker: { base_url: good.url } } });
    await model.ask(aCall());
    clock.pass(86_400_000);
    expect(model.has('researcher')).toBe(false);
    expect(model.has('worker')).toBe(true);
    expect(await model.ask(aCall({ role: 'worker', step: 'write' }))).toMatchObject({
      value: 'a patch',
    });
  });
});

describe('a reply in a given form', () => {
  test('is asked for by schema, then by a tool, in JSON mode, in words; what works is kept', async () => {
    const { url, lines } = await anEndpoint([
      refusing('response_format json_schema'),
      refusing('tools'),
      refusing('response_format json_object'),
      { match: 'must match this JSON Schema', reply: IDEA, times: 'always' },
    ]);
    const { model, calls } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
    expect(lines).toHaveLength(4);
    await model.ask(anIdeaCall({ work: 'propose-N-0001-2' }));
    expect(lines).toHaveLength(5);
    expect(await calls()).toHaveLength(2);
  });

  test.each([
    ['a router that knows no place with tools', 404, 'No endpoints found that support tool use'],
    [
      'a router that knows no place with schemas',
      404,
      'No endpoints found that can handle the requested parameters',
    ],
    ['a server that falls over a grammar', 500, 'failed to parse grammar'],
  ])('%s may answer without', async (_, status, message) => {
    const { url, lines } = await anEndpoint([{ fault: { status, message } }, { reply: IDEA }]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
    expect(lines).toHaveLength(2);
    expect(model.has('researcher')).toBe(true);
  });

  test('a server that is busy keeps its form, whatever its message names', async () => {
    const message = 'json_schema overloaded';
    const { url, lines } = await anEndpoint([{ fault: { status: 503, message } }, { reply: IDEA }]);
    const { model, waits } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
    expect([lines.length, waits.length]).toEqual([2, 1]);
  });

  test('a prompt that is too long is no matter of form', async () => {
    const message =
      'maximum context length is 8192 tokens (9000 in the messages, 12 in the functions)';
    const { url, lines } = await anEndpoint([{ fault: { status: 400, message }, times: 'always' }]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ failure: { class: 'bad_request' } });
    expect(lines).toHaveLength(1);
  });

  test.each([
    ['a fence', '```json\n{"title":"Warm up","effect":-0.1}\n```'],
    ['thoughts', '<think>{"title": maybe}</think>\n{"title":"Warm up","effect":-0.1}'],
    ['a greeting with braces', 'Use {x}: {"title":"Warm up","effect":-0.1} Good luck!'],
    ['the schema once more', '{"type":"object"} asks for {"title":"Warm up","effect":-0.1}'],
    [
      'thoughts whose beginning is left out',
      'Or {"title":"Cool down","effect":9}?\n</think>\n\n{"title":"Warm up","effect":-0.1}',
    ],
    [
      'thoughts on one line',
      '{"title":"Cool down","effect":9} no.</think>{"title":"Warm up","effect":-0.1}',
    ],
  ])('is found behind %s', async (_, reply) => {
    const { url } = await anEndpoint([{ reply }]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
  });

  test('is not taken from thoughts that never end', async () => {
    const { url } = await anEndpoint([{ reply: '<think>perhaps {"title":"No","effect":9} but' }]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({
      failure: { class: 'empty', message: 'expected a reply, found thoughts alone' },
    });
  });

  test('that two calls find out together is lowered once', async () => {
    const { url } = await anEndpoint([
      { ...refusing('response_format json_schema'), times: 2 },
      { match: 'must match this JSON Schema', fault: { status: 400 }, times: 'always' },
      { reply: IDEA, times: 'always' },
    ]);
    const { model } = await aModel(url);
    const both = ['one', 'two'].map((work) => model.ask(anIdeaCall({ work })));
    expect(await Promise.all(both)).toMatchObject([{ value: IDEA }, { value: IDEA }]);
  });

  test('that does not fit is repaired once, by what is wrong with it', async () => {
    const { url } = await anEndpoint([
      { reply: { title: 'Warm up' } },
      { match: 'not of the form.*effect', reply: IDEA },
    ]);
    const { model, calls } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
    expect(await calls()).toMatchObject([{ requests: 2, outcome: 'answered' }]);
  });

  test('an endpoint that ignores the form is asked in words from then on', async () => {
    const { url } = await anEndpoint([
      { reply: 'I would warm up.' },
      { match: 'must match this JSON Schema', reply: IDEA, times: 'always' },
    ]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
    expect(await model.ask(anIdeaCall({ work: 'other' }))).toMatchObject({ value: IDEA });
  });

  test('a reply that was cut off is asked for once more, with more room', async () => {
    const { url } = await anEndpoint([
      { fault: { kind: 'truncated' }, reply: IDEA },
      { reply: IDEA },
    ]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ value: IDEA });
  });

  test('where the endpoint has no more room, one that was cut off stays cut off', async () => {
    const { url } = await anEndpoint([
      { fault: { kind: 'truncated' }, reply: IDEA },
      { fault: { status: 400, message: 'max_tokens is too large: 16384' } },
    ]);
    const { model } = await aModel(url);
    expect(await model.ask(anIdeaCall())).toMatchObject({ failure: { class: 'truncated' } });
  });

  test('is checked by our own schema, whatever the endpoint promised', async () => {
    const { url } = await anEndpoint([{ reply: { n: -1 }, times: 'always' }]);
    const { model } = await aModel(url);
    const of = z.strictObject({ n: z.number().refine((n) => n > 0, 'expected above 0') });
    const reply = await model.ask({ ...aCall<{ n: number }>(), schema: { name: 'n', of } });
    expect(reply).toMatchObject({ failure: { class: 'malformed' } });
    expect('failure' in reply && reply.failure.message).toContain('expected above 0');
  });
});

describe('the wire', () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  test('a key goes to its own endpoint alone', async () => {
    const seen: (string | undefined)[] = [];
    const other = await listening((headers) => seen.push(headers['authorization']));
    const { url } = await anEndpoint([{ reply: 'x' }], { key: 'sk-mine' });
    const { model } = await aModel(url, {
      agents: { api_key_env: 'KEY', planner: { base_url: other } },
      environment: { KEY: 'sk-mine' },
    });
    expect(await model.ask(aCall())).toMatchObject({ value: 'x' });
    await model.ask(aCall({ role: 'planner', step: 'screen' }));
    expect(seen).toEqual(['Bearer none']);
  });

  test('a connection that lay idle, and may be gone, is not used again', async () => {
    const seen: (string | undefined)[] = [];
    const url = await listening((headers) => seen.push(headers.connection));
    const { model } = await aModel(url);
    await model.ask(aCall());
    expect(seen).toEqual(['close']);
  });

  test('what the plan leaves out is not sent', async () => {
    const bodies: unknown[] = [];
    const url = await listening((_, body) => bodies.push(JSON.parse(body)));
    const { model } = await aModel(url);
    await model.ask(aCall());
    expect(bodies).toEqual([
      {
        model: 'scripted',
        max_tokens: 4096,
        stream: false,
        messages: [
          { role: 'system', content: 'You state hypotheses.' },
          { role: 'user', content: 'What about the learning rate?' },
        ],
      },
    ]);
  });

  test('half a character goes out as one that says so', async () => {
    const bodies: string[] = [];
    const url = await listening((_, body) => bodies.push(body));
    const { model } = await aModel(url);
    await model.ask(aCall({ system: 'cut 🙂'.slice(0, 5) }));
    expect(bodies[0]).toContain('"cut \ufffd"');
  });

  test('the most tokens of a reply go by the name that the endpoint has for them', async () => {
    const said =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    const bodies: string[] = [];
    const url = await serving(async (response) => {
      const body = (await response.req.toArray()).join('');
      bodies.push(body);
      if (body.includes('"max_tokens"')) response.statusCode = 400;
      const error = response.statusCode === 400 ? { message: said } : undefined;
      response.end(JSON.stringify({ error, choices: [{ message: { content: 'x' } }] }));
    });
    const { model } = await aModel(url);
    expect(await model.ask(aCall())).toMatchObject({ value: 'x' });
    expect(await model.ask(aCall({ work: 'other' }))).toMatchObject({ value: 'x' });
    expect(bodies.map((body) => /max_\w*tokens":4096/.exec(body)?.[0])).toEqual([
      'max_tokens":4096',
      'max_completion_tokens":4096',
      'max_completion_tokens":4096',
    ]);
  });

  async function listening(hear: (headers: IncomingHttpHeaders, body: string) => void) {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      hear(request.headers, body);
      response.end(JSON.stringify({ choices: [{ message: { content: 'ok' } }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }
});

/** An endpoint that always sends the same body. */
const answering = (body: string): Promise<string> => serving((response) => response.end(body));

async function serving(answer: (response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((_, response) => void answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
