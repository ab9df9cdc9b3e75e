import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** AutoLab's own folder: the nearest upwards with a package.json (source and build differ in depth). */
export async function packageRoot(): Promise<string> {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const found = await access(join(at, 'package.json')).then(
      () => true,
      () => false,
    );
    if (found) return at;
  }
  throw new Error('expected package.json above this file');
}
