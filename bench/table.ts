import { z } from 'zod';

/** Recorded tables, as bench/tables/README.md describes them. */

const point = z.record(z.string(), z.string());
const head = z.strictObject({
  table: z.literal(1),
  lab: z.string(),
  metric: z.string(),
  direction: z.enum(['minimize', 'maximize']),
  env: z.record(z.string(), z.string()),
  knobs: z.record(z.string(), z.array(z.string()).min(1)),
  start: point,
  seeds: z.int().positive(),
});
const run = z.strictObject({
  point,
  seed: z.int(),
  value: z.number().nullable(),
  seconds: z.number(),
});

export type Point = Readonly<z.output<typeof point>>;
export type Table = z.output<typeof head> & { readonly runs: readonly z.output<typeof run>[] };

/** A last line that was cut short is left out. Throws on any other that is not one of a table. */
export function readTable(text: string): Table {
  const [first = '', ...rest] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const runs = rest.filter((line) => line !== '').map((line) => run.parse(JSON.parse(line)));
  return { ...head.parse(JSON.parse(first)), runs };
}

/** The same for the same values, in whatever order the knobs are. */
export const pointKey = (at: Point): string =>
  JSON.stringify(Object.entries(at).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The value that is the literal, or the number nearest to it. */
export function nearestValue(values: readonly string[], literal: string): string {
  const far = (value: string): number =>
    value === literal ? -1 : Math.abs(Number(value) - Number(literal));
  const known = values.filter((value) => !Number.isNaN(far(value)));
  return known.toSorted((a, b) => far(a) - far(b))[0] ?? values[0] ?? '';
}
