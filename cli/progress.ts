import { alertOf } from '../orchestrator/domain/alert.ts';
import type { Event } from '../orchestrator/domain/event.ts';
import type { ExperimentId, HypothesisId } from '../orchestrator/domain/ids.ts';
import type { Experiment } from '../orchestrator/domain/experiment.ts';
import type { PlannedOutcome } from '../orchestrator/domain/planned.ts';
import { currentNight, experimentIn, type State } from '../orchestrator/domain/state.ts';
import { experimentRow } from '../notebook/rows.ts';
import { bold, dim, green, oneLine, red, yellow } from './output.ts';
import { rough, short, signed } from './table.ts';
import {
  changesOf,
  counted,
  dawnInWords,
  dawnTraining,
  testInWords,
  worthInWords,
} from './words.ts';

/** Whoever asked for it hears why not; a move of a knob that was overtaken is nobody's loss. */
function rejected(
  state: State,
  all: readonly { readonly id: HypothesisId; readonly because: string }[],
): string | null {
  const asked = all.filter(({ id }) => state.hypotheses.get(id)?.source !== 'search_space');
  if (asked.length === 0) return null;
  return asked.map(({ id, because }) => dim(`${id} rejected: ${oneLine(because)}`)).join('\n');
}

/** A line for each event that a person who watches cares about; null for the rest. */
export function progressLine(state: State, event: Event): string | null {
  const title = (id: `E-${string}`) => oneLine(experimentIn(state, id).title);
  switch (event.type) {
    case 'night_started': {
      const { project, question, budget } = event.plan;
      const base = event.base.branch ?? 'a detached HEAD';
      return (
        `${bold(event.night)} ${project}: ${oneLine(question)}\n` +
        dim(
          `base ${base} ${event.base.commit.slice(0, 10)}, ${event.slots} at once, ` +
            `up to ${budget.experiments} experiments${budget.runs ? ` and ${budget.runs} runs` : ''}`,
        ) +
        event.data_changed
          .map((path) => `\n${yellow(`${path} changed since the last night`)}`)
          .join('')
      );
    }
    case 'night_resumed':
      return `${bold(event.night)} goes on where it left off`;
    case 'hypothesis_asked':
      return `yours: ${bold(oneLine(event.proposal.title))} is queued`;
    case 'hypothesis_taken': {
      const { id, title: claim } = event.hypothesis;
      return `${bold(id)} of yours is tried next: ${oneLine(claim)}`;
    }
    case 'hypotheses_planned':
    case 'hypotheses_compared':
      return rejected(state, event.rejected);
    case 'hypothesis_written': {
      const record = state.hypotheses.get(event.hypothesis);
      return dim(
        `${event.hypothesis} is a patch now, by ${oneLine(event.written.by)}: ${oneLine(record?.title ?? '')}`,
      );
    }
    case 'hypothesis_unwritten':
      return dim(`${event.hypothesis} was not written: ${oneLine(event.failure.message)}`);
    case 'experiment_repaired':
      return `${event.experiment} crashed and was repaired by ${oneLine(event.written.by)}, try ${event.number}: ${event.written.account.changes.map((one) => oneLine(one)).join('; ')}`;
    case 'experiment_unrepaired':
      return dim(`${event.experiment} was not repaired: ${oneLine(event.because)}`);
    case 'run_summarised':
      return oneLine(event.text);
    case 'experiment_unprepared':
      return `${event.experiment} ${red('not prepared')}${event.again ? ', and tried again' : ''}: ${oneLine(event.failure.message)}`;
    case 'baseline_measured':
      return baselineLine(state, event);
    case 'experiment_opened':
      return openedLine(event.experiment);
    case 'experiment_judged':
      return judgedLine(state, event);
    case 'planned_judged':
      return outcomeLine(event.experiment, title(event.experiment), event.outcome);
    case 'incumbent_moved':
      return `${green('→')} the search builds on ${bold(event.to)} now: ${title(event.to)}`;
    case 'dawn_began':
      return dawnLine(state, event);
    case 'held_out': {
      const { experiment, metric, value, failure } = event.held;
      const found = value === null ? oneLine(failure?.message ?? '') : short(value);
      return `held out: ${oneLine(metric)} of ${experiment} ${found}`;
    }
    case 'night_ended':
      return `${bold(event.night)} ended: ${oneLine(event.message)}`;
    case 'stopping':
    case 'paused':
    case 'unpaused':
    case 'slept':
      return yellow(oneLine(alertOf(state, event)?.text ?? ''));
    case 'alert':
      return (event.level === 'info' ? dim : yellow)(oneLine(event.text));
    default:
      return null;
  }
}

