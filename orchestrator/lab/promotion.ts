import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import type { Base } from '../domain/event.ts';
import type { Experiment } from '../domain/experiment.ts';
import { isExperimentId, numberOf, type ExperimentId } from '../domain/ids.ts';
import { PLAN_FILE, SCORES_FILE } from '../domain/layout.ts';
import type { Plan } from '../domain/plan.ts';
import type { Promotion } from '../domain/ports.ts';
import { TIERS, type Tier } from '../domain/run.ts';
import { changeInWords } from '../domain/hypothesis.ts';
import { ancestors, experimentIn, type Night, type State } from '../domain/state.ts';
import { doubtful, doubtsOn, TOUCHES_EVALUATION } from '../domain/doubt.ts';
import { experimentTier } from '../domain/tier.ts';
import { RULE } from '../statistics/verdict.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { systemUser } from './author.ts';
import type { Lab } from './lab.ts';
import { unrecordedMerges } from './merged.ts';
import { evidenceOf, messageOf, scoreOf, withScore } from './promotion-score.ts';

/** Brings an experiment's change to base, with the evidence for it. */

export interface Promoted extends Promotion {
  readonly experiment: ExperimentId;
  /** The evidence in one sentence, as it stands in the merge's message. */
  readonly evidence: string;
  /** Marks on it and on what it is built on, a sentence each. */
  readonly marks: readonly string[];
  /** Base held the merge before, and only its record was missing. */
  readonly already: boolean;
}

/**
 * Promotes `id`, or without one the last confirmed tip that was not promoted yet. Where base holds
 * that merge and nobody recorded it, as after a kill in between, only the record is made. Throws
 * LabError not_found, refused (not confirmed, below the tier that is demanded, marked as touching
 * the evaluation, already in base, paths in the way), conflict (base moved).
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
  const tier = experimentTier(state, experiment.id);
  if (!standing) {
    refuseUnfounded(experiment, options.unconfirmed);
    if (!options.unconfirmed) {
      await refuseUnchecked(lab, state, experiment, night, tier);
      refuseDoubted(state, experiment);
    }
  }
  if (experiment.commit === null)
    throw new LabError(
      'refused',
      `${experiment.id} has no commit: its change never applied`,
      experiment.id,
    );
  const who = systemUser();
  const stack = [experiment.id, ...ancestors(state, experiment.id)];
  const marks = marksOn(state, stack);
  const changes = stack
    .toReversed()
    .map((each) => experimentIn(state, each))
    .filter(({ parent }) => parent !== null)
    .map((each) => `${each.id}: ${each.title} (${changeInWords(each.change)})`);
  const score = scoreOf(experiment, night, { commit: experiment.commit, changes, who, tier });
  const evidence = evidenceOf(score);
  if (standing) {
    const { branch, commit } = standing;
    return { experiment: experiment.id, branch, commit, evidence, marks, already: true };
  }
  const promotion = await lab.repository.promote({
    base: await presentBase(lab, night),
    commit: experiment.commit,
    message: messageOf(experiment, evidence, changes, marks),
    files: new Map([[SCORES_FILE, (old) => withScore(old, score)]]),
  });
  await putInInbox(lab.notebookDir, {
    type: 'promoted',
    experiment: experiment.id,
    branch: promotion.branch,
    commit: promotion.commit,
    who,
  });
  return { ...promotion, experiment: experiment.id, evidence, marks, already: false };
}

const marksOn = (state: State, stack: readonly ExperimentId[]): readonly string[] =>
  state.flags
    .filter(({ target }) => stack.some((id) => target === id))
    .map(({ target, label, because, who }) => `${target} is marked ${label} by ${who}: ${because}`);

/** Base may have moved on since the night: the merge starts from where it is now. */
async function presentBase({ repository }: Lab, { base }: Night): Promise<Base> {
  if (base.branch === null) return base;
  return repository.resolveBase(base.branch).catch((error: unknown) => {
    // Deleted: promote says how to bring it back, and at which commit.
    if (error instanceof LabError && error.code === 'not_found') return base;
    throw error;
  });
}

