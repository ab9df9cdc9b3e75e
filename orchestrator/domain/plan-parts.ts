import { z } from 'zod';

/** The words of which the plan's schema is made. Each says what it expects. */

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86400,
};

/** Seconds of a duration such as `60s`, `1h30m`, `500ms`. The text must match DURATION. */
function secondsOf(text: string): number {
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit ?? 's'] ?? 1);
  }
  return seconds;
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
export const duration = z
  .string({ error: 'expected a duration such as 60s, 15m or 1h30m' })
  .regex(DURATION, { error: 'expected a duration such as 60s, 15m or 1h30m', abort: true })
  .refine((text) => secondsOf(text) > 0, { error: 'expected a duration longer than nothing' })
  .transform(secondsOf);

export const share = z
  .string({ error: 'expected a share such as 20%' })
  .regex(/^\d{1,2}(?:\.\d+)?%$/, { error: 'expected a share below 100%, such as 20%' })
  .transform((text) => Number(text.slice(0, -1)) / 100);

export const name = z
  .string({ error: 'expected some text' })
  .trim()
  .min(1, { error: 'expected some text', abort: true });
export const number = z.number({ error: 'expected a number' });
export const flag = z.boolean({ error: 'expected true or false' });
const COUNT = { error: 'expected a whole number above 0' };
export const count = z.int(COUNT).positive(COUNT);
export const list = <T extends z.ZodType>(item: T) => z.array(item, { error: 'expected a list' });
export const mapping = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    // Unknown keys keep zod's issue: the reader words it, with the nearest known key.
    error: (issue) => (issue.code === 'invalid_type' ? 'expected a mapping' : undefined),
  });
export const named = <T extends z.ZodType>(key: z.ZodString, value: T) =>
  z.record(key, value, {
    error: (issue) => (issue.code === 'invalid_type' ? 'expected a mapping' : undefined),
  });

/** A literal as the plan's author wrote it: the reader hands over YAML source text. */
export const literal = z
  .union([z.string(), z.number(), z.boolean()], {
    error: 'expected one literal: a number, a word, true, false or quoted text',
  })
  .transform(String);

const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * A bound of a range. The reader hands over its source text, so that `1.0` can be told from `1`:
 * a range between whole numbers is one of whole numbers.
 */
export const rangeBound = z
  .union([z.number(), z.string().regex(DECIMAL, { error: 'expected a number' })], {
    error: 'expected a number',
  })
  .transform((bound) => ({
    value: Number(bound),
    whole: typeof bound === 'string' ? /^[-+]?\d+$/.test(bound) : Number.isInteger(bound),
  }));

/** A relative path that stays inside the repository. */
const PATH = { error: 'expected a path inside the repository, relative, without ..' };
export const path = z
  .string(PATH)
  .min(1, PATH)
  .refine(
    (text) => !text.startsWith('/') && !text.split('/').includes('..') && !text.includes('\\'),
    PATH,
  );

/**
 * Rules between the keys of a mapping run even where a key is wrong by itself, so that a plan's
 * problems show all at once. Their functions see keys that may be of any type.
 */
export const together = {
  when: ({ value }: { value: unknown }): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** How a run is cut to a moment: arguments behind the command, variables, or both. */
export const smoke = mapping({
  args: name.optional().describe('Added to the command, such as --max-steps 2.'),
  env: named(z.string(), literal)
    .refine((env) => Object.keys(env).length > 0, { error: 'expected at least one variable' })
    .optional()
    .describe('Variables, such as MAX_STEPS: 2.'),
}).refine(({ args, env }) => args !== undefined || env !== undefined, {
  error: 'expected args, env or both',
  ...together,
});

/** What measures a run besides its own script. */
export const evaluate = mapping({
  command: name.describe(
    'Run from a clean checkout of base on what a run left; the metric it prints counts.',
  ),
  timeout: duration.optional().describe('How long it may take; default: run.timeout.'),
}).describe('Measures each run in a process of its own that no experiment can change.');

/** Absent is cautious. */
export const prune = z
  .enum(['cautious', 'eager', 'off'], { error: 'expected cautious, eager or off' })
  .describe(
    'Which runs are ended early because their curve says that they are worse: cautious (the default), eager, off.',
  );

/** Whether something in the plan measures what `objective.tier` demands. */
export const canBeMeasured = ({ objective, evaluate, score }: Measured): boolean =>
  objective?.tier !== 'checked' || evaluate !== undefined || score !== undefined;
export const canBeVerified = ({ objective, score }: Measured): boolean =>
  objective?.tier !== 'verified' || score !== undefined;

interface Measured {
  readonly objective?: { readonly tier?: unknown };
  readonly evaluate?: unknown;
  readonly score?: unknown;
}
