import { get, type Getting } from './get.ts';
import {
  arxivIdIn,
  linkOf,
  onOneLine,
  type LookUp,
  type Paper,
  type PaperSource,
} from './source.ts';
import { childrenOf, readXml, textOf, type Element } from './xml.ts';

/**
 * arXiv's API (https://info.arxiv.org/help/api/user-manual.html): at most one call per three seconds.
 *
 *   GET /api/query?search_query=all:weight+AND+all:decay&sortBy=relevance&max_results=5
 *   GET /api/query?id_list=1706.03762
 *
 * It answers with an Atom feed:
 *
 *   <feed xmlns="http://www.w3.org/2005/Atom">
 *     <entry>
 *       <id>http://arxiv.org/abs/1706.03762v7</id>
 *       <title>…</title> <summary>…</summary> <published>2017-06-12T17:57:34Z</published>
 *     </entry>
 *   </feed>
 *
 * A request that it does not understand is answered with status 200 and one entry whose id is
 * `…/api/errors#…` and whose summary says why; an id that does not exist with no entry, or with one
 * that has no title; too many calls with a text that is no feed.
 */
export function arxiv(base: string, getting: Getting): PaperSource {
  const feedOf = async (
    query: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<LookUp<readonly Paper[]>> => {
    const got = await get(addressOf(base, query), getting, signal);
    return 'failure' in got ? { failure: got.failure } : papersIn(got.text);
  };
  return {
    search: (query, most, signal) =>
      feedOf(
        {
          search_query: termsOf(query),
          sortBy: 'relevance',
          max_results: String(most),
        },
        signal,
      ),
    async paper(id, signal) {
      const reply = await feedOf({ id_list: id, max_results: '1' }, signal);
      if ('failure' in reply) return reply;
      return { found: reply.found.find((paper) => paper.id === id) ?? null };
    },
  };
}

function addressOf(base: string, query: Record<string, string>): URL {
  const url = new URL('/api/query', base);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url;
}

/** It finds what holds all words, so few do; what is no word could be one of its operators. */
function termsOf(query: string): string {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  const terms = words.filter((word) => !OPERATORS.has(word)).slice(0, MOST_WORDS);
  return terms.map((word) => `all:${word}`).join(' AND ');
}
const OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'andnot']);
const MOST_WORDS = 6;

function papersIn(text: string): LookUp<readonly Paper[]> {
  let feed: Element;
  try {
    feed = readXml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { failure: `arXiv answered with no feed: ${why}` };
  }
  if (feed.name !== 'feed') return { failure: `arXiv answered with no feed but ${feed.name}` };
  const entries = childrenOf(feed, 'entry');
  const error = entries.find((entry) => textOf(entry, 'id').includes('/api/errors'));
  if (error) return { failure: `arXiv did not understand: ${onOneLine(textOf(error, 'summary'))}` };
  return { found: entries.flatMap(paperOf) };
}

function paperOf(entry: Element): readonly Paper[] {
  const id = arxivIdIn(textOf(entry, 'id'));
  const title = onOneLine(textOf(entry, 'title'));
  if (id === null || title === '') return [];
  const published = textOf(entry, 'published').slice(0, 10);
  return [
    {
      ...{ id, title, link: linkOf(id), published: published === '' ? null : published },
      abstract: onOneLine(textOf(entry, 'summary')),
    },
  ];
}