/** What `--unconfirmed` takes. */
const isOfferable = ({ parent, judgement }: Experiment): boolean =>
  parent !== null && judgement?.verdict !== 'invalid' && judgement?.verdict !== 'failed';

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
  const best = open && isOfferable(experimentIn(state, incumbent)) ? incumbent : null;
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
  if (experiment.planned)
    throw new LabError('refused', `${id} is work of the plan’s own: it changes nothing`, id);
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

/** What nobody but a model or a paper proposed may have been written to please the script's own print. */
const FOREIGN: ReadonlySet<Experiment['source']> = new Set(['model', 'paper']);

const holdsPatch = (change: Experiment['change']): boolean =>
  change.kind === 'patch' ||
  (change.kind === 'stack' && change.changes.some(({ kind }) => kind === 'patch'));

/**
 * Refuses numbers below the tier that the plan as it is today demands (the night's, where today's
 * cannot be read), or that a patch of nobody here needs where its night had an evaluator.
 */
async function refuseUnchecked(
  lab: Lab,
  state: State,
  { id }: Experiment,
  { plan }: Night,
  tier: Tier | null,
): Promise<void> {
  const demanded = (await planToday(lab)) ?? plan;
  const brings = [id, ...ancestors(state, id)].map((each) => experimentIn(state, each));
  const foreign =
    (plan.evaluate ?? plan.score) !== undefined &&
    brings.some(({ source, change }) => FOREIGN.has(source) && holdsPatch(change));
  const wanted = demanded.objective.tier ?? (foreign ? 'checked' : 'self_reported');
  if (TIERS.indexOf(tier ?? 'self_reported') >= TIERS.indexOf(wanted)) return;
  const why =
    demanded.objective.tier === wanted
      ? `the plan demands objective.tier: ${wanted}`
      : 'a patch that a model or a paper proposed has to be measured by evaluate or score';
  const by = wanted === 'verified' ? 'score' : 'evaluate or score';
  throw new LabError(
    'refused',
    `expected numbers of tier ${wanted} (${why}), found ${tier ?? 'none'} among the runs that ${id} ` +
      `rests on. Launch again: a night with ${by} in its plan measures baseline and candidates ` +
      `by it. To promote it all the same: autolab promote ${id} --unconfirmed`,
    id,
  );
}

/** Refuses what may only print better numbers, until somebody who read the diff takes the mark away. */
function refuseDoubted(state: State, { id }: Experiment): void {
  const doubts = doubtsOn(state, id);
  if (doubts.length === 0) return;
  const each = (verb: (of: string) => string): string =>
    doubts.map(({ target }) => `autolab ${verb(target)}`).join(', ');
  const why = doubts.map(({ because }) => because).join('; ');
  throw new LabError(
    'refused',
    `expected a change that leaves the evaluation alone, or numbers that evaluate or score measured, ` +
      `found ${doubtful(doubts)} marked ${TOUCHES_EVALUATION} (${why}) and numbers that are the ` +
      `script’s own word. Nothing was merged. Read the diff: ${each((of) => `show ${of}`)}. If it is all ` +
      `right: ${each((of) => `unflag ${of} ${TOUCHES_EVALUATION}`)}, then promote again. ` +
      `To promote it all the same: autolab promote ${id} --unconfirmed`,
    id,
  );
}

async function planToday(lab: Lab): Promise<Plan | null> {
  const text = await readFile(join(lab.root, PLAN_FILE), 'utf8').catch(() => null);
  if (text === null) return null;
  const { readPlan } = await import('../plan/file.ts');
  const reading = readPlan(text);
  return 'plan' in reading ? reading.plan : null;
}

const nightOf = (state: State, { night }: Experiment): Night => {
  const found = state.nights.get(night);
  if (!found) throw new Error(`the journal knows no ${night}`);
  return found;
};
