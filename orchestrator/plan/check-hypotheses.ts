import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isEditable } from '../domain/editable.ts';
import { LabError } from '../domain/errors.ts';
import { numberIn } from '../domain/number-literal.ts';
import type { Knob, Plan } from '../domain/plan.ts';
import { readPatch } from '../domain/patch.ts';
import { canWrite, WHO_COULD_WRITE } from '../domain/plan-writing.ts';
import { nearest } from './nearest.ts';
import type { PlanChecking } from './check-context.ts';
import type { KnobAtBase } from './check-knobs.ts';
import { excerpt } from './problems.ts';
import type { Path } from './source.ts';

/**
 * Checks the user's own hypotheses. More than one knob in one of them is no problem here: the
 * Planner rejects it at night, with the reason on record.
 */
export async function checkHypotheses(
  check: PlanChecking,
  knobs: ReadonlyMap<string, KnobAtBase>,
): Promise<void> {
  for (const [i, { patch, idea, change = {} }] of check.plan.hypotheses.entries()) {
    if (idea !== undefined && !canWrite(check.plan))
      check.bad(['hypotheses', i, 'idea'], NOBODY_WRITES);
    if (patch !== undefined) await checkPatch(check, ['hypotheses', i, 'patch'], patch);
    for (const [name, literal] of Object.entries(change))
      checkChange(check, ['hypotheses', i, 'change', name], name, literal, knobs);
  }
}

/** Of ideas in words, wherever they are had. */
export const NOBODY_WRITES = `expected somebody who can write an idea as a patch, found nobody: ${WHO_COULD_WRITE}`;

/**
 * Any literal may be tried, listed or not, if it can be written; a range takes numbers alone. One
 * that base has already is no mistake: promoting a hypothesis makes it so, and the Planner says it
 * is nothing new.
 */
function checkChange(
  check: PlanChecking,
  at: Path,
  name: string,
  literal: string,
  knobs: ReadonlyMap<string, KnobAtBase>,
): void {
  if (!Object.hasOwn(check.plan.search_space, name)) {
    const names = Object.keys(check.plan.search_space);
    const near = nearest(name, names);
    const known = names.length === 0 ? '; it has none' : `: ${names.join(', ')}`;
    const hint = near === null ? known : ` (did you mean ${near}?)`;
    return check.bad(at, `expected a knob of search_space${hint}, found ${excerpt(name)}`, 'key');
  }
  const knob = knobs.get(name);
  if (!knob) return;
  check.attempt(at, () => {
    knob.tryOut(literal);
    if (literal !== knob.current) refuseWord(name, check.plan.search_space[name], literal);
  });
}

/** Words written where a range says numbers cost a night's runs, to fail in the script. */
function refuseWord(name: string, knob: Knob | undefined, literal: string): void {
  if (!knob?.range || numberIn(literal) !== null) return;
  const text = `expected a number (the range of ${name} is ${knob.range.join(' to ')}), found ${excerpt(literal)}; give a number, or have search_space list values in place of the range`;
  throw new LabError('plan', text);
}

async function checkPatch(check: PlanChecking, at: Path, path: string): Promise<void> {
  const text = await readFile(join(check.repository.root, path), 'utf8').catch(() => null);
  if (text === null)
    return check.bad(at, `expected a diff file in your checkout, found none at ${path}`);
  const fault = patchFault(check.plan, text, path);
  if (fault !== null) check.bad(at, fault);
}

/** Why no experiment may be made of a diff, or null. Nothing is applied; `path` is what it is called. */
export function patchFault(plan: Plan, text: string, path: string): string | null {
  const reading = readPatch(text);
  if (!('files' in reading)) return `${reading.message} (${path}:${reading.line})`;
  const other = reading.files.find((file) => !isEditable(plan, file));
  if (other !== undefined)
    return `expected a patch of what workspace.editable covers, found ${other} in ${path}`;
  if (reading.special)
    return `expected a patch of plain files, found a link or a submodule in ${path}`;
  return null;
}
