import type { Clock } from '../../orchestrator/domain/ports.ts';
import type { ModelFailure, Tokens } from '../../orchestrator/domain/model.ts';
import type { ModelConfig, Price, Structured } from '../../orchestrator/domain/plan-agents.ts';
import type { Heard } from './heard.ts';
import { LADDER } from './form.ts';
import { AWAY_MS, waitBefore } from './patience.ts';
import { request, type Asked } from './request.ts';

/** A model at its place: what was found out about it, and requests sent with patience. */

export interface World {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Nothing is tried twice. */
  readonly hasty?: boolean;
}

/** Counts each request of a call, before it is sent and when it has come back. */
export interface Meter {
  /** A failure where the budget does not bear it. */
  readonly before: (most: Tokens, signal?: AbortSignal) => Promise<ModelFailure | null>;
  readonly after: (tokens: Tokens, estimated: boolean) => void;
}

export type Sent =
  | Extract<Heard, { kind: 'reply' }>
  | { readonly failure: ModelFailure; readonly of_form: boolean };

export interface Endpoint {
  readonly config: ModelConfig;
  readonly price: Price | null;
  /** Why it is not asked at present; null where it is. */
  away(): ModelFailure | null;
  /** How it is made to answer in a form, as far as is known. */
  form(): Structured;
  /**
   * It cannot answer so: the next lower way, or null where there is none (or the plan chose). Of
   * several calls that find this out together, the first lowers it.
   */
  lower(from: Structured): Structured | null;
  send(asked: Asked, meter: Meter, signal?: AbortSignal): Promise<Sent>;
}

export function openEndpoint(
  config: ModelConfig,
  price: Price | null,
  secret: string | null,
  { clock, random, pause, hasty = false }: World,
): Endpoint {
  // One that was read from a file ends in a newline, which no header bears.
  const key = secret?.trim() || null;
  let forms = config.structured === 'auto' ? LADDER : [config.structured];
  let gone: { readonly failure: ModelFailure; readonly until: number } | null =
    config.api_key_env !== null && key === null
      ? { failure: noKey(config, 'none'), until: Infinity }
      : key !== null && !/^[\x20-\x7e]+$/.test(key)
        ? { failure: noKey(config, 'characters that no key has'), until: Infinity }
        : null;
  /** It said that the most tokens of a reply are `max_completion_tokens` there. */
  let renamed = false;
  /** It was away, and has not answered since. */
  let doubted = hasty;

  const leave = (failure: ModelFailure, ms: number): void => {
    gone = { failure, until: clock.monotonic() + ms };
    doubted = true;
  };

  const away = (): ModelFailure | null =>
    gone !== null && clock.monotonic() < gone.until ? gone.failure : null;

  async function send(asked: Asked, meter: Meter, signal?: AbortSignal): Promise<Sent> {
    const most = { input: estimated(asked), output: asked.max_tokens };
    for (let tries = 1; ; tries++) {
      const refused = await meter.before(most, signal);
      if (refused) return { failure: refused, of_form: false };
      const heard = await heardOf(asked, most, meter, signal);
      if (heard.kind === 'reply') {
        doubted = false;
        return heard;
      }
      if (heard.renamed && !renamed) {
        renamed = true;
        continue;
      }
      const { message, of_form, retry_after } = heard;
      const failure: ModelFailure = { class: heard.class, message };
      const late = heard.class === 'timeout';
      const wait =
        heard.passing && !doubted ? waitBefore(tries, { late, retry_after }, random()) : null;
      if (wait === null) {
        if (heard.class === 'refused_key') leave(failure, Infinity);
        else if (heard.unknown || (isOutage(heard.class) && !of_form))
          leave(failure, Math.max(AWAY_MS, (retry_after ?? 0) * 1000));
        return { failure, of_form };
      }
      await pause(wait, signal);
    }
  }

  /** What was sent and not heard of counts for what was read: somebody may have been paid. */
  async function heardOf(
    asked: Asked,
    most: Tokens,
    meter: Meter,
    signal?: AbortSignal,
  ): Promise<Heard> {
    try {
      const heard = await request(config, key, { ...asked, renamed }, signal);
      if (heard.kind === 'reply')
        meter.after(
          heard.tokens ?? { input: most.input, output: tokensOf(heard.text) },
          heard.tokens === null,
        );
      else if (heard.took === 'unknown') meter.after(most, true);
      else meter.after(heard.took === 'nothing' ? NOTHING : heard.took, false);
      return heard;
    } catch (error) {
      meter.after(most, true);
      throw error;
    }
  }

  return {
    ...{ config, price, away, send },
    form: () => forms[0] ?? 'text',
    lower(from) {
      if (forms[0] === from) {
        if (forms.length < 2) return null;
        forms = forms.slice(1);
      }
      return forms[0] ?? null;
    },
  };
}

const NOTHING: Tokens = { input: 0, output: 0 };

const isOutage = (found: ModelFailure['class']): boolean =>
  found === 'rate_limited' || found === 'unreachable' || found === 'timeout';

const noKey = ({ model, api_key_env }: ModelConfig, found: string): ModelFailure => ({
  class: 'refused_key',
  message: `${model}: expected a key in the variable ${api_key_env ?? ''}, found ${found}`,
});

/**
 * A token is about four characters of English, three of code and one of Chinese, so hardly ever less
 * than three bytes: what a budget bears is not to depend on the language.
 */
const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3);

const estimated = ({ system, messages, form }: Asked): number =>
  tokensOf(system) +
  messages.reduce((sum, { content }) => sum + tokensOf(content), 0) +
  (form ? tokensOf(JSON.stringify(form.schema)) : 0);
