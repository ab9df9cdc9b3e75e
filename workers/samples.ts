import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, objectsIn, type Fields } from './json-lines.ts';
import type { Literal } from './literal.ts';
import { writeSampleRows, type Sample } from './parquet.ts';
import { openPlain } from './plain.ts';

/** Single predictions that a logger wrote into a run's folder, `samples.jsonl`: foreign input. */

export const SAMPLES_PARQUET = 'samples.parquet';

const MOST_BYTES = 2 ** 31;
/** About ten seconds of writing. */
const MOST_ROWS = 250_000;
const LONGEST_TEXT = 32 << 10;

export interface Samples {
  readonly rows: number;
  readonly remarks: readonly string[];
}

/**
 * `<folder>/samples.parquet` from its samples.jsonl; none, and 0 rows, where no sample was logged.
 * Throws where the file cannot be written, as on a full disk.
 */
export async function writeSamples(folder: string, run: string): Promise<Samples> {
  const source = join(folder, 'samples.jsonl');
  const target = join(folder, SAMPLES_PARQUET);
  const remarks: string[] = [];
  const found = await openPlain(source);
  if (found === null) return { rows: 0, remarks };
  await found.close();
  const rows = await writeSampleRows(
    target,
    run,
    samplesIn(source, (text) => remarks.push(text)),
  );
  if (rows === 0) await rm(target, { force: true });
  return { rows, remarks };
}

async function* samplesIn(
  file: string,
  onRemark: (text: string) => void,
): AsyncGenerator<readonly Sample[]> {
  let rows = 0;
  let beyond = 0;
  let nameless = 0;
  let long = 0;
  const text = (value: Literal | undefined): string | null => {
    if (value === null || value === undefined) return null;
    const whole = typeof value === 'string' ? value : json(value);
    if (whole.length <= LONGEST_TEXT) return whole;
    long++;
    return `${whole.slice(0, LONGEST_TEXT)}… (${whole.length} characters)`;
  };
  const numbersOf = (metrics: Literal | undefined): string | null => {
    const whole = isObject(metrics) ? json(metrics) : null;
    if (whole === null || whole.length <= LONGEST_TEXT) return whole;
    long++;
    return null;
  };
  const sampleOf = ({ task, id, input, target, prediction, metrics }: Fields): Sample[] => {
    const sample_id = text(id);
    if (sample_id === null) nameless++;
    else if (rows === MOST_ROWS) beyond++;
    else {
      rows++;
      return [
        {
          ...{ task: text(task), sample_id },
          ...{ input: text(input), target: text(target), prediction: text(prediction) },
          metrics: numbersOf(metrics),
        },
      ];
    }
    return [];
  };
  for await (const batch of objectsIn(file, MOST_BYTES, onRemark)) yield batch.flatMap(sampleOf);
  if (nameless > 0) onRemark(`samples without an id, left out: ${nameless}`);
  if (beyond > 0)
    onRemark(`samples beyond the first ${MOST_ROWS}, not in ${SAMPLES_PARQUET}: ${beyond}`);
  if (long > 0)
    onRemark(
      `texts of samples longer than ${LONGEST_TEXT} characters, cut in ${SAMPLES_PARQUET}; metrics as long are left out: ${long}`,
    );
}

/** Whatever nests too deeply to be written again says so. */
function json(value: Literal): string {
  try {
    return JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner,
    );
  } catch {
    return '"nested too deeply"';
  }
}
