import type { Spend } from '../../orchestrator/domain/call.ts';
import type { Tokens } from '../../orchestrator/domain/model.ts';
import type { Price } from '../../orchestrator/domain/plan-agents.ts';
import { cost } from './prices.ts';

/**
 * What a night may still spend on models. A request takes what it may cost at most before it is
 * sent, and gives back what it did not cost: what is in flight is never spent twice.
 */
export interface Purse {
  /**
   * Takes nothing where the budget would not bear it, also not when all that is in flight has come
   * back and cost less than it could. Rejects with the signal's reason.
   */
  take(
    most: Tokens,
    price: Price | null,
    signal?: AbortSignal,
  ): Promise<Taken | { readonly refused: string }>;
  /** Why it bears no further request, in a sentence; null where it may. */
  why(price: Price | null): string | null;
}

export interface Taken {
  /** What it really came to. */
  readonly settle: (tokens: Tokens) => void;
}

export function openPurse(
  budget: { readonly llm_usd?: number | undefined; readonly tokens?: number | undefined },
  spent: Spend,
): Purse {
  let usd = spent.usd;
  let tokens = spent.tokens.input + spent.tokens.output;
  let flying = 0;
  let waiting: (() => void)[] = [];
  const add = (of: Tokens, price: Price | null, sign: 1 | -1): void => {
    usd += sign * (price ? cost(price, of) : 0);
    tokens += sign * (of.input + of.output);
  };
  /** Whether what it costs can be held against the budget. */
  const isKnown = (price: Price | null): boolean => price !== null || budget.llm_usd === undefined;
  const refusal = (most: Tokens, price: Price | null): string | null => {
    const { llm_usd = Infinity, tokens: limit = Infinity } = budget;
    if (!isKnown(price))
      return 'budget.llm_usd cannot be kept, as nobody knows its price: say it in agents.prices';
    if (price && usd + cost(price, most) > llm_usd)
      return `budget.llm_usd (${llm_usd}) does not bear a further call`;
    if (tokens + most.input + most.output > limit)
      return `budget.tokens (${limit}) do not bear a further call`;
    return null;
  };
  /** Also resolves where the signal fires. */
  const nextReturn = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        signal?.removeEventListener('abort', look);
        resolve();
      };
      signal?.addEventListener('abort', look);
      waiting.push(look);
    });
  const none: Tokens = { input: 0, output: 1 };
  return {
    // What is under way may cost less than it could: then there is room again.
    why: (price) => (flying > 0 && isKnown(price) ? null : refusal(none, price)),
    async take(most, price, signal) {
      for (;;) {
        const refused = refusal(most, price);
        if (refused === null) break;
        if (flying === 0 || !isKnown(price)) return { refused };
        signal?.throwIfAborted();
        await nextReturn(signal);
      }
      flying++;
      add(most, price, 1);
      return {
        settle(of) {
          flying--;
          add(most, price, -1);
          add(of, price, 1);
          const back = waiting;
          waiting = [];
          for (const look of back) look();
        },
      };
    },
  };
}
