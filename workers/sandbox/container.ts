import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { inOrder, type Confinement, type Mount, type Sandbox } from './confinement.ts';

/**
 * A container of the image that the plan names, by docker or podman. Programs are the image's, the
 * worktree and the run's folder are the machine's, all else is read-only; the daemon's cgroups
 * hold memory and processes.
 */
export function container(kind: 'docker' | 'podman', program: string, image: string): Sandbox {
  return {
    kind,
    holds: ['memory', 'processes'],
    ownPrograms: false,
    async shutIn(confinement) {
      const name = `autolab-${confinement.lab}-${randomBytes(6).toString('hex')}`;
      return {
        argv: containerArgv({ kind, program, image, name }, confinement),
        // Values are taken from here: an argument anybody can read.
        env: { ...confinement.env, PATH: process.env['PATH'] ?? '' },
        keeper: false,
        held: { memory: true, processes: true },
        began: () => true,
        ranOut: () => false,
        // Killing the client leaves the container.
        release: async () => void (await run(program, ['rm', '--force', name]).catch(() => null)),
      };
    },
  };
}

const run = promisify(execFile);

/** What the image says better, or what the client would mistake for its own. */
const NOT_PASSED = /^(?:PATH|HOME|TMPDIR|SHELL|LD_.*|DOCKER_.*|CONTAINER_.*|XDG_.*)$/;

export function containerArgv(
  {
    kind,
    program,
    image,
    name,
  }: { kind: 'docker' | 'podman'; program: string; image: string; name: string },
  confinement: Confinement,
): readonly string[] {
  const { argv, env, cwd, network, gpus, limits, scratch } = confinement;
  const memory = String(limits.memory);
  const user = kind === 'podman' ? ['--userns', 'keep-id'] : ['--user', owner()];
  return [
    ...[program, 'run', '--rm', '--init', '--name', name, '--label', `autolab=${confinement.lab}`],
    ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', ...user],
    ...['--network', network ? 'bridge' : 'none'],
    ...['--memory', memory, '--memory-swap', memory, '--pids-limit', String(limits.processes)],
    ...['--ulimit', `fsize=${limits.file_size}`, '--ulimit', 'core=0'],
    ...[
      '--shm-size',
      String(Math.floor(limits.memory / 2)),
      // What compilers of kernels leave there is loaded from there.
      ...(scratch === null
        ? ['--tmpfs', '/tmp:exec']
        : ['--mount', `type=bind,source=${scratch},target=/tmp`]),
      '--env',
      'HOME=/tmp',
    ],
    ...(gpus ? GPUS[kind] : []),
    ...inOrder(confinement).flatMap(mounted),
    ...Object.keys(env).flatMap((variable) =>
      NOT_PASSED.test(variable) ? [] : ['--env', variable],
    ),
    ...['--workdir', cwd, '--entrypoint', argv[0] ?? '', image, ...argv.slice(1)],
  ];
}

const GPUS = {
  docker: ['--gpus', 'all'],
  podman: ['--device', 'nvidia.com/gpu=all'],
} as const;

const owner = (): string => `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;

/** Nothing of the machine is there unless it is given: there is nothing to hide. */
function mounted(mount: Mount): readonly string[] {
  if (mount.kind === 'empty') return [];
  const how = mount.kind === 'read' ? ',readonly' : '';
  return ['--mount', `type=bind,source=${mount.from},target=${mount.at}${how}`];
}
