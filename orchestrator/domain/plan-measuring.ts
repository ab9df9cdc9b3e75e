import { z } from 'zod';
import {
  count,
  duration,
  list,
  literal,
  mapping,
  name,
  named,
  path,
  smoke,
  together,
} from './plan-parts.ts';

/** What of the plan keeps the goal posts where they are: labels that training never sees, a test set that is looked at once, a longer dawn. */

const BYTES: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9 };
const SIZE = { error: 'expected a size such as 500kB or 64MB' };
const size = z
  .string(SIZE)
  .regex(/^\d+(?:\.\d+)?\s?[kMG]B$/i, SIZE)
  .transform((text) => {
    const [, amount, unit = 'mb'] = /^([\d.]+)\s?(.B)$/i.exec(text) ?? [];
    return Math.round(Number(amount) * (BYTES[unit.toLowerCase()] ?? 1));
  })
  .refine((bytes) => bytes >= 1 && bytes <= 5e8, {
    error: 'expected a size of a byte or more, and of 500MB at most',
  });

/** What a predictions file may be: each is read as data, and can run nothing. */
const FORMATS = ['json', 'jsonl', 'csv', 'txt', 'npy'] as const;
export type Format = (typeof FORMATS)[number];
const NAMED = new RegExp(`\\.(${FORMATS.join('|')})$`, 'i');

/** By the ending of its name; the plan's schema refuses others. */
export const formatOf = (file: string): Format =>
  (NAMED.exec(file)?.[1] ?? 'txt').toLowerCase() as Format;

const labels = list(path).describe(
  'Files or folders with what is right, from the repository’s top; no training finds them.',
);

export const score = mapping({
  command: name.describe(
    'Run from a clean checkout of base that has the labels, on a copy of the predictions alone; the metric it prints counts.',
  ),
  labels: labels.min(1, { error: 'expected at least one path' }),
  predictions: path
    .refine((file) => NAMED.test(file), {
      error: `expected a file that ends in .${FORMATS.join(', .')}`,
    })
    .default('predictions.jsonl')
    .describe('The file that a run leaves, from directory.'),
  rows: count.optional().describe('How many predictions it must hold.'),
  max_size: size.prefault('64MB').describe('A larger file is no prediction.'),
  timeout: duration.optional().describe('How long scoring may take; default: run.timeout.'),
}).describe('Measures each run by its predictions, with labels that training never sees.');

export const holdout = mapping({
  command: name.describe(
    'Run from a clean checkout of base, once for the baseline and once for what dawn confirmed.',
  ),
  metric: name.describe('The metric it prints; it decides nothing.'),
  labels: labels.default([]),
  timeout: duration.optional().describe('How long it may take; default: run.timeout.'),
}).describe('A test set that is looked at once a night, after dawn has claimed something.');

/** Fewer than three tell nothing of chance; a night has no more seeds of its own than a thousand. */
const SEEDS = { error: 'expected a whole number from 3 to 1000' };

export const dawn = mapping({
  command: name.optional().describe('Instead of run.command.'),
  args: smoke.shape.args.describe('Added to the command, such as --steps 5000.'),
  env: named(z.string(), literal).optional().describe('Variables, such as STEPS: 5000.'),
  timeout: duration.optional().describe('Of dawn’s runs; default: run.timeout.'),
  seeds: z
    .int(SEEDS)
    .min(3, SEEDS)
    .max(1000, SEEDS)
    .optional()
    .describe('Fresh seeds of each arm; default: what budget.verification would pay for.'),
})
  .refine(
    (it) => [it.command, it.args, it.env, it.timeout, it.seeds].some((x) => x !== undefined),
    {
      error: 'expected at least one of command, args, env, timeout and seeds',
      ...together,
    },
  )
  .describe('How dawn trains, where otherwise than the night; its runs are no part of the budget.');
