import { userInfo } from 'node:os';
import { LabError } from '../domain/errors.ts';
import type { Base } from '../domain/event.ts';
import type { Experiment } from '../domain/experiment.ts';
import { isExperimentId, numberOf, type ExperimentId } from '../domain/ids.ts';
import { SCORES_FILE } from '../domain/layout.ts';
import type { Promotion } from '../domain/ports.ts';
import { changeInWords } from '../domain/hypothesis.ts';
import { ancestors, experimentIn, type Night, type State } from '../domain/state.ts';
import { RULE } from '../statistics/verdict.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import type { Lab } from './lab.ts';
import { unrecordedMerges } from './merged.ts';

/** Brings an experiment's change to base, with the evidence for it. */

export interface Promoted extends Promotion {
  readonly experiment: ExperimentId;
  /** The evidence in one sentence, as it stands in the merge's message. */
  readonly evidence: string;
  /** Base held the merge before, and only its record was missing. */
  readonly already: boolean;
}

/** One entry of experiments/scores.json. */
interface Score {
  readonly experiment: ExperimentId;
  readonly title: string;
  /** Everything the merge brings, in the order it was stacked. */
  readonly changes: readonly string[];
  readonly metric: string;
  readonly direction: string;
  readonly value: number | null;
  readonly baseline: number | null;
  readonly effect: number | null;
  readonly interval: readonly number[] | null;
  readonly n: number;
  readonly tier: string;
  readonly verdict: string | null;
  readonly parent: ExperimentId | null;
  readonly commit: string;
  readonly when: string;
  readonly who: string;
}

/**
 * Promotes `id`, or without one the last confirmed tip that was not promoted yet. Where base holds
 * that merge and nobody recorded it, as after a kill in between, only the record is made. Throws
 * LabError not_found, refused (not confirmed, already in base, paths in the way), conflict (base
 * moved).
 */
export async function promote(
  lab: Lab,
  state: State,
  id: string | undefined,
  options: { readonly unconfirmed: boolean },
): Promise<Promoted> {
  const merged = await unrecordedMerges(lab, state);
  for (const each of merged) await putInInbox(lab.notebookDir, each);
  const experiment = id === undefined ? confirmedTip(state) : named(state, id);
  const night = nightOf(state, experiment);
  const standing = merged.find((each) => each.experiment === experiment.id);
  if (!standing) refuseUnfounded(experiment, options.unconfirmed);
  if (experiment.commit === null)
    throw new LabError(
      'refused',
      `${experiment.id} has no commit: its change never applied`,
      experiment.id,
    );
  const who = userInfo().username;
  const changes = [experiment.id, ...ancestors(state, experiment.id)]
    .toReversed()
    .map((each) => experimentIn(state, each))
    .filter(({ parent }) => parent !== null)
    .map((each) => `${each.id}: ${each.title} (${changeInWords(each.change)})`);
  const score = scoreOf(experiment, night, experiment.commit, changes, who);
  const evidence = evidenceOf(score);
  if (standing) {
    const { branch, commit } = standing;
    return { experiment: experiment.id, branch, commit, evidence, already: true };
  }
  const promotion = await lab.repository.promote({
    base: await presentBase(lab, night),
    commit: experiment.commit,
    message: messageOf(experiment, evidence, changes),
    files: new Map([[SCORES_FILE, (old) => withScore(old, score)]]),
  });
  await putInInbox(lab.notebookDir, {
    type: 'promoted',
    experiment: experiment.id,
    branch: promotion.branch,
    commit: promotion.commit,
    who,
  });
  return { ...promotion, experiment: experiment.id, evidence, already: false };
}

/** Base may have moved on since the night: the merge starts from where it is now. */
async function presentBase({ repository }: Lab, { base }: Night): Promise<Base> {
  if (base.branch === null) return base;
  return repository.resolveBase(base.branch).catch((error: unknown) => {
    // Deleted: promote says how to bring it back, and at which commit.
    if (error instanceof LabError && error.code === 'not_found') return base;
    throw error;
  });
}

function confirmedTip(state: State): Experiment {
  const promoted = new Set(state.promotions.map((promotion) => promotion.experiment));
  const tips = [...state.experiments.values()].filter(
    ({ id, judgement }) => judgement?.verdict === 'improved' && !promoted.has(id),
  );
  const tip = tips.toSorted((a, b) => numberOf(b.id) - numberOf(a.id))[0];
  // An older night's tip is not offered past a newer one: nobody has tested the two together.
  const newest = [...state.experiments.values()].findLast(
    ({ judgement }) => judgement?.verdict === 'improved',
  );
  if (tip && tip.night === newest?.night) return tip;
  const incumbent = state.night === null ? null : state.nights.get(state.night)?.incumbent;
  const open = incumbent && !promoted.has(incumbent);
  const best = open && experimentIn(state, incumbent).parent !== null ? incumbent : null;
  const advice = best
    ? ` The best so far is ${best}; to promote it all the same: autolab promote ${best} --unconfirmed`
    : '';
  throw new LabError(
    'refused',
    `expected an improvement that dawn confirmed and nobody promoted yet, found none.${advice}`,
  );
}

