import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { RunOrder } from '../orchestrator/domain/ports.ts';
import { MARKS } from './orphans.ts';

/**
 * What of the user's environment a run sees without being asked for: where programs, home and
 * temporary files are, the language, and which Python or CUDA is meant. No name here holds a secret.
 */
const BASICS =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|CONDA_PREFIX|CONDA_DEFAULT_ENV|PYENV_(?:ROOT|VERSION)|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|CUDA_HOME|CUDA_PATH|ROCM_PATH|XDG_CACHE_HOME|SSL_CERT_(?:FILE|DIR))$/;

export interface EnvironmentOrder {
  readonly order: RunOrder;
  /** The attempt's folder, which the script may write to. */
  readonly folder: string;
  readonly previous: string | null;
  readonly worktree: string;
  /** Where the command runs. */
  readonly cwd: string;
  readonly lab: string;
  readonly launcher: string;
  readonly port: number;
  /** The user's own environment. */
  readonly user: Readonly<Record<string, string | undefined>>;
  /** Variables of this execution alone, such as the seed's. */
  readonly seed: Readonly<Record<string, string>>;
}

/** The whole environment of a run: made from nothing, nothing else gets in. */
export function runEnvironment(given: EnvironmentOrder): Readonly<Record<string, string>> {
  const { order, user } = given;
  const picked = (names: (name: string) => boolean): Record<string, string> =>
    Object.fromEntries(
      Object.entries(user).filter(
        (entry): entry is [string, string] => names(entry[0]) && entry[1] !== undefined,
      ),
    );
  const wanted = new Set(order.plan.run.env_from);
  const said = { ...picked((name) => wanted.has(name)), ...order.command.env };
  return {
    ...picked((name) => BASICS.test(name)),
    TERM: 'dumb',
    PYTHONUNBUFFERED: '1',
    WANDB_MODE: 'offline',
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(given.port),
    ...(order.gpus === null ? {} : devices(order.gpus)),
    ...said,
    PYTHONPATH: pythonPath(given, said['PYTHONPATH']),
    ...given.seed,
    [MARKS.lab]: given.lab,
    [MARKS.launcher]: given.launcher,
    [MARKS.run]: order.run,
    [MARKS.folder]: given.folder,
    ...(given.previous === null ? {} : { AUTOLAB_PREVIOUS_RUN_DIR: given.previous }),
  };
}

/** CUDA counts the fastest first unless told to count as nvidia-smi does, and so do we. */
const devices = (gpus: readonly number[]): Record<string, string> => ({
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  CUDA_VISIBLE_DEVICES: gpus.join(','),
});

/** An editable install in a linked .venv would otherwise import the user's checkout. */
const pythonPath = ({ worktree, cwd }: EnvironmentOrder, said: string | undefined): string =>
  [
    ...new Set([cwd, join(cwd, 'src'), worktree, join(worktree, 'src')]),
    ...(said ? [said] : []),
  ].join(delimiter);

const FIRST_PORT = 29_500;
const PORTS_PER_SLOT = 16;

/** A port that nobody listens on, from a range that no other slot draws from. */
export async function freePort(slot: number): Promise<number> {
  const first = FIRST_PORT + ((slot - 1) % 1000) * PORTS_PER_SLOT;
  for (let port = first; port < first + PORTS_PER_SLOT; port++) {
    if (await isFree(port)) return port;
  }
  return first;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen({ port, host: '127.0.0.1', exclusive: true }, () =>
        server.close(() => resolve(true)),
      );
  });
