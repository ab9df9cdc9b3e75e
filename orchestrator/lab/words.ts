import { randomBytes } from 'node:crypto';
import { LabError } from '../domain/errors.ts';
import type { State } from '../domain/state.ts';
import { closedLines, type WordsBody } from '../domain/words.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { author } from './author.ts';
import { refuseOddFolders } from './footprint.ts';
import { openLab, readLabPlan } from './lab.ts';
import type { LabPlace } from './place.ts';
import { BASELINE_LINE, linesOf, linesOfPlan } from './lines.ts';
import { subject } from './subject.ts';

/**
 * The user's own words, through the inbox: a night may be running. What is refused is refused
 * before anything is written; each returns the record that it left.
 */

/** Characters. Longer ones are documents, and belong into the repository. */
const LONGEST_NOTE = 20_000;
const LONGEST_DECISION = 2000;
const LONGEST_TAG = 40;
const MOST_TAGS = 20;

type Said<Type extends WordsBody['type']> = Extract<WordsBody, { readonly type: Type }> & {
  /** When it was written, ISO 8601. */
  readonly at: string;
};

/** `id` null: on the lab. Throws LabError not_found, usage. */
export async function note(
  lab: LabPlace,
  state: State,
  id: string | null,
  text: string,
): Promise<Said<'noted'>> {
  const target = id === null ? null : subject(state, id);
  const words = wordsIn(text, 'a note', LONGEST_NOTE);
  return leave(lab, { type: 'noted', id: `note-${unique()}`, target, text: words });
}

export interface Deciding {
  readonly text: string;
  readonly because: string;
  /** Lines of inquiry to stop, and to go on with. */
  readonly closes?: string | undefined;
  readonly opens?: string | undefined;
  /** Ids of what the decision rests on. */
  readonly evidence: readonly string[];
}

/** Throws LabError not_found (an id or a line that the lab does not know), usage. */
export async function decide(
  lab: LabPlace,
  state: State,
  { text, because, closes, opens, evidence }: Deciding,
): Promise<Said<'decided'>> {
  const what = wordsIn(text, 'a decision', LONGEST_DECISION);
  const why = wordsIn(because, 'its reason (--because)', LONGEST_DECISION);
  const rests = [...new Set(evidence)].map((id) => subject(state, id));
  if (closes !== undefined) await refuseUnknownLine(lab, state, closes);
  if (opens !== undefined) refuseOpenLine(state, opens);
  if (closes !== undefined && closes === opens)
    throw new LabError('usage', `expected two lines, found ${closes} both closed and opened`);
  return leave(lab, {
    ...{ type: 'decided', id: `decision-${unique()}`, text: what, because: why },
    ...{ closes: closes ?? null, opens: opens ?? null, evidence: rests },
  });
}

/** Tags that are set already stay as they are. Throws LabError not_found, usage. */
export async function tag(
  lab: LabPlace,
  state: State,
  id: string,
  tags: readonly string[],
): Promise<Said<'tagged'>> {
  const target = subject(state, id);
  if (tags.length === 0 || tags.length > MOST_TAGS)
    throw new LabError('usage', `expected 1 to ${MOST_TAGS} tags, found ${tags.length}`);
  return leave(lab, { type: 'tagged', target, tags: [...new Set(tags.map(tagIn))] });
}

/** Throws LabError not_found, naming the tags that there are. */
export async function untag(
  lab: LabPlace,
  state: State,
  id: string,
  gone: string,
): Promise<Said<'untagged'>> {
  const target = subject(state, id);
  const there = (state.tags.get(target) ?? []).map((one) => one.tag);
  if (!there.includes(gone))
    throw new LabError(
      'not_found',
      `expected ${id} to be tagged ${JSON.stringify(gone.slice(0, 60))}, found ${there.join(', ') || 'no tag on it'}`,
      id,
    );
  return leave(lab, { type: 'untagged', target, tag: gone });
}

type Unsigned<Body> = Body extends WordsBody ? Omit<Body, 'who'> : never;

async function leave<Body extends Unsigned<WordsBody>>(
  lab: LabPlace,
  unsigned: Body,
): Promise<Said<Body['type']>> {
  const body = { ...unsigned, who: await author(lab) } as unknown as WordsBody;
  // These words may be the first thing that is ever recorded here.
  await refuseOddFolders(lab.root);
  const now = Date.now();
  await putInInbox(lab.notebookDir, body, now);
  return { ...body, at: new Date(now).toISOString() } as Said<Body['type']>;
}

/** Forty bits: nobody writes a million notes. */
const unique = (): string => randomBytes(5).toString('hex');

/** As they were written: only what ends them is cut, as a shell or an editor leaves it. */
function wordsIn(text: string, what: string, longest: number): string {
  const words = text.replace(/[\r\n]+$/, '');
  if (!/[^\s\p{C}]/u.test(words))
    throw new LabError('usage', `expected the words of ${what}, found none`);
  const { length } = [...words];
  if (length <= longest) return words;
  throw new LabError(
    'usage',
    `expected at most ${longest} characters in ${what}, found ${length}: commit the long text as a file, and name its path here`,
  );
}

function tagIn(text: string): string {
  if (/^[^\s\p{C},-][^\s\p{C},]*$/u.test(text) && [...text].length <= LONGEST_TAG) return text;
  throw new LabError(
    'usage',
    `expected a tag without spaces and commas, at most ${LONGEST_TAG} characters, found ${JSON.stringify(text.slice(0, 60))}`,
  );
}

async function refuseUnknownLine(lab: LabPlace, state: State, line: string): Promise<void> {
  if (line === BASELINE_LINE)
    throw new LabError(
      'refused',
      'the baseline is what all lines are measured against, and cannot be closed',
    );
  const known = linesOf(state);
  if (known.has(line)) return;
  // A line of the plan may be closed before anything was tried on it.
  const today = await readLabPlan(await openLab(lab.root)).catch(() => null);
  if (today) for (const one of linesOfPlan(today.plan)) known.add(one);
  if (known.has(line)) return;
  throw new LabError(
    'not_found',
    `expected a line of inquiry of this lab (${named(known)}), found ${JSON.stringify(line.slice(0, 60))}. See autolab hypotheses`,
  );
}

function refuseOpenLine(state: State, line: string): void {
  const closed = closedLines(state.decisions.values());
  if (closed.has(line)) return;
  throw new LabError(
    'not_found',
    `expected a line that is closed (${named(closed.keys())}), found ${JSON.stringify(line.slice(0, 60))}`,
  );
}

const named = (lines: Iterable<string>): string => [...lines].toSorted().join(', ') || 'none is';