function named(state: State, id: string): Experiment {
  const experiment = isExperimentId(id) ? state.experiments.get(id) : undefined;
  if (!experiment)
    throw new LabError(
      'not_found',
      `expected the id of an experiment, such as E-0007, found ${id}. See autolab experiments.`,
      id,
    );
  if (experiment.parent === null)
    throw new LabError('refused', `${id} is a baseline: it is base already`, id);
  return experiment;
}

function refuseUnfounded({ id, judgement }: Experiment, unconfirmed: boolean): void {
  const verdict = judgement?.verdict ?? 'not judged yet';
  if (verdict === 'failed' || verdict === 'invalid')
    throw new LabError(
      'refused',
      `${id} is ${verdict} (${judgement?.because ?? ''}): there is nothing to promote`,
      id,
    );
  if (unconfirmed) return;
  const anyway = `To promote it all the same: autolab promote ${id} --unconfirmed`;
  if (verdict !== 'improved')
    throw new LabError(
      'refused',
      `expected an experiment that dawn confirmed as improved, found ${id}: ${verdict}` +
        `${judgement?.stack ? `, part of the confirmed stack ${judgement.stack}` : ''}. ${anyway}`,
      id,
    );
  if (judgement?.rule !== RULE)
    throw new LabError(
      'refused',
      `${id} was judged by rule ${judgement?.rule}, today's is ${RULE}. ${anyway}`,
      id,
    );
}

const nightOf = (state: State, { night }: Experiment): Night => {
  const found = state.nights.get(night);
  if (!found) throw new Error(`the journal knows no ${night}`);
  return found;
};

function scoreOf(
  experiment: Experiment,
  { plan }: Night,
  commit: string,
  changes: readonly string[],
  who: string,
): Score {
  const { id, title, parent, judgement } = experiment;
  const dawn = judgement?.dawn;
  const contrast = dawn?.on_baseline ?? judgement?.on_baseline ?? null;
  return {
    ...{ experiment: id, title, changes },
    ...{ metric: plan.objective.metric, direction: plan.objective.direction },
    value: dawn?.objective ?? judgement?.objective ?? null,
    baseline: dawn?.baseline ?? baselineMean(judgement),
    effect: contrast?.effect ?? null,
    interval: contrast?.interval ?? null,
    n: dawn?.n ?? judgement?.n ?? 0,
    tier: 'self_reported',
    verdict: judgement?.verdict ?? null,
    ...{ parent, commit, when: new Date().toISOString(), who },
  };
}

function baselineMean(judgement: Experiment['judgement']): number | null {
  const { objective, on_baseline } = judgement ?? {};
  return typeof objective === 'number' && on_baseline ? objective - on_baseline.effect : null;
}

function evidenceOf({ metric, value, baseline, effect, interval, n, verdict }: Score): string {
  const number = (x: number) => String(Number(x.toPrecision(5)));
  if (value === null || baseline === null || effect === null)
    return `${metric}: not measured against the baseline (${verdict ?? 'not judged'})`;
  const range = interval ? `, 95 % interval ${interval.map(number).join(' to ')}` : '';
  return `${metric} ${number(baseline)} -> ${number(value)} (${number(effect)}${range}, ${n} seeds): ${verdict}`;
}

/** The subject names a single change, or says how many were measured as one. */
function messageOf(
  { id, title }: Experiment,
  evidence: string,
  changes: readonly string[],
): string {
  const subject = changes.length > 1 ? `${changes.length} changes, confirmed together` : title;
  return [
    `Merge ${id}: ${subject}`,
    '',
    evidence,
    '',
    ...changes.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

/** Appends to the list that is there; refuses one that is not a list, rather than lose it. */
function withScore(old: string | null, score: Score): string {
  const known: unknown = old === null || old.trim() === '' ? [] : parsed(old);
  if (!Array.isArray(known))
    throw new LabError(
      'refused',
      `expected ${SCORES_FILE} to hold a JSON list, found something else. Mend or move it.`,
      SCORES_FILE,
    );
  return `${JSON.stringify([...known, score], null, 2)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
