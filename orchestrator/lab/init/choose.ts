import { isAbsolute, relative, resolve } from 'node:path';
import { LabError } from '../../domain/errors.ts';
import type { Repository } from '../../domain/ports.ts';
import { directionOf, isDoubtful, objectives, type Direction } from './metric.ts';
import type { Ground, InitOptions, Notes } from './notes.ts';
import { printedMetrics } from './printed.ts';
import { findScripts, isClose } from './scripts.ts';
import { joined, type Source } from './source.ts';
import type { Trial } from './trial.ts';

/** The three things that only a person knows: told, found out, asked, or guessed and said. */

/** The script that trains. Throws LabError usage or not_found. */
export async function chooseScript(
  repository: Pick<Repository, 'root' | 'readFile'>,
  ground: Ground,
  { script, asker }: InitOptions,
  { guessed }: Notes,
): Promise<Source> {
  if (script !== undefined) return named(repository, ground, script);
  const candidates = await findScripts(repository, ground.commit, ground.files, ground.below);
  const [best, ...others] = candidates;
  if (!best)
    throw new LabError(
      'not_found',
      'expected a committed script that trains (train.py, main.py, train.mjs, …), found none that looks like it: name it with --script PATH, or commit it first',
    );
  if (!isClose(candidates)) return best;
  const paths = candidates.slice(0, 6).map(({ path }) => path);
  if (asker) return named(repository, ground, await asker.choose('Which script trains?', paths));
  const rest = others.slice(0, 3).map(({ path }) => path);
  guessed.push(`the script: ${best.path}, and not ${rest.join(', ')} (--script says which)`);
  return best;
}

async function named(
  { root, readFile }: Pick<Repository, 'root' | 'readFile'>,
  { commit, name, files, below }: Ground,
  script: string,
): Promise<Source> {
  const paths = isAbsolute(script)
    ? [relative(root, script)]
    : [joined(below, script), script].map((path) => relative('/', resolve('/', path)));
  const path = paths.find((one) => files.includes(one));
  if (path !== undefined) return { path, text: (await readFile(commit, path)) ?? '' };
  throw new LabError(
    'usage',
    `expected a script that git tracks on ${name}, found none at ${script}: git add and commit it first, or name another`,
    script,
  );
}

export interface Judged {
  readonly metric: string;
  readonly direction: Direction;
  readonly doubt: string | null;
}

/** The number that runs are judged by, and which way is better. */
export async function chooseObjective(
  script: Source,
  trial: Trial | null,
  options: InitOptions,
  notes: Notes,
): Promise<Judged> {
  const tried = trial !== null && trial.metrics.length > 0;
  const printed = tried ? trial.metrics : printedMetrics(script);
  const likely = objectives(printed);
  const metric = await chooseMetric(likely, options, notes);
  const seen = printed.includes(metric);
  if (seen)
    notes.found.push(
      `runs are judged by ${metric}, which ${tried ? 'the trial run printed' : 'the script prints'}`,
    );
  else if (options.metric === undefined && !options.asker)
    notes.guessed.push(
      `the metric: ${metric}, though nothing was seen to print it (--metric says which, --try looks)`,
    );
  const others = likely.filter((name) => name !== metric).slice(0, 4);
  const also = others.length > 0 ? `also printed: ${others.join(', ')}` : null;
  const doubt = seen ? also : 'not seen in what the script prints: make sure of the name';
  return { metric, direction: await chooseDirection(metric, options, notes), doubt };
}

async function chooseMetric(
  likely: readonly string[],
  { metric, asker }: InitOptions,
  { guessed }: Notes,
): Promise<string> {
  if (metric !== undefined) return metric;
  const [best = 'val_loss', ...others] = likely;
  const doubtful = likely.length === 0 || isDoubtful(likely);
  if (doubtful && asker)
    return asker.choose('Which number is a run judged by?', [best, ...others].slice(0, 6));
  const rest = others.length > 0 ? `, and not ${others.slice(0, 3).join(', ')}` : '';
  if (doubtful && likely.length > 0)
    guessed.push(`the metric: ${best}${rest} (--metric says which)`);
  return best;
}

async function chooseDirection(
  metric: string,
  { direction, asker }: InitOptions,
  { guessed }: Notes,
): Promise<Direction> {
  const known = direction ?? directionOf(metric);
  if (known !== null) return known;
  if (asker) {
    const ways = ['minimize', 'maximize'] as const;
    const answer = await asker.choose(`Which way is ${metric} better?`, ways);
    return ways.find((way) => way.startsWith(answer.slice(0, 3).toLowerCase())) ?? 'minimize';
  }
  guessed.push(`the direction: less ${metric} is better (--direction maximize says otherwise)`);
  return 'minimize';
}
