import { z } from 'zod';
import { changeInWords, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import type { Model } from '../../orchestrator/domain/model.ts';
import { dataBlock } from '../data-block.ts';
import { systemPrompt } from '../prompt.ts';
import { workOf } from './invent.ts';
import { labInBlocks, type Told } from './told.ts';

const REVIEW = z.object({
  verdicts: z.array(z.object({ number: z.int(), keep: z.boolean(), because: z.string() })),
});

const LONGEST_DRAFTS = 12_000;

/**
 * The ideas without those that a second look speaks against. It can only drop: what it does not
 * mention stays, and so does everything where it gives no answer.
 */
export async function reviewed(
  ideas: readonly Proposal[],
  told: Told,
  model: Model,
  signal?: AbortSignal,
): Promise<readonly Proposal[]> {
  if (ideas.length === 0) return ideas;
  const drafts = ideas.map((idea, i) => `${i + 1}. ${inWords(idea)}`).join('\n\n');
  const reply = await model.ask(
    {
      ...{ role: 'researcher', step: 'criticise', work: workOf(told.brief) },
      on: told.brief.incumbent,
      system: systemPrompt('researcher-criticise'),
      messages: [
        {
          role: 'user',
          content: `${labInBlocks(told)}\n\n${dataBlock('drafts', drafts, LONGEST_DRAFTS)}`,
        },
      ],
      schema: { name: 'review', of: REVIEW },
    },
    signal,
  );
  if ('failure' in reply) return ideas;
  const turnedDown = new Set(
    reply.value.verdicts.filter(({ keep }) => !keep).map(({ number }) => number),
  );
  return ideas.filter((_, i) => !turnedDown.has(i + 1));
}

const inWords = ({ title, change, because, link }: Proposal): string =>
  [
    title,
    `change: ${change.kind === 'idea' ? change.text : changeInWords(change)}`,
    `because: ${because}`,
    ...(link === undefined ? [] : [`paper: ${link}`]),
  ].join('\n');
