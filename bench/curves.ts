import { z } from 'zod';

/** Recorded curves, as bench/tables/README.md describes them. */

const head = z.strictObject({
  curves: z.literal(1),
  lab: z.string(),
  metric: z.string(),
  direction: z.enum(['minimize', 'maximize']),
  env: z.record(z.string(), z.string()),
});
const run = z.strictObject({
  change: z.record(z.string(), z.string()),
  seed: z.int(),
  seconds: z.number(),
  value: z.number().nullable(),
  curve: z.array(z.tuple([z.number(), z.number()])),
});

export type RecordedRun = Readonly<z.output<typeof run>>;
export type Curves = z.output<typeof head> & { readonly runs: readonly RecordedRun[] };

/** `hidden=8`; empty for the unchanged script. */
export const changeOf = (change: RecordedRun['change']): string =>
  Object.entries(change)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** A last line that was cut short is left out. Throws on any other that is not one of a table. */
export function readCurves(text: string): Curves {
  const [first = '', ...rest] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const runs = rest.filter((line) => line !== '').map((line) => run.parse(JSON.parse(line)));
  return { ...head.parse(JSON.parse(first)), runs };
}
