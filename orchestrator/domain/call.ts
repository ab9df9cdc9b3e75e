import type { ExperimentId, HypothesisId, NightId } from './ids.ts';
import type { ModelCall, ModelFailure, Tokens } from './model.ts';
import type { Role } from './ports.ts';

/**
 * Calls of models: what of them is recorded, and what they came to. A call is paid for once: its
 * answer is sealed under a hash of all that the question is made of, and recalled from there.
 */

/** 32 hex digits: a hash of role, step, work, prompts, schema, model and its parameters. */
export type CallId = string;

export interface Called {
  readonly call: CallId;
  /** Null outside of all nights. */
  readonly night: NightId | null;
  readonly role: Role;
  readonly step: string;
  /** The piece of work it was asked for. */
  readonly work: string;
  readonly on: ExperimentId | HypothesisId | null;
  readonly model: string;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  /** Requests that were sent: retries and repairs are more than one. */
  readonly requests: number;
  readonly tokens: Tokens;
  /** The endpoint did not say how many: counted by length, or what was asked for at most. */
  readonly estimated: boolean;
  /** US dollars; null where nobody knows the model's price. */
  readonly usd: number | null;
  /** `lost`: sent, and the process ended before anybody heard. */
  readonly outcome: 'answered' | 'lost' | ModelFailure['class'];
  /** Why there was no answer, for people; null where there was one. */
  readonly message: string | null;
}

/** A call that came to its end. */
export type ModelCalled = { readonly type: 'model_called' } & Called;

/** A call with everything that was said. */
export interface CallRecord {
  readonly called: Called;
  readonly system: string;
  readonly messages: ModelCall['messages'];
  /** Name of the form that the reply had to have. */
  readonly schema: string | null;
  /** As it came; null where nothing did. */
  readonly reply: string | null;
}

/** Where calls are kept. */
export interface Calls {
  /** A call that was sealed; null where it never was, or is not what was written. */
  recall(call: CallId): Promise<CallRecord | null>;
  /** Durable before anything is sent: `called` is what counts if nobody hears of it again. */
  intend(called: Called): Promise<void>;
  /** The end of what was intended. With a record it can be recalled; durable when it resolves. */
  end(called: Called, record: CallRecord | null): Promise<void>;
}

/** What calls came to. */
export interface Spend {
  readonly calls: number;
  readonly tokens: Tokens;
  /** US dollars of the calls whose price is known. */
  readonly usd: number;
  /** Calls that cost what nobody knows. */
  readonly unpriced: number;
}

export const NO_SPEND: Spend = { calls: 0, tokens: { input: 0, output: 0 }, usd: 0, unpriced: 0 };

/** When a role first had to go on without its model, by what happened. */
export interface Without {
  readonly role: Role;
  readonly model: string;
  readonly outcome: Called['outcome'];
  readonly message: string;
  readonly at: string;
}

/** A night's calls. */
export interface NightCalls {
  readonly total: Spend;
  readonly by_role: Readonly<Partial<Record<Role, Spend>>>;
  readonly without: readonly Without[];
}

export const NO_CALLS: NightCalls = { total: NO_SPEND, by_role: {}, without: [] };

/** A model that is not there, or cannot be asked so; other failures are of one answer. */
const AWAY: ReadonlySet<Called['outcome']> = new Set<Called['outcome']>([
  'refused_key',
  'rate_limited',
  'unreachable',
  'timeout',
  'bad_request',
  'budget',
]);

/** Whether the call's end means that the night goes on without the model, for a while or for good. */
export const isAway = ({ outcome }: Pick<Called, 'outcome'>): boolean => AWAY.has(outcome);

/** A night's calls after one more. */
export function called(before: NightCalls, call: Called, at: string): NightCalls {
  const { role, model, outcome, message } = call;
  const known = before.without.some((one) => one.role === role && one.outcome === outcome);
  return {
    total: spent(before.total, call),
    by_role: { ...before.by_role, [role]: spent(before.by_role[role] ?? NO_SPEND, call) },
    without:
      isAway(call) && !known
        ? [...before.without, { role, model, outcome, message: message ?? '', at }]
        : before.without,
  };
}

/** Spend after one more call. Nothing was sent where the budget forbade it. */
export const spent = (before: Spend, { tokens, usd, requests }: Called): Spend => ({
  calls: before.calls + (requests > 0 ? 1 : 0),
  tokens: {
    input: before.tokens.input + tokens.input,
    output: before.tokens.output + tokens.output,
  },
  usd: before.usd + (usd ?? 0),
  unpriced: before.unpriced + (usd === null ? 1 : 0),
});
