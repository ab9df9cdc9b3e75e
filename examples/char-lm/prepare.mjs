// Turns the corpus into prepared/train.bin and prepared/val.bin, the same for the same corpus.

import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { hash } from './random.mjs';

const EXTENSIONS = ['.ts', '.js', '.mjs', '.py', '.md', '.txt'];
const LEAST_BYTES = 100_000;
const VALIDATION_SHARE = 0.1;
const FOREIGN_SHARE = 0.01;
const FOREIGN = 0x7f;
const DOCUMENT_START = 0;

const corpus = resolve(process.env.CORPUS ?? join(import.meta.dirname, 'corpus'));
const documents = readDocuments(corpus);
const { train, validation } = split(documents);

const folder = join(import.meta.dirname, 'prepared');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'train.bin'), joined(train));
writeFileSync(join(folder, 'val.bin'), joined(validation));
console.log(`${train.length} documents to train on, ${validation.length} held out`);

/** Documents of the folder, sorted by path, as `{ name, bytes }`. */
function readDocuments(folder) {
  const paths = list(folder)
    .filter((path) => EXTENSIONS.includes(extname(path)) && statSync(join(folder, path)).isFile())
    .toSorted();
  const found = paths
    .map((path) => ({ name: basename(path), bytes: sevenBit(readFileSync(join(folder, path))) }))
    .filter(({ bytes }) => bytes !== null);
  const names = new Set(found.map(({ name }) => name)).size;
  const total = sizeOf(found);
  if (names < 2 || total < LEAST_BYTES) {
    fail(
      `expected ${LEAST_BYTES} bytes of text (${EXTENSIONS.join(' ')}) in files of two names or ` +
        `more, found ${total} bytes in files of ${names}`,
    );
  }
  return found;
}

function list(folder) {
  try {
    return readdirSync(folder, { recursive: true });
  } catch (error) {
    return fail(`expected a folder of text, found none (${error.code})`);
  }
}

/**
 * Half the bytes make half the softmax, which is half of the time. So translations (more than
 * a hundredth outside ASCII) are left out, and what is left outside becomes one mark per run.
 */
function sevenBit(bytes) {
  const kept = [];
  let foreign = 0;
  for (const byte of bytes) {
    if (byte < 0x80) kept.push(byte);
    else {
      foreign++;
      if (kept.at(-1) !== FOREIGN) kept.push(FOREIGN);
    }
  }
  return foreign > bytes.length * FOREIGN_SHARE ? null : Buffer.from(kept);
}

/**
 * Whole documents are held out, and files of one name together: string.test.ts of one version is
 * nearly that of the next.
 */
function split(documents) {
  const total = sizeOf(documents);
  const names = [...new Set(documents.map(({ name }) => name))].toSorted(
    (a, b) => hash(a) - hash(b),
  );
  const heldOut = new Set();
  let size = 0;
  for (const name of names.slice(0, -1)) {
    if (size >= total * VALIDATION_SHARE) break;
    heldOut.add(name);
    size += sizeOf(documents.filter((document) => document.name === name));
  }
  return {
    train: documents.filter(({ name }) => !heldOut.has(name)),
    validation: documents.filter(({ name }) => heldOut.has(name)),
  };
}

function sizeOf(documents) {
  return documents.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function joined(documents) {
  return Buffer.concat(documents.flatMap(({ bytes }) => [Buffer.of(DOCUMENT_START), bytes]));
}

function fail(problem) {
  console.error(
    `${corpus}: ${problem}. Put more text there, or name another folder: ` +
      '`CORPUS=path/to/text node prepare.mjs`.',
  );
  process.exit(1);
}
