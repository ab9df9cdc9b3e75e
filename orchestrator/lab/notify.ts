import { hostname } from 'node:os';
import { execa } from 'execa';
import { alertOf, type Alert } from '../domain/alert.ts';
import { splitCommand } from '../domain/command.ts';
import type { Event } from '../domain/event.ts';
import type { Clock } from '../domain/ports.ts';
import type { State } from '../domain/state.ts';
import type { Lab } from './lab.ts';

/** Tells somebody who is not looking: a web hook or a command of the plan's, never in a run's way. */

export interface Notifier {
  tell(state: State, event: Event): void;
  /** Sends what waits, and gives what is under way a moment. Never throws. */
  close(): Promise<void>;
}

/** One alert as it is sent. */
interface Message extends Alert {
  readonly id: string;
  readonly time: string;
}

export interface NotifierOptions {
  /** `http://…`, `https://…`, a command that reads JSON on standard input, or `$NAME`: a variable that holds either. */
  readonly target: string;
  readonly lab: Lab;
  readonly project: string;
  readonly clock: Clock;
  /** Told once of each kind of trouble with sending. */
  readonly onTrouble: (text: string) => void;
}

/** A first burst goes out at once; later ones together, so that a bad night is no flood. */
const BURST = 5;
const EVERY_MS = 60_000;
const SEND_MS = 10_000;
/** More than this waiting are counted, not kept. */
const MOST_WAITING = 100;

export function createNotifier(options: NotifierOptions): Notifier {
  const { clock, onTrouble } = options;
  let credit = BURST;
  let filled = clock.monotonic();
  let waiting: Message[] = [];
  let left_out = 0;
  let timer: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();
  const said = new Set<string>();

  const flush = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (waiting.length === 0) return;
    credit--;
    const body = JSON.stringify(payload(options, waiting, left_out));
    [waiting, left_out] = [[], 0];
    // One after another, so that they arrive in order.
    sending = sending
      .then(() => send(options, body))
      .catch((error: unknown) => {
        const text = `notify: ${error instanceof Error ? error.message : String(error)}`;
        if (!said.has(text)) onTrouble(text);
        said.add(text);
      });
  };

  return {
    tell(state, event) {
      const alert = alertOf(state, event);
      if (alert === null) return;
      if (waiting.length >= MOST_WAITING) left_out++;
      else waiting.push({ id: `A-${event.seq}`, time: event.at, ...alert });
      const earned = Math.floor((clock.monotonic() - filled) / EVERY_MS);
      credit = Math.min(BURST, credit + earned);
      filled += earned * EVERY_MS;
      if (credit > 0) flush();
      else timer ??= setTimeout(flush, filled + EVERY_MS - clock.monotonic()).unref();
    },
    async close() {
      flush();
      await sending;
    },
  };
}

/** `text` is what Slack, Mattermost and their like show; the rest is for programs. */
function payload(
  { lab, project }: NotifierOptions,
  alerts: readonly Message[],
  left_out: number,
): Readonly<Record<string, unknown>> {
  const lines = alerts.map(({ text }) => text);
  if (left_out > 0) lines.push(`and ${left_out} more`);
  const [first = '', ...more] = lines;
  const text = [`${project}: ${first}`, ...more].join('\n');
  return { project, host: hostname(), lab: lab.root, text, alerts, left_out };
}

async function send({ target: given, lab }: NotifierOptions, body: string): Promise<void> {
  const variable = /^\$(\w+)$/.exec(given)?.[1];
  const target = variable === undefined ? given : process.env[variable];
  if (target === undefined)
    throw new Error(`expected ${given} in the environment of the launch, found none`);
  if (/^https?:\/\//.test(target)) return post(target, body);
  const [file = '', ...args] = splitCommand(target);
  const { failed, shortMessage, stderr } = await execa(file, args, {
    ...{ cwd: lab.root, input: body, timeout: SEND_MS, reject: false },
    ...{ stdout: 'ignore', maxBuffer: 100_000 },
  });
  if (failed) throw new Error(`${shortMessage ?? target}${stderr ? `: ${stderr}` : ''}`);
}

async function post(url: string, body: string): Promise<void> {
  const where = new URL(url).host; // the path of a web hook is its password
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(SEND_MS),
  }).catch((error: unknown) => {
    const { cause } = error as Error;
    const why = cause instanceof Error ? cause.message : (error as Error).message;
    throw new Error(`expected ${where} to take a message, found ${why}`);
  });
  await answer.body?.cancel();
  if (!answer.ok)
    throw new Error(`expected ${where} to take a message, found status ${answer.status}`);
}
