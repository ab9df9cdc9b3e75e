import { createHash } from 'node:crypto';
import {
  environmentOf,
  isDead,
  nameOfProcess,
  processTable,
  signalProcess,
  variableIn,
  type ProcessRow,
} from './processes.ts';

/** Variables by which a launch's processes are known, whoever finds them. */
export const MARKS = {
  /** The lab that the process works for. */
  lab: 'AUTOLAB_LAB',
  /** The process that started the run, named beyond doubt. */
  launcher: 'AUTOLAB_LAUNCHER',
  run: 'AUTOLAB_RUN_ID',
  /** The attempt's folder: no two attempts share it. */
  folder: 'AUTOLAB_RUN_DIR',
} as const;

/** What this process marks its children with. The cache folder is the lab's own, also where two labs share a root by turns. */
export const ownMarks = (
  cacheDir: string,
): { readonly lab: string; readonly launcher: string } => ({
  lab: createHash('sha256').update(cacheDir).digest('hex').slice(0, 16),
  launcher: nameOfProcess(process.pid) ?? String(process.pid),
});

const ROUNDS = 50;
const PAUSE_MS = 20;

/**
 * Kills what former launches of this lab left running: processes that carry the lab's mark and
 * whose launcher is dead for certain. Nothing else, whatever it is called: not what shows no
 * environment, and not what got a pid that one of them had. Returns a sentence each.
 */
export async function endOrphans(lab: string): Promise<readonly string[]> {
  const ended = new Map<number, string>();
  for (let round = 0; round < ROUNDS; round++) {
    const found = await orphans(lab);
    if (found.length === 0) break;
    for (const { row, run } of found) {
      if (!signalProcess(row, 'SIGKILL')) continue;
      ended.set(
        row.pid,
        `ended process ${row.pid}, which a former launch had left running for ${run}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return [...ended.values()];
}

async function orphans(
  lab: string,
): Promise<readonly { readonly row: ProcessRow; readonly run: string }[]> {
  const found: { row: ProcessRow; run: string }[] = [];
  for (const row of await processTable()) {
    if (row.zombie || row.pid === process.pid) continue;
    const environment = await environmentOf(row.pid);
    const launcher = variableIn(environment, MARKS.launcher);
    const run = variableIn(environment, MARKS.run);
    const ours =
      variableIn(environment, MARKS.lab) === lab && run !== undefined && launcher !== undefined;
    if (ours && isDead(launcher)) found.push({ row, run });
  }
  return found;
}
