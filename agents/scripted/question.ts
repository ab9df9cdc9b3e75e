import { z } from 'zod';

/** What the scripted endpoint reads of a request. */
export interface Question {
  /** `researcher/draft`, as AutoLab sends it along; null from anybody else. */
  readonly step: string | null;
  /** System prompt and messages, an empty line between them. */
  readonly text: string;
  readonly model: string;
  readonly stream: boolean;
  /** Whether a stream ends with the tokens it took. */
  readonly usage: boolean;
  /** The tool that must be called; null: none need be. */
  readonly tool: string | null;
}

const requestBody = z.object({
  model: z.string().min(1),
  messages: z
    .array(
      z.object({
        content: z
          .union([z.string(), z.array(z.object({ text: z.string().optional() }))])
          .nullish(),
      }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).nullish(),
  tool_choice: z.unknown().optional(),
});

/** The question, or what is wrong with the body in a sentence. */
export function questionIn(
  body: string,
  step: string | null,
): { readonly question: Question } | { readonly problem: string } {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return { problem: 'expected a JSON body' };
  }
  const parsed = requestBody.safeParse(data);
  if (!parsed.success) return { problem: z.prettifyError(parsed.error) };
  const { model, messages, stream, stream_options, tools, tool_choice } = parsed.data;
  const texts = messages.map(({ content }) =>
    typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join(''),
  );
  const free = tool_choice === 'none' || tool_choice === 'auto' || tool_choice === undefined;
  return {
    question: {
      ...{ step, text: texts.join('\n\n'), model, stream: stream === true },
      usage: stream_options?.include_usage === true,
      tool: free ? null : (tools?.[0]?.function.name ?? null),
    },
  };
}
