import { existsSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import type { Executed } from './execute.ts';
import { isWithin } from './sandbox/confinement.ts';

/**
 * What a sandbox refuses, in the words of whoever met it. It refuses the same at every try: to call
 * it the machine's fault would have a night try again, and wait for what never comes.
 */

const NETWORK =
  /Network is unreachable|\bENETUNREACH\b|\bEAI_AGAIN\b|name resolution|Name or service not known|nodename nor servname|getaddrinfo|Could not resolve host|Max retries exceeded|couldn't connect to/i;
/** Without a network the only machine that can refuse a connection is its own. */
const REFUSED = /\bECONNREFUSED\b|Connection refused/i;
const MODELS = /couldn't (?:connect to .*huggingface|find them in the cached files)/i;
/** Python and Node name it behind the words, in quotes; `cat` and its like before them. */
const MISSING =
  /(?:No such file or directory|\bENOENT\b)[^'"\n]*['"](\/[^'"\n]+)['"]|(?:^|[ '"])(\/[^'"\n:]+)['"]?: No such file or directory/m;
const FILE_SIZE = 'a file may be as large as sandbox.file_size';
const RULES: readonly (readonly [RegExp, string])[] = [
  [
    /Read-only file system|\bEROFS\b/i,
    'a run writes to its worktree and its folder alone; sandbox.read is for reading',
  ],
  [/File size limit exceeded|File too large|\bEFBIG\b/i, FILE_SIZE],
  [
    /(?:No space left on device|\bENOSPC\b).*['"]\/dev\/shm\/|<\/torch_\w+>.*No space left|(?:out of|insufficient|unable to allocate) shared memory/i,
    '/dev/shm is the sandbox’s own, and half as large as sandbox.memory',
  ],
  [
    /Resource temporarily unavailable|\bEAGAIN\b|can't start new thread/i,
    'a run may have as many processes and threads as sandbox.processes says',
  ],
];

type Refused = Pick<Executed, 'sandbox' | 'offline' | 'exit_code' | 'signal'>;

/** How it is meant, and what of the plan to change; null where no sandbox has refused it. */
export function refusedBySandbox(
  { sandbox, offline, exit_code, signal }: Refused,
  text: string,
): string | null {
  if (sandbox === 'none') return null;
  // Whoever does not ignore the signal has no time to say anything.
  if (signal === 'SIGXFSZ' || exit_code === 128 + constants.signals.SIGXFSZ) return FILE_SIZE;
  // Looked up outside, where it may well be.
  const missing = MISSING.exec(text);
  const path = missing?.[1] ?? missing?.[2];
  if (path !== undefined && existsSync(path))
    return isWithin(path, homedir())
      ? `${path} is there, but the sandbox hides your home: sandbox.read shows folders of it to runs`
      : `${path} is there, but no run sees it: what runs need is named under sandbox.read`;
  if (offline && MODELS.test(text))
    return 'the sandbox has no network, and a cache of its own: name the folder of your models under sandbox.read, such as ~/.cache/huggingface';
  if (offline && REFUSED.test(text))
    return 'in the sandbox 127.0.0.1 is its own: what listens on your machine is not there (sandbox.network)';
  if (offline && NETWORK.test(text)) return 'the sandbox has no network (sandbox.network)';
  return RULES.find(([words]) => words.test(text))?.[1] ?? null;
}
