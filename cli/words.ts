import type {
  Contrast,
  DawnJudgement,
  Experiment,
  Interval,
  JudgedLimit,
} from '../orchestrator/domain/experiment.ts';
import { doubtful, doubtsOn, TOUCHES_EVALUATION } from '../orchestrator/domain/doubt.ts';
import type { ExperimentId, NightId } from '../orchestrator/domain/ids.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { gainOf } from '../orchestrator/domain/objective.ts';
import type { Planned } from '../orchestrator/domain/planned.ts';
import {
  ancestors,
  experimentIn,
  type Night,
  type Rerun,
  type State,
} from '../orchestrator/domain/state.ts';
import { otherwiseIn, trainsOtherwise } from '../orchestrator/domain/variant.ts';
import { bold, oneLine } from './output.ts';
import { short, signed } from './table.ts';

/** Statistics in words, the same in every verb: n, effect and interval together. */

/** `val_bpb at most 1.58: met, found 1.574 (95 % interval 1.572 to 1.576, n 4)` */
export function limitInWords(limit: JudgedLimit): string {
  const { metric, min, max, status, mean, interval, n } = limit;
  const ends = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ].join(' and ');
  const range = interval ? `95 % interval ${short(interval[0])} to ${short(interval[1])}, ` : '';
  const found = mean === null ? '' : `, found ${short(mean)} (${range}n ${n})`;
  return `${oneLine(metric)} ${ends}: ${status.replaceAll('_', ' ')}${found}`;
}

/** `1.612 (checked)`; of a run without a number what its tier would be says nothing. */
export const objectiveInWords = (row: {
  readonly objective: unknown;
  readonly tier: string | null;
}): string =>
  row.objective === null || row.tier === null
    ? 'not measured'
    : `${short(row.objective)} (${row.tier})`;

export const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

/**
 * Decimals that an interval leaves meaningful: two digits of its half width where that begins with
 * 1 to 3.5, one digit above, as in FINDINGS.md; null where it has no width to go by.
 */
export function decimalsOf(interval: Interval | null): number | null {
  const half = interval === null ? 0 : (interval[1] - interval[0]) / 2;
  if (!(half > 0 && half < Infinity)) return null;
  const exponent = Math.floor(Math.log10(half));
  const digits = half / 10 ** exponent < 3.545 ? 2 : 1;
  return Math.min(9, Math.max(0, digits - 1 - exponent));
}

/** Those of the contrast, and at least what shows two digits of the values' own standard deviation. */
export function decimalsOfValues(
  values: readonly number[],
  contrast: Contrast | null,
): number | null {
  const decimals = decimalsOf(contrast?.interval ?? null);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const own = Math.sqrt(squares / (values.length - 1));
  // Equal numbers have a spread of rounding alone.
  if (decimals === null || !(own > 1e-12 * Math.abs(mean) && own < Infinity)) return decimals;
  return Math.min(9, Math.max(decimals, 1 - Math.floor(Math.log10(own))));
}

export const fixed = (value: number, decimals: number | null, sign = false): string => {
  if (decimals === null || !Number.isFinite(value)) return sign ? signed(value) : short(value);
  return `${sign && value > 0 ? '+' : ''}${value.toFixed(decimals)}`.replace('-', '−');
};

/** `−0.038, 95 % interval −0.044 to −0.032`. */
export function effectInWords({ effect, interval }: Contrast, sign = true): string {
  const decimals = decimalsOf(interval);
  const number = (value: number) => fixed(value, decimals, sign);
  return interval === null
    ? `${number(effect)}, its interval is not known`
    : `${number(effect)}, 95 % interval ${number(interval[0])} to ${number(interval[1])}`;
}

/** `1.612 → 1.574: −0.038, 95 % interval −0.044 to −0.032`. */
export function changeOfMean(from: number, to: number, contrast: Contrast): string {
  const decimals = decimalsOf(contrast.interval);
  return `${fixed(from, decimals)} → ${fixed(to, decimals)}: ${effectInWords(contrast)}`;
}

