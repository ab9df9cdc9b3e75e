import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openQueue } from '../../orchestrator/queue.ts';

/** Where the suite keeps what each lab's first launch would make anew, for some seconds each. */
const SHARED = new URL('../../node_modules/.cache/autolab-test', import.meta.url).pathname;

/**
 * Vitest calls it once, before any test and any of its processes: the embedded queue's template is
 * there afterwards.
 */
export default async function setup(): Promise<void> {
  // Where it is set, each `node` reads those certificates at its start, which takes it three times
  // as long; a test starts a thousand of them, and none asks a server that is not its own.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  mkdirSync(SHARED, { recursive: true });
  const options = { url: 'embedded', lab: 'autolab-test', launch: 'template' };
  await (await openQueue({ ...options, cacheDir: SHARED })).close();
}

/** Puts the template where a lab with this cache folder looks for it. */
export function lendTemplate(cacheHome: string): void {
  const own = join(cacheHome, 'autolab');
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(SHARED)) symlinkSync(join(SHARED, name), join(own, name));
}
