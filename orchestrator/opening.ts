import { createHash } from 'node:crypto';
import type { Base, DataIdentity, EventBody } from './domain/event.ts';
import type { Proposal } from './domain/hypothesis.ts';
import { changedData, sameGround, sameHard } from './domain/ground.ts';
import { nightId, type ExperimentId } from './domain/ids.ts';
import { canonical, planMeaning, type Plan } from './domain/plan.ts';
import type { Environment } from './domain/run.ts';
import { armOf, experimentIn, runsOf, type Night, type State } from './domain/state.ts';
import { REPLICATES } from './statistics/verdict.ts';

/** How a launch begins: go on with a night that was cut off, or start the next. Pure. */

/** What a launch finds when it looks at plan, repository and machine. */
export interface Found {
  readonly plan: Plan;
  readonly plan_text: string;
  readonly base: Base;
  /** Every knob's value at base. */
  readonly settings: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly machine: string;
  /** Absent: nobody looked. */
  readonly environment?: Environment;
  readonly data: readonly DataIdentity[];
  /** The user's hypotheses, patches read. */
  readonly own: readonly Proposal[];
  /** Texts of the notes that the plan's `experiments` name, by their path. */
  readonly notes?: Readonly<Record<string, string>>;
  /** The diff from an experiment's base to it, to offer it again; empty where it is gone. */
  readonly diffOf: (experiment: ExperimentId) => Promise<string>;
  /** The highest n of branches `autolab/E-n` and folders `experiments/E-n`, -1 where there are none. */
  readonly highest_number: number;
  readonly remarks: readonly string[];
  /** Why the goal moved, as the launch was told. */
  readonly because?: string | null;
  /** GPUs that each run gets. */
  readonly gpus_per_run?: number;
}

export const planKey = (plan: Plan): string =>
  createHash('sha256').update(planMeaning(plan)).digest('hex').slice(0, 16);

/** The events that open this launch, to be recorded before anything is done. */
export async function opening(state: State, found: Found): Promise<readonly EventBody[]> {
  const last = state.night === null ? null : (state.nights.get(state.night) ?? null);
  if (last?.ended && last.ended.reason !== 'superseded' && last.reported !== last.revision)
    // Only its last report is missing: nothing of it is run again.
    return [{ type: 'night_resumed', night: last.id, slots: last.slots, plan: last.plan }];
  if (last === null || last.ended) return [await nextNight(state, last, found)];
  if (goesOn(last, found)) {
    const { slots, plan } = found;
    const next_experiment = nextNumber(state, found);
    // Behind its own they come from another worktree's night, which ran while this one was stopped.
    const moved = next_experiment > state.next_experiment ? { next_experiment } : {};
    return [{ type: 'night_resumed', night: last.id, slots, plan, ...moved }];
  }
  const message = `it was cut off, and ${whatChanged(last, found)} since`;
  return [
    { type: 'night_ended', night: last.id, reason: 'superseded', message },
    await nextNight(state, last, found),
  ];
}

/** Free for the next experiment: behind the notebook's, and all branches and folders. */
const nextNumber = (state: State, { highest_number }: Found): number =>
  Math.max(state.next_experiment, highest_number + 1);

/** A night goes on where nothing changed that its runs know of: or they would not compare. */
const goesOn = (night: Night, found: Found): boolean => whatChanged(night, found) === null;

function whatChanged(night: Night, found: Found): string | null {
  const { plan, base, data, machine } = found;
  if (night.base.commit !== base.commit) return 'the base branch moved';
  if (withoutBudget(night.plan) !== withoutBudget(plan)) return 'research_plan.yaml changed';
  const [path] = changedData(night.data, data);
  if (path !== undefined) return `${path} changed`;
  if (night.machine !== machine) return 'the machine changed';
  return sameHard(night, found) ? null : 'what runs depend on changed (devices, limits or threads)';
}

/** Nor what no run knows of: who is told, who thinks and writes, and how a rehearsal cuts one short. */
function withoutBudget({
  budget: _,
  notify: __,
  agents: ___,
  worker: ____,
  ...plan
}: Plan): string {
  const { run, ...rest } = plan;
  return canonical({ ...rest, run: { ...run, smoke: undefined } });
}

