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
  /** Where nobody knows, the most that it may have taken counts. */
  readonly took: Tokens | 'nothing' | 'unknown';
}

/** How a response is read. */
export interface Reading {
  /** A form was asked for that it may not be able to give. */
  readonly formed: boolean;
  /** Takes the key out; before anything is cut, or half of it would stay. */
  readonly hide: (text: string) => string;
}

/** As much of a chat completion as is looked at; endpoints differ in all the rest. */
const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z
          .object({
            content: z
              .union([z.string(), z.array(z.object({ text: z.string().nullish() }))])
              .nullish(),
            refusal: z.string().nullish(),
            tool_calls: z
              .array(z.object({ function: z.object({ arguments: z.unknown() }) }))
              .nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() })
    .nullish(),
  /** Routers report trouble of the endpoint behind them so, with status 200. */
  error: z.object({ code: z.unknown(), message: z.string().nullish() }).nullish(),
});
type Completion = z.output<typeof completion>;

/** The body of a response that went well. */
export function heardIn(body: string, reading: Reading): Heard {
  const parsed = completion.safeParse(jsonIn(body));
  if (!parsed.success)
    return passing('malformed', `expected a chat completion, found ${excerpt(reading.hide(body))}`);
  const { choices, error } = parsed.data;
  const tokens = tokensIn(parsed.data);
  const took = tokens ?? 'nothing';
  if (error && !choices?.length)
    return { ...troubleOf(routed(error.code, body), null, reading), took };
  const [choice] = choices ?? [];
  if (!choice) return { ...passing('empty', 'expected a reply, found no choices'), took };
  const text = textOf(choice.message);
  const { refusal } = choice.message ?? {};
  if (refusal || choice.finish_reason === 'content_filter')
    return { kind: 'reply', text: refusal ?? text, end: 'refused', tokens };
  const end = choice.finish_reason === 'length' ? 'length' : 'whole';
  return { kind: 'reply', text, end, tokens };
}

const passing = (kind: 'malformed' | 'empty', message: string): Trouble => ({
  ...{ kind: 'trouble', class: kind, message, passing: true, retry_after: null },
  ...{ unknown: false, of_form: false, took: 'nothing' },
});

/** A tool's arguments are the reply where one was called. */
function textOf(message: NonNullable<Completion['choices']>[number]['message']): string {
  const given = message?.tool_calls?.[0]?.function.arguments;
  if (given !== undefined) return typeof given === 'string' ? given : JSON.stringify(given);
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : content.map(({ text }) => text ?? '').join('');
}

function tokensIn({ usage }: Completion): Tokens | null {
  const { prompt_tokens: input, completion_tokens: output } = usage ?? {};
  return typeof input === 'number' && typeof output === 'number' ? { input, output } : null;
}

const routed = (code: unknown, text: string) => ({
  ...{ status: statusIn(code), headers: new Headers(), text },
});

const statusIn = (code: unknown): number => {
  const status = Number(code);
  return status >= 400 && status < 600 ? status : 500;
};

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
