import { fromTop } from '../domain/editable.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { LabError } from '../domain/errors.ts';
import type { Command } from '../domain/experiment.ts';
import type { Knob, Plan } from '../domain/plan.ts';
import { literalAt, replaceMatch } from './match.ts';
import { currentRunLiteral, readRun } from './run.ts';
import { keyPath, replaceScalar, scalarAt } from './yaml-edit.ts';

export { currentRunLiteral, rewriteRun } from './run.ts';

/** Where a knob stands in a file: what `file` knobs and `file` seeds have in common. */
export type Place = Pick<Knob, 'match' | 'path'>;

/** True where the knob is a change of the plan's `run`, not of a file of the lab. */
export const isRunKnob = (knob: Knob): boolean => knob.file === undefined;

/** What the file says now. `file` is for messages and tells the format. Throws LabError plan. */
export function currentLiteral(text: string, file: string, knob: Place): string {
  if (knob.match !== undefined) return literalAt(text, file, knob.match).literal;
  if (knob.path !== undefined) return scalarAt(text, file, keyPath(knob.path)).literal;
  throw new LabError('plan', 'expected a knob with match or path, found neither', file);
}

/**
 * The file with another literal in the knob's place, every other character as it was; reading it
 * back gives `literal`. Throws LabError plan where the place is not there exactly once, or where
 * the literal cannot stand in it.
 */
export function rewriteKnob(text: string, file: string, knob: Place, literal: string): string {
  if (knob.match !== undefined) return replaceMatch(text, file, knob.match, literal);
  if (knob.path !== undefined) return replaceScalar(text, file, keyPath(knob.path), literal);
  throw new LabError('plan', 'expected a knob with match or path, found neither', file);
}

/**
 * The value of every knob at one commit. `planText` is research_plan.yaml there (null where it has
 * none: the plan's own `run` counts), `readFile` gives a file by its path from the repository's
 * top, null where there is none. Throws LabError plan.
 */
export async function knobSettings(
  plan: Plan,
  planText: string | null,
  readFile: (path: string) => Promise<string | null>,
): Promise<Record<string, string>> {
  // Read only for knobs that stand there: what base says otherwise need not even be a plan.
  const ofRun = Object.values(plan.search_space).some(isRunKnob);
  const run = planText === null || !ofRun ? plan.run : readRun(planText);
  const entries = Object.entries(plan.search_space).map(async ([name, knob]) => {
    if (knob.file === undefined) return [name, currentRunLiteral(run, knob, run.shell)] as const;
    const path = fromTop(plan, knob.file);
    const text = await readFile(path);
    if (text === null)
      throw new LabError('plan', `expected the file ${path}, found none`, PLAN_FILE);
    return [name, currentLiteral(text, path, knob)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** What `command` and `env` are at a commit whose research_plan.yaml is `planText`. */
export const runCommand = (planText: string): Command => {
  const { command, env } = readRun(planText);
  return { command, env };
};

/** Values of the knob to try, in the plan's order, each once, without the current one. */
export const candidateValues = (knob: Knob, current: string): string[] =>
  [...new Set(knob.values)].filter((value) => value !== current);

/**
 * A value from the knob's range: the quantile `u` (0 ≤ u < 1) of a uniform distribution, or of a
 * log-uniform one. Whole numbers where both bounds are; else as few digits as stay inside the
 * range, from 3 significant ones up, and never an exponent where plain digits will do: YAML 1.1
 * readers take 1e-7 for a word.
 */
export function sampleRange(knob: Knob, u: number): string {
  if (!knob.range) throw new LabError('plan', 'expected a knob with a range, found none');
  const [low, high] = knob.range;
  const between = (a: number, b: number): number =>
    knob.scale === 'log'
      ? Math.exp(Math.log(a) + u * (Math.log(b) - Math.log(a)))
      : a + u * (b - a);
  if (knob.whole ?? (Number.isInteger(low) && Number.isInteger(high))) {
    // Each whole number has its own share of the unit interval, the bounds too.
    return String(Math.min(high, Math.max(low, Math.floor(between(low, high + 1)))));
  }
  const exact = Math.min(high, Math.max(low, between(low, high)));
  for (let digits = 3; digits <= 17; digits += 1) {
    const rounded = Number(exact.toPrecision(digits));
    if (rounded >= low && rounded <= high) return plainDigits(rounded);
  }
  return plainDigits(exact);
}

function plainDigits(value: number): string {
  const text = String(value);
  const exponent = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (!exponent || Number(exponent[4]) > 12) return text;
  const [, sign = '', first = '', rest = '', power = ''] = exponent;
  return `${sign}0.${'0'.repeat(Number(power) - 1)}${first}${rest}`;
}
