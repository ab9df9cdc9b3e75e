import {
  environmentOf,
  processRow,
  processTable,
  signalProcess,
  variableIn,
  type ProcessRow,
} from './processes.ts';

/** How the processes of one attempt are known. */
export interface Family {
  /** The command, which leads its own group and session. */
  readonly root: number;
  /** A variable that only this attempt's processes were started with. */
  readonly variable: string;
  readonly value: string;
  /** pid → start of what was ever seen below the command. */
  readonly seen: ReadonlyMap<number, string>;
}

const ROUNDS = 50;
const PAUSE_MS = 20;

/**
 * Processes of an attempt that still run: in the command's group or session, seen below it, or
 * started with its variable. `kill(-pgid)` misses those that called setsid.
 */
async function survivors(family: Family): Promise<readonly ProcessRow[]> {
  const found: ProcessRow[] = [];
  for (const row of await processTable()) {
    if (row.zombie || row.pid === process.pid) continue;
    const ours =
      row.group === family.root ||
      row.session === family.root ||
      family.seen.get(row.pid) === row.start ||
      variableIn(await environmentOf(row.pid), family.variable) === family.value;
    if (ours) found.push(row);
  }
  return found;
}

export async function signalFamily(family: Family, signal: NodeJS.Signals): Promise<number> {
  const rows = await survivors(family);
  for (const row of rows) signalProcess(row.pid, signal);
  return rows.length;
}

/** Kills what is left, and what that starts meanwhile. Returns how many processes there were. */
export async function killFamily(family: Family): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const rows = await survivors(family);
    if (rows.length === 0) break;
    for (const row of rows) {
      // On Linux the table is fresh enough to be sure; a pid is never reused within a moment.
      if (process.platform !== 'linux' || processRow(row.pid)?.start === row.start) {
        signalProcess(row.pid, 'SIGKILL');
        killed.add(row.pid);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return killed.size;
}
