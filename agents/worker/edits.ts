import type { FileChanges } from '../../orchestrator/domain/ports.ts';
import type { Account } from '../../orchestrator/domain/writing.ts';
import { hunksOf } from './hunks.ts';
import { foundAt, nearestTo } from './lines.ts';

/**
 * The format in which a model returns edits. What it says it changed, then blocks; or a unified
 * diff in place of the blocks:
 *
 *     CHANGES:
 *     - use a cosine schedule
 *
 *     train.py
 *     <<<<<<< SEARCH
 *     lines as they stand in the file
 *     =======
 *     lines that stand there afterwards
 *     >>>>>>> REPLACE
 *
 * A block's lines have to stand in the file exactly once; an empty SEARCH makes a new file. Blocks
 * build on each other, hunks of a diff are of the files as they were. Nothing
 * is guessed: a block that does not fit is a problem in words, and no edit of the reply is used.
 */

/** One replacement, from a block or from a hunk of a diff. */
export interface Edit {
  readonly path: string;
  /** Whole lines; none where the file is new. */
  readonly search: readonly string[];
  /** Null: the file is deleted. */
  readonly replace: readonly string[] | null;
  /** Where a diff says that they stand, from 1: decides between several places. */
  readonly at: number | null;
}

export type Edited =
  | { readonly files: FileChanges; readonly account: Account }
  /** What to do about it, a sentence each, for whoever wrote the reply. */
  | { readonly problems: readonly string[] };

/** What a reply makes of the files, path from the repository's top → text. Pure. */
export function applyEdits(files: ReadonlyMap<string, string>, reply: string): Edited {
  const lines = reply.replaceAll('\r\n', '\n').split('\n');
  const account = accountOf(lines);
  const read = editsOf(lines);
  const problems = [...read.problems];
  if (account.changes.length === 0)
    problems.push('expected CHANGES: and a line "- …" for each change, found none');
  if (read.edits.length === 0 && read.problems.length === 0)
    problems.push(
      'expected a file’s path and below it <<<<<<< SEARCH … ======= … >>>>>>> REPLACE, or a unified diff; found neither',
    );
  const changed = new Map<string, string | null>();
  for (const edits of read.edits) {
    const path = edits[0]?.path ?? '';
    const before = changed.has(path) ? changed.get(path) : files.get(path);
    const made = applied(path, edits, before ?? null, [...files.keys()]);
    if ('problem' in made) problems.push(made.problem);
    else changed.set(path, made.text);
  }
  return problems.length > 0 ? { problems } : { files: changed, account };
}

type Made = { readonly text: string | null } | { readonly problem: string };

/** Edits that are all of the same text: each is placed in it before any of them is made. */
function applied(
  path: string,
  edits: readonly Edit[],
  text: string | null,
  known: readonly string[],
): Made {
  const [first] = edits;
  const empty = edits.find(isEmpty);
  if (text === null && empty?.replace && edits.length === 1) return { text: ended(empty.replace) };
  if (text === null || first === undefined)
    return { problem: `${path}: expected one of ${known.join(', ')}; there is no such file` };
  if (empty)
    return {
      problem: `${path}: expected lines to search for, as the file exists; found an empty SEARCH`,
    };
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(newline);
  if (first.replace === null)
    return lines.filter((line) => line !== '').length <= first.search.length &&
      foundAt(lines, first.search)[0] === 0
      ? { text: null }
      : { problem: `${path}: expected all of its lines removed, as the diff deletes it` };
  const spans: Span[] = [];
  for (const { search, replace, at } of edits) {
    const places = foundAt(lines, search);
    const place = places.length === 1 ? places[0] : places.find((each) => each + 1 === at);
    if (place === undefined) return { problem: `${path}: ${misfit(lines, search, places)}` };
    spans.push(spanOf(place, search, replace ?? []));
  }
  return put(path, lines, spans, newline);
}

const isEmpty = ({ search, replace }: Edit): boolean =>
  replace !== null && search.every((line) => line.trim() === '');

/** Lines that go, from 0, and what comes in their place. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly young: readonly string[];
}

/** Without the lines around it that stay: those of two hunks may be the same. */
function spanOf(place: number, search: readonly string[], young: readonly string[]): Span {
  const least = Math.min(search.length, young.length);
  let head = 0;
  while (head < least && search[head] === young[head]) head += 1;
  let tail = 0;
  while (tail < least - head && search.at(-1 - tail) === young.at(-1 - tail)) tail += 1;
  return {
    start: place + head,
    end: place + search.length - tail,
    young: young.slice(head, young.length - tail),
  };
}

