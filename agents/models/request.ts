import { createRequire } from 'node:module';

import type { ModelCall } from '../../orchestrator/domain/model.ts';
import {
  OPENAI,
  type ModelConfig,
  type Structured,
} from '../../orchestrator/domain/plan-agents.ts';
import { heardIn, type Heard } from './heard.ts';
import { listen } from './post.ts';
import { troubleOf } from './trouble.ts';

// By `require`, like LangGraph: of each, one copy.
const require = createRequire(import.meta.url);
const { AIMessage, HumanMessage, SystemMessage } =
  require('@langchain/core/messages') as typeof import('@langchain/core/messages');
const { ChatOpenAICompletions } =
  require('@langchain/openai') as typeof import('@langchain/openai');

/**
 * One request to an endpoint that speaks OpenAI's chat completions, and what came back. LangChain
 * writes it; what came is read here, from the response itself: of a reply that is cut off, empty or
 * no JSON LangChain throws, and text and usage were lost.
 */

export interface Asked {
  /** `researcher/draft`; sent along, so that a scripted endpoint can tell questions apart. */
  readonly step: string;
  readonly system: string;
  readonly messages: ModelCall['messages'];
  readonly max_tokens: number;
  /** These go by `max_completion_tokens`; absent: by what the client thinks of the model's name. */
  readonly renamed?: boolean;
  /** The form of the reply; null: text. */
  readonly form: Form | null;
}

export interface Form {
  readonly by: Structured;
  readonly name: string;
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What the client takes from the environment is OpenAI's, and nobody else's to know. */
const ELSEWHERE = { organization: null, project: null };

/** Never rejects but with the signal's reason. */
export async function request(
  config: ModelConfig,
  key: string | null,
  asked: Asked,
  signal?: AbortSignal,
): Promise<Heard> {
  const line = listen();
  const model = new ChatOpenAICompletions({
    model: config.model,
    // The client insists on a key, also where the endpoint needs none.
    apiKey: key ?? 'none',
    ...(config.temperature === null ? {} : { temperature: config.temperature }),
    ...(asked.renamed ? {} : { maxTokens: asked.max_tokens }),
    timeout: config.timeout * 1000,
    maxRetries: 0,
    modelKwargs: {
      ...formOf(asked.form),
      ...(asked.renamed ? { max_completion_tokens: asked.max_tokens } : {}),
    },
    configuration: {
      ...(config.base_url === OPENAI ? {} : ELSEWHERE),
      baseURL: config.base_url,
      fetch: line.fetch,
      defaultHeaders: { 'x-autolab-step': asked.step },
    },
  });
  let thrown: unknown = null;
  try {
    await model.invoke(messagesOf(asked), signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    thrown = error;
  }
  const came = line.came();
  const reading = {
    formed: asked.form !== null && asked.form.by !== 'text',
    // An endpoint's message may repeat the key.
    hide: (text: string) => (key === null ? text : text.replaceAll(key, '…')),
    taken: line.taken(),
  };
  const heard = came?.ok ? heardIn(came.text, reading) : troubleOf(came, thrown, reading);
  if (heard.kind === 'reply') return heard;
  const { host, pathname } = new URL(config.base_url);
  const bare = pathname === '/' && came !== null && MISPLACED.has(heard.class);
  const late = heard.class === 'timeout' ? ` (agents.timeout: ${config.timeout} s)` : '';
  const message = `${config.model} at ${host}: ${heard.message}${late}${bare ? NO_PATH : ''}`;
  return { ...heard, message };
}

const MISPLACED: ReadonlySet<string> = new Set(['bad_request', 'malformed', 'unreachable']);
const NO_PATH = ' (at most places base_url ends in /v1)';

const messagesOf = ({ system, messages }: Asked) => [
  new SystemMessage(whole(system)),
  ...messages.map(({ role, content }) =>
    role === 'user' ? new HumanMessage(whole(content)) : new AIMessage(whole(content)),
  ),
];

/** Text that was cut in the middle of a character is no Unicode, which servers refuse to read. */
const whole = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

function formOf(form: Form | null): Record<string, unknown> {
  if (form === null || form.by === 'text') return {};
  const { name, schema } = form;
  if (form.by === 'json') return { response_format: { type: 'json_object' } };
  if (form.by === 'schema')
    return {
      response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } },
    };
  return {
    tools: [
      { type: 'function', function: { name, description: 'The answer.', parameters: schema } },
    ],
    tool_choice: { type: 'function', function: { name } },
  };
}
