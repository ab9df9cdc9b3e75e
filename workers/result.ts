import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../orchestrator/domain/ids.ts';
import type { RunResult, SummaryValue } from '../orchestrator/domain/run.ts';
import { writeWhole } from './files.ts';

/** A script may write a result.json of its own into its run's folder: ours says that it is one. */
const SEAL = 'autolab-result-1';

/** Writes a result for good. Numbers that are not finite become the strings NaN, Infinity, -Infinity. */
export async function sealResult(folder: string, result: RunResult): Promise<void> {
  const text = JSON.stringify(
    { seal: SEAL, ...result },
    (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    2,
  );
  await writeWhole(join(folder, 'result.json'), `${text}\n`);
}

/**
 * The result sealed in an attempt's folder, as it was given; null where there is none, or one of
 * another commit: ids come again where a notebook was deleted.
 */
export async function readSealed(
  folder: string,
  run: RunId,
  attempt: number,
  commit: string,
): Promise<RunResult | null> {
  const file = join(folder, 'result.json');
  // Asked before each attempt, and almost always in vain.
  if (!existsSync(file)) return null;
  let found: (RunResult & { readonly seal?: unknown }) | null;
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as typeof found;
  } catch {
    return null;
  }
  if (found?.seal !== SEAL || found.commit !== commit) return null;
  if (found.run !== run || found.attempt !== attempt) return null;
  const { seal: _, ...result } = found;
  return {
    ...result,
    objective: numberIn(result.objective),
    ...(result.pruning && {
      pruning: { ...result.pruning, value: Number(result.pruning.value) },
    }),
    summary: result.summary.map((value): SummaryValue => ({
      ...value,
      number: numberIn(value.number),
    })),
  };
}

const numberIn = (value: number | string | null): number | null =>
  value === null ? null : Number(value);