/** From the bottom, so that places above stay what they are. */
function put(
  path: string,
  lines: readonly string[],
  spans: readonly Span[],
  newline: string,
): Made {
  const ordered = spans.toSorted((a, b) => b.start - a.start);
  const clash = ordered.find((span, i) => {
    const above = ordered[i + 1];
    return above !== undefined && (above.end > span.start || above.start === span.start);
  });
  if (clash)
    return {
      problem: `${path}: expected hunks of different lines, found two that change line ${clash.start + 1}`,
    };
  const made = ordered.reduce<readonly string[]>(
    (all, { start, end, young }) => all.toSpliced(start, end - start, ...young),
    lines,
  );
  return { text: made.join(newline) };
}

function misfit(
  lines: readonly string[],
  search: readonly string[],
  places: readonly number[],
): string {
  const first = JSON.stringify(search.find((line) => line.trim() !== '') ?? '');
  if (places.length > 1)
    return `expected the lines from ${first} to stand there once, found them ${places.length} times, at lines ${places.map((at) => at + 1).join(', ')}; add lines around them`;
  const near = nearestTo(lines, search);
  return near === null
    ? `expected the lines from ${first} as they stand in the file, found nothing like them`
    : `expected ${JSON.stringify(near.expected)}, found ${JSON.stringify(near.found)} at line ${near.line}; repeat the lines exactly, blanks included`;
}

const ended = (lines: readonly string[]): string => `${lines.join('\n').replace(/\n+$/, '')}\n`;

/** The lines `- …` below CHANGES:, up to the first edit; whatever is said between them. */
function accountOf(lines: readonly string[]): Account {
  const start = lines.findIndex((line) => /^\W*changes?\W*:?\W*$/i.test(line));
  if (start < 0) return { changes: [] };
  const below = lines.slice(start + 1);
  const end = below.findIndex((line) => BEGINS_EDIT.test(line) || nameIn(line) !== null);
  const changes = below
    .slice(0, end < 0 ? below.length : end)
    .map((line) => /^\s*(?:[-*•]|\d+[.)])\s+(\S.*)$/.exec(line)?.[1])
    .filter((said) => said !== undefined);
  return { changes: changes.map((said) => said.trim().slice(0, 300)) };
}

const BEGINS_EDIT = /^(?:`{3}|~{3}|--- |diff --git |@@|<{5,9} ?SEARCH)/;

interface Read {
  /** Those of one group are of the same text; a group builds on those before it. */
  readonly edits: readonly (readonly Edit[])[];
  readonly problems: readonly string[];
}

const SEARCH = /^<{5,9} ?SEARCH\s*$/;
const MIDDLE = /^={5,9}\s*$/;
const REPLACE = /^>{5,9} ?REPLACE\s*$/;

function editsOf(lines: readonly string[]): Read {
  if (!lines.some((line) => SEARCH.test(line))) return byFile(hunksOf(lines));
  const edits: Edit[][] = [];
  const problems: string[] = [];
  let path: string | null = null;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('--- ') && lines[at + 1]?.startsWith('+++ '))
      problems.push(
        `line ${at + 1} of the reply: expected all edits in one form, found a diff beside SEARCH blocks`,
      );
    if (!SEARCH.test(line)) {
      path = nameIn(line) ?? path;
      continue;
    }
    const end = lines.findIndex((each, i) => i > at && (REPLACE.test(each) || SEARCH.test(each)));
    if (end < 0 || !REPLACE.test(lines[end] ?? '')) {
      const found = end < 0 ? 'its end' : `another SEARCH at line ${end + 1}`;
      problems.push(
        `line ${at + 1} of the reply: expected ======= and >>>>>>> REPLACE below, found ${found}`,
      );
      break;
    }
    const marks = lines.flatMap((each, i) => (i > at && i < end && MIDDLE.test(each) ? [i] : []));
    const [middle = end] = marks;
    // Which of them parts the two is anybody's guess where the file has such lines itself.
    if (marks.length !== 1)
      problems.push(
        `line ${at + 1} of the reply: expected one line ======= up to >>>>>>> REPLACE, found ${marks.length}; where the file has such lines itself, leave them out or reply with a unified diff`,
      );
    else if (path === null)
      problems.push(`line ${at + 1} of the reply: expected the file’s path above, found none`);
    else {
      const [search, replace] = [lines.slice(at + 1, middle), lines.slice(middle + 1, end)];
      edits.push([{ path, search, replace, at: null }]);
    }
    at = end;
  }
  return { edits, problems };
}

/** Hunks of a diff are all of the file as it was. */
function byFile({ edits, problems }: ReturnType<typeof hunksOf>): Read {
  const paths = [...new Set(edits.map(({ path }) => path))];
  return { problems, edits: paths.map((path) => edits.filter((edit) => edit.path === path)) };
}

/** A line that is a path and nothing else, whatever marks stand around it. */
const nameIn = (line: string): string | null =>
  /^\W{0,4}(?:[Ff]ile:?\s+)?[`"*]*([\w@+-][\w./@+-]*\.\w+|\w*Makefile|Dockerfile)[`"*:]*\s*$/.exec(
    line,
  )?.[1] ?? null;
