import { lstat, realpath, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabError } from '../../domain/errors.ts';
import { PLAN_FILE } from '../../domain/layout.ts';
import { openLab, type Lab } from '../lab.ts';
import { packageRoot } from '../package.ts';
import { chooseObjective, chooseScript } from './choose.ts';
import { configsOf, valuesOf } from './config.ts';
import { fitted, type Fitted } from './fit.ts';
import { searchSpace, type ConfigFile } from './knobs.ts';
import type { Ground, InitOptions, Notes } from './notes.ts';
import type { Draft } from './plan-text.ts';
import { seedOf, type Seed } from './seed.ts';
import { quotedTexts, type Source } from './source.ts';
import { commandFor, dataLinks, directoryOf, preparation } from './surroundings.ts';
import { tryScript, type Trial } from './trial.ts';

/** `autolab init` in a repository of one's own: looks, asks what it cannot find out, writes a plan. */

export type { Asker } from './notes.ts';

/** The plan that was written, and what there is to say about it. */
export interface InitReport extends Fitted, Notes {
  readonly root: string;
}

const TRIAL_SECONDS = 60;

/**
 * Writes research_plan.yaml at the top of the repository that `folder` lies in, and nothing else.
 * Throws LabError refused where there is one, not_found where there is no repository, no commit or
 * no script that looks like training.
 */
export async function initLab(folder: string, options: InitOptions): Promise<InitReport> {
  const lab = await openLab(folder);
  await refuseSecondPlan(lab.root);
  const base = await lab.repository.resolveBase(undefined);
  const ground: Ground = {
    commit: base.commit,
    name: base.branch ?? base.commit.slice(0, 8),
    files: await lab.repository.listFiles(base.commit),
    below: relative(lab.root, await realpath(resolve(folder))),
  };
  const notes: Notes = { found: [], guessed: [] };
  const draft = await drafted(lab, ground, options, notes);
  const fit = await fitted(draft, lab.repository, base);
  // wx: a plan that came while we looked is not overwritten either.
  await writeFile(join(lab.root, PLAN_FILE), fit.text, { flag: 'wx' });
  return { ...fit, ...notes, root: lab.root };
}

async function refuseSecondPlan(root: string): Promise<void> {
  const there = await lstat(join(root, PLAN_FILE)).catch(() => null);
  if (there === null) return;
  throw new LabError(
    'refused',
    `expected no ${PLAN_FILE} at ${root}, found one, which stays as it is: autolab check says what it lacks; to start anew, move it away first`,
    PLAN_FILE,
  );
}

async function drafted(
  lab: Lab,
  ground: Ground,
  options: InitOptions,
  notes: Notes,
): Promise<Draft> {
  const { root } = lab;
  const checkout = { root, files: ground.files };
  const script = await chooseScript(lab.repository, ground, options, notes);
  const inside = ground.below !== '' && script.path.startsWith(`${ground.below}/`);
  const directory = inside ? ground.below : await directoryOf(checkout, script);
  const file = relative(`/${directory}`, `/${script.path}`);
  const configs = await readConfigs(lab, ground, script, directory);
  const { command, link: environment } = await commandFor(checkout, script, directory);
  const mentions = [script, ...configs].flatMap(({ text }) => quotedTexts(text));
  const values = configs.flatMap(({ found }) => found.map(({ literal }) => literal));
  const link = [
    ...environment,
    ...(await dataLinks(checkout, [...mentions, ...values], directory)),
  ];
  sayRun(script, command, directory, link, notes);

  const trial = await maybeTry(lab, options, notes, {
    commit: ground.commit,
    files: ground.files,
    command,
    directory,
    link,
    seconds: TRIAL_SECONDS,
    environment: process.env,
  });
  const objective = await chooseObjective(script, trial, options, notes);
  const seed = seedOf(script, file, configs);
  saySeed(seed, notes);
  const knobs = searchSpace(script, file, configs, seed);
  const turned = knobs.flatMap(({ found: { place } }) => ('file' in place ? [place.file] : []));
  const setup = preparation(checkout, script.path);
  return {
    schema: await schemaFor(root),
    project: basename(root),
    ...objective,
    directory,
    editable: [...new Set([file, ...turned])],
    link,
    setup:
      setup === null
        ? null
        : (await commandFor(checkout, { path: setup, text: '' }, directory)).command,
    command,
    ...timeoutFor(trial),
    seed,
    knobs,
  };
}

