import { describe, expect, test } from 'vitest';
import { anEndpoint } from '../models/support.ts';

const ASKED = { model: 'any', messages: [{ role: 'user', content: 'What about depth?' }] };

const ask = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/chat/completions`, { method: 'POST', body: JSON.stringify(body), headers });

/** What a stream said, put together as a client does. */
async function streamed(response: Response) {
  const lines = (await response.text()).split('\n\n').filter((line) => line !== '');
  const chunks = lines
    .filter((line) => line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.replace(/^data: /, '')) as Chunk);
  const deltas = chunks.flatMap(({ choices }) => choices);
  return {
    done: lines.at(-1) === 'data: [DONE]',
    text: deltas.map(({ delta }) => delta.content ?? '').join(''),
    tool: deltas.flatMap(({ delta }) => delta.tool_calls?.[0]?.function.arguments ?? []).join(''),
    finish: deltas.at(-1)?.finish_reason,
    usage: chunks.at(-1)?.usage,
  };
}
interface Chunk {
  readonly usage?: { readonly total_tokens: number };
  readonly choices: readonly {
    readonly finish_reason: string | null;
    readonly delta: {
      readonly content?: string;
      readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[];
    };
  }[];
}

describe('the scripted endpoint', () => {
  test('answers with the first line that matches and is not used up', async () => {
    const { url, lines } = await anEndpoint([
      { step: 'worker', reply: 'not you' },
      { match: 'depth', reply: 'deeper', times: 2 },
      { reply: 'else' },
    ]);
    const texts: string[] = [];
    for (let i = 0; i < 3; i++) {
      const answer = (await (await ask(url, ASKED)).json()) as {
        choices: [{ message: { content: string } }];
      };
      texts.push(answer.choices[0].message.content);
    }
    expect(texts).toEqual(['deeper', 'deeper', 'else']);
    expect(lines[0]).toBe('no step: answered (5 tokens read, 2 written)');
    const none = await ask(url, ASKED, { 'x-autolab-step': 'reporter/compose' });
    expect(none.status).toBe(400);
    expect(await none.text()).toContain('the script has no line for reporter/compose');
  });

  test('streams text and tokens, or the arguments of the tool that must be called', async () => {
    const reply = { title: 'A longer reply than one chunk holds' };
    const { url } = await anEndpoint([{ reply, times: 'always' }]);
    const stream = { ...ASKED, stream: true };
    const plain = await streamed(
      await ask(url, { ...stream, stream_options: { include_usage: true } }),
    );
    expect(plain).toMatchObject({ done: true, finish: 'stop', usage: { total_tokens: 17 } });
    expect(JSON.parse(plain.text)).toEqual(reply);
    const tools = [{ type: 'function', function: { name: 'idea' } }];
    const called = await streamed(
      await ask(url, { ...stream, tools, tool_choice: { type: 'function' } }),
    );
    expect(JSON.parse(called.tool)).toEqual(reply);
    expect(called).toMatchObject({ text: '', finish: 'tool_calls' });
  });

  test('cuts a stream off in its middle', async () => {
    const { url } = await anEndpoint([{ reply: 'x'.repeat(500), fault: { kind: 'cut_off' } }]);
    const response = await ask(url, { ...ASKED, stream: true });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(/terminated/);
  });

  test('asks to come back later where the script does', async () => {
    const { url } = await anEndpoint([{ fault: { status: 429, retry_after: 3 } }]);
    const response = await ask(url, ASKED);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
  });

  test('refuses another key, another path, and what is no question', async () => {
    const { url } = await anEndpoint([{ reply: 'x' }], { key: 'k' });
    const authorization = 'Bearer k';
    expect((await ask(url, ASKED)).status).toBe(401);
    expect((await ask(url, { model: 'any' }, { authorization })).status).toBe(400);
    expect((await fetch(`${url}/responses`, { headers: { authorization } })).status).toBe(404);
    const models = await fetch(`${url}/models`, { headers: { authorization } });
    expect(await models.json()).toMatchObject({ data: [{ id: 'scripted' }] });
  });
});
