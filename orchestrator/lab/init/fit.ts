import { PLAN_FILE } from '../../domain/layout.ts';
import type { Base } from '../../domain/event.ts';
import type { Repository } from '../../domain/ports.ts';
import { checkPlan } from '../../plan/check.ts';
import { formatProblem, readPlan } from '../../plan/file.ts';
import { planText, type Draft } from './plan-text.ts';

/** A plan that passes, and what was left out for it. */
export interface Fitted {
  readonly draft: Draft;
  readonly text: string;
  readonly dropped: readonly string[];
}

const ROUNDS = 20;

/**
 * Validates the draft as check will once it is committed, and takes out what does not pass: the knob
 * on the line of a problem, the seed, the links. Throws a plain Error where that is not enough.
 */
export async function fitted(
  first: Draft,
  repository: Pick<Repository, 'root' | 'readFile' | 'listFiles'>,
  base: Base,
): Promise<Fitted> {
  let draft = first;
  const dropped: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = planText(draft);
    const problems = await problemsOf(text, repository, base);
    if (problems.length === 0) return { draft, text, dropped };
    const lines = text.split('\n');
    const about = problems.map(({ line }) => (lines[line - 1] ?? '').trim());
    const less = without(draft, about);
    if (!less)
      throw new Error(
        `autolab init wrote a plan that check refuses: ${problems.map(formatProblem).join('; ')}`,
      );
    dropped.push(...problems.map(({ message }) => message));
    draft = less;
  }
  throw new Error('autolab init found no plan that check accepts');
}

async function problemsOf(
  text: string,
  repository: Pick<Repository, 'root' | 'readFile' | 'listFiles'>,
  base: Base,
) {
  const reading = readPlan(text);
  if ('problems' in reading) return reading.problems;
  const committed = {
    root: repository.root,
    listFiles: (commit: string) => repository.listFiles(commit),
    readFile: (commit: string, path: string) =>
      path === PLAN_FILE ? Promise.resolve(text) : repository.readFile(commit, path),
  };
  return checkPlan(reading.plan, reading.positions, committed, base);
}

/** The draft without what these lines of it say; null where that would be no less. */
function without(draft: Draft, lines: readonly string[]): Draft | null {
  const knobs = draft.knobs.filter(
    ({ key }) => !lines.some((line) => line.startsWith(`${key}: {`)),
  );
  const seed = lines.some((line) => line.startsWith('seed: ')) ? null : draft.seed;
  const link = lines.some((line) => line.startsWith('link: ')) ? [] : draft.link;
  const less = { ...draft, knobs, seed, link };
  const same = knobs.length === draft.knobs.length && seed === draft.seed && link === draft.link;
  return same ? null : less;
}
