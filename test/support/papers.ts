import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of papers, and a time that passes only where somebody waits. */

export type Reply =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string }
  | 'silence';

export interface PaperServer {
  readonly url: string;
  /** Path and query of each request, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Answers each request as `reply` says. */
export async function paperServer(reply: (path: string) => Reply): Promise<PaperServer> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    asked.push(path);
    const found = reply(path);
    if (found === 'silence') return;
    response.writeHead(found.status ?? 200, found.headers).end(found.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function standingTime(): {
  now(): number;
  pause(milliseconds: number): Promise<void>;
  pass(milliseconds: number): void;
} {
  let now = Date.UTC(2026, 10, 21);
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { now: () => now, pause: (ms) => Promise.resolve(pass(ms)), pass };
}

/** Written after the format that arXiv documents; ids, titles and abstracts are made up. */
export const feed = (...entries: readonly string[]): string =>
  `<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/abc</id>
  <title>arXiv Query: search_query=all:x&amp;id_list=</title>
  <updated>2026-11-20T00:00:00Z</updated>
  <link href="https://arxiv.org/api/query?search_query=x&amp;start=0" type="application/atom+xml"/>
  <opensearch:totalResults>${entries.length}</opensearch:totalResults>
  ${entries.join('\n')}
</feed>`;

export const entry = (id: string, title: string, summary = 'What it is about.'): string =>
  `<entry>
    <id>http://arxiv.org/abs/${id}</id>
    <title>${title}</title>
    <updated>2024-02-01T09:00:00Z</updated>
    <link href="https://arxiv.org/abs/${id}" rel="alternate" type="text/html"/>
    <summary>  ${summary}
    </summary>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <published>2024-01-30T18:00:00Z</published>
    <arxiv:comment>9 pages</arxiv:comment>
    <author><name>A. Author</name></author>
  </entry>`;

/** The same of Hugging Face Papers' search. */
export const hits = (...papers: readonly (readonly [id: string, title: string])[]): string =>
  JSON.stringify(
    papers.map(([id, title]) => ({
      paper: {
        ...{ id, title, summary: 'What it\nis about.', upvotes: 3 },
        publishedAt: '2024-01-30T18:00:00.000Z',
        authors: [{ name: 'A. Author' }],
      },
      ...{ title, numComments: 0 },
    })),
  );
