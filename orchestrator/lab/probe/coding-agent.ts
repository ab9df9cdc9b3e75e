import { access, constants, lstat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { splitCommand } from '../../domain/command.ts';
import type { Plan } from '../../domain/plan.ts';
import { bad, odd, ok, type Probe } from './probe.ts';

/**
 * The plan's coding agent: whether its program, its variables and its files are there, and whether
 * its sandbox shows it the program (`sees`; null: nothing could look). It is not called.
 */
export async function codingAgentProbes(
  { worker }: Pick<Plan, 'worker'>,
  user: Readonly<Record<string, string | undefined>>,
  sees: () => Promise<boolean | null>,
): Promise<readonly Probe[]> {
  if (worker === undefined) return [];
  const [word = ''] = splitCommand(worker.command);
  const program = await programOf(word, user['PATH'] ?? '');
  if (program === null)
    return [
      bad('coding agent', `worker.command: expected ${word} on the PATH, found none; install it`),
    ];
  if ((await sees()) === false) {
    const read = [...worker.read, program].join(', ');
    const why = `worker.command: expected its sandbox to show ${program}, which lies in a folder that it hides`;
    return [bad('coding agent', `${why}; name it in worker.read: [${read}]`)];
  }
  const unset = worker.env_from.filter((name) => !user[name]);
  const files = await Promise.all(
    worker.read.map(async (path) => ({ path, there: await isThere(path, user['HOME'] ?? '') })),
  );
  const gone = files.filter(({ there }) => !there).map(({ path }) => path);
  const lacks = [
    ...unset.map((name) => `${name} is not set (worker.env_from)`),
    ...gone.map((path) => `${path} is not there (worker.read)`),
  ];
  return lacks.length === 0
    ? [ok('coding agent', `${program} writes and repairs patches`)]
    : [odd('coding agent', `${program} is there, but ${lacks.join(', ')}`)];
}

async function programOf(word: string, path: string): Promise<string | null> {
  const places = word.includes('/')
    ? [word]
    : path.split(delimiter).map((folder) => join(folder, word));
  for (const place of places.filter(isAbsolute))
    if (await access(place, constants.X_OK).then(...TRUTH)) return place;
  return null;
}

const isThere = (path: string, home: string): Promise<boolean> =>
  lstat(path.startsWith('~/') ? join(home, path.slice(2)) : path).then(...TRUTH);

const TRUTH = [() => true, () => false] as const;