/** `val_bpb 1.612 → 1.574: −0.038, 95 % interval −0.044 to −0.032, 5 fresh seeds each`. */
export function dawnInWords(state: State, night: NightId, dawn: DawnJudgement): string {
  const { n, n_baseline, objective, baseline, on_baseline } = dawn;
  if (on_baseline === null || objective === null || baseline === null)
    return 'no fresh seed finished at dawn';
  const metric = state.nights.get(night)?.plan.objective.metric ?? '';
  const each = n === n_baseline ? 'each' : `against ${n_baseline}`;
  const seeds = `${counted(n, 'fresh seed')} ${each}`;
  return `${oneLine(metric)} ${changeOfMean(baseline, objective, on_baseline)}, ${seeds}`;
}

/** How dawn compared its arms. */
export const testInWords = (test: string | null | undefined): string =>
  test === 'paired' ? 'compared seed by seed' : 'means compared (Welch)';

/** The changes that a tip is made of. */
export const changesOf = (state: State, tip: ExperimentId): number =>
  [tip, ...ancestors(state, tip)].filter((id) => experimentIn(state, id).parent !== null).length;

/**
 * What leaving a change of a confirmed stack out cost, and whether the gain may be claimed of it;
 * null outside of a confirmed stack of several changes, and before dawn has said it.
 */
export function worthInWords(state: State, { id, judgement, baseline }: Experiment): string | null {
  if (!judgement) return null;
  const { attribution, dawn } = judgement;
  const tip = judgement.stack ?? (dawn?.confirmed ? id : null);
  if (tip === null || changesOf(state, tip) < 2) return null;
  const part = `part of the confirmed stack ${tip}, not attributed`;
  if (!attribution)
    return dawn && dawnGoesOn(state, id)
      ? null
      : `${part}: the budget had no seeds left to leave it out`;
  const { effect, interval, n, attributed } = attribution;
  if (effect === null) return `${part}: ${whyNoArm(state, id)}`;
  const objective = state.nights.get(experimentIn(state, id).night)?.plan.objective;
  if (!objective) throw new Error(`expected the night of ${id} (measured on ${baseline})`);
  const gain = (value: number) => gainOf(objective, value);
  const turned = interval?.map(gain).toSorted((a, b) => a - b) as [number, number] | undefined;
  const cost = effectInWords({ effect: gain(effect), interval: turned ?? null }, false);
  const end = attributed ? 'attributed' : `${part}, since that could be chance`;
  return `leaving it out costs ${cost} (${counted(n, 'fresh seed')} each): ${end}`;
}

function whyNoArm(state: State, member: ExperimentId): string {
  const arm = [...state.experiments.values()].find(({ without }) => without === member);
  return arm?.failure
    ? `the stack without it could not be made (${arm.id}: ${oneLine(arm.failure.message)})`
    : 'no run without it finished';
}

/** Whether dawn has still to leave changes out. */
function dawnGoesOn(state: State, id: ExperimentId): boolean {
  const night = state.nights.get(experimentIn(state, id).night);
  return night?.dawn?.attribute === true && night.ended === null;
}

/** Ideas of the night: an idea that was put on a newer incumbent is one, an arm of dawn none. */
export function funnelOf(state: State, night: string) {
  const ideas = new Map<ExperimentId, { promising: boolean; confirmed: boolean }>();
  for (const experiment of state.experiments.values()) {
    const { parent, without, judgement } = experiment;
    if (experiment.night !== night || parent === null || without) continue;
    let first = experiment;
    while (first.reapplies) first = experimentIn(state, first.reapplies);
    const known = ideas.get(first.id) ?? { promising: false, confirmed: false };
    const { verdict, dawn = null, stack = null } = judgement ?? {};
    ideas.set(first.id, {
      promising: known.promising || verdict === 'promising' || dawn !== null,
      confirmed: known.confirmed || stack !== null || dawn?.confirmed === true,
    });
  }
  const all = [...ideas.values()];
  return {
    tried: all.length,
    promising: all.filter(({ promising }) => promising).length,
    confirmed: all.filter(({ confirmed }) => confirmed).length,
  };
}

/** `24 candidates were tried, 3 looked good at night, 2 remained at dawn`. */
export function funnelInWords(state: State, night: string): string {
  const { tried, promising, confirmed } = funnelOf(state, night);
  const were = `${counted(tried, 'candidate')} ${tried === 1 ? 'was' : 'were'} tried`;
  return `${were}, ${promising || 'none'} looked good at night, ${confirmed || 'none'} remained at dawn`;
}

