import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../system/temporary.ts';
import { byAllNames } from './ground.ts';
import { inOrder, type Confinement, type Mount, type Sandbox } from './confinement.ts';
import { createHolder } from './hold.ts';

/**
 * macOS: a command under a profile of the Seatbelt policy. It runs in the machine's own file system,
 * of which the profile allows a part: places cannot be put elsewhere, so a home and a folder for
 * temporary files are made for it and named by HOME and TMPDIR. There is no PID namespace: it may
 * signal its own processes alone, and those that outlive it are found by their mark, as without a
 * sandbox.
 */
export function sandboxExec(program: string): Sandbox {
  const holder = createHolder(null, process.getuid?.() ?? 0);
  return {
    kind: 'sandbox-exec',
    holds: [],
    ownPrograms: true,
    async shutIn(confinement) {
      const scratch = mkdtempSync(join(temporaryFolder(), 'autolab-home-'));
      const hold = holder.hold(confinement, '/dev/null', '/dev/null');
      const profile = seatbeltProfile(confinement, byAllNames(scratch));
      return {
        argv: [...hold.outside, program, '-p', profile, ...confinement.argv],
        env: { ...confinement.env, HOME: scratch, TMPDIR: scratch },
        keeper: false,
        held: { memory: false, processes: false },
        began: () => true,
        ranOut: () => false,
        release: async () => rmSync(scratch, { recursive: true, force: true }),
      };
    },
  };
}

/** The system's programs, libraries, frameworks and devices; nothing of the user's. */
const READABLE = [
  ...['/usr', '/bin', '/sbin', '/System', '/Library', '/Applications', '/opt', '/dev'],
  ...[
    '/private/etc/ssl',
    '/private/etc/localtime',
    '/private/etc/hosts',
    '/private/etc/resolv.conf',
  ],
  ...['/private/var/db/timezone', '/private/var/db/dyld', '/private/var/select'],
];
/** Not even in /Library. */
const KEYS = ['/Library/Keychains', '/private/var/db/SystemKey', '/System/Library/Keychains'];

/** In the policy's language, where the last rule that matches decides. */
export function seatbeltProfile(
  confinement: Pick<Confinement, 'mounts' | 'seals' | 'network' | 'gpus'>,
  scratch: readonly string[],
): string {
  const { network, gpus } = confinement;
  return [
    '(version 1)',
    '(deny default)',
    '(allow process-fork process-exec sysctl-read)',
    '(allow signal process-info* (target same-sandbox))',
    '(allow mach-lookup (global-name "com.apple.system.logger") (global-name "com.apple.system.opendirectoryd.libinfo"))',
    '(allow ipc-posix-sem ipc-posix-shm)',
    '(allow file-read-metadata)',
    '(allow file-read* (literal "/"))',
    ...READABLE.map((path) => `(allow file-read* ${subpath(path)})`),
    '(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (subpath "/dev/fd"))',
    ...inOrder(confinement).flatMap(ruleOf),
    ...KEYS.map((path) => `(deny file-read* ${subpath(path)})`),
    ...scratch.map((path) => `(allow file-read* file-write* ${subpath(path)})`),
    network
      ? '(allow network* system-socket)'
      : '(allow network* (local ip "localhost:*") (remote ip "localhost:*"))',
    // Between the processes of a run, such as a data loader's workers.
    ...(network ? [] : ['(allow system-socket)']),
    ...scratch.map((path) => `(allow network* ${subpath(path)})`),
    ...(gpus
      ? ['(allow iokit-open)', '(allow mach-lookup (global-name "com.apple.MTLCompilerService"))']
      : []),
  ].join('\n');
}

function ruleOf({ kind, at }: Mount): readonly string[] {
  if (kind === 'empty') return [`(deny file-read* file-write* ${subpath(at)})`];
  if (kind === 'write') return [`(allow file-read* file-write* ${subpath(at)})`];
  return [`(deny file-write* ${subpath(at)})`, `(allow file-read* ${subpath(at)})`];
}

/** A text of the policy's language: nothing in a path ends it. */
const subpath = (path: string): string =>
  `(subpath "${path.replace(/[\\"]/g, '\\$&').replace(/[\n\r]/g, ' ')}")`;
