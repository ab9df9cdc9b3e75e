/**
 * Where papers are looked up. What comes back was written by others: it reaches a model in data
 * blocks only, and a paper is cited only where its source showed that it exists.
 */
export interface Paper {
  /** arXiv's, without a version: `1706.03762`, `hep-th/9901001`. */
  readonly id: string;
  readonly title: string;
  readonly abstract: string;
  /** Its page, `https://arxiv.org/abs/1706.03762`. */
  readonly link: string;
  /** The day, `2017-06-12`; null where nobody says. */
  readonly published: string | null;
}

/** What was found, or why nobody knows, in words for people. */
export type LookUp<T> = { readonly found: T } | { readonly failure: string };

/** Never rejects for what a network does or a server says, nor where the signal fires. */
export interface PaperSource {
  /** At most `most`, best first. */
  search(query: string, most: number, signal?: AbortSignal): Promise<LookUp<readonly Paper[]>>;
  /** The paper of an arXiv id; null: there is none. */
  paper(id: string, signal?: AbortSignal): Promise<LookUp<Paper | null>>;
}

export const linkOf = (id: string): string => `https://arxiv.org/abs/${id}`;

/** The arXiv id that a text is or holds, without its version: ids of 2007 and later, then older ones. */
export function arxivIdIn(text: string): string | null {
  const [, young, old] = ID.exec(text) ?? [];
  return young ?? old ?? null;
}
const ID = /(?<![\d.])(\d{4}\.\d{4,5})(?!\d)|\b([a-z-]+(?:\.[A-Z]{2})?\/\d{7})(?!\d)/;

/** Titles and abstracts come with the line breaks of a terminal. */
export const onOneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
