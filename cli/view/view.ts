import { speaksUnicode } from './text.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { Lab } from '../../orchestrator/lab/lab.ts';
import { bold, colours, dim, oneLine, red, yellow } from '../output.ts';
import { progressLine } from '../progress.ts';
import { watchCurves } from './curves.ts';
import { draw } from './draw.ts';
import { newsOf, type Told } from './picture.ts';
import { openScreen, sizeOf } from './screen.ts';
import { timeOf } from './sections.ts';

/** What a person sees of a night while it runs. */
export interface View {
  /** Where a night is looked at from its middle on: the lab as it stands, and what came last. */
  begin(state: State, latest: readonly Event[]): void;
  /** Told of every event in order, with the state after it. */
  event(state: State, event: Event): void;
  /** A remark that is no event (orphans ended, queue trouble). */
  remark(text: string): void;
  /** Restores the terminal; what is left on the screen is the last picture. */
  close(): void;
}

export interface ViewOptions {
  readonly stream?: NodeJS.WriteStream;
  /** What the keys do. */
  readonly hint?: string;
}

const HINT = 'Ctrl-C drains, twice stops now';
const MOST_TOLD = 200;

/** The picture on a terminal, plain lines elsewhere (as cli/progress.ts makes them), NO_COLOR and TERM=dumb respected. */
export function openView(lab: Pick<Lab, 'experimentsDir'>, options: ViewOptions = {}): View {
  const { stream = process.stdout, hint = HINT } = options;
  const { columns, rows } = sizeOf(stream);
  const drawable = stream.isTTY && process.env['TERM'] !== 'dumb' && columns > 0 && rows > 0;
  return drawable ? picture(lab, stream, hint) : lines(stream);
}

function lines(stream: NodeJS.WriteStream): View {
  const print = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    begin(state) {
      const night = state.night === null ? undefined : state.nights.get(state.night);
      if (!night) return print('the night is about to begin');
      const { project, budget } = night.plan;
      print(
        `${bold(night.id)} ${oneLine(project)}: ${night.candidates} of ${budget.experiments} ` +
          `experiments and ${night.runs_started} runs so far; what happens from now on:`,
      );
    },
    event(state, event) {
      const line = progressLine(state, event);
      if (line !== null) print(line);
    },
    remark: (text) => print(dim(text)),
    close: () => {},
  };
}

function picture(
  { experimentsDir }: Pick<Lab, 'experimentsDir'>,
  stream: NodeJS.WriteStream,
  hint: string,
): View {
  const look = { colour: colours(stream), unicode: speaksUnicode(process.env) };
  const [recent, alerts] = [toldOfLate(), toldOfLate()];
  let state: State | null = null;
  const screen = openScreen(stream, (size, last) => {
    if (state === null) return last ? [] : [dim('the night is about to begin')];
    const now = Date.now();
    const seen = { state, now, hint, curves: curves.now, recent: recent.all, alerts: alerts.all };
    return draw(seen, { ...size, ...look, full: !last });
  });
  const curves = watchCurves(experimentsDir, () => state, screen.changed);

  const hear = (now: State, event: Event) => {
    state = now;
    const news = newsOf(now, event);
    for (const told of news.lines) recent.add(told);
    if (news.alert) alerts.add(news.alert);
    return news;
  };
  return {
    begin(now, latest) {
      for (const event of latest) hear(now, event);
      state = now;
      screen.changed();
    },
    event(now, event) {
      const { lasting, alert } = hear(now, event);
      const line = progressLine(now, event) ?? (alert ? inColour(alert) : null);
      if (lasting && line !== null) screen.above(timed(event.at, line));
      screen.changed();
    },
    remark(text) {
      const at = new Date().toISOString();
      recent.add({ at, text: oneLine(text), tone: 'yellow' });
      screen.above(timed(at, dim(text)));
    },
    close() {
      curves.stop();
      screen.close();
    },
  };
}

/** Further lines stand below the first one's text. */
const timed = (at: string, text: string): string =>
  `${dim(timeOf(at))}  ${text.replaceAll('\n', `\n${' '.repeat(7)}`)}`;

const inColour = ({ text, tone }: Told): string => (tone === 'red' ? red(text) : yellow(text));

function toldOfLate() {
  let all: readonly Told[] = [];
  return {
    get all() {
      return all;
    },
    add(told: Told): void {
      all = [...all.slice(1 - MOST_TOLD), told];
    },
  };
}
