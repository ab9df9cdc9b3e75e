import { stripVTControlCharacters } from 'node:util';
import { createLogUpdate } from 'log-update';
import { width } from './text.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A part of the terminal that is drawn again and again, with lasting lines above it. */
export interface Screen {
  /** What is drawn has changed: it is drawn again soon, however often this is called. */
  changed(): void;
  /** A line for the scrollback. */
  above(line: string): void;
  /** Draws a last time and gives the terminal back. */
  close(): void;
}

/** Ten pictures a second are as good as more. */
const SOON_MS = 100;
/** Clocks in the picture go on while nothing happens. */
const TICK_MS = 1000;
/** What somebody types is echoed into the picture: so often all of it is drawn anew. */
const AFRESH_TICKS = 20;
/** Lines that wait for a terminal that takes nothing: Ctrl-S, or a network that is away. */
const MOST_WAITING = 1000;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_BELOW = '\u001b[J';
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

export const sizeOf = ({ columns, rows }: NodeJS.WriteStream): Size => ({
  columns: columns ?? 0,
  rows: rows ?? 0,
});

/**
 * Takes the terminal. `draw` gives its lines, fewer than the terminal has; `last` is the picture
 * that stays. A terminal that goes away ends the drawing and nothing else; one that takes nothing
 * for a while (Ctrl-S, a sleeping ssh client) is never waited for.
 */
export function openScreen(
  stream: NodeJS.WriteStream,
  draw: (size: Size, last: boolean) => readonly string[],
): Screen {
  const log = createLogUpdate(stream, { showCursor: true });
  let over = false;
  let shown: readonly string[] = [];
  let waiting: string[] = [];
  /** Rows of the picture that a shrinking terminal has pushed into its scrollback. */
  let pushed = 0;
  let ticks = 0;
  let soon: NodeJS.Timeout | null = null;

  const restore = (): void => {
    stream.write(SHOW_CURSOR);
  };
  const stop = (): void => {
    over = true;
    if (soon) clearTimeout(soon);
    clearInterval(tick);
    stream.off('resize', resized);
    process.off('exit', restore);
    block(stream, true);
  };
  const flush = (): void => {
    if (waiting.length > 0) pushed = 0;
    for (const line of waiting) log.persist(line);
    waiting = [];
  };
  const paint = (): void => {
    if (soon) clearTimeout(soon);
    soon = null;
    const size = sizeOf(stream);
    if (over || stream.writableLength > 0 || size.columns < 1 || size.rows < 2) return;
    flush();
    // log-update 7.2 loses count of the lines where what changed ends in an empty one.
    shown = draw(size, false).map((line) => line || ' ');
    log(shown.join('\n'));
  };
  const resized = (): void => {
    const { columns, rows } = sizeOf(stream);
    if (over || columns < 1 || rows < 1) return;
    // Terminals wrap old lines at the new width; what they pushed out of view comes back when they grow.
    const taken = shown
      .map((line) => Math.max(1, Math.ceil(width(stripVTControlCharacters(line)) / columns)))
      .reduce((sum, lines) => sum + lines, pushed);
    pushed = Math.max(0, taken - (rows - 1));
    stream.write(`${up(Math.min(taken, rows - 1))}\r${ERASE_BELOW}`);
    log.done();
    shown = [];
    paint();
  };

  const tick = setInterval(() => {
    if (++ticks % AFRESH_TICKS === 0 && !over && stream.writableLength === 0) log.clear();
    paint();
  }, TICK_MS).unref();
  stream.on('error', stop).on('resize', resized);
  process.on('exit', restore);
  block(stream, false);
  stream.write(HIDE_CURSOR);

  return {
    changed() {
      if (!over) soon ??= setTimeout(paint, SOON_MS).unref();
    },
    above(line) {
      waiting = [...waiting.slice(1 - MOST_WAITING), line];
      if (!over) soon ??= setTimeout(paint, SOON_MS).unref();
    },
    close() {
      if (over) return;
      log.clear();
      flush();
      const lines = draw(sizeOf(stream), true);
      stream.write(`${lines.map((line) => `${line}\n`).join('')}${SHOW_CURSOR}`);
      stop();
    },
  };
}

/**
 * Node waits for a terminal at every write. A night must not stand still because its terminal
 * does, so while there is a picture, what the terminal does not take is queued. There is no public
 * way to say so; where this one is missing, writes wait as they always did.
 */
function block(stream: NodeJS.WriteStream, wait: boolean): void {
  const { _handle: handle } = stream as {
    _handle?: { setBlocking?(wait: boolean): unknown } | null;
  };
  handle?.setBlocking?.(wait);
}