/** What is to be known of a baseline that was measured where something soft was otherwise. */
function softRemarks(state: State, baseline: ExperimentId | null, found: Found): string[] {
  const runs = baseline === null ? [] : runsOf(state, baseline);
  const was = runs.find(({ result }) => result?.environment)?.result?.environment;
  const now = found.environment;
  if (!was || !now || was.soft === now.soft) return [];
  const names = [...new Set([...Object.keys(was.words), ...Object.keys(now.words)])];
  const moved = names
    .filter((name) => was.words[name] !== now.words[name])
    .map((name) => `${name} ${was.words[name] ?? 'none'}, now ${now.words[name] ?? 'none'}`);
  return [
    `${baseline} was measured with ${moved.join('; ')}: that should move no number, and tonight’s are compared with it`,
  ];
}

async function nextNight(state: State, last: Night | null, found: Found): Promise<EventBody> {
  const plan_key = planKey(found.plan);
  const baseline = takenOver(state, plan_key, found);
  return {
    type: 'night_started',
    night: nightId(state.next_night),
    base: found.base,
    plan: found.plan,
    plan_text: found.plan_text,
    plan_key,
    plan_changes: last === null ? '' : changedLines(last.plan_text, found.plan_text),
    settings: found.settings,
    slots: found.slots,
    machine: found.machine,
    data: found.data,
    data_changed: last === null ? [] : changedData(last.data, found.data),
    baseline,
    proposals: [...(await offeredAgain(state, found)), ...found.own],
    next_experiment: nextNumber(state, found),
    remarks: [...found.remarks, ...softRemarks(state, baseline, found)],
    ...(found.environment ? { environment: found.environment } : {}),
    ...(found.notes && Object.keys(found.notes).length > 0 ? { notes: found.notes } : {}),
    ...(found.because ? { because: found.because } : {}),
    ...(found.gpus_per_run === undefined ? {} : { gpus_per_run: found.gpus_per_run }),
  };
}

/** A baseline measured earlier under the same plan, base, data and machine needs no new runs. */
function takenOver(state: State, plan_key: string, found: Found): ExperimentId | null {
  const nights = [...state.nights.values()];
  const drifted = new Set(nights.flatMap((night) => (night.drift ? [night.baseline] : [])));
  for (const night of nights.toReversed()) {
    const same =
      night.plan_key === plan_key &&
      night.base.commit === found.base.commit &&
      sameGround(night, found);
    if (!same || night.baseline === null || drifted.has(night.baseline)) continue;
    const wanted = night.plan.run.deterministic ? 1 : REPLICATES;
    if (armOf(state, night.baseline).length >= wanted) return night.baseline;
  }
  return null;
}

/** A night that had its say: one that was cut short without an incumbent forgets nobody's best. */
const searched = ({ ended, incumbent, baseline }: Night): boolean =>
  incumbent !== baseline ||
  (ended !== null && ended.reason !== 'superseded' && ended.reason !== 'baseline_failed');

/** Last night's best, if nobody promoted it and it does not already stand in base. */
async function offeredAgain(state: State, found: Found): Promise<readonly Proposal[]> {
  const last = [...state.nights.values()].findLast(searched);
  if (!last || last.incumbent === null || last.incumbent === last.baseline) return [];
  const [then, now] = [last.plan.objective, found.plan.objective];
  // The best by another measure is nobody's best by this one.
  if (then.metric !== now.metric || then.direction !== now.direction) return [];
  const { id, title, judgement } = experimentIn(state, last.incumbent);
  if (judgement?.verdict !== 'improved' && judgement?.verdict !== 'promising') return [];
  if (state.promotions.some((promotion) => promotion.experiment === id)) return [];
  const diff = await found.diffOf(id);
  if (diff === '') return [];
  return [
    {
      title: `again: ${title.replace(/^again: (.*) \(E-\d+\)$/, '$1')} (${id})`,
      because: `${id} was ${judgement.verdict} in ${last.id} and was not promoted`,
      source: 'incumbent',
      line: 'incumbent',
      change: { kind: 'patch', file: id, diff },
      success_criteria: [],
    },
  ];
}

/** Lines that only one of two texts has, marked as a diff marks them; order within each kept. */
function changedLines(before: string, now: string): string {
  if (before === now) return '';
  const [old, fresh] = [before.split('\n'), now.split('\n')];
  const gone = old.filter((line) => !fresh.includes(line)).map((line) => `-${line}`);
  const come = fresh.filter((line) => !old.includes(line)).map((line) => `+${line}`);
  return [...gone, ...come].join('\n');
}
