import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../system/temporary.ts';
import { ownName } from '../processes.ts';
import { inOrder, type Confinement, type Mount, type Sandbox, type Shut } from './confinement.ts';
import { createHolder, FILTER_FD, STATUS_FD, type Holder } from './hold.ts';
import { systemCallFilter } from './system-calls.ts';

/**
 * Linux: a command in namespaces of its own, made by bubblewrap. It sees the system's programs and
 * libraries, what it was given, and nothing else; it writes to what it was given; it ends when the
 * first process of its PID namespace does, and that ends with whoever spawned it. A bubblewrap that
 * is asked to stop kills at once: so what runs inside is asked.
 */

/** Programs, libraries and what the kernel says of the hardware. */
const SYSTEM = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt', '/sys'],
  ...['/nix/store', '/gnu/store', '/run/current-system', '/run/opengl-driver'],
];
/** Of /etc what programs look up, and nothing that holds a key. */
const ETC = [
  ...['alternatives', 'crypto-policies', 'ssl/certs', 'ssl/openssl.cnf', 'ssl/cert.pem'],
  ...['pki/tls/certs', 'pki/tls/cert.pem', 'pki/ca-trust', 'ca-certificates'],
  ...['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'passwd', 'group', 'nsswitch.conf'],
  ...['host.conf', 'hosts', 'gai.conf', 'resolv.conf', 'protocols', 'services'],
  ...['localtime', 'timezone', 'locale.alias', 'locale.conf', 'magic', 'mime.types'],
  ...['fonts', 'os-release', 'lsb-release', 'debian_version', 'mtab', 'terminfo'],
  ...['OpenCL', 'vulkan', 'glvnd', 'nvidia', 'python3', 'java', 'R', 'julia', 'openmpi', 'libnl-3'],
].map((name) => `/etc/${name}`);
/** The last is that of Windows’s Linux. */
const GPU_NODE = /^(?:nvidia.*|dri|kfd|dxg)$/;

/** What this version of bubblewrap can. */
export interface Features {
  readonly program: string;
  /** From 0.7 on. */
  readonly size: boolean;
  /** From 0.5 on. */
  readonly perms: boolean;
  /** From 0.8 on. */
  readonly disableUserns: boolean;
}

const run = promisify(execFile);

/** Null where there is none. */
export async function bubblewrapFeatures(program: string): Promise<Features | null> {
  try {
    const { stdout } = await run(program, ['--help'], { timeout: 10_000 });
    const can = (option: string): boolean => stdout.includes(option);
    return {
      ...{ program, size: can('--size'), perms: can('--perms') },
      disableUserns: can('--disable-userns'),
    };
  } catch {
    return null;
  }
}

export function bubblewrap(features: Features, holder: Holder = createHolder(null)): Sandbox {
  return {
    kind: 'bubblewrap',
    holds: holder.holds,
    ownPrograms: true,
    async shutIn(confinement): Promise<Shut> {
      const { outside, inside } = partedEnv(confinement.env);
      const status = statusFile();
      const filter = ownFile(FILTER);
      const hold = holder.hold(confinement, status.file, filter);
      const argv = [...bubblewrapArgv(confinement, features), ...AFTER_KEEPER, ...hold.inside];
      return {
        argv: [...hold.outside, ...argv, ...inside, ...confinement.argv],
        env: outside,
        keeper: true,
        held: hold.held,
        began: status.began,
        ranOut: hold.ranOut,
        release: async () => {
          for (const file of [status.file, filter]) rmSync(file, { force: true });
          await hold.release();
        },
      };
    },
  };
}

/**
 * What bubblewrap tells of itself, where nothing that runs in it can: how the command ended, but
 * only once it was started.
 */
function statusFile() {
  const file = ownFile('');
  return {
    file,
    began: (): boolean => existsSync(file) && readFileSync(file, 'utf8').includes('"exit-code"'),
  };
}

/** One that a later launch takes away where this one is killed. */
function ownFile(content: string | Buffer): string {
  const name = `autolab-status-${ownName()}-${randomBytes(3).toString('hex')}`;
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
  return file;
}

const FILTER = systemCallFilter();

/** Variables by which a program of ours would load or run what a run has left somewhere. */
const LOADS =
  /^(?:LD_|DYLD_|GLIBC_|MALLOC_|BASH_FUNC|(?:BASH_ENV|ENV|IFS|PS4|SHELLOPTS|BASHOPTS|GCONV_PATH|LOCPATH|NLSPATH|PATH)$)/;

/** What comes before the command is run without these; arguments, unlike variables, anybody can read. */
function partedEnv(env: Confinement['env']) {
  const entries = Object.entries(env);
  const loads = entries.filter(([name]) => LOADS.test(name));
  return {
    outside: Object.fromEntries(entries.filter(([name]) => !LOADS.test(name))),
    inside: ['/usr/bin/env', ...loads.map(([name, value]) => `${name}=${value}`)],
  };
}

/**
 * bubblewrap's own first process in the sandbox closes the machine's /proc only after it has started
 * the command, which could be quicker and open it there: of a run of root's with all that it can be
 * written to. So the command waits. Two looks without a folder: the list that shows it is read and
 * closed by way of another one.
 */
export const AFTER_KEEPER = [
  ...['/bin/sh', '-c'],
  `clear=0; looks=0
while [ $clear -lt 2 ]; do
  clear=$((clear + 1)); looks=$((looks + 1))
  [ $looks -lt 1000 ] || sleep 0.01
  [ $looks -lt 4000 ] || { echo 'bwrap: its first process keeps a folder open' >&2; exit 125; }
  for fd in /proc/1/fd/*; do [ ! -d "$fd" ] || clear=0; done
done
exec "$@"`,
  'sh',
];

/** Everything before the command itself. */
function bubblewrapArgv(
  confinement: Confinement,
  { program, size, perms: permits, disableUserns }: Features,
): readonly string[] {
  const { network, gpus, limits, cwd, scratch } = confinement;
  const sized = (share: number): readonly string[] =>
    size ? ['--size', String(Math.floor(limits.memory * share))] : [];
  const perms = (mode: string): readonly string[] => (permits ? ['--perms', mode] : []);
  const mount = (it: Mount, i: number): readonly string[] => {
    if (it.kind === 'empty')
      return scratch === null
        ? [...perms('1777'), ...sized(SCRATCH), '--tmpfs', it.at]
        : ['--bind', emptyIn(scratch, i), it.at];
    return [it.kind === 'read' ? '--ro-bind-try' : '--bind', it.from, it.at];
  };
  return [
    ...[program, '--die-with-parent', '--new-session', '--unshare-user', '--unshare-pid'],
    ...[
      '--json-status-fd',
      String(STATUS_FD),
      '--seccomp',
      String(FILTER_FD),
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-cgroup-try',
      '--cap-drop',
      'ALL',
    ],
    ...(disableUserns ? ['--disable-userns'] : []),
    ...(network ? [] : ['--unshare-net']),
    ...system(),
    ...['--proc', '/proc', ...kernel(), '--dev', '/dev', ...perms('1777'), ...sized(SHARED)],
    ...['--tmpfs', '/dev/shm', ...(gpus ? gpuNodes() : []), '--remount-ro', '/dev'],
    ...inOrder(confinement).flatMap(mount),
    ...['--remount-ro', '/', '--chdir', cwd],
    '--',
  ];
}

/** As /tmp is. */
function emptyIn(scratch: string, i: number): string {
  const folder = join(scratch, String(i));
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  return folder;
}

/** Of the memory limit: what an empty place in memory may hold, and what processes may share. */
const SCRATCH = 1 / 8;
const SHARED = 1 / 2;

/** /bin is a link on most systems. */
function system(): readonly string[] {
  return SYSTEM.flatMap((path) => {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isSymbolicLink() === true) return ['--symlink', readlinkSync(path), path];
    return there === undefined ? [] : ['--ro-bind', path, path];
  }).concat(ETC.flatMap((path) => ['--ro-bind-try', path, path]));
}

/** By which root turns the machine's knobs, in whatever namespace: no write to them asks for more. */
const KNOBS = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi', 'scsi'];
/** Tells of others. */
const TELLS = ['kcore', 'keys', 'key-users', 'timer_list', 'sched_debug', 'kmsg'];

const kernel = (): readonly string[] => [
  ...KNOBS.flatMap((name) => ['--ro-bind-try', `/proc/${name}`, `/proc/${name}`]),
  ...TELLS.filter((name) => existsSync(`/proc/${name}`)).flatMap((name) => [
    ...['--ro-bind', '/dev/null', `/proc/${name}`],
  ]),
];

function gpuNodes(): readonly string[] {
  const nodes = readdirSync('/dev').filter((name) => GPU_NODE.test(name));
  return nodes.flatMap((name) => ['--dev-bind', join('/dev', name), join('/dev', name)]);
}

/** Where hardware and libraries are looked up, so that nobody binds them twice. */
export const isSystem = (path: string): boolean =>
  [...SYSTEM, ...ETC].some((folder) => path === folder || path.startsWith(`${folder}/`));
