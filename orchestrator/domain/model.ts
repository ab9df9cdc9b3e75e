import type { z } from 'zod';
import type { ExperimentId, HypothesisId } from './ids.ts';
import type { Role } from './ports.ts';

/**
 * A language model, as agents see it. What it says is never a fact until the harness has measured
 * it, and never an error: an agent that gets no answer goes on without one.
 */

/** One question. The same question of the same piece of work is asked, and paid for, once. */
export interface ModelCall<T = string> {
  readonly role: Role;
  /** Which of the role's steps asks: `draft`, `criticise`, `write`, `repair`, `compose`. */
  readonly step: string;
  /** The piece of work it is asked for, such as `propose-N-0001-3` or `write-H-0012`. */
  readonly work: string;
  readonly on?: ExperimentId | HypothesisId | null;
  /** Our instructions, and nothing that anybody else wrote. */
  readonly system: string;
  /** What follows, oldest first; what others wrote stands in data blocks (`agents/data-block.ts`). */
  readonly messages: readonly {
    readonly role: 'user' | 'assistant';
    readonly content: string;
  }[];
  /** What the reply must be. Absent: text, as it came. No `z.optional()`: strict endpoints refuse it. */
  readonly schema?: { readonly name: string; readonly of: z.ZodType<T> };
  /** Most tokens of the reply. */
  readonly max_tokens?: number;
}

/** Why there is no answer. `message` is a sentence for people. */
export interface ModelFailure {
  readonly class:
    /** The plan names no model for the role. */
    | 'none'
    /** 401 or 403: it is not asked again. */
    | 'refused_key'
    /** 429, and patience is spent. */
    | 'rate_limited'
    /** 5xx, or no connection, and patience is spent. */
    | 'unreachable'
    | 'timeout'
    /** Cut off at its length, and once more when asked again. */
    | 'truncated'
    /** It declined to answer. */
    | 'refused'
    /** Not of the schema, and not after one repair either. */
    | 'malformed'
    | 'empty'
    /** The night's `llm_usd` or `tokens` are spent. */
    | 'budget'
    /** The endpoint turned the request down: a wrong model name, too long a prompt. */
    | 'bad_request';
  readonly message: string;
}

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

export type ModelReply<T = string> =
  | {
      readonly value: T;
      /** As it came, without what was thought aloud before it. */
      readonly text: string;
      /** Id of the call's record. */
      readonly call: string;
      /** Who answered, such as `gpt-5-mini`. */
      readonly model: string;
    }
  | { readonly failure: ModelFailure };

export interface Model {
  /**
   * Answers a call, from its record where it was answered before. Rejects for bugs of ours and with
   * the signal's reason where it fires; everything else is a `failure`.
   */
  ask<T = string>(call: ModelCall<T>, signal?: AbortSignal): Promise<ModelReply<T>>;
  /** Whether a role has a model that is still worth asking. */
  has(role: Role): boolean;
}

/** The model of a plan that names none. */
export const NO_MODEL: Model = {
  ask: () => Promise.resolve({ failure: { class: 'none', message: 'the plan names no model' } }),
  has: () => false,
};
