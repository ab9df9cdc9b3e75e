import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative } from 'node:path';
import { isEditable } from '../domain/editable.ts';
import { LabError } from '../domain/errors.ts';
import { changeInWords, type Proposable, type SingleChange } from '../domain/hypothesis.ts';
import { canWrite } from '../domain/plan-writing.ts';
import { checkKnobs } from '../plan/check-knobs.ts';
import { PlanChecking } from '../plan/check-context.ts';
import { checkHypotheses, NOBODY_WRITES, patchFault } from '../plan/check-hypotheses.ts';
import type { Lab, LabPlan } from './lab.ts';

/** A change that somebody proposes by hand, checked as the plan's own are. */

/** `k=v` texts, each perhaps several with commas between, the path of a diff, or words. */
export interface ChangeWords {
  readonly change?: readonly string[] | undefined;
  /** Absolute. */
  readonly patch?: string | undefined;
  /** In words. */
  readonly idea?: string | undefined;
}

/** More is no single change, and the journal keeps each diff. */
const MOST_PATCH_BYTES = 1024 * 1024;

/** Throws LabError usage (what was said), conflict or refused (what the patch does to base). */
export async function proposedChange(
  lab: Lab,
  labPlan: LabPlan,
  { change = [], patch, idea }: ChangeWords,
): Promise<Proposable> {
  const ways = [change.length > 0, patch !== undefined, idea !== undefined].filter(Boolean);
  if (ways.length !== 1)
    throw new LabError(
      'usage',
      `expected one of --change knob=value, --patch FILE and --idea WORDS, found ${ways.length === 0 ? 'none' : ways.length === 2 ? 'two' : 'all three'}`,
    );
  if (idea !== undefined) return inWords(labPlan, idea);
  return patch === undefined
    ? knobChange(lab, labPlan, change)
    : patchChange(lab, labPlan, await realpath(patch).catch(() => patch));
}

function inWords({ plan }: LabPlan, idea: string): Proposable {
  const text = idea.trim();
  if (text === '') throw new LabError('usage', 'expected --idea with some text, found none');
  if (!canWrite(plan)) throw new LabError('usage', NOBODY_WRITES);
  return { kind: 'idea', text };
}

async function knobChange(
  lab: Lab,
  labPlan: LabPlan,
  words: readonly string[],
): Promise<SingleChange> {
  const values = knobsIn(words, Object.keys(labPlan.plan.search_space));
  const own = { title: 'proposed', change: values };
  const plan = { ...labPlan.plan, hypotheses: [own] };
  const files = await lab.repository.listFiles(labPlan.base.commit);
  const nowhere = () => ({ line: 1, column: 1 });
  const check = new PlanChecking(plan, nowhere, lab.repository, labPlan.base, files);
  await checkHypotheses(check, await checkKnobs(check));
  if (check.problems.length > 0)
    throw new LabError('usage', check.problems.map(({ message }) => message).join('\n'));
  const made: SingleChange = { kind: 'knobs', values };
  const count = Object.keys(values).length;
  if (count > 1)
    throw new LabError(
      'usage',
      `expected one change, found ${count} (${changeInWords(made)}): propose them one by one`,
    );
  return made;
}

/** A comma ends a value only where a knob of the plan and `=` follow it. */
export function knobsIn(
  words: readonly string[],
  knobs: readonly string[],
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const part of words.flatMap((text) => splitBefore(text, knobs))) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    if (at < 0 || name === '' || value === '')
      throw new LabError('usage', `expected --change knob=value, found ${JSON.stringify(part)}`);
    if (Object.hasOwn(values, name))
      throw new LabError('usage', `expected each knob once in --change, found ${name} twice`);
    Object.defineProperty(values, name, { value, enumerable: true });
  }
  return values;
}

function splitBefore(text: string, knobs: readonly string[]): string[] {
  const parts: string[] = [];
  for (const piece of text.split(',')) {
    const equals = piece.indexOf('=');
    const begins = equals > 0 && knobs.includes(piece.slice(0, equals).trim());
    if (parts.length === 0 || begins) parts.push(piece);
    else parts.push(`${parts.pop()},${piece}`);
  }
  return parts;
}

async function patchChange(lab: Lab, labPlan: LabPlan, path: string): Promise<SingleChange> {
  const inLab = relative(lab.root, path);
  const file = inLab.startsWith('..') || isAbsolute(inLab) ? basename(path) : inLab;
  const found = await stat(path).catch(() => null);
  if (!found?.isFile())
    throw new LabError('usage', `expected a diff file, found none at ${path}`, path);
  if (found.size > MOST_PATCH_BYTES)
    throw new LabError(
      'usage',
      `expected a diff of at most 1 MiB, found ${found.size} bytes in ${file}`,
      path,
    );
  const diff = await readFile(path, 'utf8');
  const fault = patchFault(labPlan.plan, diff, file);
  if (fault !== null) throw new LabError('usage', fault, path);
  const { plan, base } = labPlan;
  const commit = await applied(lab, base.commit, diff).catch((error: unknown) => {
    if (!(error instanceof LabError) || error.code === 'damaged') throw error;
    const name = base.branch ?? base.commit.slice(0, 12);
    const text = `expected a patch that applies to ${name}, found ${file} does not: ${error.message}`;
    throw new LabError(error.code, text, path, error);
  });
  // What it did, and not what its headers say.
  const touched = await lab.repository.changedPaths(base.commit, commit);
  const other = touched.find((one) => !isEditable(plan, one));
  if (other !== undefined)
    throw new LabError(
      'usage',
      `expected a patch of what workspace.editable covers, found ${other} in ${file}`,
      path,
    );
  return { kind: 'patch', file, diff };
}

/** The commit that a diff makes of another one; no branch holds it. Throws as Repository.commit does. */
export const applied = ({ repository }: Lab, parent: string, diff: string): Promise<string> =>
  repository.commit({
    ...{ branch: null, parent, message: 'whether it applies\n' },
    change: { kind: 'patch', diff },
  });

/** Of a path that the user typed, wherever they stand. */
export const absolute = (from: string, path: string): string =>
  isAbsolute(path) ? path : join(from, path);
