import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from '../domain/command.ts';
import { fromTop, isEditable, matchesGlob, tidyPath } from '../domain/editable.ts';
import { LabError } from '../domain/errors.ts';
import type { Base } from '../domain/event.ts';
import type { Plan } from '../domain/plan.ts';
import { modelOf, ROLES } from '../domain/plan-agents.ts';
import { ideasPerRound } from '../domain/plan-writing.ts';
import type { Repository } from '../domain/ports.ts';
import { rewriteKnob } from '../knobs/knobs.ts';
import { PlanChecking, type CheckedRepository } from './check-context.ts';
import { checkExperiments } from './check-experiments.ts';
import { checkHypotheses } from './check-hypotheses.ts';
import { checkKnobs } from './check-knobs.ts';
import { checkMeasuring, measuringRemarks } from './check-measuring.ts';
import { excerpt, inFileOrder } from './problems.ts';
import type { Problem } from './problems.ts';
import type { Path, Positions } from './source.ts';

export type { CheckedRepository } from './check-context.ts';

/** The plan's base, or the problem that it does not exist. Other errors are thrown on. */
export async function findBase(
  plan: Plan,
  positions: Positions,
  repository: Pick<Repository, 'resolveBase'>,
): Promise<{ readonly base: Base } | { readonly problems: readonly Problem[] }> {
  const { base } = plan.workspace;
  try {
    return { base: await repository.resolveBase(base) };
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'not_found') throw error;
    const message =
      base === undefined
        ? `expected a commit to build on, found none (${error.message})`
        : `expected a branch that exists, found ${base}`;
    return { problems: [{ ...positions(['workspace', 'base']), message }] };
  }
}

/**
 * What is wrong with a plan in its repository: files, globs and lines at base's commit, patches and
 * linked paths in the user's checkout. All problems, in the order of the plan; `plan` and
 * `positions` come from one readPlan. Changes nothing.
 */
export async function checkPlan(
  plan: Plan,
  positions: Positions,
  repository: CheckedRepository,
  base: Base,
): Promise<Problem[]> {
  const files = await repository.listFiles(base.commit);
  const check = new PlanChecking(plan, positions, repository, base, files);
  checkCommands(check);
  checkBudget(check);
  await checkLinks(check);
  // In a folder that is not there nothing is; saying so of each file would bury the one problem.
  if (checkDirectory(check)) {
    checkEditable(check);
    await checkMeasuring(check);
    await checkSeed(check);
    await checkHypotheses(check, await checkKnobs(check));
    await checkExperiments(check);
  }
  return inFileOrder(check.problems);
}

/** What is odd, but no reason to refuse the plan. `environment` is the user's. */
export function planRemarks(
  plan: Plan,
  positions: Positions,
  environment: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const remarks = [...plan.run.env_from.entries()]
    .filter(([, name]) => environment[name] === undefined)
    .map(([i, name]) => ({
      ...positions(['run', 'env_from', i]),
      message: `expected ${name} in your environment, found it is not set`,
    }));
  const tries = Object.keys(plan.search_space).length + plan.hypotheses.length;
  if (tries + plan.experiments.length + ideasPerRound(plan) === 0) {
    const message =
      'expected something to try (search_space, hypotheses, experiments, or a model that has ideas), found none: only the baseline will run';
    remarks.push({ ...positions([]), message });
  }
  remarks.push(...measuringRemarks(plan, positions), ...modelRemarks(plan, positions));
  return inFileOrder(remarks);
}

/** What is said of models where no role has one. */
function modelRemarks({ agents, budget, worker }: Plan, positions: Positions): readonly Problem[] {
  if (ROLES.some((role) => modelOf(agents, role) !== null)) return [];
  const about = [agents, ...ROLES.map((role) => agents[role])];
  const paths: readonly Path[] = [['agents'], ...ROLES.map((role) => ['agents', role])];
  const remarks = about.flatMap((said, i) => {
    const key = OF_MODELS.find((one) => said?.[one] !== undefined);
    const path = [...(paths[i] ?? []), ...(key === undefined ? [] : [key])];
    const message = `expected agents.model beside ${key}, found none: the agents think without one`;
    return key === undefined ? [] : [{ ...positions(path, 'key'), message }];
  });
  const bound = (['llm_usd', 'tokens'] as const).find((key) => budget[key] !== undefined);
  if (bound === undefined) return remarks;
  const why =
    worker === undefined ? 'it bounds nothing' : 'what worker.command takes is not counted';
  const message = `expected agents.model, whose calls ${bound} bounds, found none: ${why}`;
  return [...remarks, { ...positions(['budget', bound], 'key'), message }];
}

