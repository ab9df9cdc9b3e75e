import { readFile } from 'node:fs/promises';
import type { Holdings } from './bounds.ts';
import {
  childrenOf,
  KNOWS_CHILDREN,
  processRow,
  processTable,
  readPage,
  type ProcessRow,
} from './processes.ts';

/** What a process tree used, as far as it was seen. */
export interface Usage {
  /** Highest memory, in MB of 1024 × 1024 bytes; shared pages count once. Null where never seen. */
  readonly peak_memory_mb: number | null;
  readonly cpu_seconds: number | null;
}

export interface Sampler {
  /** Ends sampling. */
  stop(): Usage;
  /** What those that are part of it now have used; falls where one of them leaves. Null at first. */
  cpuNow(): number | null;
  /** pid → start of every process that was ever part of the tree. */
  readonly seen: ReadonlyMap<number, string>;
}

export interface SamplerOptions {
  /** The root and its child keep a sandbox: the command is what they keep. */
  readonly keeper?: boolean;
  /** Hears of each look. */
  readonly onLook?: (holdings: Holdings) => void;
}

/** A tree so large or slow to look at is looked at less often. */
const BUSY_SHARE = 20;
const KEEPERS = 2;
/** Summing up shared pages walks page tables: beyond this, resident memory has to do. */
const SLOW_PSS_MS = 50;

/**
 * Looks at a process and its descendants every `every` milliseconds, at first more often. A
 * process alone says its own peak; of several the proportional shares are added up.
 */
export function startSampler(
  root: number,
  every: number,
  { keeper = false, onLook = () => undefined }: SamplerOptions = {},
): Sampler {
  const seen = new Map<number, string>();
  let peak: number | null = null;
  let cpu: number | null = null;
  let latest: number | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let pss = true;

  const sample = async (): Promise<void> => {
    const all = await treeOf(root);
    for (const row of all) seen.set(row.pid, row.start);
    const tree = keeper ? all.slice(KEEPERS) : all;
    if (stopped || tree.length === 0) return;
    latest = tree.reduce((sum, row) => sum + row.cpu_seconds, 0);
    cpu = Math.max(cpu ?? 0, latest);
    const resident = tree.map((row) => residentOf(row.pid));
    const own = resident[0]?.high ?? 0;
    let now = resident.reduce((sum, memory) => sum + memory.now, 0);
    // Where it is no new peak, the sum is not above what was found before.
    let known = pss || tree.length === 1 ? now : Math.max(...resident.map((memory) => memory.now));
    // Shares never exceed resident memory: only a sum that would be a new peak is worth the walk.
    if (tree.length > 1 && pss && now > (peak ?? 0)) {
      const began = performance.now();
      const shares = await Promise.all(
        tree.map((row, i) => shareOf(row.pid, resident[i]?.now ?? 0)),
      );
      now = shares.reduce((sum, share) => sum + share, 0);
      known = now;
      pss = performance.now() - began < SLOW_PSS_MS * tree.length;
    }
    const highest = Math.max(own, now);
    if (highest > 0) peak = Math.max(peak ?? 0, highest / 1024);
    const processes = tree.reduce((sum, row) => sum + row.threads, 0);
    onLook({ memory_mb: known / 1024, processes });
  };

  const loop = async (wait: number): Promise<void> => {
    const began = process.cpuUsage();
    await sample().catch(() => undefined);
    if (stopped) return;
    // Not by the clock: on a busy machine it counts what others do.
    const { user, system } = process.cpuUsage(began);
    const pause = Math.max(wait, ((user + system) / 1000) * BUSY_SHARE);
    timer = setTimeout(() => void loop(Math.min(every, wait * 2)), pause).unref();
  };
  void loop(Math.min(every, 15));

  return {
    seen,
    cpuNow: () => latest,
    stop() {
      stopped = true;
      clearTimeout(timer);
      return { peak_memory_mb: peak, cpu_seconds: cpu };
    },
  };
}

/** A process and its descendants, itself first; empty where it is gone. */
async function treeOf(root: number): Promise<readonly ProcessRow[]> {
  if (!KNOWS_CHILDREN) return treeIn(await processTable(), root);
  const top = processRow(root);
  if (top === null) return [];
  const rows = [top];
  for (let i = 0; i < rows.length; i++) {
    for (const pid of childrenOf((rows[i] as ProcessRow).pid)) {
      const row = processRow(pid);
      if (row !== null && !rows.some((known) => known.pid === pid)) rows.push(row);
    }
  }
  return rows;
}

function treeIn(table: readonly ProcessRow[], root: number): readonly ProcessRow[] {
  const rows = table.filter((row) => row.pid === root);
  for (let i = 0; i < rows.length; i++) {
    rows.push(...table.filter((row) => row.parent === rows[i]?.pid && row.pid !== row.parent));
  }
  return rows;
}

/** Resident memory of a process now and at its highest, in kB. */
function residentOf(pid: number): { readonly now: number; readonly high: number } {
  const status = readPage(`/proc/${pid}/status`) ?? '';
  return { now: kilobytes(status, 'VmRSS'), high: kilobytes(status, 'VmHWM') };
}

const shareOf = async (pid: number, otherwise: number): Promise<number> =>
  kilobytes(await text(`/proc/${pid}/smaps_rollup`), 'Pss') || otherwise;

const kilobytes = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);

const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