type Of<T extends Event['type']> = Event & { readonly type: T };

/** Where everything is measured from, and what this budget can find out. */
function baselineLine(state: State, { night, baseline, confirmable }: Of<'baseline_measured'>) {
  const { objective } = state.nights.get(night)?.plan ?? {};
  const { objective: mean, spread, n } = experimentRow(state, baseline);
  const { seeds, gain } = confirmable;
  const stands = `baseline ${bold(baseline)}: ${objective?.metric} ${short(mean)}, standard deviation ${short(spread)}, n ${n}`;
  if (gain === null)
    return `${stands}\n${yellow('this budget keeps too few runs for dawn to confirm anything')}`;
  const least = objective?.min_effect;
  const can = `the smallest gain this budget can confirm: ${rough(gain)} (${counted(seeds, 'fresh seed')} each, 4 times in 5)`;
  if (least === undefined || least >= gain) return `${stands}\n${dim(can)}`;
  return `${stands}\n${yellow(`${can}; min_effect ${short(least)} is below it: most gains of that size will stay unconfirmed`)}`;
}

/** What is opened is prepared at once and told of when it ran; these two need their reason. */
function openedLine({ id, parent, reapplies, without, title }: Experiment): string | null {
  if (reapplies) return `${bold(id)} tries ${reapplies} again, on ${parent}: ${oneLine(title)}`;
  if (without) return `${bold(id)} tells what ${without} is worth: ${oneLine(title)}`;
  return null;
}

/** Of work of the plan's own. */
function outcomeLine(id: ExperimentId, title: string, { status, because }: PlannedOutcome): string {
  const paint = status === 'failed' || status === 'not_met' ? yellow : green;
  return `${bold(id)} ${paint(status.replaceAll('_', ' '))}  ${title}  ${dim(oneLine(because))}`;
}

function judgedLine(state: State, { experiment: id, judgement }: Of<'experiment_judged'>) {
  const experiment = experimentIn(state, id);
  const { parent, baseline, title, without } = experiment;
  const { verdict, on_parent, dawn, n, because, stack, attribution } = judgement;
  // What it tells is said of the change it leaves out.
  if (without) return null;
  if (stack !== null || attribution) {
    // Its verdict was told before: new is what it is worth in its stack.
    const worth = worthInWords(state, { ...experiment, judgement });
    return worth && `${bold(id)}: ${attribution?.attributed ? green(worth) : dim(worth)}`;
  }
  // Dawn speaks of the whole stack against the baseline, the night of one change.
  const on = parent === baseline ? 'the baseline' : parent;
  const effect = dawn
    ? ` ${dawnInWords(state, experiment.night, dawn)}`
    : on_parent
      ? ` ${signed(on_parent.effect)} on ${on}, n ${n}`
      : '';
  const paint = verdict === 'improved' || verdict === 'promising' ? green : dim;
  return `${bold(id)} ${paint(verdict)}${effect}  ${oneLine(title)}  ${dim(oneLine(because))}`;
}

function dawnLine(state: State, { arms, seeds, test, attribute }: Of<'dawn_began'>): string {
  const [, tip] = arms;
  if (tip === undefined) return 'the search is over; nothing was promising enough to confirm';
  const changes = changesOf(state, tip);
  const each = attribute
    ? `then each of ${changes} changes left out once`
    : `too few to leave each of ${changes} changes out`;
  const then = changes > 1 ? `; ${each}` : '';
  const how = seeds.length > 1 ? `, ${testInWords(test)}` : '';
  const longer = dawnTraining(currentNight(state).plan);
  return `dawn: ${arms.join(' and ')} on ${counted(seeds.length, 'fresh seed')} each${how}${then}${longer === null ? '' : `; ${oneLine(longer)}`}`;
}
