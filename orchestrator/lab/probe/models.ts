import type { Probed } from '../../../agents/models/probe.ts';
import { modelOf, ROLES, type ModelConfig } from '../../domain/plan-agents.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Role } from '../../domain/ports.ts';
import { clock } from '../lab.ts';
import { odd, ok, type Probe } from './probe.ts';

/**
 * One tiny call of each model that the plan names: whether it answers, in a given form, and whether
 * its price is known. Never `bad`: a night goes on without.
 */
export async function modelProbes(
  { agents, budget }: Pick<Plan, 'agents' | 'budget'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Probe[]> {
  const models = new Map<string, { readonly config: ModelConfig; readonly roles: Role[] }>();
  for (const role of ROLES) {
    const config = modelOf(agents, role);
    if (!config) continue;
    const same = JSON.stringify(config);
    const found = models.get(same) ?? { config, roles: [] };
    found.roles.push(role);
    models.set(same, found);
  }
  if (models.size === 0) return [ok('model', 'none: the agents think without one')];
  const { probeModel } = await import('../../../agents/models/probe.ts');
  return Promise.all(
    [...models.values()].map(async ({ config, roles }) => {
      const { api_key_env } = config;
      const key = (api_key_env !== null && environment[api_key_env]) || null;
      const probed = await probeModel(config, agents.prices, key, clock);
      return said(roles, config, probed, budget.llm_usd !== undefined);
    }),
  );
}

const FORMS = {
  schema: 'structured output by JSON schema',
  tools: 'structured output by calling a tool',
  json: 'no structured output but JSON mode: replies are checked and repaired here',
  text: 'no structured output: JSON is asked for in words, checked and repaired here',
} as const;

function said(
  roles: readonly Role[],
  { model, base_url }: ModelConfig,
  { failure, form, price, priced, tokens }: Probed,
  inDollars: boolean,
): Probe {
  const who = roles.length === ROLES.length ? 'all roles' : roles.join(', ');
  if (failure) return odd('model', `${who}: ${failure.message}. A night would go on without it`);
  const host = new URL(base_url).host;
  const cost = price
    ? `${price.input} and ${price.output} dollars per million tokens read and written${priced === null ? '' : ` (list price of ${priced})`}`
    : 'price unknown (agents.prices can say it)';
  const used = `asked with ${tokens.input + tokens.output} tokens`;
  const text = `${who}: ${model} at ${host} answers (${used}); ${FORMS[form]}; ${cost}`;
  return price === null && inDollars
    ? odd(
        'model',
        `${text}. budget.llm_usd cannot be kept without a price, so it will not be asked`,
      )
    : ok('model', text);
}
