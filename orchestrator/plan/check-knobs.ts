import { fromTop, isEditable } from '../domain/editable.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { LabError } from '../domain/errors.ts';
import type { Knob, Plan } from '../domain/plan.ts';
import { readRun } from '../knobs/run.ts';
import {
  currentLiteral,
  currentRunLiteral,
  isRunKnob,
  rewriteKnob,
  rewriteRun,
} from '../knobs/knobs.ts';
import type { PlanChecking } from './check-context.ts';
import { excerpt } from './problems.ts';
import type { Path } from './source.ts';

/** A knob as base has it. */
export interface KnobAtBase {
  readonly current: string;
  /** Makes the edit that sets the knob, for nothing but to see it made. Throws LabError plan. */
  readonly tryOut: (literal: string) => unknown;
}

/** Checks the search space. Returns the knobs that can be read at base; each other is a problem. */
export async function checkKnobs(check: PlanChecking): Promise<ReadonlyMap<string, KnobAtBase>> {
  const knobs = Object.entries(check.plan.search_space);
  const firstOfRun = knobs.find(([, knob]) => isRunKnob(knob));
  const planText = firstOfRun
    ? await committedPlan(check, placeOf(firstOfRun[0], firstOfRun[1]))
    : null;
  const atBase = new Map<string, KnobAtBase>();
  for (const [name, knob] of knobs) {
    const found = isRunKnob(knob)
      ? runKnob(check, name, knob, planText)
      : await fileKnob(check, name, knob);
    if (!found) continue;
    atBase.set(name, found);
    checkValues(check, ['search_space', name, 'values'], knob, found);
  }
  return atBase;
}

function checkValues(
  check: PlanChecking,
  at: Path,
  knob: Knob,
  { current, tryOut }: KnobAtBase,
): void {
  if (!knob.values) return;
  for (const [i, value] of knob.values.entries()) check.attempt([...at, i], () => tryOut(value));
  // Quotes that stand in the file and not in the values would be lost with the first change.
  const bare = /^(['"`])(.*)\1$/s.exec(current);
  if (bare?.[2] !== undefined && knob.values.includes(bare[2]) && !knob.values.includes(current))
    check.bad(
      at,
      `expected values as the file writes them, ${current}, found ${bare[2]}; put the quotes into match: ${bare[1]}{value}${bare[1]}`,
    );
}

/** Path in the plan of what says where the knob stands. */
const placeOf = (name: string, knob: Knob): Path => {
  const key = (['match', 'path', 'arg', 'env'] as const).find((place) => knob[place] !== undefined);
  return ['search_space', name, ...(key ? [key] : [])];
};

async function fileKnob(check: PlanChecking, name: string, knob: Knob): Promise<KnobAtBase | null> {
  const at = ['search_space', name, 'file'];
  const file = knob.file ?? '';
  const path = fromTop(check.plan, file);
  const text = await check.read(at, file);
  if (text === null) return null;
  if (!isEditable(check.plan, path)) {
    check.bad(at, `expected a file that workspace.editable covers, found ${file}`);
    return null;
  }
  const current = check.attempt(placeOf(name, knob), () => currentLiteral(text, path, knob));
  if (current === null) return null;
  return { current, tryOut: (literal) => rewriteKnob(text, path, knob, literal) };
}

function runKnob(
  check: PlanChecking,
  name: string,
  knob: Knob,
  planText: string | null,
): KnobAtBase | null {
  const { run } = check.plan;
  const at = placeOf(name, knob);
  if (knob.env !== undefined && (knob.env === run.seed?.env || run.env_from.includes(knob.env)))
    check.bad(at, `expected a variable of its own, found ${knob.env} in run.seed or run.env_from`);
  const current = check.attempt(at, () => currentRunLiteral(run, knob, run.shell));
  if (current === null) return null;
  // Without a committed plan there is nothing to edit, which is a problem that was reported already.
  if (planText === null) return { current, tryOut: () => null };
  if (check.attempt(at, () => rewriteRun(planText, knob, 'any')) === null) return null;
  return { current, tryOut: (literal) => rewriteRun(planText, knob, literal) };
}

/**
 * research_plan.yaml at base. An arg or env knob is an edit of it, so its `run` has to be the one
 * that the night will use; null, with a problem at the first such knob, where it is not.
 */
async function committedPlan(check: PlanChecking, at: Path): Promise<string | null> {
  const expected = `expected ${PLAN_FILE} on ${check.baseName} with the same run as here (arg and env knobs are changes of it)`;
  const text = await check.committed(PLAN_FILE);
  const fault = text === null ? 'none there' : differenceOfRun(text, check.plan);
  if (fault === null) return text;
  check.bad(at, `${expected}, found ${fault}; commit this one`);
  return null;
}

function differenceOfRun(planText: string, plan: Plan): string | null {
  try {
    const { command, env, shell } = readRun(planText);
    const { run } = plan;
    if (command !== run.command) return `run.command: ${excerpt(command)}`;
    if (shell !== run.shell) return `run.shell: ${shell}`;
    return asText(env) === asText(run.env) ? null : 'another run.env';
  } catch (error) {
    if (error instanceof LabError) return `one that cannot be edited (${error.message})`;
    throw error;
  }
}

const asText = (env: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1)));
