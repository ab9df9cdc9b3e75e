import { z } from 'zod';

const text = z.string();
const hashes = z.record(text, text);
const value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);

/** manifest.json: everything that would have to be the same for a run to come out the same. */
export const manifestSchema = z
  .object({
    version: z.literal(1),
    run: text,
    experiment: text,
    attempt: z.int().positive(),
    slot: z.int().positive(),
    seed: z.number().nullable(),
    commit: text.describe('The commit that ran; its files are the experiment.'),
    base: text.describe('Protected files are those of this commit.'),
    command: text.describe('The command line as the experiment’s commit says it.'),
    arguments: z.array(text).describe('What was spawned, seed included.'),
    directory: text.describe('Where it ran, from the repository’s top.'),
    timeout_seconds: z.number(),
    env: hashes.describe('Variables that the plan sets.'),
    env_names: z
      .array(text)
      .describe(
        'Variables passed on from the user’s environment by name; their values are not recorded.',
      ),
    gpus: z.array(z.int()).nullable(),
    environment_key: text.describe('Runs with different keys are not compared without saying so.'),
    hardware: z.object({
      platform: text,
      cpu: text,
      cores: z.int(),
      memory_mb: z.int(),
      gpus: z.array(z.object({ index: z.int(), name: text, memory_mb: z.number() })),
    }),
    versions: z.object({
      autolab: text,
      node: text,
      git: text.nullable(),
      interpreters: hashes.describe(
        'Programs that the command names, with what they say of their version.',
      ),
    }),
    packages: z
      .object({ source: text, versions: hashes })
      .nullable()
      .describe('Installed packages as the interpreter sees them.'),
    locks: hashes.describe('SHA-256 of the commit’s lock files.'),
    data: z
      .array(z.object({ path: text, files: z.int(), bytes: z.number(), sha256: text }))
      .describe('What the linked paths held.'),
    ended: z.object({
      exit_code: z.int().nullable(),
      signal: text.nullable(),
      processes_left_behind: z
        .int()
        .describe('Processes that outlived the command and were ended.'),
    }),
    evaluated: z
      .object({
        arguments: z.array(text),
        exit_code: z.int().nullable(),
        signal: text.nullable(),
      })
      .nullable()
      .optional()
      .describe('The evaluator, run from a checkout of base on what the run left; null: none ran.'),
    scored: z
      .object({
        arguments: z.array(text),
        exit_code: z.int().nullable(),
        signal: text.nullable(),
      })
      .nullable()
      .optional()
      .describe('The scorer, run on the predictions alone; null or absent: none ran.'),
    variant: z
      .literal('dawn')
      .optional()
      .describe('It was trained as the plan’s dawn says; absent: as its run says.'),
    peak_memory_mb: z.number().nullable(),
    plan: z
      .object({
        objective: z.object({
          metric: text,
          direction: z.enum(['minimize', 'maximize']),
          at: z.enum(['last', 'best']),
        }),
        editable: z.array(text),
        link: z.array(text),
        command: text,
        env: hashes.describe('Setup gets these; the run gets those of its experiment.'),
        setup: text.nullable(),
        shell: z.boolean(),
        seed: z
          .object({
            env: text.optional(),
            arg: text.optional(),
            file: text.optional(),
            match: text.optional(),
          })
          .nullable(),
        keep: z.array(text),
        evaluate: z.object({ command: text, timeout_seconds: z.number().optional() }).optional(),
        score: z
          .object({
            command: text,
            labels: z.array(text),
            predictions: text,
            rows: z.int().optional(),
            max_bytes: z.number(),
            timeout_seconds: z.number().optional(),
          })
          .optional(),
        hidden: z
          .array(text)
          .optional()
          .describe('Labels of what is held out, which the training did not find either.'),
        gpus_per_run: z.union([z.int(), z.literal('auto')]),
      })
      .optional()
      .describe('What of the plan had a hand in the run, as autolab rerun needs it elsewhere.'),
    outcome: z
      .object({
        objective: value.nullable(),
        tier: z.enum(['self_reported', 'checked', 'verified']).optional(),
        failure: z
          .object({ class: text, message: text })
          .nullable()
          .describe('What the command’s end or its output say; null where both were good.'),
        summary: z
          .record(text, value)
          .describe('Last numbers; no texts, which a script may have from a secret.'),
      })
      .nullable()
      .optional()
      .describe('What came out; null where the run was stopped. result.json says it in full.'),
    remarks: z.array(text).describe('What was left out or found odd.'),
  })
  .meta({
    title: 'AutoLab run manifest',
    description: 'experiments/E-…/runs/…/attempts/…/manifest.json',
  });

export type Manifest = z.output<typeof manifestSchema>;

/** The JSON Schema published as schemas/manifest.schema.json. */
export const manifestJsonSchema = (): string =>
  `${JSON.stringify(z.toJSONSchema(manifestSchema), null, 2)}\n`;
