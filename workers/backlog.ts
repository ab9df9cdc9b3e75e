import { setImmediate } from 'node:timers/promises';

/** Output that was read and waits to be looked at, so that looking holds nobody up who writes. */
export interface Backlog<Chunk> {
  push(chunk: Chunk, bytes: Buffer): void;
  /** Resolves when more may come: when less than MOST_BYTES wait, or little of this one's. */
  room(): Promise<void> | void;
  /** Resolves when nothing waits any more. Throws what looking threw. */
  done(): Promise<void>;
}

/** Of all runs of this process together: what a training prints in a second or two. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A run may always have so much waiting, whatever the others do. */
const OWN_BYTES = 1024 * 1024;
const PIECE_BYTES = 4096;
/** Between two turns of the event loop, in which the pipes are read; a piece only while much comes. */
const TURN_MS = 2;

let waitingEverywhere = 0;

/**
 * Hands over what is pushed, in order and in small pieces. A little is handed over at once; more
 * waits for its turn, `settled` after each.
 */
export function createBacklog<Chunk>(
  look: (chunk: Chunk, piece: Buffer) => void,
  settled: () => Promise<void> | void,
): Backlog<Chunk> {
  let queue: { readonly chunk: Chunk; readonly bytes: Buffer }[] = [];
  let waiting = 0;
  /** More came since the last turn: whoever writes it has the pipe full. */
  let came = false;
  let working: Promise<void> | null = null;
  let broken: unknown = null;
  let woken: (() => void)[] = [];

  const count = (bytes: number): void => {
    waiting += bytes;
    waitingEverywhere += bytes;
  };

  const wake = (): void => {
    for (const resolve of woken) resolve();
    woken = [];
  };

  const lookAt = async (chunk: Chunk, bytes: Buffer): Promise<void> => {
    let began = performance.now();
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      if (came || performance.now() - began > TURN_MS) {
        came = false;
        await setImmediate();
        began = performance.now();
      }
      look(chunk, bytes.subarray(at, at + PIECE_BYTES));
    }
  };

  const work = async (): Promise<void> => {
    try {
      while (queue.length > 0) {
        const batch = queue;
        queue = [];
        for (const { chunk, bytes } of batch) {
          if (broken === null) await lookAt(chunk, bytes).catch(give);
          count(-bytes.length);
          wake();
          await settled();
          await setImmediate();
        }
      }
    } finally {
      // In the same breath as the last look at the queue: nothing is pushed in between.
      working = null;
    }
  };

  /** A bug of ours: what still comes is let go of, and whoever waits for the end hears of it. */
  const give = (error: unknown): void => {
    broken ??= error;
  };

  return {
    push(chunk, bytes) {
      if (broken !== null) return;
      if (working === null && bytes.length <= PIECE_BYTES) return look(chunk, bytes);
      queue.push({ chunk, bytes });
      count(bytes.length);
      came = true;
      working ??= work().catch(give);
    },
    async room() {
      await settled();
      const isMuch = (): boolean => waiting > OWN_BYTES && waitingEverywhere > MOST_BYTES;
      while (isMuch()) await new Promise<void>((resolve) => woken.push(resolve));
    },
    async done() {
      await working;
      if (broken !== null) throw broken;
    },
  };
}
