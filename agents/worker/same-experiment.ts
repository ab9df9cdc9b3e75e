import type { Plan } from '../../orchestrator/domain/plan.ts';
import { severalChanges } from '../planner/one-change.ts';
import { catching, knobsIn, literalOf, measuring, SHORTCUTS, type Shortcut } from './shortcuts.ts';
import { linesOf } from './diff-lines.ts';
import { alike } from './lines.ts';
import { outOfPlay } from './out-of-play.ts';
import { takenBack } from './taken-back.ts';

/**
 * Whether a repaired patch still tests what the crashed one was written to test. The rule, on lines
 * that say something (no blanks, marks or comments alone):
 *
 * 1. At least half of what the original adds and removes is still added and removed. A line is still
 *    there where one shares half of its words with it, so that it may be mended.
 * 2. What comes new is at most as much as the original itself, or 12 lines if that is more.
 * 3. It touches only files of the original, or files that the traceback names.
 * 4. Nothing that comes new is a shortcut: swallows errors, ends early, switches the change off,
 *    changes how the metric is computed or said, or sets how much is trained, a seed, or a knob.
 * 5. What the change replaces does not stand there again, and what it adds is not put out of play:
 *    in a comment, behind a return, in a function that nothing calls, or calling what does nothing.
 * 6. It is one change, where the original is one (`severalChanges`).
 *
 * The fourth is a list of words (`shortcuts.ts`): a cheat that is spelt otherwise passes here, and
 * meets what measures it later.
 */
export interface RepairedPatch {
  readonly original: string;
  readonly repaired: string;
  readonly plan: Pick<Plan, 'objective' | 'search_space'>;
  readonly traceback: string;
  /** What the original leaves of the files that may be changed, from the top. */
  readonly files: ReadonlyMap<string, string>;
}

const KEPT = 0.5;
const LIKE = 0.5;
const ROOM = 12;

/** Why it is another experiment, a sentence each; empty where it is the same. Diffs are git's. */
export function anotherExperiment(patch: RepairedPatch): readonly string[] {
  const before = signed(patch.original);
  const now = signed(patch.repaired);
  const { kept, fresh } = compared(before, now);
  const problems: string[] = [];
  if (now.length === 0) problems.push('expected the change to be kept, found it taken back');
  else if (kept < KEPT * before.length)
    problems.push(
      `expected at least half of the ${before.length} lines of the change to be kept, found ${kept}`,
    );
  const room = Math.max(ROOM, before.length);
  if (fresh > room)
    problems.push(`expected at most ${room} lines besides the change, found ${fresh}`);
  const strange = pathsOf(patch.repaired).filter((path) => !isKnown(path, patch));
  if (strange.length > 0)
    problems.push(
      `expected changes in the patch's files, or those that the traceback names; found ${strange.join(', ')}`,
    );
  const several =
    severalChanges(patch.original, null) === null ? severalChanges(patch.repaired, null) : null;
  return [
    ...problems,
    ...(several === null ? [] : [several]),
    ...takenBack(patch.original, patch.repaired),
    ...outOfPlay(patch.original, patch.repaired, patch.files),
    ...shortcutsIn(before, now, patch),
  ];
}

interface Signed {
  readonly sign: '+' | '-';
  readonly path: string;
  readonly text: string;
}

function signed(diff: string): readonly Signed[] {
  return linesOf(diff).flatMap(({ path, added, removed }) => [
    ...added.filter(saysSomething).map((text) => ({ sign: '+' as const, path, text })),
    ...removed.filter(saysSomething).map((text) => ({ sign: '-' as const, path, text })),
  ]);
}

const COMMENT = /^\s*(?:#|\/\/|\*|\/\*|"""|''')/;
const saysSomething = (line: string): boolean => /\w/.test(line) && !COMMENT.test(line);

/** How many lines are still there, each paired with one of now, and how many of now are paired with none. */
function compared(before: readonly Signed[], now: readonly Signed[]) {
  const left = [...now];
  const take = (fits: (other: Signed) => boolean): boolean => {
    const at = left.findIndex(fits);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  const mended = before.filter(
    (line) => !take(({ sign, text }) => sign === line.sign && text.trim() === line.text.trim()),
  );
  const gone = mended.filter(
    (line) => !take(({ sign, text }) => sign === line.sign && alike(line.text, text) >= LIKE),
  );
  return { kept: before.length - gone.length, fresh: left.length };
}

const pathsOf = (diff: string): readonly string[] => linesOf(diff).map(({ path }) => path);

const isKnown = (path: string, { original, traceback }: RepairedPatch): boolean =>
  pathsOf(original).includes(path) || traceback.includes(path.split('/').at(-1) ?? path);

/** What is new to the letter counts: a kept line may have been turned into a shortcut. */
function shortcutsIn(
  before: readonly Signed[],
  now: readonly Signed[],
  { plan: { objective, search_space }, files, traceback }: RepairedPatch,
): readonly string[] {
  const original = new Set(before.map(({ text }) => text.trim()));
  // A line that is only moved, or moved in, is as it was.
  const texts = (sign: Signed['sign']): ReadonlySet<string> =>
    new Set(now.filter((line) => line.sign === sign).map(({ text }) => text.trim()));
  const [added, removed] = [texts('+'), texts('-')];
  const fresh = now.filter(
    ({ text: line }) =>
      !original.has(line.trim()) && !(added.has(line.trim()) && removed.has(line.trim())),
  );
  const young = fresh.filter(({ sign }) => sign === '+');
  const set = [
    ...SHORTCUTS,
    ...catching(traceback),
    ...knobsIn(search_space),
    literalOf(objective.metric),
  ];
  const measured = measuring(objective.metric, files);
  return [
    ...new Set([
      ...young.flatMap((line) => foundIn(line, set, before)),
      ...fresh.flatMap((line) => foundIn(line, measured, before)),
    ]),
  ];
}

function foundIn(
  { path, text }: Signed,
  known: readonly Shortcut[],
  before: readonly Signed[],
): readonly string[] {
  return known.flatMap(({ pattern, is, anywhere, file }) => {
    if (file !== undefined && !path.endsWith(file)) return [];
    const word = pattern.exec(text)?.[0].trim();
    // A word of the original's own lines is part of the experiment.
    const its =
      anywhere !== true && before.some((line) => word !== undefined && line.text.includes(word));
    return word === undefined || its ? [] : [`${is}: ${JSON.stringify(text.trim().slice(0, 160))}`];
  });
}
