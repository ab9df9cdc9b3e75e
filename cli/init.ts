import { resolve } from 'node:path';
import { LabError } from '../orchestrator/domain/errors.ts';
import { copyExample } from '../orchestrator/lab/example.ts';
import { bold, print } from './output.ts';

/** `autolab init --example char-lm DIR`: a lab of one's own to play with. */
export async function run(
  [dir]: readonly string[],
  { example }: { example?: string },
): Promise<number> {
  if (example === undefined)
    throw new LabError(
      'usage',
      'expected --example char-lm: writing a plan for a repository of your own is not built yet. ' +
        'The README shows a small plan to start from, and autolab check says what is missing in it.',
    );
  if (dir === undefined)
    throw new LabError('usage', `expected a folder: autolab init --example ${example} DIR`);
  const target = resolve(dir);
  await copyExample(example, target);
  print(`${bold(target)} is a lab now. Next:`);
  print(`  cd ${dir}`);
  print('  autolab check');
  print('  autolab launch');
  return 0;
}
