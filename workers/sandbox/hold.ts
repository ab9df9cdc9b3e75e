import { existsSync } from 'node:fs';
import type { Confinement, Shut } from './confinement.ts';
import type { Cgroups } from './cgroup.ts';

/** What the kernel holds a command to: sizes of files everywhere, memory and processes where a cgroup can be had. */

export interface Holder {
  /** What it holds runs to, beside the size of a file. */
  readonly holds: readonly ('memory' | 'processes')[];
  /**
   * `status`: the file that the sandbox's own program tells on descriptor STATUS_FD what became of
   * it; `filter`: the one that it finds on FILTER_FD.
   */
  hold(confinement: Pick<Confinement, 'limits' | 'lab'>, status: string, filter: string): Held;
}

export interface Held extends Pick<Shut, 'held' | 'ranOut' | 'release'> {
  /** Before the sandbox's own program; it is replaced by that, so that no process stands between. */
  readonly outside: readonly string[];
  /** Before the command, in the sandbox. */
  readonly inside: readonly string[];
}

const SH = '/bin/sh';
/** dash closes no descriptor above 9, and a shell or an editor that AutoLab was started from may have left some. */
const BASH = '/bin/bash';
/** It reads its user's ~/.bashrc where its standard input is a socket, as are Node's pipes: it may say or run anything. */
const WITHOUT_RC = ['--norc', '--noprofile'];
/** What no shell has trouble with, and nobody has open by then. */
export const STATUS_FD = 9;
export const FILTER_FD = 8;
/** Closes what was left open, limits the size of a file, joins the cgroups that are named before `--`. */
const OUTSIDE = `[ -z "$BASH_VERSION" ] || set +o posix
for fd in /proc/$$/fd/*; do fd="\${fd##*/}"
case "$fd" in [3-9]) eval "exec $fd>&-" ;; [1-9]?*) [ -z "$BASH_VERSION" ] || eval "exec $fd>&-" ;; esac
done
status="$1"; filter="$2"; ulimit -c 0; ulimit -f "$3" || exit 125; shift 3
while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done
shift; exec "$@" ${FILTER_FD}<"$filter" ${STATUS_FD}>"$status"`;
/** Of `ulimit -f`, in bytes: POSIX has 512, and bash, unless told to be POSIX, counts in others. */
const BLOCK = { [BASH]: 1024, [SH]: 512 };
/** dash says -p for what bash calls -u. Counted within the user namespace, so of this run alone. */
const INSIDE = 'ulimit -p "$0" 2>/dev/null || ulimit -u "$0"; exec "$@"';

/** `uid`: whom it counts processes of; the kernel counts none of root's. */
export function createHolder(
  cgroups: Cgroups | null,
  uid: number = process.getuid?.() ?? 0,
): Holder {
  const byUser = uid !== 0;
  const processes = cgroups?.holds.includes('processes') === true || byUser;
  const memory = cgroups?.holds.includes('memory') === true;
  return {
    holds: [
      ...(memory ? (['memory'] as const) : []),
      ...(processes ? (['processes'] as const) : []),
    ],
    hold({ limits, lab }, status, filter) {
      const shell = existsSync(BASH) ? BASH : SH;
      const group = cgroups?.make(lab, limits) ?? null;
      const blocks = Math.floor(limits.file_size / BLOCK[shell]);
      const grouped = group?.holds.includes('processes') === true;
      return {
        outside: [
          ...[shell, ...(shell === BASH ? WITHOUT_RC : [])],
          ...['-c', OUTSIDE, 'sh', status, filter, String(blocks)],
          ...(group?.enter ?? []),
          '--',
        ],
        inside: byUser && !grouped ? [SH, '-c', INSIDE, String(limits.processes)] : [],
        held: {
          memory: group?.holds.includes('memory') === true,
          processes: grouped || byUser,
        },
        ranOut: () => group?.ranOut() === true,
        release: async () => group?.remove(),
      };
    },
  };
}
