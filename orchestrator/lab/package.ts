import { access, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How AutoLab is called in a lab: its own clone has it for npx; elsewhere npx would look it up afar. */
export const commandIn = async (lab: { readonly root: string }): Promise<string> =>
  lab.root === (await realpath(await packageRoot())) ? 'npx autolab' : 'autolab';

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
