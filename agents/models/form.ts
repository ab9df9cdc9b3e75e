import { z } from 'zod';
import type { Structured } from '../../orchestrator/domain/plan-agents.ts';
import type { Form } from './request.ts';

/** Replies in a given form: how they are asked for, and how they are read. */

/** From the surest to what any endpoint can. */
export const LADDER: readonly Structured[] = ['schema', 'tools', 'json', 'text'];

/**
 * The schema as strict endpoints take it: objects closed, every key required (what may be missing is
 * nullable), alternatives as anyOf. Throws where the top is no object, which none takes: a bug of
 * the caller.
 */
export function jsonSchemaOf(name: string, schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.properties) {
        jsonSchema.additionalProperties = false;
        jsonSchema.required = Object.keys(jsonSchema.properties);
      }
      if (jsonSchema.oneOf) {
        jsonSchema.anyOf = jsonSchema.oneOf;
        delete jsonSchema.oneOf;
      }
    },
  });
  if (json.type !== 'object') throw new Error(`schema ${name}: expected an object at its top`);
  return json;
}

/** Stands behind the system prompt where the endpoint is not bound to the schema by itself. */
export const inWords = ({ schema }: Pick<Form, 'schema'>): string =>
  `Answer with one JSON value and nothing else: no explanation before or after it, no code fence. It must match this JSON Schema:\n${JSON.stringify(schema)}`;

/**
 * A reply without what the model thought aloud before it. Some servers leave out where the thoughts
 * begin; those that never end have no reply behind them.
 */
export const withoutThoughts = (text: string): string => text.replace(THOUGHTS, '');
const THOUGHTS =
  /^\s*<think>.*?(?:<\/think>|$)|^(?:(?!<think>).)*?(?<![^\n])[ \t]*<\/think>[ \t]*(?=\r?\n|$)/s;

/** The value of a reply, or what is wrong with it, in words that a model can mend it by. */
export function readReply<T>(
  schema: z.ZodType<T>,
  text: string,
): { readonly value: T } | { readonly problem: string; readonly json: boolean } {
  let first: z.ZodError | null = null;
  for (const found of jsonIn(text)) {
    const parsed = schema.safeParse(found);
    if (parsed.success) return { value: parsed.data };
    first ??= parsed.error;
  }
  return first
    ? { problem: z.prettifyError(first), json: true }
    : { problem: 'expected one JSON value, found none that is whole', json: false };
}

/**
 * The JSON of a reply: all of it, or else each whole object in it, whatever a model says around it
 * (thoughts, the schema once more, a code fence, a greeting).
 */
function* jsonIn(text: string): Generator<unknown> {
  const whole = parsed(text.trim());
  if (whole !== undefined) return yield whole;
  const thought = text.lastIndexOf(THOUGHT);
  const said = thought < 0 ? text : text.slice(thought + THOUGHT.length);
  for (let start = said.indexOf('{'), n = 0; start >= 0 && n < MOST_STARTS; n++) {
    const end = endOfObject(said, start);
    const found = end === null ? undefined : parsed(said.slice(start, end));
    if (found !== undefined) yield found;
    start = said.indexOf('{', found === undefined || end === null ? start + 1 : end);
  }
}

const THOUGHT = '</think>';

/** Braces in prose: nobody writes more of them before the answer. */
const MOST_STARTS = 50;

/** Offset behind the brace that closes the one at `start`; null where none does. */
function endOfObject(text: string, start: number): number | null {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const c = text[at];
    if (quoted && c === '\\') at++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === '{') depth++;
    else if (!quoted && c === '}' && --depth === 0) return at + 1;
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
