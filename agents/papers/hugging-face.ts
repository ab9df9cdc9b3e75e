import { z } from 'zod';
import { get, type Getting } from './get.ts';
import { arxivIdIn, linkOf, onOneLine, type Paper, type PaperSource } from './source.ts';

/**
 * Hugging Face Papers, which searches by meaning, and knows the papers that somebody brought there:
 *
 *   GET /api/papers/search?q=weight+decay → [{ "paper": { "id", "title", "summary", "publishedAt", … }, … }, …]
 *   GET /api/papers/1706.03762            → { "id", "title", "summary", "publishedAt", … }; 404: not there
 *
 * Ids are arXiv's. What is not there may well exist.
 */
export function huggingFace(base: string, getting: Getting): PaperSource {
  return {
    async search(query, most, signal) {
      const url = new URL('/api/papers/search', base);
      url.searchParams.set('q', query);
      const got = await get(url, getting, signal);
      if ('failure' in got) return { failure: got.failure };
      const hits = HITS.safeParse(jsonIn(got.text));
      if (!hits.success) return { failure: `${url.host} answered with no list of papers` };
      // One odd paper is no reason to have none.
      return { found: hits.data.flatMap((hit) => paperOf(hit.paper)).slice(0, most) };
    },
    async paper(id, signal) {
      const url = new URL(`/api/papers/${id}`, base);
      const got = await get(url, getting, signal);
      if ('failure' in got) return got.status === 404 ? { found: null } : { failure: got.failure };
      const [paper] = paperOf(jsonIn(got.text));
      return paper?.id === id
        ? { found: paper }
        : { failure: `${url.host} answered with no paper ${id}` };
    },
  };
}

const HITS = z.array(z.object({ paper: z.unknown() }));
const PAPER = z.object({
  id: z.string(),
  title: z.string().min(1),
  summary: z.string().nullish(),
  publishedAt: z.string().nullish(),
});

function paperOf(found: unknown): readonly Paper[] {
  const read = PAPER.safeParse(found);
  const id = read.success ? arxivIdIn(read.data.id) : null;
  if (!read.success || id === null) return [];
  const { title, summary, publishedAt } = read.data;
  return [
    {
      ...{ id, title: onOneLine(title), link: linkOf(id) },
      abstract: onOneLine(summary ?? ''),
      published: publishedAt?.slice(0, 10) ?? null,
    },
  ];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
