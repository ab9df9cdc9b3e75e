import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { isEditable } from '../orchestrator/domain/editable.ts';
import { PLAN_FILE } from '../orchestrator/domain/layout.ts';
import type { Repository } from '../orchestrator/domain/ports.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { Failure } from '../orchestrator/domain/run.ts';

export const invalid = (message: string): Failure => ({ class: 'invalid', message });

/** `a.py, b.py and 3 more`. */
export function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).join(', ');
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}

/**
 * The failure of a commit that differs from base in protected files, null where it does not. The
 * one exemption: `run.command` and `run.env` of the plan, where AutoLab writes arg and env knobs.
 */
export async function protectedDifference(
  repository: Repository,
  plan: Plan,
  base: string,
  commit: string,
): Promise<Failure | null> {
  if (base === commit) return null;
  const offending: string[] = [];
  for (const path of await repository.changedPaths(base, commit)) {
    if (isEditable(plan, path)) continue;
    if (path === PLAN_FILE && (await onlyItsRunDiffers(repository, base, commit))) continue;
    offending.push(path);
  }
  if (offending.length === 0) return null;
  return invalid(
    `expected changes in ${plan.workspace.editable.join(', ')} only, found ${listed(offending)} changed`,
  );
}

async function onlyItsRunDiffers(
  repository: Repository,
  base: string,
  commit: string,
): Promise<boolean> {
  const [before, after] = await Promise.all([
    repository.readFile(base, PLAN_FILE),
    repository.readFile(commit, PLAN_FILE),
  ]);
  if (before === null || after === null || mayNestDeep(after)) return false;
  try {
    return isDeepStrictEqual(withoutRun(before), withoutRun(after));
  } catch {
    return false;
  }
}

/** The parser calls itself for each level, and a patch could have it exhaust the stack. */
const mayNestDeep = (text: string): boolean => (text.match(/[[{]|- (?=- )/g)?.length ?? 0) > 1000;

function withoutRun(text: string): unknown {
  const plan = parse(text) as { run?: Record<string, unknown> };
  delete plan.run?.['command'];
  delete plan.run?.['env'];
  return plan;
}
