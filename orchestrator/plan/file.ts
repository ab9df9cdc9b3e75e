import type { z } from 'zod';
import { planSchema, type Plan } from '../domain/plan.ts';
import { nearest } from './nearest.ts';
import { keysAt } from './schema.ts';
import { excerpt, inFileOrder } from './problems.ts';
import { readSource } from './source.ts';
import type { Problem } from './problems.ts';
import type { Path, PlanSource, Positions } from './source.ts';

export { formatProblem } from './problems.ts';

/** A plan and where its values stand in the file, or everything that is wrong with the text. */
export type PlanReading =
  | { readonly plan: Plan; readonly positions: Positions }
  | { readonly problems: readonly Problem[] };

/**
 * Reads research_plan.yaml. All problems at once, in the order of the file, each at the value it
 * is about: a missing key at its mapping, an unknown key at the key. Looks at nothing
 * but the text (checkPlan looks at the repository) and never throws.
 */
export function readPlan(text: string): PlanReading {
  const { source, problems } = readSource(text);
  if (!source) return { problems: inFileOrder(problems) };
  if (source.data === null) {
    const keys = 'project, question, objective, workspace and run';
    const message = `expected a mapping with ${keys}, found an empty file`;
    return { problems: inFileOrder([...problems, { line: 1, column: 1, message }]) };
  }
  const parsed = planSchema.safeParse(source.data);
  if (parsed.success && problems.length === 0)
    return { plan: parsed.data, positions: source.positions };
  const issues = parsed.success ? [] : parsed.error.issues;
  return {
    problems: inFileOrder([...problems, ...issues.flatMap((issue) => problemsOf(issue, source))]),
  };
}

/** Of one mapping. Nobody reads more, and each is compared with every key that might be meant. */
const MOST_UNKNOWN = 1000;

function problemsOf(issue: z.core.$ZodIssue, source: PlanSource): Problem[] {
  const at = (path: Path, message: string, of: 'value' | 'key' = 'value'): Problem => ({
    ...source.positions(path, of),
    message,
  });
  const { path } = issue;
  const key = String(path.at(-1) ?? 'the plan');
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, MOST_UNKNOWN)
      .map((unknown) => at([...path, unknown], unknownKey(path, unknown, source), 'key'));
  const meant = issue.code === 'invalid_union' ? inMapping(issue) : [];
  if (meant.length > 0)
    return meant.flatMap((inner) =>
      problemsOf({ ...inner, path: [...path, ...inner.path] }, source),
    );
  const expected = wordsFor(issue);
  if (issue.code === 'invalid_key') return [at(path, `${expected}, found ${excerpt(key)}`, 'key')];
  if (source.has(path)) return [at(path, `${expected}, found ${source.found(path)}`)];
  const missing = `expected the key ${key} (${expected.replace(/^expected /, '')})`;
  return [at(path, `${missing}, found none`)];
}

/** Where a key has a short form and a mapping, and a mapping was given: what is wrong inside it. */
const inMapping = ({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] =>
  errors.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  ) ?? [];

/** The schema says most of its expectations in words; these are for what it leaves to zod. */
function wordsFor(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'expected another name';
  if (issue.message.startsWith('expected')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    default:
      return `expected something else (${issue.message})`;
  }
}

function unknownKey(path: Path, unknown: string, source: PlanSource): string {
  const names = [...(keysAt(path)?.keys() ?? [])];
  const near = nearest(unknown, names);
  // The key that is there already cannot be what this one was meant to be.
  if (near !== null && !source.has([...path, near]))
    return `expected a known key (did you mean ${near}?), found ${excerpt(unknown)}`;
  return `expected one of the keys ${names.join(', ')}, found ${excerpt(unknown)}`;
}
