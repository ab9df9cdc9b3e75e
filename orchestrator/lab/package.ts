import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** How AutoLab is called in a lab: its own clone has it for npx; elsewhere npx would look it up afar. */
export const commandIn = async (lab: { readonly root: string }): Promise<string> =>
  lab.root === (await realpath(packageRoot())) ? 'npx autolab' : 'autolab';

/** AutoLab's own folder, wherever in it this file was built to. */
export const packageRoot = (): string =>
  dirname(createRequire(import.meta.url).resolve('autolab/package.json'));