const OF_MODELS = ['base_url', 'api_key_env', 'temperature', 'max_tokens', 'structured'] as const;

function checkDirectory({ plan, files, baseName, bad }: PlanChecking): boolean {
  const { directory } = plan.workspace;
  const folder = fromTop(plan, '');
  if (folder === '' || files.some((file) => file.startsWith(`${folder}/`))) return true;
  const message = `expected a folder with files on ${baseName}, found none at ${directory}`;
  bad(['workspace', 'directory'], message);
  return false;
}

function checkEditable({ plan, files, baseName, bad }: PlanChecking): void {
  const folder = fromTop(plan, '');
  for (const [i, glob] of plan.workspace.editable.entries()) {
    const covered = files.filter((file) => matchesGlob(fromTop(plan, glob), file));
    if (covered.some((file) => isEditable(plan, file))) continue;
    const place = folder === '' ? '' : ` below ${folder}`;
    const found =
      covered.length > 0 ? `${covered[0]}, which is always protected` : `none for ${glob}`;
    bad(['workspace', 'editable', i], `expected a file on ${baseName}${place}, found ${found}`);
  }
}

async function checkLinks(check: PlanChecking): Promise<void> {
  for (const [i, link] of check.plan.workspace.link.entries()) {
    const path = tidyPath(link);
    const tracked = check.files.find((file) => file === path || file.startsWith(`${path}/`));
    const there = await lstat(join(check.repository.root, path)).catch(() => null);
    // What is put inside another link would be put among the user's own files.
    const around = check.plan.workspace.link.find(
      (each, j) => j !== i && path.startsWith(`${tidyPath(each)}/`),
    );
    const fault =
      tracked !== undefined
        ? `an untracked path, found ${tracked} in git on ${check.baseName}: worktrees have it already`
        : there === null
          ? `a file or folder in your checkout, found none at ${path}`
          : around !== undefined
            ? `a path of its own, found it in ${around}, which is linked already`
            : null;
    if (fault !== null) check.bad(['workspace', 'link', i], `expected ${fault}`);
  }
}

/** What only a shell understands; as an argument of its own it is a shell: true forgotten. */
const SHELL_WORD = /^(?:\|\|?|&&?|;|\d?>>?|<|2>&1)$/;

function checkCommands(check: PlanChecking): void {
  const { setup, command, smoke, shell } = check.plan.run;
  const commands: readonly (readonly [Path, string | undefined])[] = [
    [['run', 'setup'], setup],
    [['run', 'command'], command],
    [['run', 'smoke', 'args'], smoke?.args],
    [['dawn', 'command'], check.plan.dawn?.command],
    [['evaluate', 'command'], check.plan.evaluate?.command],
    [['score', 'command'], check.plan.score?.command],
    [['holdout', 'command'], check.plan.holdout?.command],
  ];
  for (const [at, text] of commands) {
    if (text === undefined || shell) continue;
    const words = check.attempt(at, () => wordsOf(text)) ?? [];
    const sign = words.find((word) => SHELL_WORD.test(text.slice(word.start, word.end)));
    if (!sign) continue;
    const message = `expected one command without ${sign.value}, or shell: true, found ${excerpt(text)}`;
    check.bad(at, message);
  }
}

async function checkSeed(check: PlanChecking): Promise<void> {
  const { seed } = check.plan.run;
  if (seed?.file === undefined) return;
  const path = fromTop(check.plan, seed.file);
  const text = await check.read(['run', 'seed', 'file'], seed.file);
  if (text !== null)
    check.attempt(['run', 'seed', 'match'], () => rewriteKnob(text, path, seed, '1'));
}

/** A script that gives the same number every time needs no spread: one run is its baseline. */
const baselineRuns = (plan: Plan): number => (plan.run.deterministic ? 1 : 3);

function checkBudget(check: PlanChecking): void {
  const { runs, verification } = check.plan.budget;
  if (runs === undefined) return;
  const baseline = baselineRuns(check.plan);
  const dawn = check.plan.dawn === undefined ? Math.ceil(runs * verification) : 0;
  const kept = dawn === 0 ? '' : `${dawn} kept for dawn, `;
  const parts = `${baseline} for the baseline, ${kept}1 for a candidate`;
  if (runs < baseline + dawn + 1)
    check.bad(['budget', 'runs'], `expected enough runs (${parts}), found ${runs}`);
}
