import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const BIN = resolve(import.meta.dirname, '../../dist/bin');

const IMPORT = /^(?:import|export) (?:[^'"=;()]+ from )?['"](\.[^'"]+)['"];$/gm;

/** A built file, and those that Node loads with it before it runs. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(IMPORT))
    loadedBy(join(dirname(file), from), seen);
  return seen;
}

/** What a built file was made of: nothing, where all that it does is to pass on another. */
const sourcesOf = (file: string): readonly string[] =>
  existsSync(`${file}.map`)
    ? (JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: string[] }).sources
    : [];

/** The packages that `autolab VERB` has loaded before it answers. */
function librariesOf(verb: string): string[] {
  const main = readFileSync(join(BIN, 'autolab.js'), 'utf8');
  const part = [...main.matchAll(/import\("(\.\/parts\/[^"]+)"\)/g)]
    .map(([, file = '']) => join(BIN, file))
    .find((file) => sourcesOf(file).some((source) => source.endsWith(`/../cli/${verb}.ts`)));
  expect(part, `the part of dist/bin that holds cli/${verb}.ts`).toBeDefined();
  const files = loadedBy(join(BIN, 'autolab.js'), loadedBy(part ?? ''));
  const names = [...files].flatMap(sourcesOf).flatMap((source) => {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
    return name ?? [];
  });
  return [...new Set(names)];
}

const READS = ['status', 'experiments', 'runs', 'hypotheses'];

test.for(READS)('autolab %s loads no library but the one that reads its arguments', (verb) => {
  expect(librariesOf(verb)).toEqual(['commander']);
});
