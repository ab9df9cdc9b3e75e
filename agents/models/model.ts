import { setTimeout as sleep } from 'node:timers/promises';
import type { Called, CallRecord, Calls, Spend } from '../../orchestrator/domain/call.ts';
import type { NightId } from '../../orchestrator/domain/ids.ts';
import type {
  Model,
  ModelCall,
  ModelFailure,
  ModelReply,
} from '../../orchestrator/domain/model.ts';
import { modelOf, ROLES, type Agents } from '../../orchestrator/domain/plan-agents.ts';
import type { Role } from '../../orchestrator/domain/ports.ts';
import { converse, type Said } from './converse.ts';
import { openEndpoint, type Endpoint, type World } from './endpoint.ts';
import { readReply } from './form.ts';
import { callId } from './key.ts';
import { openMeter } from './meter.ts';
import { priceOf } from './prices.ts';
import { openPurse, type Purse } from './purse.ts';

/** The models that a plan names, as the port `Model`. */

export interface ModelParts extends Pick<World, 'clock' | 'random'> {
  readonly agents: Agents;
  /** What calls are booked on; null outside of all nights. */
  readonly night: NightId | null;
  readonly budget: {
    readonly llm_usd?: number | undefined;
    readonly tokens?: number | undefined;
  };
  /** What the night has spent already. */
  readonly spent: Spend;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly calls: Calls;
  /** Waits before a further try. */
  readonly pause?: World['pause'];
}

export interface Models extends Model {
  /** Why a role is not asked at all, as far as is known before the first call; that is recorded. */
  unasked(role: Role): Promise<ModelFailure | null>;
}

export function createModel(parts: ModelParts): Models {
  const endpoints = openEndpoints(parts);
  const purse = openPurse(parts.budget, parts.spent);
  /** Roles whose calls are larger than what is left; what others ask may be smaller. */
  const broke = new Map<Role, ModelFailure>();
  const underWay = new Map<string, Promise<unknown>>();

  const why = (role: Role): ModelFailure | null => {
    const endpoint = endpoints.get(role);
    if (!endpoint) return { class: 'none', message: NONE };
    const spent = purse.why(endpoint.price);
    const empty = spent === null ? null : ({ class: 'budget', message: spent } as const);
    return endpoint.away() ?? broke.get(role) ?? empty;
  };

  async function ask<T = string>(call: ModelCall<T>, signal?: AbortSignal): Promise<ModelReply<T>> {
    signal?.throwIfAborted();
    const endpoint = endpoints.get(call.role);
    if (!endpoint) return { failure: { class: 'none', message: NONE } };
    const id = callId(call as ModelCall<unknown>, endpoint.config);
    // Asked twice at once, it is sent once.
    const before = underWay.get(id) as Promise<ModelReply<T>> | undefined;
    if (before) return before;
    const answer = answerOf(parts, endpoint, purse, call, id, signal);
    underWay.set(id, answer);
    const reply = await answer.finally(() => underWay.delete(id));
    if ('failure' in reply && reply.failure.class === 'budget') broke.set(call.role, reply.failure);
    return reply;
  }

  async function unasked(role: Role): Promise<ModelFailure | null> {
    const endpoint = endpoints.get(role);
    const failure = why(role);
    if (!endpoint || !failure) return null;
    const call = { role, step: 'none', work: 'launch', system: '', messages: [] };
    const about = aboutCall(parts, endpoint, call, callId(call, endpoint.config));
    const nothing = { requests: 0, tokens: { input: 0, output: 0 }, estimated: false, usd: 0 };
    const { class: outcome, message } = failure;
    await parts.calls.end({ ...about, ...nothing, seconds: 0, outcome, message }, null);
    return failure;
  }

  return { ask, has: (role) => why(role) === null, unasked };
}

const NONE = 'the plan names no model for this role';

/** Roles that think with the same model at the same place know the same of it. */
function openEndpoints({ agents, environment, ...parts }: ModelParts): ReadonlyMap<Role, Endpoint> {
  const { clock, random, pause = wait } = parts;
  const open = new Map<string, Endpoint>();
  const byRole = ROLES.flatMap((role): [Role, Endpoint][] => {
    const config = modelOf(agents, role);
    if (!config) return [];
    const same = JSON.stringify(config);
    const { api_key_env } = config;
    const key = (api_key_env !== null && environment[api_key_env]) || null;
    const found =
      open.get(same) ??
      openEndpoint(config, priceOf(config, agents.prices), key, { clock, random, pause });
    open.set(same, found);
    return [[role, found]];
  });
  return new Map(byRole);
}

const wait: World['pause'] = (ms, signal) => sleep(ms, undefined, signal ? { signal } : {});

async function answerOf<T>(
  parts: ModelParts,
  endpoint: Endpoint,
  purse: Purse,
  call: ModelCall<T>,
  id: string,
  signal?: AbortSignal,
): Promise<ModelReply<T>> {
  const sealed = await parts.calls.recall(id);
  if (sealed) return recalled(sealed, call);
  const away = endpoint.away();
  if (away) return { failure: away };
  const begun = parts.clock.monotonic();
  const about = aboutCall(parts, endpoint, call, id);
  const meter = openMeter(purse, endpoint.price, (lost) =>
    parts.calls.intend({ ...about, ...lost, seconds: 0, outcome: 'lost', message: LOST }),
  );
  const said = await converse(endpoint, call, meter, signal).catch(async (error: unknown) => {
    await parts.calls.end({ ...about, ...meter.count(), ...ended('lost', LOST) }, null);
    throw error;
  });
  const [outcome, message] =
    'failure' in said ? [said.failure.class, said.failure.message] : (['answered', null] as const);
  const called: Called = { ...about, ...meter.count(), ...ended(outcome, message) };
  await parts.calls.end(called, recordOf(called, call, said));
  if ('failure' in said) return { failure: said.failure };
  return { value: said.value, text: said.text, call: id, model: endpoint.config.model };

  function ended(how: Called['outcome'], why: string | null) {
    return { seconds: (parts.clock.monotonic() - begun) / 1000, outcome: how, message: why };
  }
}

const LOST = 'sent, and nobody heard what came of it';

const aboutCall = (
  { night, clock }: ModelParts,
  { config }: Endpoint,
  { role, step, work, on = null }: Pick<ModelCall, 'role' | 'step' | 'work' | 'on'>,
  call: string,
) => ({
  ...{ call, night, role, step, work, on, model: config.model },
  started: new Date(clock.now()).toISOString(),
});

/**
 * What was said, to be recalled: also a refusal and what could not be used, which the same question
 * would only be paid for again. An endpoint that was not there may answer another time.
 */
function recordOf<T>(called: Called, call: ModelCall<T>, said: Said<T>): CallRecord | null {
  const final = ['answered', 'refused', 'malformed', 'truncated'].includes(called.outcome);
  const { system, messages, schema } = call;
  return final
    ? { called, system, messages, schema: schema?.name ?? null, reply: said.text }
    : null;
}

function recalled<T>({ called, reply }: CallRecord, { schema }: ModelCall<T>): ModelReply<T> {
  const { outcome, message, call, model } = called;
  if (outcome !== 'answered' || reply === null) {
    const failure = { class: outcome, message: message ?? '' } as ModelFailure;
    return { failure };
  }
  if (!schema) return { value: reply as T, text: reply, call, model };
  const reading = readReply(schema.of, reply);
  // The form is a part of the id: only a rule that no schema shows can have changed.
  if ('problem' in reading) return { failure: { class: 'malformed', message: reading.problem } };
  return { value: reading.value, text: reply, call, model };
}
