import { createHash } from 'node:crypto';
import type { CallId } from '../../orchestrator/domain/call.ts';
import type { ModelCall } from '../../orchestrator/domain/model.ts';
import { canonical } from '../../orchestrator/domain/plan.ts';
import type { ModelConfig } from '../../orchestrator/domain/plan-agents.ts';
import { jsonSchemaOf } from './form.ts';

/**
 * A call's id: equal for the same question of the same piece of work to the same model, so that its
 * answer is recalled and not paid for again. Where the model answers is no part of it.
 */
export function callId(call: ModelCall<unknown>, config: ModelConfig): CallId {
  const { role, step, work, system, messages, schema, max_tokens } = call;
  const { model, temperature } = config;
  const form = schema && jsonSchemaOf(schema.name, schema.of);
  const room = max_tokens ?? config.max_tokens;
  const question = { role, step, work, system, messages, form, model, temperature, room };
  return createHash('sha256').update(canonical(question)).digest('hex').slice(0, 32);
}
