import { usableObjective } from '../../orchestrator/domain/run.ts';
import { isBetter } from '../../orchestrator/domain/objective.ts';
import { experimentIn, type Night, type State } from '../../orchestrator/domain/state.ts';
import { countedRuns } from '../../orchestrator/domain/variant.ts';
import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import { elapsedBy, secondsLeft } from '../../orchestrator/lab/time-left.ts';
import { experimentRow } from '../../notebook/rows.ts';
import { oneLine } from '../output.ts';
import { briefly } from '../spend.ts';
import { short, signed } from '../table.ts';
import type { Picture } from './picture.ts';
import { scaleOf, spark } from './spark.ts';
import {
  cut,
  fitted,
  lineWidth,
  padded,
  spread,
  width,
  type Line,
  type Look,
  type Tone,
} from './text.ts';

/** The upper part of the picture: which night, how far, how well. */

/** Labels at the left edge stand in a column of this width. */
const LABEL = 10;
const label = (text: string): string => padded(cut(text, LABEL - 1), LABEL);

/** `42 s`, `14 min`, `3 h 05 min`. */
export function span(seconds: number): string {
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const rest = minutes % 60 === 0 ? '' : ` ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(minutes / 60)} h${rest}`;
}

/** `22:14`, where the reader is. */
export const timeOf = (at: string | number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes()].map((n) => String(n).padStart(2, '0')).join(':');
};

interface Word {
  readonly text: string;
  /** Where there is little room. */
  readonly short: string;
  readonly tone: Tone;
}

/** What the night is about at the moment. */
function stage(night: Night): Word {
  const [tone, calm] = ['yellow', 'bold'] as const;
  if (night.ended) {
    const told = night.reported === night.revision;
    return { text: told ? 'over' : 'over, writing FINDINGS.md', short: 'over', tone: calm };
  }
  if (night.stopping === 'now') return { text: 'stopping now', short: 'stopping', tone };
  if (night.stopping) return { text: 'draining: what runs may finish', short: 'draining', tone };
  if (night.paused !== null)
    return { text: `paused: ${oneLine(night.paused)}`, short: 'paused', tone };
  if (night.dawn) return { text: 'dawn: fresh seeds decide', short: 'dawn', tone: calm };
  if (night.candidates === 0)
    return { text: 'measuring the baseline', short: 'baseline', tone: calm };
  return { text: 'searching', short: 'searching', tone: calm };
}

/** Project, night and stage; then the time. Two lines. */
export function header({ state, now }: Picture, night: Night, columns: number): readonly Line[] {
  const { text, short, tone } = stage(night);
  const name: Line = [{ text: oneLine(night.plan.project), tone: 'bold' }, `  ${night.id}`];
  const room = columns - lineWidth(name) - 2;
  const word = width(text) <= room ? text : room < 30 ? short : cut(text, room);
  const title = spread(name, [{ text: word, tone }], columns);
  return [title, firstFitting(clocks(state, night, now), columns)];
}

/** The most telling first. */
function clocks(state: State, night: Night, now: number): readonly Line[] {
  const past = elapsedBy(state, night, now);
  if (night.ended) return [[`${timeOf(night.ended.at)}  after ${span(past)}`]];
  const left = secondsLeft(state, night, now);
  const so = `${timeOf(now)}  ${span(past)} so far`;
  if (left === null) return [[`${so}, time left is known after the first run`], [so]];
  if (left < 1) return [[`${so}, about to end`]];
  const until = `, until ${timeOf(now + left * 1000)}`;
  const rest = `${so}, about ${span(left)} left`;
  return [[rest + until], [rest], [so]];
}

const firstFitting = (lines: readonly Line[], columns: number): Line =>
  lines.find((line) => lineWidth(line) <= columns) ?? lines.at(-1) ?? [];

/** How much of the night is gone, 0 to 1: by the time it is expected to take, else by its budget. */
function gone(state: State, night: Night, now: number): number {
  if (night.ended) return 1;
  const past = elapsedBy(state, night, now);
  const left = secondsLeft(state, night, now);
  if (left !== null && past + left > 0) return past / (past + left);
  const { experiments, runs = Infinity, wall_clock = Infinity } = night.plan.budget;
  return Math.min(
    1,
    Math.max(night.candidates / experiments, countedRuns(state, night) / runs, past / wall_clock),
  );
}

/** Always in one line, of the full width. */
export function bar({ state, now }: Picture, night: Night, columns: number): Line {
  const done = Math.round(Math.min(1, Math.max(0, gone(state, night, now))) * columns);
  return [
    { text: '━'.repeat(done), tone: 'green' },
    { text: '─'.repeat(columns - done), tone: 'dim' },
  ];
}

/** What was spent of the budget. */
export function budget({ state, now }: Picture, night: Night, columns: number): Line {
  const { experiments, runs, wall_clock } = night.plan.budget;
  const past = elapsedBy(state, night, now);
  const started = countedRuns(state, night);
  const of = (limit: number | string | null) => (limit === null ? '' : ` of ${limit}`);
  const parts = [
    `experiments ${night.candidates}${of(experiments)}`,
    `runs ${started}${of(runs ?? null)}`,
    ...(wall_clock === undefined ? [] : [`time ${span(past)}${of(span(wall_clock))}`]),
    ...(night.calls.total.calls === 0 ? [] : [`models ${briefly(night.calls)}`]),
    ...(night.dawn || night.ended ? [] : [`ideas waiting ${night.waiting.length}`]),
  ];
  const narrow = `${night.candidates}/${experiments} experiments, ${started}${runs === undefined ? '' : `/${runs}`} runs`;
  const wide = parts.join('    ');
  return fitted([wide.length <= columns ? wide : narrow], columns);
}

