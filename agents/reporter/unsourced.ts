import { runId, type ExperimentId, type RunId } from '../../orchestrator/domain/ids.ts';
import { isClaim, type Fact } from './fact.ts';
import { SOURCES } from './page.ts';

/**
 * Finds numbers that nobody measured. Pure; looks at the text alone and trusts nothing of how it
 * was made, so that it holds for pages that a model words.
 */

/** Fixed turns of phrase whose digits are no measurement. */
const TERMS = /95 % interval/g;
/** ` (E-0007.4–7, E-0000.4–7; [experiments])`: what `page` writes behind a sentence. */
const CITATION = / \((?:E-[\d., E–-]+; )?\[[a-z_]+\](?:, \[[a-z_]+\])*\)/g;

export interface Unsourced {
  /** The digits, or the fact that lacks its source. */
  readonly number: string;
  readonly because: string;
  readonly line: number;
}

/** Lines that stand together: a paragraph, an item, a whole table, a fence with the line before it. */
interface Passage {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Every number of the page that no fact backs, and every fact whose passage does not name its
 * query and runs or whose query the page does not list. Empty means: each number is a cell of a
 * query that the page names. `facts` are the page's, in the order in which they stand there.
 */
export function unsourcedNumbers(markdown: string, facts: readonly Fact[]): readonly Unsourced[] {
  const cut = markdown.indexOf(`\n${SOURCES}\n`);
  const body = cut < 0 ? markdown : markdown.slice(0, cut);
  const listed = cut < 0 ? '' : markdown.slice(cut);
  const found: Unsourced[] = [];
  const report = (at: number, number: string, because: string) =>
    found.push({ number, because, line: body.slice(0, at).split('\n').length });
  const words = body.replace(CITATION, blank).replace(TERMS, blank);
  const passages = passagesOf(body).map((passage) => ({ ...passage, facts: [] as Fact[] }));

  let at = 0;
  for (const one of facts.filter(
    ({ shown, runs }) => /\d/.test(shown) || (runs.length > 0 && /\w/.test(shown)),
  )) {
    const next = words.indexOf(one.shown, at);
    // A fact that the text left out is no lie; what stands in its place is found as a gap.
    if (next < 0) continue;
    for (const gap of digitsIn(words.slice(at, next)))
      report(at + gap.at, gap.digits, 'no query gave this number');
    at = next + one.shown.length;
    if (/\d/.test(words[at] ?? '') || /^[.,]\d/.test(words.slice(at, at + 2)))
      report(next, one.shown, 'only a part of this number came from a query');
    const passage = passages.find(({ start, end }) => start <= next && next < end);
    passage?.facts.push(one);
    if (!isClaim(one)) continue;
    for (const because of missing(one, passage?.text ?? '', listed))
      report(next, one.shown, because);
  }
  for (const gap of digitsIn(words.slice(at)))
    report(at + gap.at, gap.digits, 'no query gave this number');
  for (const passage of passages)
    for (const run of strangersIn(passage)) report(passage.start, run, 'no query names this run');
  return found;
}

/** What a fact's passage and page should say of it and do not. Headings stand for what follows them. */
function missing({ source, runs }: Fact, passage: string, listed: string): string[] {
  const wrong: string[] = [];
  if (!listed.includes(source.sql)) wrong.push(`the page does not list the query ${source.name}`);
  if (passage.startsWith('#')) return wrong;
  if (!passage.includes(`[${source.name}]`))
    wrong.push(`the passage does not name the query ${source.name}`);
  const named = new Set(runsNamed(passage));
  if (runs.some((run) => !named.has(run))) wrong.push('the passage does not name its runs');
  return wrong;
}

/** Runs in a passage's citation that none of its facts speaks of. */
function strangersIn({ text, facts }: Passage & { readonly facts: readonly Fact[] }): RunId[] {
  const known = new Set(facts.flatMap((one) => one.runs));
  const cited = [...text.matchAll(CITATION)].flatMap(([citation]) => runsNamed(citation));
  return cited.filter((run) => !known.has(run));
}

const digitsIn = (text: string): { at: number; digits: string }[] =>
  [...text.matchAll(/[−+-]?\d+(?:[.,]\d+)*/g)].map(({ 0: digits, index }) => ({
    at: index,
    digits,
  }));

const blank = (text: string): string => ' '.repeat(text.length);

/** Every run that a text names, ranges written out. */
function runsNamed(text: string): RunId[] {
  return [...text.matchAll(/\b(E-\d{4,})\.(\d+)(?:–(\d+))?/g)].flatMap(([, of, from, to]) => {
    const [first, last] = [Number(from), Number(to ?? from)];
    if (last - first > 10_000) return [];
    return Array.from({ length: last - first + 1 }, (_, i) => runId(of as ExperimentId, first + i));
  });
}

function passagesOf(body: string): readonly Passage[] {
  const passages: Passage[] = [];
  const parts = body.split(/(\n\n+|\n(?=- ))/);
  let start = 0;
  let fence: string | null = null;
  for (const [i, part] of parts.entries()) {
    const end = start + part.length;
    const last = passages.at(-1);
    const opens: string | null = /^(`{3,})/.exec(part)?.[1] ?? null;
    if (i % 2 === 0 && last && (fence !== null || opens !== null)) {
      passages[passages.length - 1] = { ...last, end, text: body.slice(last.start, end) };
      if (fence === null) fence = opens;
      if (fence !== null && new RegExp(`\n${fence}$`).test(part)) fence = null;
    } else if (i % 2 === 0) passages.push({ start, end, text: part });
    start = end;
  }
  return passages;
}
