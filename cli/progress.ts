import { alertOf } from '../orchestrator/domain/alert.ts';
import type { Event } from '../orchestrator/domain/event.ts';
import type { HypothesisId } from '../orchestrator/domain/ids.ts';
import { experimentIn, type State } from '../orchestrator/domain/state.ts';
import { bold, dim, green, oneLine, red, yellow } from './output.ts';
import { signed } from './table.ts';

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
      return `${bold(event.night)} goes on where it was cut off`;
    case 'hypotheses_planned':
      return rejected(state, event.rejected);
    case 'run_summarised':
      return oneLine(event.text);
    case 'experiment_unprepared':
      return `${event.experiment} ${red('not prepared')}: ${oneLine(event.failure.message)}`;
    case 'experiment_judged': {
      const { verdict, on_parent, dawn, n, because } = event.judgement;
      const { parent, baseline } = experimentIn(state, event.experiment);
      // Dawn speaks of the whole stack, the night of one change.
      const contrast = dawn ? dawn.on_baseline : on_parent;
      const on = dawn || parent === baseline ? 'the baseline' : parent;
      const effect = contrast ? ` ${signed(contrast.effect)} on ${on}, n ${dawn?.n ?? n}` : '';
      const paint = verdict === 'improved' || verdict === 'promising' ? green : dim;
      return `${bold(event.experiment)} ${paint(verdict)}${effect}  ${title(event.experiment)}  ${dim(oneLine(because))}`;
    }
    case 'incumbent_moved':
      return `${green('→')} the search builds on ${bold(event.to)} now: ${title(event.to)}`;
    case 'dawn_began':
      return event.arms.length === 0
        ? 'the search is over; nothing was promising enough to confirm'
        : `dawn: ${event.arms.join(' and ')} on ${event.seeds.length} fresh seeds each`;
    case 'night_ended':
      return `${bold(event.night)} ended: ${oneLine(event.message)}`;
    case 'stopping':
    case 'paused':
    case 'unpaused':
    case 'slept':
      return yellow(oneLine(alertOf(state, event)?.text ?? ''));
    case 'alert':
      return event.level === 'info' ? null : yellow(oneLine(event.text));
    default:
      return null;
  }
}
