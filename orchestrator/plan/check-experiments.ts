import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from '../domain/command.ts';
import { BASELINE, gateNeeded, plannedWork, type PlannedWork } from '../domain/planned-work.ts';
import type { PlanChecking } from './check-context.ts';
import { nearest } from './nearest.ts';
import { excerpt } from './problems.ts';
import type { Path } from './source.ts';

/** Of notes: every report shows them. */
const MOST_NOTES_BYTES = 256 * 1024;

/** Where a piece of work stands in the plan. */
const placeOfWork = ({ at }: PlannedWork): Path => at.flatMap((index) => ['experiments', index]);

/** Checks `experiments`: their names, what they need, and the files they name. */
export async function checkExperiments(check: PlanChecking): Promise<void> {
  const all = plannedWork(check.plan);
  const known = new Map<string, PlannedWork>();
  for (const work of all) {
    if (known.has(work.name))
      check.bad(
        [...placeOfWork(work), 'name'],
        `expected a name of its own, found ${work.name} twice`,
      );
    else known.set(work.name, work);
  }
  for (const work of all) {
    checkNeeds(check, work, known);
    await checkFiles(check, work);
    const { command } = work.experiment;
    if (command !== undefined && !check.plan.run.shell)
      check.attempt([...placeOfWork(work), 'command'], () => wordsOf(command));
  }
  checkCycles(check, all, known);
}

function checkNeeds(
  { plan, bad }: PlanChecking,
  work: PlannedWork,
  known: ReadonlyMap<string, PlannedWork>,
): void {
  for (const [i, need] of work.experiment.needs.entries()) {
    const at = [...placeOfWork(work), 'needs', i];
    const gate = gateNeeded(need);
    if (gate !== null && gate > plan.gates.length) {
      const there =
        plan.gates.length === 0 ? 'the plan has none' : `the plan has ${plan.gates.length}`;
      bad(at, `expected a gate of the plan, found ${need} (${there})`);
    }
    if (gate !== null || need === BASELINE || known.has(need)) continue;
    const near = nearest(need, [BASELINE, ...known.keys()]);
    const hint = near === null ? '' : ` (did you mean ${near}?)`;
    bad(
      at,
      `expected baseline, gate 1 or the name of another experiment${hint}, found ${excerpt(need)}`,
    );
  }
}

/** One problem for each that can never begin because it waits, in the end, for itself. */
function checkCycles(
  { bad }: PlanChecking,
  all: readonly PlannedWork[],
  known: ReadonlyMap<string, PlannedWork>,
): void {
  for (const work of all) {
    const way = wayBack(work, known);
    if (way === null) continue;
    const { needs } = work.experiment;
    const at = needs.indexOf(way[0] ?? '');
    // A parent that waits for its child: the child's own needs are all right.
    if (at < 0) continue;
    bad(
      [...placeOfWork(work), 'needs', at],
      `expected needs without a circle, found ${[work.name, ...way].join(' → ')}`,
    );
  }
}

/** The needs that lead from a piece of work back to it, shortest first; null where none do. */
function wayBack(
  work: PlannedWork,
  known: ReadonlyMap<string, PlannedWork>,
): readonly string[] | null {
  const seen = new Set<string>();
  let ways: (readonly string[])[] = work.needs.map((need) => [need]);
  while (ways.length > 0) {
    const found = ways.find((way) => way.at(-1) === work.name);
    if (found) return found;
    ways = ways.flatMap((way) => {
      const last = way.at(-1) ?? '';
      if (seen.has(last)) return [];
      seen.add(last);
      return (known.get(last)?.needs ?? []).map((need) => [...way, need]);
    });
  }
  return null;
}

async function checkFiles(check: PlanChecking, work: PlannedWork): Promise<void> {
  const { handler, plan: notes } = work.experiment;
  if (handler !== undefined) await check.read([...placeOfWork(work), 'handler'], handler);
  if (notes === undefined) return;
  const found = await lstat(join(check.repository.root, notes)).catch(() => null);
  const fault = !found?.isFile()
    ? `a Markdown file in your checkout, found none at ${notes}`
    : found.size > MOST_NOTES_BYTES
      ? `notes of at most 256 KiB, found ${found.size} bytes in ${notes}`
      : null;
  if (fault !== null) check.bad([...placeOfWork(work), 'plan'], `expected ${fault}`);
}
