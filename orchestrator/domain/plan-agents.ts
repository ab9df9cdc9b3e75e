import { z } from 'zod';
import type { Role } from './ports.ts';
import { count, duration, mapping, name, named, number } from './plan-parts.ts';

/** What the agents think with: `agents` of the plan, for all roles and for single ones. */

const URL_WANTED = { error: 'expected an address such as http://localhost:11434/v1' };
const BARE_URL = {
  error: 'expected an address without password, ? and # (a key comes from api_key_env)',
};
const VARIABLE = {
  error: 'expected the name of a variable, such as OPENAI_API_KEY, not its value',
};
const TEMPERATURE = { error: 'expected a number from 0 to 2' };
const REPAIRS = { error: 'expected a whole number, 0 or above' };
const PRICE = { error: 'expected US dollars per million tokens, 0 or above' };

const model = name.describe(
  'The model, as its endpoint calls it; none: the agents think without one.',
);
const endpoint = {
  base_url: z
    .string(URL_WANTED)
    .refine((text) => /^https?:/.test(text) && URL.canParse(text), { ...URL_WANTED, abort: true })
    .refine((text) => !/^[^/]*\/\/[^/]*@|[?#]/.test(text), BARE_URL)
    .optional()
    .describe('Where it answers (OpenAI’s protocol); default: https://api.openai.com/v1.'),
  api_key_env: z
    .string(VARIABLE)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, VARIABLE)
    .optional()
    .describe(
      'Name of your variable that holds the key; default: OPENAI_API_KEY at OpenAI, none at a base_url of yours.',
    ),
  temperature: number
    .min(0, TEMPERATURE)
    .max(2, TEMPERATURE)
    .optional()
    .describe('Default: the endpoint’s own.'),
  max_tokens: count.optional().describe('Most tokens of a reply; default: 4096.'),
  timeout: duration.optional().describe('Of one request; default: 2m.'),
  structured: z
    .enum(['auto', 'schema', 'tools', 'json', 'text'], {
      error: 'expected auto, schema, tools, json or text',
    })
    .optional()
    .describe(
      'How it is made to answer in a given form: by JSON schema, by a tool, in JSON mode, or by asking; auto finds out.',
    ),
};

const role = mapping({ model: model.optional(), ...endpoint })
  .optional()
  .describe('What this role has otherwise.');

export const ROLES: readonly Role[] = ['researcher', 'planner', 'worker', 'reporter'];

/** Of a million tokens, in US dollars. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

export const agents = mapping({
  model: model.default('none'),
  ...endpoint,
  researcher: role,
  planner: role,
  worker: role,
  reporter: role,
  ideas: count.default(3).describe('How many hypotheses the model may add in a round.'),
  repairs: z
    .int(REPAIRS)
    .nonnegative(REPAIRS)
    .default(3)
    .describe('How often a crash of a written change is repaired.'),
  papers: z
    .enum(['on', 'off'], { error: 'expected on or off' })
    .default('on')
    .describe('Whether papers are looked up, where there is a model to read them.'),
  prices: named(
    z.string(),
    mapping({ input: number.nonnegative(PRICE), output: number.nonnegative(PRICE) }),
  )
    .default({})
    .describe('US dollars per million tokens by model, where AutoLab’s table is wrong or silent.'),
})
  .prefault({})
  .describe('What the agents think with.');

export type Agents = z.output<typeof agents>;

/** A role's model, everything decided. */
export interface ModelConfig {
  readonly model: string;
  readonly base_url: string;
  /** Null: the endpoint needs none. */
  readonly api_key_env: string | null;
  /** Null: the endpoint's own. */
  readonly temperature: number | null;
  readonly max_tokens: number;
  /** Seconds. */
  readonly timeout: number;
  readonly structured: 'auto' | Structured;
}

/** How an endpoint is made to answer in a given form, the surest first. */
export type Structured = 'schema' | 'tools' | 'json' | 'text';

export const OPENAI = 'https://api.openai.com/v1';

/**
 * What a role thinks with; null where it has no model. A key is its endpoint's: a role that names an
 * endpoint of its own does not send the others' key there.
 */
export function modelOf(agents: Agents, role: Role): ModelConfig | null {
  const own = agents[role] ?? {};
  const model = own.model ?? agents.model;
  if (model === 'none') return null;
  const keys = own.base_url === undefined ? [own, agents] : [own];
  const base_url = (own.base_url ?? agents.base_url ?? OPENAI).replace(/\/+$/, '');
  return {
    ...{ model, base_url },
    api_key_env:
      keys.map(({ api_key_env }) => api_key_env).find((key) => key !== undefined) ??
      (base_url === OPENAI ? 'OPENAI_API_KEY' : null),
    temperature: own.temperature ?? agents.temperature ?? null,
    max_tokens: own.max_tokens ?? agents.max_tokens ?? 4096,
    timeout: own.timeout ?? agents.timeout ?? 120,
    structured: own.structured ?? agents.structured ?? 'auto',
  };
}
