import type { ResearcherBrief } from '../../orchestrator/domain/brief.ts';
import { changeKey, type Proposal } from '../../orchestrator/domain/hypothesis.ts';
import type { Model, ModelCall } from '../../orchestrator/domain/model.ts';
import { arxivIdIn, type Paper, type PaperSource } from '../papers/source.ts';
import { systemPrompt } from '../prompt.ts';
import { considered, IDEAS, type Dropped, type Idea } from './idea.ts';
import { labInBlocks, type Told } from './told.ts';

/** What a model thinks of, as far as the rules let it. */

type Message = ModelCall['messages'][number];

/** Whom ideas are asked of, and what they may rest on. */
export interface Sources {
  readonly model: Model;
  readonly papers: PaperSource | null;
}

export interface Wish {
  readonly most: number;
  /** Nothing else is left to try. */
  readonly last: boolean;
}

/**
 * At most `most` hypotheses of the model's. Where none passes the rules and nothing else is left to
 * try, it is told why and asked once more: a model that brings nothing new then has no
 * more ideas for this incumbent.
 */
export async function invent(
  told: Told,
  { most, last }: Wish,
  sources: Sources,
  signal?: AbortSignal,
): Promise<readonly Proposal[]> {
  const ask = (messages: readonly Message[]) => draft(told, messages, most, sources, signal);
  const question: Message[] = [{ role: 'user', content: request(told, most) }];
  const first = await ask(question);
  if (first === null || first.proposals.length > 0 || !last) return first?.proposals ?? [];
  const again: Message[] = [
    ...question,
    { role: 'assistant', content: first.text },
    { role: 'user', content: turnedDown(first.dropped) },
  ];
  return (await ask(again))?.proposals ?? [];
}

const request = (told: Told, most: number): string =>
  `${labInBlocks(told)}\n\nPropose at most ${most} on top of ${told.brief.incumbent}.`;

const turnedDown = (dropped: readonly Dropped[]): string =>
  dropped.length === 0
    ? 'You proposed nothing. If there is another direction, propose it; otherwise answer with none again.'
    : [
        'None of these can be tried:',
        ...dropped.map(({ title, because }) => `- ${title}: ${because}`),
        'Look in another direction, or answer with none.',
      ].join('\n');

/** Ideas of one answer that are looked at, whatever it was asked for. */
const MOST_READ = 10;

interface Drafted {
  readonly text: string;
  readonly proposals: readonly Proposal[];
  readonly dropped: readonly Dropped[];
}

/** Null where the model gave no answer. */
async function draft(
  { brief, papers }: Told,
  messages: readonly Message[],
  most: number,
  { model, papers: source }: Sources,
  signal: AbortSignal | undefined,
): Promise<Drafted | null> {
  const reply = await model.ask(
    {
      ...{ role: 'researcher', step: 'draft', work: workOf(brief), on: brief.incumbent },
      system: systemPrompt('researcher-draft', { most: String(most) }),
      messages,
      schema: { name: 'hypotheses', of: IDEAS },
    },
    signal,
  );
  if ('failure' in reply) return null;
  const proposals = new Map<string, Proposal>();
  const dropped: Dropped[] = [];
  for (const idea of reply.value.hypotheses.slice(0, MOST_READ)) {
    if (proposals.size === most) break;
    const found = considered(idea, reply.model, await cited(idea, papers, source, signal), brief);
    if (!('change' in found)) dropped.push(found);
    else if (proposals.has(changeKey(found.change)))
      dropped.push({ title: found.title, because: 'you proposed it twice' });
    else proposals.set(changeKey(found.change), found);
  }
  return { text: reply.text, proposals: [...proposals.values()], dropped };
}

/** The paper that an idea names, where it was shown or is seen to exist. */
async function cited(
  { paper }: Idea,
  shown: readonly Paper[],
  source: PaperSource | null,
  signal: AbortSignal | undefined,
): Promise<Paper | null> {
  const id = paper === null ? null : arxivIdIn(paper);
  if (id === null) return null;
  const known = shown.find((one) => one.id === id);
  if (known || source === null) return known ?? null;
  const reply = await source.paper(id, signal);
  return 'found' in reply ? reply.found : null;
}

/** The piece of work that a round's calls belong to. */
export const workOf = ({ night, round }: ResearcherBrief): string => `invent-${night}-${round}`;
