import { z } from 'zod';
import { count, list, mapping, name, together } from './plan-parts.ts';

/** What of the plan shuts runs in: how, with what, and how much they may take. */

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const SIZE = { error: 'expected a size such as 500MB or 16GB' };
/** Bytes. */
const size = z
  .string(SIZE)
  .regex(/^\d+(?:\.\d+)?\s?[kMGT]B$/i, SIZE)
  .transform((text) =>
    Math.round(Number.parseFloat(text) * (UNITS[text.at(-2)?.toLowerCase() ?? 'm'] ?? 1)),
  )
  .refine((bytes) => bytes >= 1e6, { error: 'expected a size of 1MB or more' });

const MODES = ['auto', 'off', 'required'] as const;
const WITH = ['auto', 'bubblewrap', 'sandbox-exec', 'docker', 'podman'] as const;

const PLACE = { error: 'expected a path: absolute, or from your home as ~/…' };
const place = z
  .string(PLACE)
  .regex(/^(?:\/|~\/)./, PLACE)
  .refine((text) => !text.split('/').includes('..') && !/[\0\n"]/.test(text), PLACE);

const settings = mapping({
  mode: z
    .enum(MODES, { error: 'expected auto, off or required' })
    .default('auto')
    .describe(
      'auto: where this machine can, and it is said where it cannot; required: or not at all.',
    ),
  with: z
    .enum(WITH, { error: `expected one of ${WITH.join(', ')}` })
    .default('auto')
    .describe('What shuts runs in. auto: bubblewrap on Linux, sandbox-exec on macOS.'),
  image: name.optional().describe('Of docker or podman: the image that runs are run in.'),
  network: z
    .enum(['off', 'setup', 'on'], { error: 'expected off, setup (for run.setup alone) or on' })
    .default('off')
    .describe('Whether runs reach the network; their own 127.0.0.1 they always do.'),
  memory: size.optional().describe('Of a run and all it starts; default: 90% of the machine’s.'),
  processes: count.default(4096).describe('Processes and threads of a run, at most.'),
  file_size: size.prefault('100GB').describe('Of one file that a run writes.'),
  disk: size.prefault('200GB').describe('What a run may add to the disk, in all.'),
  read: list(place)
    .default([])
    .describe('Folders and files besides that runs may read, such as ~/.cache/huggingface.'),
})
  .refine((it) => it.mode !== 'off' || it.with === 'auto', {
    error: 'expected no with beside mode: off, which uses none',
    path: ['with'],
    ...together,
  })
  .refine((it) => (it.image !== undefined) === (it.with === 'docker' || it.with === 'podman'), {
    error: 'expected image beside with: docker or with: podman, and beside nothing else',
    path: ['image'],
    ...together,
  })
  .refine(
    ({ file_size, disk }) =>
      typeof file_size !== 'number' || typeof disk !== 'number' || file_size <= disk,
    {
      error: 'expected a file_size no larger than disk',
      path: ['file_size'],
      ...together,
    },
  );

/** `sandbox: required` is short for `sandbox: { mode: required }`. */
export const sandbox = z
  .union([z.enum(MODES).transform((mode) => settings.parse({ mode })), settings], {
    error: 'expected auto, off, required, or a mapping',
  })
  .prefault('auto')
  .describe('What runs are shut in. auto: what this machine has; off: they have your rights.');

export type SandboxSettings = z.output<typeof settings>;

/** What shut a run in; `none` says that it had the user's rights. */
export type SandboxKind = Exclude<(typeof WITH)[number], 'auto'> | 'none';
