import type { Called } from '../../orchestrator/domain/call.ts';
import type { Tokens } from '../../orchestrator/domain/model.ts';
import type { Price } from '../../orchestrator/domain/plan-agents.ts';
import type { Meter } from './endpoint.ts';
import { cost } from './prices.ts';
import type { Purse, Taken } from './purse.ts';

type Count = Pick<Called, 'requests' | 'tokens' | 'estimated' | 'usd'>;

/**
 * Counts what a call's requests take. `intend` is told, before each is sent, what the call has come
 * to if nobody ever hears of it.
 */
export function openMeter(
  purse: Purse,
  price: Price | null,
  intend: (lost: Count) => Promise<void>,
): Meter & { readonly count: () => Count } {
  let requests = 0;
  let tokens: Tokens = { input: 0, output: 0 };
  let guessed = false;
  let taken: Taken | null = null;
  const count = (more: Tokens = NOTHING, estimated = guessed): Count => {
    const all = plus(tokens, more);
    const free = all.input + all.output === 0;
    return { requests, tokens: all, estimated, usd: price ? cost(price, all) : free ? 0 : null };
  };
  return {
    count: () => count(),
    async before(most, signal) {
      const took = await purse.take(most, price, signal);
      if ('refused' in took) return { class: 'budget', message: took.refused };
      taken = took;
      requests++;
      await intend(count(most, true)).catch((error: unknown) => {
        took.settle(NOTHING);
        throw error;
      });
      return null;
    },
    after(used, estimated) {
      taken?.settle(used);
      tokens = plus(tokens, used);
      guessed ||= estimated;
    },
  };
}

const NOTHING: Tokens = { input: 0, output: 0 };
const plus = (a: Tokens, b: Tokens): Tokens => ({
  input: a.input + b.input,
  output: a.output + b.output,
});
