import type { Event } from '../orchestrator/domain/event.ts';
import { experimentIn, type State } from '../orchestrator/domain/state.ts';
import { bold, dim, green, oneLine, red, yellow } from './output.ts';
import { signed } from './table.ts';

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
        )
      );
    }
    case 'night_resumed':
      return `${bold(event.night)} goes on where it was cut off`;
    case 'hypotheses_planned':
      return event.rejected.length === 0
        ? null
        : dim(
            event.rejected
              .map(({ id, because }) => `${id} rejected: ${oneLine(because)}`)
              .join('\n'),
          );
    case 'run_summarised':
      return oneLine(event.text);
    case 'experiment_unprepared':
      return `${event.experiment} ${red('not prepared')}: ${oneLine(event.failure.message)}`;
    case 'experiment_judged': {
      const { verdict, on_baseline, n, because } = event.judgement;
      const effect = on_baseline ? ` ${signed(on_baseline.effect)} on the baseline, n ${n}` : '';
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
    case 'alert':
      return event.level === 'info' ? null : yellow(oneLine(event.text));
    default:
      return null;
  }
}
