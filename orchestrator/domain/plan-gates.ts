import { z } from 'zod';
import { duration, list, mapping } from './plan-parts.ts';

/**
 * The grammar of `gates` and of `budget.plateau`, in words that read as sentences:
 *
 *     after:   N experiments | N runs | a duration
 *     require: best improves baseline by NUMBER | best improves baseline by NUMBER% | METRIC OP NUMBER
 *     OP:      <= | < | >= | >
 */

/** How far the search has come when a gate decides: judged candidates, started runs, or seconds worked. */
export type After =
  | { readonly kind: 'experiments' | 'runs'; readonly count: number }
  | { readonly kind: 'seconds'; readonly seconds: number };

/** What a gate asks of the best so far. */
export type Requirement =
  | {
      readonly kind: 'improves';
      /** In the objective's unit; with `relative`, a fraction of the baseline's mean. Above 0. */
      readonly by: number;
      readonly relative: boolean;
    }
  | {
      readonly kind: 'bound';
      readonly metric: string;
      readonly op: '<=' | '<' | '>=' | '>';
      readonly value: number;
    };

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const COUNT = /^([1-9]\d{0,8}) (experiments?|runs?)$/;
const IMPROVES = new RegExp(String.raw`^best improves baseline by (${NUMBER})(%?)$`);
const BOUND = new RegExp(String.raw`^(\S+?) ?(<=|>=|<|>) ?(${NUMBER})$`);

const AFTER = { error: 'expected N experiments, N runs, or a duration such as 2h' };
const REQUIRE = {
  error:
    'expected “best improves baseline by 0.01”, the same with 1%, or a bound of the best such as “loss <= 1.6” (or <, >=, >)',
};

const oneSpace = (text: string): string => text.trim().replace(/\s+/g, ' ');

function afterOf(text: string): After | null {
  const [, count, unit] = COUNT.exec(oneSpace(text)) ?? [];
  if (count !== undefined && unit !== undefined)
    return { kind: unit.startsWith('run') ? 'runs' : 'experiments', count: Number(count) };
  const read = duration.safeParse(oneSpace(text));
  return read.success ? { kind: 'seconds', seconds: read.data } : null;
}

function requirementOf(text: string): Requirement | null {
  const words = oneSpace(text);
  const [, by, percent] = IMPROVES.exec(words) ?? [];
  if (by !== undefined) {
    const size = Number(by) / (percent === '%' ? 100 : 1);
    return size > 0 && Number.isFinite(size)
      ? { kind: 'improves', by: size, relative: percent === '%' }
      : null;
  }
  const [, metric, op, value] = BOUND.exec(words) ?? [];
  return metric !== undefined && isOp(op) && Number.isFinite(Number(value))
    ? { kind: 'bound', metric, op, value: Number(value) }
    : null;
}

const isOp = (op: string | undefined): op is '<=' | '<' | '>=' | '>' =>
  op === '<=' || op === '<' || op === '>=' || op === '>';

/** Text of a small grammar; what `read` cannot read is refused with `wanted`. Keeps the words. */
const sentence = <T>(wanted: { error: string }, read: (text: string) => T | null) =>
  z.string(wanted).transform((text, context) => {
    const meaning = read(text);
    if (meaning !== null) return { text: oneSpace(text), meaning };
    context.addIssue({ code: 'custom', message: wanted.error });
    return z.NEVER;
  });

const gate = mapping({
  after: sentence(AFTER, afterOf).describe('N experiments, N runs, or a duration such as 2h.'),
  require: sentence(REQUIRE, requirementOf).describe(
    'best improves baseline by 0.01 (or 1%), or a bound of the best such as val_loss <= 1.6.',
  ),
  otherwise: z
    .literal('stop', { error: 'expected stop' })
    .default('stop')
    .describe('What happens where it does not hold: the search ends, dawn follows.'),
});

/** A gate as the plan has it: what it says, and what that means. */
export type Gate = z.output<typeof gate>;

export const gates = list(gate)
  .default([])
  .describe('Reached once each: the search goes on only where what is required holds.');

const PLATEAU = /^([1-9]\d{0,8}) experiments?$/;
const WANTED = { error: 'expected N experiments, such as 12 experiments' };

/** How many experiments without a better incumbent end the search. */
export const plateau = z
  .string(WANTED)
  .regex(PLATEAU, WANTED)
  .transform((text) => Number(PLATEAU.exec(text)?.[1]));
