import { fork } from 'node:child_process';
import { once } from 'node:events';
import { scored, together, type Tally } from './score.ts';
import type { Setting } from './settings.ts';

/** Nights side by side. What comes out depends neither on how many there are nor on who is first. */

/** So many nights of a setting, from this number on. */
export interface Order {
  readonly setting: Setting;
  readonly seed: number;
  readonly from: number;
  readonly nights: number;
}

/** Small enough that the processes end together. Sums of floats depend on it: it is fixed. */
const CHUNK = 20;

const carryOut = ({ setting, seed, from, nights }: Order): Tally =>
  together(Array.from({ length: nights }, (_, i) => scored(setting, seed, from + i)));

/** The tally of each order, in their order, by `jobs` processes (1: by this one). */
export async function carriedOut(
  orders: readonly Order[],
  jobs: number,
  done: (order: Order) => void,
): Promise<readonly Tally[]> {
  const chunks = orders.map(inChunks);
  const queue = chunks.flat();
  const tallies = new Map<Order, Tally>();
  const work = async (play: (chunk: Order) => Promise<Tally> | Tally) => {
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
      tallies.set(chunk, await play(chunk));
      done(chunk);
    }
  };
  if (jobs === 1) await work(carryOut);
  else await Promise.all(Array.from({ length: jobs }, () => inProcess(work)));
  return chunks.map((parts) => together(parts.flatMap((part) => tallies.get(part) ?? [])));
}

const inChunks = (order: Order): readonly Order[] =>
  Array.from({ length: Math.ceil(order.nights / CHUNK) }, (_, i) => ({
    ...order,
    from: order.from + i * CHUNK,
    nights: Math.min(CHUNK, order.nights - i * CHUNK),
  }));

async function inProcess(work: (play: (chunk: Order) => Promise<Tally>) => Promise<void>) {
  const child = fork(import.meta.filename, { serialization: 'advanced' });
  const gone = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`a process that played nights ended (${signal ?? code})`)),
    );
  });
  try {
    await work(async (chunk) => {
      child.send(chunk);
      const [tally] = await Promise.race([once(child, 'message'), gone]);
      return tally as Tally;
    });
  } finally {
    gone.catch(() => {});
    child.kill();
  }
}

const isChild = process.argv[1] === import.meta.filename;
if (isChild) process.on('message', (order: Order) => process.send?.(carryOut(order)));