/** Baseline and best of the night, a line each, and the best one's title where there is room. */
export function standing(
  { state }: Picture,
  night: Night,
  columns: number,
  lines: number,
): readonly Line[] {
  const { baseline, incumbent, ended } = night;
  if (baseline === null) return [[{ text: 'no baseline yet', tone: 'dim' }]];
  const from = measured(label('baseline'), state, experimentIn(state, baseline));
  if (incumbent === null || incumbent === baseline) {
    const word = ended ? 'nothing better was confirmed' : 'nothing better has held up yet';
    const none: Line = [label('best'), { text: word, tone: 'dim' }];
    return (
      lines === 1 ? [spread(from, [{ text: word, tone: 'dim' }], columns)] : [from, none]
    ).map((line) => fitted(line, columns));
  }
  const best = experimentIn(state, incumbent);
  const line = bestLine(state, best, night, columns);
  const title: Line = [' '.repeat(LABEL), oneLine(best.title)];
  return [from, line, title].slice(lines === 1 ? 1 : 0, lines === 1 ? 2 : lines).map((one) => {
    return fitted(one, columns);
  });
}

function measured(name: string, state: State, { id, judgement }: Experiment): Line {
  const row = experimentRow(state, id);
  const fresh = judgement?.dawn;
  const objective = fresh ? fresh.objective : row.objective;
  const n = fresh ? fresh.n : row.n;
  const value = objective === null ? 'running' : padded(short(objective), 6);
  return [name, { text: id, tone: 'bold' }, `  ${value}`, `  n ${n}`];
}

function bestLine(state: State, best: Experiment, night: Night, columns: number): Line {
  const bare = measured(label('best'), state, best);
  const { text, short: less, tone } = standingWord(best, night);
  const { effect, interval } = effectOf(best);
  const least = bare.slice(0, -1);
  const lefts: Line[] = [[...bare, effect + interval], [...bare, effect], bare, least];
  const rights: Line[] = [[{ text, tone }], [{ text: less, tone }]];
  const all = lefts.flatMap((left) => rights.map((right) => ({ left, right })));
  const { left, right } = all.find((one) => {
    return lineWidth(one.left) + 2 + lineWidth(one.right) <= columns;
  }) ?? { left: bare, right: [] };
  return spread(left, right, columns);
}

/** To the digits that the interval's width leaves. */
function effectOf({ judgement }: Experiment): { effect: string; interval: string } {
  const contrast = judgement?.dawn ? judgement.dawn.on_baseline : judgement?.on_baseline;
  if (!contrast) return { effect: '', interval: '' };
  const { effect, interval } = contrast;
  const half = interval === null ? 0 : (interval[1] - interval[0]) / 2;
  if (interval === null || !(half > 0 && half < Infinity))
    return { effect: `  ${signed(effect)}`, interval: '' };
  const digits = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(half))));
  const rounded = (value: number): string =>
    `${value > 0 ? '+' : ''}${value.toFixed(digits)}`.replace('-', '−');
  return {
    effect: `  ${rounded(effect)}`,
    interval: ` [${interval.map((bound) => rounded(bound)).join(', ')}]`,
  };
}

/** Only dawn may speak of an improvement; before it everything is provisional. */
function standingWord({ judgement }: Experiment, night: Night): Word {
  const tone = 'yellow';
  if (judgement?.dawn?.confirmed) return { text: 'improved', short: 'improved', tone: 'green' };
  if (judgement?.dawn || night.ended)
    return { text: 'not confirmed', short: 'not confirmed', tone };
  const until = night.dawn ? ', dawn tests it' : ' until dawn';
  return { text: `provisional${until}`, short: 'provisional', tone };
}

/** The objective of each run that ended, in that order, and the best of them so far. */
export function history(
  { state }: Picture,
  night: Night,
  columns: number,
  look: Pick<Look, 'unicode'>,
): Line {
  const { objective } = night.plan;
  const ended = [...state.runs.values()]
    .filter(({ experiment, result, variant }) => {
      return result !== null && !variant && state.experiments.get(experiment)?.night === night.id;
    })
    .map((run) => ({ at: endOf(run.result), value: usableObjective(run) ?? NaN }))
    .toSorted((a, b) => a.at - b.at);
  const values = ended.map(({ value }) => value);
  let best = NaN;
  const bests = values.map((value) => (isBetter(objective, value, best) ? (best = value) : best));
  const name = label(oneLine(objective.metric));
  if (values.length === 0) return [name, { text: 'no run has ended yet', tone: 'dim' }];
  const between = '   best run so far  ';
  const both = Math.floor((columns - LABEL - between.length - 9) / 2);
  const scale = scaleOf(values);
  if (both < 10) return [name, spark(values.slice(LABEL - columns), look, scale)];
  const [runs, record] = [values, bests].map((all) => spark(all.slice(-both), look, scale));
  return [name, runs ?? '', { text: between, tone: 'dim' }, record ?? '', `  ${short(best)}`];
}

const endOf = (result: { started: string; seconds: number } | null): number =>
  result === null ? 0 : Date.parse(result.started) + result.seconds * 1000;
