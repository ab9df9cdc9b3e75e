import { z } from 'zod';

import type { OwnDetails, OwnEnd } from './own-run.ts';
import type { Artifact, Param, SummaryValue } from './run.ts';

/**
 * What an archive of `autolab export` says of its run: `origin.json` in it, and afterwards in the
 * folder of the run that it was imported as. Foreign input, wherever it comes from.
 */

/** Its name in the archive, and in the folder. */
export const ORIGIN_FILE = 'origin.json';

const number = z
  .union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity'])])
  .transform((found) => Number(found));

const ORIGIN = z.object({
  format: z.literal('autolab-run'),
  version: z.literal(1),
  /** What it is called in the lab that it comes from. */
  id: z.string().min(1).max(200),
  /** Its experiment there; null for a run of one's own. */
  experiment: z
    .object({ id: z.string(), title: z.string(), because: z.string(), change: z.string() })
    .nullable(),
  start: z.object({
    name: z.string(),
    command: z.array(z.string()),
    directory: z.string().nullable(),
    host: z.string().nullable(),
    who: z.string().nullable(),
    started: z.iso.datetime(),
    commit: z.string().nullable(),
    branch: z.string().nullable(),
    dirty: z.boolean().nullable(),
  }),
  end: z.object({
    status: z.enum(['finished', 'failed', 'killed']),
    ended: z.iso.datetime(),
    seconds: z.number().nonnegative().nullable(),
    exit_code: z.int().nullable(),
    signal: z.string().nullable(),
    failure: z
      .object({
        class: z.enum([
          'idea',
          'infrastructure',
          'timeout',
          'out_of_memory',
          'not_a_number',
          'no_metric',
          'invalid',
        ]),
        message: z.string(),
        traceback: z.string().optional(),
      })
      .nullable(),
    killed_because: z.enum(['user', 'signal', 'gone', 'pruned', 'fenced']).nullable(),
    /** Which number `objective` is. */
    metric: z.string().nullable(),
    objective: number.nullable(),
    tier: z.enum(['self_reported', 'checked', 'verified']).nullable(),
  }),
  params: z.array(
    z.object({
      key: z.string(),
      value: z.string(),
      type: z.enum(['number', 'boolean', 'text']),
      source: z.enum(['knob', 'argument', 'environment', 'logged', 'printed']),
    }),
  ) satisfies z.ZodType<readonly Param[]>,
  summary: z.array(
    z.object({ key: z.string(), number: number.nullable(), text: z.string().nullable() }),
  ) satisfies z.ZodType<readonly SummaryValue[]>,
  artifacts: z.array(z.looseObject({ name: z.string(), bytes: z.number(), sha256: z.string() })),
  logged: z.object({
    findings: z.array(z.string()),
    tags: z.array(z.string()),
    group: z.string().nullable(),
  }),
  remarks: z.array(z.string()),
});

export type Origin = z.output<typeof ORIGIN>;

/** Throws where it is none, with the place and what was expected. */
export function readOrigin(found: unknown): Origin {
  const read = ORIGIN.safeParse(found);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Error(`origin.json: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}

/**
 * As it was recorded there, with what was counted in its files here. Its objective is one here only
 * where `metric`, this lab's, is the same.
 */
export function endOfOrigin(
  { end }: Origin,
  metric: string | null,
  counted: Pick<OwnEnd, 'attempt' | 'metric_points' | 'sample_rows'>,
): OwnEnd {
  const { metric: there, objective, tier, ...rest } = end;
  const judged = there !== null && there === metric;
  return {
    ...rest,
    ...counted,
    ...(judged ? { objective, tier } : { objective: null, tier: null }),
  };
}

export const detailsOfOrigin = ({
  params,
  summary,
  artifacts,
  logged,
  remarks,
}: Origin): OwnDetails => ({
  ...{ params, summary, logged, remarks },
  artifacts: artifacts as readonly Artifact[],
});
