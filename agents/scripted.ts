import { z } from 'zod';
import type { Model, ModelCall, ModelReply } from '../orchestrator/domain/model.ts';
import { list, mapping, number } from '../orchestrator/domain/plan-parts.ts';

const TEXT = { error: 'expected text' };
const PATTERN = { error: 'expected a regular expression' };
const TIMES = { error: 'expected a whole number above 0, or always' };
const STATUS = { error: 'expected an HTTP status from 400 to 599' };
const SECONDS = { error: 'expected seconds, 0 or above' };
const KIND = { error: 'expected garbage, cut_off, truncated, empty or refusal' };

const line = mapping({
  /** `researcher/draft`, or `researcher` for all of its steps. Absent: any. */
  step: z.string(TEXT).optional(),
  /** A regular expression that the question (system prompt and messages) must match. */
  match: z.string(PATTERN).refine(isPattern, PATTERN).optional(),
  /** Text, or a value that is sent as JSON. `$1`… are what the groups of `match` found. */
  reply: z.json().optional(),
  /** How often it answers: once unless told otherwise. */
  times: z.union([z.int(TIMES).positive(TIMES), z.literal('always')], TIMES).optional(),
  /** What goes wrong instead of, or on the way to, the reply. */
  fault: mapping({
    /** An HTTP status instead of the reply, such as 429 or 500. */
    status: z.int(STATUS).min(400, STATUS).max(599, STATUS).optional(),
    /** What the endpoint says with it. */
    message: z.string(TEXT).optional(),
    /** Seconds, with 429 or 503. */
    retry_after: number.nonnegative(SECONDS).optional(),
    /** Seconds until the reply comes. */
    slow: number.nonnegative(SECONDS).optional(),
    /** Bytes that are no JSON; a reply that ends in the middle; no choices; a refusal. */
    kind: z.enum(['garbage', 'cut_off', 'truncated', 'empty', 'refusal'], KIND).optional(),
  }).optional(),
});
/**
 * The scripted model: answers from a script, the same every time. It is what AutoLab is tested
 * with, and a dry night for anybody (`autolab model --script FILE` serves it over HTTP).
 *
 * A script is a list of lines. The first that matches a question, and is not used up, answers it;
 * a question that none matches is `unscripted`: an answer of the class `empty`, never an invented one.
 */
export const scriptSchema = list(line);

/** What a night asks models at, each `ROLE/STEP`, and `check`. */
export const STEPS: readonly string[] = [
  'researcher/queries',
  'researcher/draft',
  'researcher/criticise',
  'planner/same',
  'planner/same-again',
  'worker/write',
  'worker/repair',
  'reporter/plan',
  'reporter/compose',
  'reporter/check',
];

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 's').global === false;
  } catch {
    return false;
  }
}
export type Script = z.output<typeof scriptSchema>;
export type ScriptLine = Script[number];

interface Asked {
  readonly step: string | null;
  readonly text: string;
}

/** Hands out a script's lines; each question takes one. */
export function followScript(script: Script): (question: Asked) => ScriptLine | null {
  const left = script.map(({ times = 1 }) => (times === 'always' ? Infinity : times));
  return ({ step, text }) => {
    const at = script.findIndex((line, i) => (left[i] ?? 0) > 0 && matches(line, step, text));
    const line = script[at];
    if (line === undefined) return null;
    left[at] = (left[at] ?? 0) - 1;
    return line.match === undefined ? line : { ...line, reply: filled(line, text) };
  };
}

function matches(line: ScriptLine, step: string | null, text: string): boolean {
  if (line.step !== undefined && line.step !== step && line.step !== step?.split('/')[0])
    return false;
  return line.match === undefined || new RegExp(line.match, 's').test(text);
}

/** The reply with what the groups found in place of `$1`…, in every text of it. */
function filled({ match = '', reply }: ScriptLine, text: string): ScriptLine['reply'] {
  const groups = new RegExp(match, 's').exec(text) ?? [];
  const fill = (value: ScriptLine['reply']): ScriptLine['reply'] => {
    if (typeof value === 'string')
      return value.replace(/\$(\d)/g, (all, n: string) => groups[Number(n)] ?? all);
    if (Array.isArray(value)) return value.map((one) => fill(one) ?? null);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v) ?? null]));
  };
  return fill(reply);
}

/**
 * The script as a `Model`, without HTTP between: for tests of what an agent does with an answer.
 * A line with a fault is a failure of the like; nothing is waited for.
 */
export function scriptedModel(
  script: Script,
): Model & { readonly asked: readonly ModelCall<unknown>[] } {
  const next = followScript(scriptSchema.parse(script));
  const asked: ModelCall<unknown>[] = [];
  return {
    asked,
    has: () => true,
    ask: async <T>(call: ModelCall<T>, signal?: AbortSignal): Promise<ModelReply<T>> => {
      signal?.throwIfAborted();
      asked.push(call as ModelCall<unknown>);
      const line = next({ step: `${call.role}/${call.step}`, text: questionText(call) });
      const step = `${call.role}/${call.step}`;
      if (line === null)
        return { failure: { class: 'empty', message: `the script has no line for ${step}` } };
      if (line.fault?.status !== undefined || line.fault?.kind !== undefined)
        return { failure: { class: FAULTS[line.fault.kind ?? 'status'], message: 'as scripted' } };
      const text = typeof line.reply === 'string' ? line.reply : JSON.stringify(line.reply);
      const found = { text, call: `scripted-${asked.length}`, model: 'scripted' };
      if (!call.schema) return { ...found, value: text as T };
      const parsed = call.schema.of.safeParse(line.reply);
      return parsed.success
        ? { ...found, value: parsed.data }
        : { failure: { class: 'malformed', message: z.prettifyError(parsed.error) } };
    },
  };
}

const FAULTS = {
  status: 'unreachable',
  garbage: 'malformed',
  cut_off: 'unreachable',
  truncated: 'truncated',
  empty: 'empty',
  refusal: 'refused',
} as const;

export const questionText = ({ system, messages }: ModelCall<never> | ModelCall<unknown>): string =>
  [system, ...messages.map(({ content }) => content)].join('\n\n');
