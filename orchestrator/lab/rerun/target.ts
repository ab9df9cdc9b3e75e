import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { planFrom } from '../../../workers/manifest-plan.ts';
import { manifestSchema, type Manifest } from '../../../workers/manifest.ts';
import { readSealed } from '../../../workers/result.ts';
import { briefFor } from '../../briefs.ts';
import { LabError } from '../../domain/errors.ts';
import { isExperimentId, isOwnRunId, isRunId, type NightId, type RunId } from '../../domain/ids.ts';
import { attemptDir, PLAN_FILE } from '../../domain/layout.ts';
import type { Plan } from '../../domain/plan.ts';
import type { RunOrder } from '../../domain/ports.ts';
import type { Failure, Run, RunResult } from '../../domain/run.ts';
import { experimentIn, type State } from '../../domain/state.ts';
import type { Lab } from '../lab.ts';
import { ownRunIn } from '../subject.ts';

/** What came of an attempt, as far as a rerun is compared with it. */
export interface Came {
  readonly objective: number | null;
  readonly failure: Pick<Failure, 'class' | 'message'> | null;
  readonly summary: RunResult['summary'];
}

/** An attempt that ended, and all that is known of how to do it again. */
export interface Target {
  /** Slot and devices are those that the rerun gets; and it is never ended early. */
  readonly order: Omit<RunOrder, 'slot' | 'gpus' | 'prune'>;
  /** Null where the attempt wrote none, or it is lost: then the environment cannot be compared. */
  readonly manifest: Manifest | null;
  /** Absolute, or null. */
  readonly file: string | null;
  readonly was: Came;
  /** This lab's notebook has the run: then it records the rerun. */
  readonly known: boolean;
}

/** What `text` names: a run of the notebook, or the path of a manifest. Throws LabError usage. */
export async function targetOf(lab: Lab, state: State, text: string, cwd: string): Promise<Target> {
  if (isRunId(text)) return targetOfRun(lab, state, text);
  if (isExperimentId(text)) {
    const runs = state.experiments.get(text)?.runs ?? [];
    const found = runs.length === 0 ? 'an experiment' : `an experiment with ${runs.join(', ')}`;
    throw usage(`expected a run such as E-0007.2, found ${found}`, text);
  }
  if (isOwnRunId(text)) {
    const { command } = ownRunIn(state, text);
    const words = command === '' ? 'COMMAND' : command;
    throw usage(
      `expected a run of a night, such as E-0007.2, found ${text}, a run of your own: repeat it with autolab run -- ${words}`,
      text,
    );
  }
  const path = resolve(cwd, text);
  const found = await stat(path).catch(() => null);
  const file = found?.isDirectory() ? join(path, 'manifest.json') : path;
  const manifest = await readManifest(file);
  if (manifest !== null) return targetOfManifest(lab, state, file, manifest);
  throw usage(
    `expected a run such as E-0007.2, or the path of a run's manifest.json, found ${text}`,
    text,
  );
}

const usage = (message: string, where: string): LabError => new LabError('usage', message, where);

/** The newest attempt that came to an end of its own. */
async function targetOfRun(lab: Lab, state: State, id: RunId): Promise<Target> {
  const run = state.runs.get(id);
  if (run === undefined) {
    const advice = 'autolab runs lists those of this lab; elsewhere a manifest.json does';
    throw usage(
      `expected a run of this lab, found ${id}, which its notebook has not: ${advice}`,
      id,
    );
  }
  const { planned, commit: of } = experimentIn(state, run.experiment);
  if (planned)
    throw usage(
      `expected a run of the script, found ${id}, which is work of the plan’s own (${planned.name}): a night runs it again where its definition or base changed`,
      id,
    );
  // What a crashed run executed, where its patch was repaired since.
  const commit = run.result?.commit || (of ?? '');
  for (let { attempt } = run; attempt > 0; attempt--) {
    const folder = join(lab.root, attemptDir(id, attempt));
    const result =
      (attempt === run.attempt ? run.result : null) ??
      (await readSealed(folder, id, attempt, commit));
    if (result === null || result.status === 'killed') continue;
    const file = join(folder, 'manifest.json');
    const found = await readManifest(file);
    // Ids come again where a notebook was deleted, and their folders stay.
    const manifest = found?.commit === commit && found.attempt === attempt ? found : null;
    const order = { ...knownOrder(state, id, attempt, manifest), commit };
    return { order, manifest, file: manifest && file, was: result, known: true };
  }
  throw usage(
    run.status === 'running'
      ? `${id} is still running: there is no number yet to compare with`
      : `${id} was stopped before its end: there is no number to compare with`,
    id,
  );
}