/** How a confirmed change comes to base, or what is to be looked at before it does. */
export function mergingInWords(state: State, tip: ExperimentId, command: string): string {
  const doubts = doubtsOn(state, tip);
  if (doubts.length === 0) return `read FINDINGS.md, then ${bold(`${command} promote`)}`;
  const shown = doubts.map(({ target }) => bold(`${command} show ${target}`)).join(', ');
  return (
    `but ${TOUCHES_EVALUATION} marks ${doubtful(doubts)}, and the numbers are the script’s own word. ` +
    `Read the diff (${shown}); ${command} promote refuses until the mark is gone`
  );
}

/** `Completed 5 · Failed 1`: of all that the night tried or was asked to run, an arm of dawn left out. */
export function completedInWords(state: State, { tried, planned }: Night): string {
  const ended = [...tried, ...planned].flatMap((id) => {
    const { judgement, planned: own } = experimentIn(state, id);
    return judgement?.verdict ?? own?.outcome?.status ?? [];
  });
  const failed = ended.filter((one) => one === 'failed' || one === 'invalid').length;
  return `Completed ${ended.length - failed} · Failed ${failed}`;
}

/** `none of 3 ideas was written as a patch: exit code 127`; null unless an author failed at all of a night's. */
export function unwrittenInWords(state: State, { id: night }: Night): string | null {
  const ideas = [...state.hypotheses.values()].filter((one) => one.night === night);
  // What was closed, or said before, no author was asked for.
  const failures = ideas.flatMap(({ unwritten }) =>
    unwritten && unwritten.class !== 'invalid' ? [unwritten.message] : [],
  );
  const last = failures.at(-1);
  if (last === undefined || ideas.some(({ written }) => written !== undefined)) return null;
  const none =
    failures.length === 1 ? 'the one idea in words' : `none of ${failures.length} ideas in words`;
  return `${none} was ${failures.length === 1 ? 'not ' : ''}written as a patch: ${oneLine(last)}`;
}

/** Of work of the plan's own: what was run, and what came of it, with a word for each. */
export function plannedFacts(
  { command, commit }: Experiment,
  { outcome, notes }: Planned,
): readonly (readonly [name: string, words: string])[] {
  const status = outcome?.status.replaceAll('_', ' ');
  return [
    ['runs', oneLine(command?.command ?? '')],
    ['on', `${commit?.slice(0, 12) ?? ''}, base as it is`],
    ['outcome', outcome ? `${status}: ${oneLine(outcome.because)}` : 'not run to its end yet'],
    ...(notes ? [['notes', oneLine(notes.file)] as const] : []),
  ];
}

/** How dawn trained; null where as the night did. */
export function dawnTraining(plan: Pick<Plan, 'dawn'>): string | null {
  if (!plan.dawn || !trainsOtherwise(plan)) return null;
  return `it trains otherwise than the night: ${otherwiseIn(plan.dawn).join(', ')}`;
}

/** `test_acc: baseline 0.81, winner 0.84; one number each, looked at once`; null where nobody looked. */
export function heldOutInWords(state: State, night: NightId): string | null {
  const { held_out = [], baseline = null } = state.nights.get(night) ?? {};
  const [first] = held_out;
  if (!first) return null;
  const each = held_out.map(({ experiment, value, failure }) => {
    const number =
      value === null ? `not measured (${oneLine(failure?.message ?? '')})` : short(value);
    return `${experiment === baseline ? 'baseline' : 'winner'} ${number}`;
  });
  return `${oneLine(first.metric)}: ${each.join(', ')}; one number each, looked at once, after the claim`;
}

/** `E-0007.2: the same number, 1.302 (2 differences in its environment; ada, 2026-11-21)` */
export function rerunInWords({ run, same, objective, differences, who, at }: Rerun): string {
  const came = objective === null ? 'no number' : same ? 'the same number' : 'a different number';
  const number = objective === null ? '' : `, ${short(objective)}`;
  const n = differences.length;
  const changed = n === 0 ? '' : `${n} difference${n === 1 ? '' : 's'} in its environment; `;
  const again = objective === null && same ? 'failed the same way' : `${came}${number}`;
  return `${run}: ${again} (${changed}${oneLine(who)}, ${at.slice(0, 10)})`;
}
