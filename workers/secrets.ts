import type { Failure } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';

/** Values of the user's variables that nothing we keep may hold: each stands by its name there. */
export interface Secrets {
  /** A text with `$NAME` in place of each value, and without one that a line's end cuts off. */
  readonly hidden: (text: string) => string;
  /** The name of a variable whose value is in the text; null where none is. */
  readonly heldBy: (text: string) => string | null;
  /** The same for output that comes in pieces: a value may come in two of them. */
  readonly stream: () => { push(chunk: Buffer): Buffer; end(): Buffer };
}

/** What is shorter is in too many words, and no key. */
const SHORTEST = 8;

export function secretsIn(
  names: readonly string[],
  user: Readonly<Record<string, string | undefined>>,
): Secrets {
  const known = names
    .map((name) => ({ name, value: user[name] ?? '' }))
    .filter(({ value }) => value.length >= SHORTEST)
    .toSorted((a, b) => b.value.length - a.value.length);
  // Bytes as characters, so that no character is torn.
  const asBytes = known.map(({ name, value }) => ({
    name,
    value: Buffer.from(value).toString('latin1'),
  }));
  const most = Math.max(1, ...asBytes.map(({ value }) => value.length)) - 1;
  const stream = () => {
    let held = '';
    return {
      push(chunk: Buffer): Buffer {
        const text = without(held + chunk.toString('latin1'), asBytes);
        const kept = Math.max(0, text.length - beginning(text, asBytes, most));
        held = text.slice(kept);
        return Buffer.from(text.slice(0, kept), 'latin1');
      },
      end: () => Buffer.from(held, 'latin1'),
    };
  };
  return {
    hidden: (text) =>
      without(text, known)
        .split('\n')
        .map((line) => withoutBeginning(line, known))
        .join('\n'),
    heldBy: (text) => known.find(({ value }) => text.includes(value))?.name ?? null,
    stream,
  };
}

/**
 * A failure without the values of the plan's `run.env_from`: it is kept, quoted and told to models,
 * whatever command it is of. The logs are not touched.
 */
export function withoutSecrets(
  failure: Failure,
  { order, workshop }: Pick<Attempt, 'order' | 'workshop'>,
): Failure {
  const { hidden } = secretsIn(order.plan.run.env_from, workshop.user);
  const { traceback, ...rest } = failure;
  return {
    ...rest,
    message: hidden(failure.message),
    ...(traceback === undefined ? {} : { traceback: hidden(traceback) }),
  };
}

type Known = readonly { readonly name: string; readonly value: string }[];

const without = (text: string, known: Known): string =>
  known.reduce((all, { name, value }) => all.replaceAll(value, () => `$${name}`), text);

/** Messages and lines are cut to size, also in the midst of a value. */
function withoutBeginning(line: string, known: Known): string {
  const most = Math.max(0, ...known.map(({ value }) => value.length - 1));
  const length = beginning(line, known, most);
  return length < SHORTEST ? line : `${line.slice(0, -length)}…`;
}

/** How many characters at a text's end may be the beginning of a value. */
function beginning(text: string, known: Known, most: number): number {
  for (let length = Math.min(most, text.length); length > 0; length -= 1)
    if (known.some(({ value }) => value.startsWith(text.slice(-length)))) return length;
  return 0;
}
