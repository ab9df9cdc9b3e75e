import { z } from 'zod';
import type { ModelFailure, Tokens } from '../../orchestrator/domain/model.ts';
import type {
  Agents,
  ModelConfig,
  Price,
  Structured,
} from '../../orchestrator/domain/plan-agents.ts';
import { converse } from './converse.ts';
import { openEndpoint, type World } from './endpoint.ts';
import { openMeter } from './meter.ts';
import { pricedIn, priceOf } from './prices.ts';
import { openPurse } from './purse.ts';
import { NO_SPEND } from '../../orchestrator/domain/call.ts';

/** What one tiny call found out about a model. It is recorded nowhere. */
export interface Probed {
  /** Why it cannot be used; null where it can. */
  readonly failure: ModelFailure | null;
  /** How it was made to answer in a form. */
  readonly form: Structured;
  readonly tokens: Tokens;
  /** Null where nobody knows it. */
  readonly price: Price | null;
  /** The month that the price is of; null where the plan says it. */
  readonly priced: string | null;
}

const READY = z.strictObject({ ready: z.boolean() });

/** One question in a form, nothing tried twice but for what forms the endpoint has. */
export async function probeModel(
  config: ModelConfig,
  prices: Agents['prices'],
  key: string | null,
  clock: World['clock'],
): Promise<Probed> {
  const price = priceOf(config, prices);
  const pause = () => Promise.resolve();
  const endpoint = openEndpoint(config, price, key, { clock, pause, random: () => 0, hasty: true });
  const meter = openMeter(openPurse({}, NO_SPEND), price, () => Promise.resolve());
  const away = endpoint.away();
  const said = away
    ? { failure: away }
    : await converse(
        endpoint,
        {
          ...{ role: 'reporter', step: 'check', work: 'check', max_tokens: config.max_tokens },
          system: 'You are asked whether you can be reached.',
          messages: [{ role: 'user', content: 'Say that you are ready: ready is true.' }],
          schema: { name: 'readiness', of: READY },
        },
        meter,
      );
  const failure = 'failure' in said ? said.failure : null;
  const { tokens } = meter.count();
  return { failure, form: endpoint.form(), tokens, price, priced: pricedIn(config, prices) };
}
