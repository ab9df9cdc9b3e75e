import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { errorCode, fingerprint } from './durable.ts';
import type { FileEntry } from './manifest.ts';

/** Says what is wrong with a sealed file, null where it is what was written. */
export type Verifier = (file: FileEntry) => Promise<string | null>;

/** Hashes each file once: DuckDB would sum flipped bits in silence. */
export function createVerifier(dir: string): Verifier {
  const known = new Map<string, string>();
  return async (file) => {
    const path = join(dir, file.path);
    const found = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    });
    if (!found) return 'is missing';
    if (found.size !== file.bytes) return `is ${found.size} bytes long, ${file.bytes} were written`;
    const version = `${found.mtimeMs} ${file.sha256}`;
    if (known.get(file.path) === version) return null;
    if ((await fingerprint(path)).sha256 !== file.sha256)
      return 'has other content than was written';
    known.set(file.path, version);
    return null;
  };
}
