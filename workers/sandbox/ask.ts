import { execa } from 'execa';
import type { Attempt } from '../attempt.ts';
import type { Ask } from '../packages.ts';
import { shutIn } from './shut-in.ts';

const PATIENCE_MS = 15_000;

/** For the user's own programs, in the user's own folders. */
export const askOutside: Ask = async ([program = '', ...args], env, cwd) =>
  execa(program, args, {
    ...{ env, cwd, extendEnv: false, reject: false, timeout: PATIENCE_MS },
    stdin: 'ignore',
  });

/** Asks programs of an attempt's environment in the sandbox of its runs, with nothing to write. */
export const asking =
  (attempt: Attempt): Ask =>
  async (argv, env, cwd) => {
    const wish = { argv, env, network: false, read: [], asks: true };
    const ready = await shutIn({ ...attempt, cwd }, wish);
    try {
      return await askOutside(ready.argv, ready.env, cwd);
    } finally {
      await ready.release();
    }
  };
