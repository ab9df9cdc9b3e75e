import type { Event } from '../../orchestrator/domain/event.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { EMPTY, type State } from '../../orchestrator/domain/state.ts';
import type { Curve } from '../../notebook/live-curve.ts';
import { newsOf, type Picture, type Told } from '../../cli/view/picture.ts';
import { aPlan, anIdea, nightStarted, normals, simulate, uniforms } from '../support/simulate.ts';

/** A simulated night to look at: something helps, something fails, one title is long, one is wide. */

const LONG = 'a title that goes on and on until no terminal is wide enough for all of its words';
const WIDE = '学習率を下げる 🚀 und mehr Breite';
const NASTY = 'bell\u0007 and \u001b[2Jclear\nnew line\u202egnp.exe';
const GAINS: Readonly<Record<string, number>> = { adam: -0.2, relu: -0.1, [WIDE]: 0.05 };

export function aSimulatedNight(slots = 3): readonly Event[] {
  const noise = normals(uniforms(3));
  const titles = ['adam', 'relu', WIDE, LONG, NASTY, 'swish', 'depth', 'boom'];
  const plan = aPlan({ budget: { experiments: 8, runs: 60, wall_clock: '8h' } });
  return simulate(
    {
      ideas: titles.map((title) => anIdea(title)),
      measure: (changes) =>
        changes.includes('boom')
          ? { fails: 'out_of_memory' }
          : 2.8 + changes.reduce((sum, title) => sum + (GAINS[title] ?? 0), 0) + noise() * 0.01,
      secondsPerRun: 60,
    },
    nightStarted(plan, { slots }),
  ).events;
}

/** What there was to see after each event, five seconds later. */
export function picturesOf(events: readonly Event[]): readonly Picture[] {
  let state: State = EMPTY;
  let recent: readonly Told[] = [];
  let alerts: readonly Told[] = [];
  return events.map((event) => {
    state = fold(state, event);
    const news = newsOf(state, event);
    recent = [...recent, ...news.lines];
    if (news.alert) alerts = [...alerts, news.alert];
    const now = Date.parse(event.at) + 5000;
    return { state, now, curves: curvesOf(state), recent, alerts, hint: 'Ctrl-C drains' };
  });
}

/** Of every second run that trains. */
const curvesOf = (state: State): ReadonlyMap<RunId, Curve> =>
  new Map(
    [...state.runs.values()]
      .filter(({ status, slot }) => status === 'running' && slot !== 2)
      .map(({ id }) => [
        id,
        {
          ...{ metric: 'train_loss', last: 1.2345, step: 100 },
          values: Array.from({ length: 100 }, (_, i) => (i === 50 ? NaN : 3 - i / 60)),
        },
      ]),
  );
