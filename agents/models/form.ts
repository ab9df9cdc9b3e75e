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

/** The value of a reply, or what is wrong with it, in words that a model can mend it by. */
export function readReply<T>(
  schema: z.ZodType<T>,
  text: string,
): { readonly value: T } | { readonly problem: string; readonly json: boolean } {
  const found = jsonIn(text);
  if (found === undefined)
    return { problem: 'expected one JSON value, found none that is whole', json: false };
  const parsed = schema.safeParse(found);
  return parsed.success
    ? { value: parsed.data }
    : { problem: z.prettifyError(parsed.error), json: true };
}

/**
 * The JSON of a reply: all of it, or else the first whole object in it, whatever a model says
 * around it (thoughts, a code fence, a greeting). Undefined where there is none.
 */
function jsonIn(text: string): unknown {
  const said = text.replace(/<think>.*?<\/think>/gs, '').trim();
  const whole = parsed(said);
  if (whole !== undefined) return whole;
  for (let start = said.indexOf('{'), n = 0; start >= 0 && n < MOST_STARTS; n++) {
    const end = endOfObject(said, start);
    const found = end === null ? undefined : parsed(said.slice(start, end));
    if (found !== undefined) return found;
    start = said.indexOf('{', start + 1);
  }
  return undefined;
}

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