/** The order that the run's night gave, with the variables that the run really saw. */
function knownOrder(
  state: State,
  id: RunId,
  attempt: number,
  manifest: Manifest | null,
): Target['order'] {
  const run = state.runs.get(id);
  if (run === undefined) throw new Error(`the journal knows no ${id}`);
  if (experimentIn(state, run.experiment).commit === null)
    throw usage(
      `${id} crashed, and its repaired patch has no branch yet: rerun it once the night has run that`,
      id,
    );
  const night = nightOfRun(state, run);
  const work = { kind: 'run', run: id, attempt, id: '', role: 'worker' } as const;
  const brief = briefFor({ ...state, night }, work, { branch_prefix: '', gpus: () => null });
  if (!('task' in brief) || brief.task !== 'run') throw new Error(`expected the order of ${id}`);
  const { slot: _, gpus: __, prune: ___, ...order } = brief.order;
  const seen = manifest?.env_names ?? order.plan.run.env_from;
  const plan = { ...order.plan, run: { ...order.plan.run, env_from: [...seen] } };
  return { ...order, attempt, plan };
}

/** A baseline that was taken over ran in later nights, too. */
const nightOfRun = (state: State, { experiment, started }: Run): NightId =>
  [...state.nights.values()].findLast((night) => night.started <= started)?.id ??
  experimentIn(state, experiment).night;

async function targetOfManifest(
  lab: Lab,
  state: State,
  file: string,
  manifest: Manifest,
): Promise<Target> {
  const where = relative(lab.root, file);
  const { run: id, attempt, seed, commit, base, command, env } = manifest;
  if (!isRunId(id))
    throw usage(`${where}: expected run to be such as E-0007.2, found ${id}`, where);
  const odd = [commit, base].find((hash) => !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hash));
  if (odd !== undefined)
    throw usage(`${where}: expected the full id of a commit, found ${odd}`, where);
  const run = state.runs.get(id);
  const ran = run && (run.result?.commit || experimentIn(state, run.experiment).commit);
  const known = run?.seed === seed && ran === commit;
  const sealed = await readSealed(dirname(file), id, attempt, commit);
  const recorded = known && run.attempt === attempt ? run.result : null;
  const was = sealed ?? recorded ?? outcomeIn(manifest);
  if (was === null || ('status' in was && was.status === 'killed')) {
    throw usage(
      `${where} does not say what came out: the run was stopped, or the manifest is of an older ` +
        'AutoLab. Bring the result.json that lies beside it where it comes from',
      where,
    );
  }
  const order = known
    ? knownOrder(state, id, attempt, manifest)
    : {
        ...{ run: id, attempt, seed, commit, base, knobs: {} },
        command: { command, env },
        ...(manifest.variant === undefined ? {} : { variant: manifest.variant }),
        plan: planFrom(manifest, where) ?? (await committedPlan(lab, manifest, where)),
      };
  return { order, manifest, file, was, known };
}

function outcomeIn({ outcome }: Manifest): Came | null {
  if (!outcome) return null;
  const { objective, failure, summary } = outcome;
  return {
    objective: objective === null ? null : Number(objective),
    failure: failure as Came['failure'],
    summary: Object.entries(summary).map(([key, value]) => ({
      ...{ key, text: null },
      number: Number(value),
    })),
  };
}

/** For manifests of before they held the plan's part: the plan as the run's commit has it. */
async function committedPlan(lab: Lab, manifest: Manifest, where: string): Promise<Plan> {
  const { commit, env_names } = manifest;
  const text = await lab.repository.readFile(commit, PLAN_FILE).catch(() => null);
  const { readPlan } = await import('../../plan/file.ts');
  const reading = text === null ? null : readPlan(text);
  if (reading === null || 'problems' in reading) {
    throw usage(
      `${where} holds no plan, as those of an older AutoLab, and a ${PLAN_FILE} that can be used ` +
        `was not found in its commit ${commit.slice(0, 10)} either: rerun it in the lab it comes from`,
      where,
    );
  }
  return { ...reading.plan, run: { ...reading.plan.run, env_from: [...env_names] } };
}

/** Null where there is no such file. Throws LabError usage where it is no manifest. */
async function readManifest(file: string): Promise<Manifest | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw usage(`expected a run's manifest.json, found something that is no JSON: ${file}`, file);
  }
  const read = manifestSchema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw usage(`expected a run's manifest.json, found ${file}: ${at} ${issue?.message ?? ''}`, file);
}
