import {
  environmentOf,
  processTable,
  signalProcess,
  startedBefore,
  variableIn,
  type ProcessRow,
} from './processes.ts';

/** How the processes of one attempt are known. */
export interface Family {
  /** The command, which leads its own group and session. */
  readonly root: number;
  /** When it started; null where it was gone before anybody looked. */
  readonly start: string | null;
  /** A variable that only this attempt's processes were started with. */
  readonly variable: string;
  readonly value: string;
  /** The root keeps a sandbox, as does its one child, and neither is the command. */
  readonly keeper?: boolean;
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
  const table = await processTable();
  // The pid may be another's by now: then whoever is in its group is none of ours.
  const known = family.start !== null;
  const reused =
    known && table.some(({ pid, start }) => pid === family.root && start !== family.start);
  for (const row of table) {
    if (row.zombie || row.pid === process.pid) continue;
    // What was there before the command is no child of its, whatever it was started with.
    if (family.start !== null && startedBefore(row, family.start)) continue;
    const ours =
      (!reused && (row.group === family.root || row.session === family.root)) ||
      family.seen.get(row.pid) === row.start ||
      (family.value !== '' &&
        variableIn(await environmentOf(row.pid), family.variable) === family.value);
    if (ours) found.push(row);
  }
  return found;
}

/**
 * Signals what runs of it. Of a sandbox only what runs inside: who keeps it would end that at once.
 * Where nothing runs inside yet, nothing is to be asked, and it ends.
 */
export async function signalFamily(family: Family, signal: NodeJS.Signals): Promise<void> {
  const { root, keeper } = family;
  const all = await survivors(family);
  const inside = all.filter(({ pid, parent }) => pid !== root && parent !== root);
  const rows = keeper === true ? inside : all;
  if (keeper === true && inside.length === 0) await killFamily(family);
  for (const row of rows) signalProcess(row, signal);
}

/** Kills what is left, and what that starts meanwhile. Returns how many processes there were. */
export async function killFamily(family: Family): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const rows = await survivors(family);
    if (rows.length === 0) break;
    for (const row of rows) if (signalProcess(row, 'SIGKILL')) killed.add(row.pid);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return killed.size;
}

/** Kills whatever was started with a variable of that value. */
export async function endMarked(variable: string, value: string): Promise<void> {
  await killFamily({ root: NOBODY, start: null, variable, value, seen: new Map() });
}

/** No process has it, and none leads a group or session of it. */
const NOBODY = -1;
