import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const DIST = resolve(import.meta.dirname, '../../dist');

const IMPORT = /^(?:import|export) (?:[^'"=;()]+ from )?['"]([^'"]+)['"];$/gm;

/** Packages that a built file loads before it runs, by itself or through what it imports. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, from = ''] of text.matchAll(IMPORT)) {
    if (from.startsWith('.')) loadedBy(join(dirname(file), from), seen);
    else seen.add(from);
  }
  return seen;
}

const READS = ['status', 'experiments', 'runs', 'hypotheses'];

test.for(READS)('autolab %s loads no library before it answers', (verb) => {
  const loaded = [...loadedBy(join(DIST, 'cli', `${verb}.js`))];
  expect(
    loaded.filter((name) => !name.startsWith('/')).filter((name) => !name.startsWith('node:')),
  ).toEqual([]);
});
