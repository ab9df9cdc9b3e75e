import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPapers } from '../../agents/papers/open.ts';
import { arxivIdIn } from '../../agents/papers/source.ts';
import { openTurns } from '../../agents/papers/turns.ts';
import { childrenOf, readXml, textOf } from '../../agents/papers/xml.ts';
import {
  entry,
  feed,
  hits,
  paperServer,
  standingTime,
  type PaperServer,
  type Reply,
} from '../support/papers.ts';

let folder: string;
const open: PaperServer[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autolab-papers-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

async function serve(reply: (path: string) => Reply): Promise<PaperServer> {
  const server = await paperServer(reply);
  open.push(server);
  return server;
}

const NOT_THERE: Reply = { status: 404, body: '{"error":"Paper not found"}' };
const isHub = (path: string): boolean => path.startsWith('/api/papers');

/** Both services on one server; each test says what one or both of them answer. */
async function papersOf(reply: (path: string) => Reply, timeoutMs = 5000) {
  const server = await serve(reply);
  const time = standingTime();
  const parts = { folder, time, arxiv: server.url, huggingFace: server.url, timeoutMs };
  return { papers: openPapers(parts), again: () => openPapers(parts), server, time };
}

describe('what is found', () => {
  test('hits of both services are taken in turns, each once, with what their formats hold', async () => {
    const { papers, server } = await papersOf((path) => ({
      body: isHub(path)
        ? hits(['2401.00001', 'Tying\n embeddings'], ['2401.00002', 'Warm-up'])
        : feed(
            entry('2401.00002v3', 'Warm-up'),
            entry('hep-th/9901001v1', 'Old &amp; good &#8212; still'),
          ),
    }));
    const found = await papers.search('Weight decay, AND warm-up?', 5);
    expect(found).toEqual({
      found: [
        {
          ...{ id: '2401.00001', title: 'Tying embeddings', published: '2024-01-30' },
          ...{ abstract: 'What it is about.', link: 'https://arxiv.org/abs/2401.00001' },
        },
        expect.objectContaining({ id: '2401.00002', title: 'Warm-up' }),
        expect.objectContaining({ id: 'hep-th/9901001', title: 'Old & good — still' }),
      ],
    });
    const query = new URLSearchParams(server.asked.find((path) => !isHub(path))?.split('?')[1]);
    expect(query.get('search_query')).toBe('all:weight AND all:decay AND all:warm AND all:up');
  });

  test('a cited id is looked up: there, on arXiv alone, or nowhere', async () => {
    const { papers } = await papersOf((path) => {
      if (path === '/api/papers/2401.00001')
        return { body: JSON.stringify({ id: '2401.00001', title: 'On the hub' }) };
      if (isHub(path)) return NOT_THERE;
      return {
        body: path.includes('2401.00002') ? feed(entry('2401.00002v1', 'On arXiv')) : feed(),
      };
    });
    expect(await papers.paper('2401.00001')).toMatchObject({ found: { title: 'On the hub' } });
    expect(await papers.paper('2401.00002')).toMatchObject({ found: { title: 'On arXiv' } });
    expect(await papers.paper('2401.99999')).toEqual({ found: null });
  });

  test('an id is found in a link and in words, without its version', () => {
    expect(arxivIdIn('https://arxiv.org/abs/1706.03762v7')).toBe('1706.03762');
    expect(arxivIdIn('see arXiv:hep-th/9901001v2.')).toBe('hep-th/9901001');
    expect(arxivIdIn('a rate of 0.0001, 3 papers')).toBeNull();
  });
});

describe('what is no answer', () => {
  const failures: readonly (readonly [what: string, reply: Reply, says: RegExp])[] = [
    ['a page that is no feed', { body: '<html><p>Proxy</p></html>' }, /no feed/],
    ['a limit in plain text', { body: 'Rate exceeded.' }, /no feed/],
    [
      'a document with entities of its own',
      { body: '<!DOCTYPE f [<!ENTITY a "b">]><f>&a;</f>' },
      /expected XML/,
    ],
    [
      'a feed that is cut off',
      { body: feed(entry('2401.00001', 'x')).slice(0, -60) },
      /found the end/,
    ],
    [
      'an error in the shape of a paper',
      {
        body: feed(
          '<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>incorrect id</summary></entry>',
        ),
      },
      /did not understand: incorrect id/,
    ],
    ['a reply without an end', { body: `<feed>${'x'.repeat(5_000_000)}` }, /expected at most/],
    ['a server that is broken', { status: 500, body: '' }, /answered 500/],
  ];
  test.each(failures)('%s', async (_, reply, says) => {
    const { papers } = await papersOf((path) => (isHub(path) ? NOT_THERE : reply));
    expect(await papers.paper('2401.00001')).toEqual({ failure: expect.stringMatching(says) });
  });

  test('a server that says nothing is given up', async () => {
    const { papers } = await papersOf(() => 'silence', 50);
    const answer = await papers.search('x', 3);
    expect(answer).toEqual({ failure: expect.stringMatching(/timeout.*; .*timeout/) });
  });

  test('one service that fails leaves the other’s hits', async () => {
    const { papers } = await papersOf((path) =>
      isHub(path) ? { body: '{"error":"x"}' } : { body: feed(entry('2401.00001v1', 'On arXiv')) },
    );
    expect(await papers.search('x', 3)).toMatchObject({ found: [{ title: 'On arXiv' }] });
  });
});

describe('politeness', () => {
  test('a server that is asked too much is asked once more, after as long as it says', async () => {
    let refused = false;
    const { papers, server, time } = await papersOf((path) => {
      if (isHub(path)) return NOT_THERE;
      if (refused) return { body: feed(entry('2401.00001', 'There')) };
      refused = true;
      return { status: 429, headers: { 'retry-after': '9' }, body: '' };
    });
    const before = time.now();
    expect(await papers.paper('2401.00001')).toMatchObject({ found: { title: 'There' } });
    expect(time.now() - before).toBeGreaterThanOrEqual(9000);
    expect(server.asked.filter((path) => !isHub(path))).toHaveLength(2);
  });

  test('where that is long it is left alone until then, by every process', async () => {
    const { papers, again, server, time } = await papersOf((path) =>
      isHub(path)
        ? NOT_THERE
        : {
            status: 503,
            headers: { 'retry-after': new Date(time.now() + 3_600_000).toUTCString() },
            body: '',
          },
    );
    expect(await papers.paper('2401.00001')).toEqual({ failure: expect.stringContaining('503') });
    expect(await again().paper('2401.00002')).toEqual({ failure: expect.stringContaining('s') });
    expect(server.asked.filter((path) => !isHub(path))).toHaveLength(1);
    time.pass(3_600_000);
    await again().paper('2401.00003');
    expect(server.asked.filter((path) => !isHub(path))).toHaveLength(2);
  });

  test('a server that asks for years, and a clock that was ahead by them, keep nobody away for more than a day', async () => {
    const time = standingTime();
    const turns = openTurns(folder, 'arxiv', 3000, time);
    await turns.holdOff(1e12);
    expect(await turns.take()).toContain('not to be called for another 86400 s');
    time.pass(24 * 3_600_000);
    expect(await turns.take()).toBe(null);
    await writeFile(join(folder, 'arxiv.hold'), String(time.now() + 1e12));
    expect(await turns.take()).toBe(null);
  });

  test('two processes never take the same turn, and turns are as far apart as they should be', async () => {
    const at: number[] = [];
    const time = standingTime();
    // Each waits on its own: the turn that it got is when it may call.
    const waiting = () => ({
      now: time.now,
      pause: (ms: number) => Promise.resolve(void at.push(time.now() + ms)),
    });
    const [one, other] = [0, 1].map(() => openTurns(folder, 'arxiv', 3000, waiting()));
    await Promise.all([one, other, one, other].map((turns) => turns?.take()));
    expect(at.toSorted((a, b) => a - b).map((t) => t - time.now())).toEqual([0, 3000, 6000, 9000]);
    for (let i = 0; i < 3; i += 1) await one?.take();
    expect(await one?.take()).toBe('arxiv is not to be called for another 21 s');
    time.pass(600_000);
    await one?.take();
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe('the cache', () => {
  test('asks once, also in another process, and again after a week', async () => {
    const { papers, again, server, time } = await papersOf((path) => ({
      body: isHub(path) ? hits(['2401.00001', 'One']) : feed(),
    }));
    const first = await papers.search('warm-up', 3);
    expect(await again().search('warm-up', 3)).toEqual(first);
    expect(server.asked).toHaveLength(2);
    time.pass(8 * 24 * 3_600_000);
    await again().search('warm-up', 3);
    expect(server.asked).toHaveLength(4);
  });

  test('without a network an old reply is as good as there is; without one there is none', async () => {
    const { papers, again, server, time } = await papersOf((path) => ({
      body: isHub(path) ? hits(['2401.00001', 'One']) : feed(),
    }));
    const first = await papers.search('warm-up', 3);
    await server.close();
    time.pass(8 * 24 * 3_600_000);
    expect(await again().search('warm-up', 3)).toEqual(first);
    expect(await again().search('decay', 3)).toEqual({
      failure: expect.stringMatching(/ECONNREFUSED|cannot be read/),
    });
  });

  test('that nobody answered is remembered for a while', async () => {
    const { papers, again, server, time } = await papersOf(() => ({ status: 500, body: '' }));
    await papers.search('warm-up', 3);
    expect(await again().search('warm-up', 3)).toEqual({ failure: expect.stringContaining('500') });
    expect(server.asked).toHaveLength(2);
    time.pass(11 * 60_000);
    await again().search('warm-up', 3);
    expect(server.asked).toHaveLength(4);
  });

  test('that somebody broke off is no failure of a server, and is not remembered', async () => {
    const { papers, again, server } = await papersOf((path) => ({
      body: isHub(path) ? hits(['2401.00001', 'One']) : feed(),
    }));
    const broken = await papers.search('warm-up', 3, AbortSignal.abort('stopped'));
    expect(broken).toEqual({ failure: expect.stringContaining('stopped') });
    expect(await again().search('warm-up', 3)).toMatchObject({ found: [{ title: 'One' }] });
    expect(server.asked).toHaveLength(2);
  });

  test('what is damaged in it is asked for anew', async () => {
    const { papers, again, server } = await papersOf((path) => ({
      body: isHub(path) ? hits(['2401.00001', 'One']) : feed(),
    }));
    const first = await papers.search('warm-up', 3);
    const replies = join(folder, 'replies');
    for (const file of await readdir(replies)) await writeFile(join(replies, file), '{"reply":');
    expect(await again().search('warm-up', 3)).toEqual(first);
    expect(server.asked).toHaveLength(4);
  });
});

describe('XML', () => {
  test('comments, sections of plain text, empty elements and quotes in attributes are read', () => {
    const read = readXml(
      '<?xml version="1.0"?><a x="1 > 0" y=\'"\'><!-- <b> --><b/><c><![CDATA[1 < 2]]> &amp; &#x41;&nope;</c></a>',
    );
    expect(read.children.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(textOf(read, 'c')).toBe('1 < 2 & A&nope;');
    expect(childrenOf(read, 'd')).toEqual([]);
  });

  test.each([
    ['<a><b></a></b>', 'expected </b>, found </a>'],
    ['<a', 'expected XML, found "<a" at character 0'],
    ['just text', 'expected an element, found none'],
    [`${'<a>'.repeat(60)}`, 'expected at most 50 elements deep'],
    ['</a>', 'expected </>, found </a>'],
  ])('%s is refused', (document, because) => {
    expect(() => readXml(document)).toThrow(because);
  });
});
