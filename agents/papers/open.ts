import { join } from 'node:path';
import { arxiv } from './arxiv.ts';
import { cached } from './cache.ts';
import { huggingFace } from './hugging-face.ts';
import type { LookUp, Paper, PaperSource } from './source.ts';
import { openTurns, type Time } from './turns.ts';

export interface Papers {
  /** Where replies are kept and turns are taken; shared by all labs of a user. */
  readonly folder: string;
  readonly time: Time;
  readonly arxiv?: string;
  readonly huggingFace?: string;
  readonly timeoutMs?: number;
}

/** arXiv's terms; Hugging Face names no number. */
const ARXIV_EVERY_MS = 3000;
const HUGGING_FACE_EVERY_MS = 500;

/** Hugging Face Papers and arXiv, each cached, behind one port. Nothing is asked before its first use. */
export function openPapers({
  folder,
  time,
  arxiv: arxivBase = 'https://export.arxiv.org',
  huggingFace: huggingFaceBase = 'https://huggingface.co',
  timeoutMs = 8000,
}: Papers): PaperSource {
  const asking = (server: string, everyMs: number) => ({
    ...{ turns: openTurns(folder, server, everyMs, time), timeoutMs, now: time.now },
  });
  const replies = join(folder, 'replies');
  const hub = huggingFace(huggingFaceBase, asking('hugging-face', HUGGING_FACE_EVERY_MS));
  const archive = arxiv(arxivBase, asking('arxiv', ARXIV_EVERY_MS));
  return joined(
    cached(hub, `hugging-face ${huggingFaceBase}`, replies, time),
    cached(archive, `arxiv ${arxivBase}`, replies, time),
  );
}

/**
 * Both are searched, and their hits taken in turns; where one does not answer, the other's. Whether
 * a paper exists is arXiv's to say, where Hugging Face does not know it.
 */
function joined(hub: PaperSource, archive: PaperSource): PaperSource {
  return {
    async search(query, most, signal) {
      const replies = await Promise.all(
        [hub, archive].map((source) => source.search(query, most, signal)),
      );
      const hits = replies.flatMap((reply) => ('found' in reply ? [reply.found] : []));
      if (hits.length === 0) return { failure: replies.map(failureOf).join('; ') };
      return { found: inTurns(hits).slice(0, most) };
    },
    async paper(id, signal) {
      const known = await hub.paper(id, signal);
      return 'found' in known && known.found !== null ? known : archive.paper(id, signal);
    },
  };
}

const failureOf = (reply: LookUp<unknown>): string => ('failure' in reply ? reply.failure : '');

function inTurns(lists: readonly (readonly Paper[])[]): readonly Paper[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  const all = Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? []));
  return [...new Map(all.flat().map((paper) => [paper.id, paper])).values()];
}
