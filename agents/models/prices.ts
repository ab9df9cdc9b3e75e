import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Tokens } from '../../orchestrator/domain/model.ts';
import type { Agents, ModelConfig, Price } from '../../orchestrator/domain/plan-agents.ts';
import { packageRoot } from '../prompt.ts';

/** What tokens cost: what the plan says, or else the table in prices.json. */

const table = z.object({
  hosts: z.record(
    z.string(),
    z.object({
      as_of: z.string(),
      models: z.record(z.string(), z.tuple([z.number(), z.number()])),
    }),
  ),
});
const read = () =>
  table.parse(
    JSON.parse(readFileSync(join(packageRoot(), 'agents', 'models', 'prices.json'), 'utf8')),
  );
let known: z.output<typeof table> | undefined;

/** Null where nobody knows it, which is not the same as nothing. */
export function priceOf(
  { model, base_url }: Pick<ModelConfig, 'model' | 'base_url'>,
  prices: Agents['prices'],
): Price | null {
  const own = at(prices, model);
  if (own) return own;
  const found = at(listed(base_url)?.models ?? {}, model);
  return found ? { input: found[0], output: found[1] } : null;
}

/** The month that the table's price is of; null where the price is the plan's, or unknown. */
export const pricedIn = (
  { model, base_url }: Pick<ModelConfig, 'model' | 'base_url'>,
  prices: Agents['prices'],
): string | null => {
  const host = listed(base_url);
  return host && at(host.models, model) && !at(prices, model) ? host.as_of : null;
};

const listed = (base_url: string) => at((known ??= read()).hosts, new URL(base_url).host);

/** Names are anybody's: `constructor` is one, too. */
const at = <T>(of: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

/** US dollars. */
export const cost = (price: Price, { input, output }: Tokens): number =>
  (price.input * input + price.output * output) / 1e6;