function sayRun(
  { path }: Source,
  command: string,
  directory: string,
  link: readonly string[],
  { found, guessed }: Notes,
): void {
  found.push(`${path} trains, run as \`${command}\`${directory === '' ? '' : ` in ${directory}`}`);
  if (link.length > 0) found.push(`not in git, and shown to every run: ${link.join(', ')}`);
  if (command.startsWith('python3 '))
    guessed.push('python3 of your PATH runs it: there is no .venv in the checkout');
}

function saySeed(seed: Seed | null, { found, guessed }: Notes): void {
  if (seed === null)
    guessed.push('no seed was found: without run.seed no verdict goes beyond inconclusive');
  else if (seed.at === 'file') found.push(`its seed is the line ${seed.match} of ${seed.file}`);
  else found.push(`its seed is ${seed.at === 'arg' ? seed.arg : `the variable ${seed.env}`}`);
  if (seed?.at === 'file' && seed.others > 0)
    guessed.push(
      `that this line seeds it all: ${seed.others} more set a seed, and stay; better let one variable set them, and name it as run.seed`,
    );
}

async function maybeTry(
  lab: Lab,
  options: InitOptions,
  { guessed }: Notes,
  order: Parameters<typeof tryScript>[1],
): Promise<Trial | null> {
  const question = `Run \`${order.command}\` for up to ${order.seconds} s, in a copy, to see what it prints?`;
  const wanted = options.try ?? (await options.asker?.confirm(question)) ?? false;
  if (!wanted) return null;
  options.onWait?.(
    `Running ${order.command} for up to ${order.seconds} s, in a copy; Ctrl-C ends it, and init goes on.`,
  );
  const trial = await tryScript(lab, order);
  if (trial.trouble !== null)
    guessed.push(`from its text alone: the trial run failed (${trial.trouble})`);
  return trial;
}

/** Configuration files that the script names and that lie below the folder that runs see. */
async function readConfigs(
  { repository }: Lab,
  { commit, files }: Ground,
  script: Source,
  directory: string,
): Promise<ConfigFile[]> {
  const paths = configsOf(script, files, directory);
  const inside = paths.filter((path) => directory === '' || path.startsWith(`${directory}/`));
  return Promise.all(
    inside.map(async (path) => {
      const file = relative(`/${directory}`, `/${path}`);
      return { path, file, ...(await valuesOf(repository, commit, path, file)) };
    }),
  );
}

/** Room for slower candidates: four times what the trial took. */
function timeoutFor(trial: Trial | null): Pick<Draft, 'timeout' | 'timed'> {
  const seconds = trial?.seconds ?? null;
  if (seconds === null)
    return {
      timeout: '1h',
      timed: 'a longer run is ended, as failed: make it three times what one takes',
    };
  const timeout = `${Math.max(30, Math.ceil((seconds * 4) / 10) * 10)}s`;
  return { timeout, timed: `the trial run took ${seconds.toFixed(1)} s` };
}

/**
 * The schema for editors: relative where AutoLab lies in the repository (each clone has it too), else
 * the address of this installation's own. A copy beside the plan would be one more file to commit,
 * and would grow old; AutoLab has no address on the web. Elsewhere the line is but a comment.
 */
async function schemaFor(root: string): Promise<string> {
  const schema = join(await realpath(packageRoot()), 'schemas', 'research_plan.schema.json');
  const within = relative(root, schema);
  return within.startsWith('..') || isAbsolute(within) ? pathToFileURL(schema).href : within;
}
