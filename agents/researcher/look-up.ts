import { z } from 'zod';
import type { Model } from '../../orchestrator/domain/model.ts';
import type { Paper, PaperSource } from '../papers/source.ts';
import { systemPrompt } from '../prompt.ts';
import { scriptInBlocks, type Told } from './told.ts';

const MOST_QUERIES = 3;
const PAPERS_PER_QUERY = 4;
const MOST_PAPERS = 8;
/** Characters. What a query says is read by whoever runs the search. */
const LONGEST_QUERY = 100;

const QUERIES = z.object({ queries: z.array(z.string()) });

/**
 * Papers that may help, best first; none where nobody answers. The model is asked once per incumbent
 * what to look for, since the question and the files are all it is shown; without an answer the
 * words of the plan's question are searched.
 */
export async function lookUp(
  told: Omit<Told, 'papers'>,
  { model, papers }: { readonly model: Model; readonly papers: PaperSource },
  signal?: AbortSignal,
): Promise<readonly Paper[]> {
  const found: Paper[] = [];
  for (const query of await queries(told, model, signal)) {
    const reply = await papers.search(query, PAPERS_PER_QUERY, signal);
    // Where nobody answers, nobody will a moment later.
    if ('failure' in reply) break;
    found.push(...reply.found);
  }
  return [...new Map(found.map((paper) => [paper.id, paper])).values()].slice(0, MOST_PAPERS);
}

async function queries(
  told: Omit<Told, 'papers'>,
  model: Model,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { incumbent } = told.brief;
  const reply = await model.ask(
    {
      ...{ role: 'researcher', step: 'queries', work: `papers-${incumbent}`, on: incumbent },
      system: systemPrompt('researcher-queries', { most: String(MOST_QUERIES) }),
      messages: [{ role: 'user', content: scriptInBlocks(told) }],
      schema: { name: 'queries', of: QUERIES },
    },
    signal,
  );
  const said = 'value' in reply ? reply.value.queries.map(plainWords) : [];
  const asked = said.filter((query) => query !== '').slice(0, MOST_QUERIES);
  return asked.length > 0 ? asked : [plainWords(told.lab.question)].filter((query) => query !== '');
}

const plainWords = (text: string): string =>
  (text.match(/[\p{L}\p{N}-]+/gu) ?? []).join(' ').slice(0, LONGEST_QUERY);
