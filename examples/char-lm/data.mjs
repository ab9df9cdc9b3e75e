import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from './random.mjs';

/** Prepared text has 7-bit bytes only (see prepare.mjs). */
export const VOCABULARY = 128;

/** Bytes before the target that a model is shown, in training and in the evaluation. */
export const CONTEXT_BYTES = 32;

/**
 * The budget: how many bytes one training may learn from. Batches divide it, and do not enlarge it.
 * A run may be told of fewer, to see that it works.
 */
export const EXAMPLES = Number(process.env.EXAMPLES ?? 122_880);

const FOLDER = join(import.meta.dirname, 'prepared');

// Of the module, so that a second call goes on with what the first one left.
let left = EXAMPLES;

/** The bytes of `prepared/<name>.bin`; name is train or val. */
export function loadText(name) {
  const path = join(FOLDER, `${name}.bin`);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(
      `${path}: expected the prepared text, found no file; run \`node prepare.mjs\` first.`,
      { cause: error },
    );
  }
}

/**
 * Random training examples until the budget is spent, `size` at a time: `contexts` holds
 * CONTEXT_BYTES bytes for each, oldest first, `targets` the byte that follows. Both arrays are
 * used again for the next batch. The same seed gives the same examples in the same order, however
 * they are cut into batches.
 */
export function* trainingBatches(text, seed, size) {
  const random = randomStream(seed, 'data');
  const contexts = new Uint8Array(size * CONTEXT_BYTES);
  const targets = new Uint8Array(size);
  for (; left >= size; left -= size) {
    for (let i = 0; i < size; i++) {
      const position = random.between(CONTEXT_BYTES, text.length);
      targets[i] = text[position];
      contexts.set(text.subarray(position - CONTEXT_BYTES, position), i * CONTEXT_BYTES);
    }
    yield { contexts, targets };
  }
}
