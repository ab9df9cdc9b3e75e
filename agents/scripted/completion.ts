import type { ScriptLine } from '../scripted.ts';
import type { Question } from './question.ts';

/** A scripted reply in the shape of OpenAI's chat completions. */

export interface Completion {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly refusal: string | null;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

const replyText = ({ reply = '' }: ScriptLine): string =>
  typeof reply === 'string' ? reply : JSON.stringify(reply);

export function completionOf(line: ScriptLine, asked: Question): Completion {
  const kind = line.fault?.kind;
  const whole = replyText(line);
  const text = kind === 'truncated' ? whole.slice(0, Math.ceil(whole.length / 2)) : whole;
  const prompt_tokens = tokensOf(asked.text);
  const completion_tokens = tokensOf(text);
  return {
    text,
    finish: kind === 'truncated' ? 'length' : asked.tool === null ? 'stop' : 'tool_calls',
    refusal: kind === 'refusal' ? whole || 'I cannot help with that.' : null,
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  };
}

/** About four characters each: nobody's real tokenizer, and always the same. */
const tokensOf = (text: string): number => Math.ceil(text.length / 4);

const about = (model: string, object: string) => ({
  ...{ id: 'chatcmpl-scripted', object, created: 0, model },
});

/** The body of an answer that is not streamed. */
export function wholeBody(line: ScriptLine, asked: Question): string {
  const { text, finish, refusal, usage } = completionOf(line, asked);
  const message =
    refusal === null
      ? { role: 'assistant', refusal, ...said(text, asked.tool) }
      : { role: 'assistant', content: null, refusal };
  const choices =
    line.fault?.kind === 'empty'
      ? []
      : [{ index: 0, message, logprobs: null, finish_reason: finish }];
  return JSON.stringify({ ...about(asked.model, 'chat.completion'), choices, usage });
}

/** The events of an answer that is. */
export function events(line: ScriptLine, asked: Question): readonly string[] {
  const { text, finish, refusal, usage } = completionOf(line, asked);
  const chunk = (choices: readonly object[], more: object = {}): string =>
    `data: ${JSON.stringify({ ...about(asked.model, 'chat.completion.chunk'), choices, ...more })}\n\n`;
  const delta = (given: object, finish_reason: string | null = null): string =>
    chunk([{ index: 0, delta: given, finish_reason }]);
  const parts = text.match(/.{1,20}/gs) ?? [];
  const pieces =
    refusal === null
      ? parts.map((part, i) => delta(said(part, asked.tool, i === 0)))
      : [delta({ refusal })];
  return [
    delta({ role: 'assistant' }),
    ...(line.fault?.kind === 'empty' ? [] : [...pieces, delta({}, finish)]),
    ...(asked.usage ? [chunk([], { usage })] : []),
    'data: [DONE]\n\n',
  ];
}

/** A tool's arguments where one was asked for, and text otherwise. */
function said(text: string, tool: string | null, named = true): object {
  if (tool === null) return { content: text };
  const about = named ? { id: 'call_scripted', type: 'function' } : {};
  const call = { ...(named ? { name: tool } : {}), arguments: text };
  return { content: null, tool_calls: [{ index: 0, ...about, function: call }] };
}
