import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { simpleGit } from 'simple-git';
import { LabError } from '../domain/errors.ts';
import { packageRoot } from './package.ts';

/** Fresh labs from the examples that come with AutoLab. */

/** Copies an example and its data into `target`, a repository of its own with one commit. */
export async function copyExample(name: string, target: string): Promise<void> {
  const found = await readdir(target).catch(() => []);
  if (found.length > 0)
    throw new LabError(
      'refused',
      `expected ${target} to be empty or absent, found ${found.length} entries in it`,
      target,
    );
  const source = join(packageRoot(), 'examples', name);
  await mkdir(target, { recursive: true });
  await cp(source, target, { recursive: true, filter: (path) => !/\/(prepared|out)$/.test(path) });
  // The corpus is text that every installation has: the source of zod, at the locked version.
  const zod = dirname(createRequire(import.meta.url).resolve('zod/package.json'));
  await cp(join(zod, 'src'), join(target, 'corpus'), { recursive: true });
  await pointAtSchema(target);
  const git = simpleGit(target);
  await git.raw('init', '--quiet', '--initial-branch=main');
  await git.raw('add', '--all');
  const identity = ['-c', 'user.name=AutoLab', '-c', 'user.email=autolab@localhost'];
  await git.raw(
    ...identity,
    'commit',
    '--quiet',
    '--no-gpg-sign',
    '--no-verify',
    '-m',
    `Start from the example ${name}`,
  );
}

/** An editor finds the schema beside the plan. */
async function pointAtSchema(target: string): Promise<void> {
  const schema = join(packageRoot(), 'schemas', 'research_plan.schema.json');
  await cp(schema, join(target, 'research_plan.schema.json'));
  const file = join(target, 'research_plan.yaml');
  const plan = (await readFile(file, 'utf8')).replace(/^# yaml-language-server:.*\n/, '');
  await writeFile(file, `# yaml-language-server: $schema=research_plan.schema.json\n${plan}`);
}
