import { z } from 'zod';
import type { ModelFailure, Tokens } from '../../orchestrator/domain/model.ts';
import { troubleOf } from './trouble.ts';

/** What came back of one request. */
export type Heard =
  | {
      readonly kind: 'reply';
      readonly text: string;
      /** `length`: cut off at the most tokens it may have. */
      readonly end: 'whole' | 'length' | 'refused';
      /** Null where the endpoint does not say. */
      readonly tokens: Tokens | null;
    }
  | Trouble;

export interface Trouble {
  readonly kind: 'trouble';
  readonly class: Exclude<ModelFailure['class'], 'none' | 'budget' | 'truncated' | 'refused'>;
  readonly message: string;
  /** Whether the same request may well be answered a moment later. */
  readonly passing: boolean;
  /** Seconds that the endpoint asked for. */
  readonly retry_after: number | null;
  /** The place knows no such model, or is no such place. */
  readonly unknown: boolean;
  /** It may be the form of the reply that the endpoint cannot give. */
  readonly of_form: boolean;
  /** The endpoint has another name for the most tokens of a reply. */
  readonly renamed: boolean;
  /** Where nobody knows, the most that it may have taken counts. */
  readonly took: Tokens | 'nothing' | 'unknown';
}

/** How a response is read. */
export interface Reading {
  /** A form was asked for that it may not be able to give. */
  readonly formed: boolean;
  /** Takes the key out; before anything is cut, or half of it would stay. */
  readonly hide: (text: string) => string;
  /** Whoever had the whole request may have written an answer, and be paid for it. */
  readonly taken: boolean;
}

/** Routers report trouble of the endpoint behind them so, with status 200; LM Studio in a word. */
const trouble = z
  .union([z.string(), z.looseObject({ code: z.unknown(), message: z.string().nullish() })])
  .nullish();

/**
 * As much of a chat completion as is looked at; endpoints differ in all the rest. A reply was paid
 * for, so one odd field is no reason to have none.
 */
const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish().catch(null),
        message: z
          .object({
            content: z.unknown(),
            refusal: z.string().nullish().catch(null),
            tool_calls: z
              .array(z.object({ function: z.object({ arguments: z.unknown() }) }))
              .nullish()
              .catch(null),
          })
          .nullish(),
        error: trouble,
      }),
    )
    .nullish(),
  usage: z.record(z.string(), z.unknown()).nullish().catch(null),
  error: trouble,
});
type Completion = z.output<typeof completion>;

/** The body of a response that went well. */
export function heardIn(body: string, reading: Reading): Heard {
  const parsed = completion.safeParse(jsonIn(body));
  if (!parsed.success)
    return passing('malformed', `expected a chat completion, found ${excerpt(reading.hide(body))}`);
  const { choices } = parsed.data;
  const [choice] = choices ?? [];
  const text = textOf(choice?.message);
  const tokens = tokensIn(parsed.data, text);
  const took = tokens ?? 'nothing';
  const broke = choice?.finish_reason === 'error' ? 'the reply broke off' : null;
  const error = text === '' || broke ? (choice?.error ?? parsed.data.error ?? broke) : null;
  if (error) return { ...routed(error, reading), took };
  if (!choice) return { ...passing('empty', 'expected a reply, found no choices'), took };
  const { refusal } = choice.message ?? {};
  if (refusal || choice.finish_reason === 'content_filter')
    return { kind: 'reply', text: refusal ?? text, end: 'refused', tokens };
  const end = choice.finish_reason === 'length' ? 'length' : 'whole';
  return { kind: 'reply', text, end, tokens };
}

const passing = (kind: 'malformed' | 'empty', message: string): Trouble => ({
  ...{ kind: 'trouble', class: kind, message, passing: true, retry_after: null },
  ...{ unknown: false, of_form: false, renamed: false, took: 'nothing' },
});

/** A tool's arguments are the reply where one was called. */
function textOf(message: NonNullable<Completion['choices']>[number]['message']): string {
  const given = message?.tool_calls?.[0]?.function.arguments;
  if (given !== undefined) return typeof given === 'string' ? given : JSON.stringify(given);
  const content = message?.content ?? '';
  if (Array.isArray(content)) return content.map(partOf).join('');
  return typeof content === 'string' ? content : JSON.stringify(content);
}

const partOf = (part: unknown): string =>
  typeof part === 'string'
    ? part
    : (z.object({ text: z.string() }).safeParse(part).data?.text ?? '');

/** Null where nobody says, or says what cannot be: a budget would be kept by it. */
function tokensIn({ usage }: Completion, text: string): Tokens | null {
  const { prompt_tokens: input, completion_tokens: said, total_tokens: all } = usage ?? {};
  if (!isCount(input) || !isCount(said)) return null;
  // Gemini and Grok leave what was thought out of completion_tokens, and charge for it.
  const output = Math.max(said, isCount(all) ? all - input : 0);
  return input === 0 || (output === 0 && text !== '') ? null : { input, output };
}

/** No model reads or writes more at once. */
const MOST_TOKENS = 1e8;
const isCount = (found: unknown): found is number =>
  typeof found === 'number' && found >= 0 && found <= MOST_TOKENS;

/** What the endpoint behind a router said; where it is no status, trouble that may pass. */
function routed(error: string | { code?: unknown }, reading: Reading): Trouble {
  const code = typeof error === 'string' ? NaN : Number(error.code);
  const status = code >= 400 && code < 600 ? code : 500;
  const text = JSON.stringify({ error });
  const found = troubleOf({ status, headers: new Headers(), text }, null, reading);
  return status === code ? found : { ...found, message: found.message.replace('500', '200, but') };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const excerpt = (text: string): string => {
  const line = text.trim().replace(/\s+/g, ' ');
  return line === '' ? 'nothing' : JSON.stringify(line.slice(0, 80));
};
