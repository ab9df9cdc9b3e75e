import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { createLineSplitter } from './lines.ts';
import { parseLiteral, type Literal } from './literal.ts';
import { openPlain } from './plain.ts';

/** An object that somebody wrote; nothing in it is sure. */
export type Fields = Readonly<Record<string, Literal | undefined>>;

const LONGEST_LINE = 4 << 20;

/**
 * The objects on the whole lines of a file that a script wrote, or may have forged: of its first
 * `most` bytes, a batch at a time. A torn last line is left out; what else is no object is counted,
 * and said in the end. Never throws.
 */
export async function* objectsIn(
  file: string,
  most: number,
  onRemark: (text: string) => void,
): AsyncGenerator<readonly Fields[]> {
  const name = basename(file);
  let batch: Fields[] = [];
  let bad = 0;
  const lines = createLineSplitter(
    LONGEST_LINE,
    (line) => {
      const text = line.trim();
      const value = text.startsWith('{') ? parseLiteral(text) : undefined;
      if (isObject(value)) batch.push(value);
      else if (text !== '') bad++;
    },
    () => bad++,
  );
  const handle = await openPlain(file);
  if (handle === null) {
    if (await isThere(file))
      onRemark(`${name} is no plain file that can be read: it was left alone`);
    return;
  }
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, end: most - 1 })) {
      lines.push(chunk as Buffer);
      yield batch;
      batch = [];
    }
    const { size } = await handle.stat();
    if (size > most)
      onRemark(`${name} has ${size} bytes: what follows the first ${most} was not read`);
  } catch (error) {
    onRemark(`${name} could not be read to its end: ${(error as Error).message}`);
  } finally {
    await handle.close().catch(() => undefined);
  }
  if (bad > 0)
    onRemark(
      bad === 1
        ? `a line of ${name} is no object: it was left out`
        : `${bad} lines of ${name} are no objects: they were left out`,
    );
}

export const isObject = (
  value: Literal | undefined,
): value is { readonly [key: string]: Literal } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );
