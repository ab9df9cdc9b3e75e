import type { ModelCall, ModelFailure } from '../../orchestrator/domain/model.ts';
import type { Endpoint, Meter, Sent } from './endpoint.ts';
import { inWords, jsonSchemaOf, readReply, withoutThoughts } from './form.ts';
import type { Form } from './request.ts';

/**
 * One call as a conversation: the question, in the surest form that the endpoint can give; asked
 * once more with more room where the reply was cut off, and once for a repair where it was not of
 * the form.
 */

/** What came of it; `text` is the last reply, also where it could not be used. */
export type Said<T> =
  | { readonly value: T; readonly text: string }
  | { readonly failure: ModelFailure; readonly text: string | null };

/** So much more room the second time. */
const MORE_ROOM = 4;

export async function converse<T>(
  endpoint: Endpoint,
  call: ModelCall<T>,
  meter: Meter,
  signal?: AbortSignal,
): Promise<Said<T>> {
  const { schema } = call;
  const form = schema && { name: schema.name, schema: jsonSchemaOf(schema.name, schema.of) };
  const say = (messages: ModelCall['messages']) =>
    inForm(endpoint, { ...call, messages }, form ?? null, meter, signal);
  const first = await say(call.messages);
  if (!('read' in first)) return first;
  if (!schema) return { value: first.read as T, text: first.read };
  const reading = readReply(schema.of, first.read);
  if ('value' in reading) return { ...reading, text: first.read };
  // No JSON at all where the endpoint was bound to it: it takes the binding and ignores it.
  if (!reading.json) while (endpoint.lower(endpoint.form()) !== null);
  const second = await say([
    ...call.messages,
    { role: 'assistant', content: first.read },
    { role: 'user', content: repairOf(reading.problem) },
  ]);
  if (!('read' in second)) return second;
  const mended = readReply(schema.of, second.read);
  if ('value' in mended) return { ...mended, text: second.read };
  const message = `expected a reply of the form ${schema.name}, found, after a repair: ${mended.problem}`;
  return { failure: { class: 'malformed', message }, text: second.read };
}

const repairOf = (problem: string): string =>
  `That was not of the form that was asked for:\n${problem}\nSend the whole answer again, corrected, and nothing else.`;

/** A whole reply, in the first form of the endpoint's that it does not turn down. */
async function inForm(
  endpoint: Endpoint,
  call: Omit<ModelCall, 'schema'>,
  form: Pick<Form, 'name' | 'schema'> | null,
  meter: Meter,
  signal?: AbortSignal,
): Promise<{ readonly read: string } | Extract<Said<never>, { failure: unknown }>> {
  for (;;) {
    const by = endpoint.form();
    const sent = await withRoom(endpoint, call, form && { ...form, by }, meter, signal);
    if ('failure' in sent) {
      const { failure, of_form } = sent;
      if (of_form && form !== null && by !== 'text' && endpoint.lower(by) !== null) continue;
      return { failure, text: null };
    }
    const { text, end } = sent;
    if (end === 'refused') return { failure: { class: 'refused', message: refusalOf(text) }, text };
    if (end === 'length') return { failure: { class: 'truncated', message: CUT }, text };
    const read = withoutThoughts(text);
    if (read.trim() === '') return { failure: { class: 'empty', message: emptyOf(text) }, text };
    return { read };
  }
}

const CUT =
  'expected a whole reply, found one that was cut off at max_tokens, and with more room, where budget and endpoint bore that';
const emptyOf = (text: string): string =>
  `expected a reply, found ${text.trim() === '' ? 'an empty one' : 'thoughts alone'}`;
const refusalOf = (text: string): string =>
  `the model declined to answer: ${text.trim().replace(/\s+/g, ' ').slice(0, 200)}`;

async function withRoom(
  endpoint: Endpoint,
  { role, step, system, messages, max_tokens }: Omit<ModelCall, 'schema'>,
  form: Form | null,
  meter: Meter,
  signal?: AbortSignal,
): Promise<Sent> {
  const bound = form === null || form.by === 'schema' || form.by === 'tools';
  const asked = {
    ...{ step: `${role}/${step}`, messages, form },
    system: bound ? system : `${system}\n\n${inWords(form)}`,
    max_tokens: max_tokens ?? endpoint.config.max_tokens,
  };
  const sent = await endpoint.send(asked, meter, signal);
  if ('failure' in sent || sent.end !== 'length') return sent;
  const roomy = { ...asked, max_tokens: asked.max_tokens * MORE_ROOM };
  const again = await endpoint.send(roomy, meter, signal);
  // Where there is no money for more room, or no such room, another call may yet be answered.
  return 'failure' in again && NO_ROOM.has(again.failure.class) ? sent : again;
}

const NO_ROOM: ReadonlySet<ModelFailure['class']> = new Set(['budget', 'bad_request']);
