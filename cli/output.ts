import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { systemTrouble } from '../orchestrator/domain/system-error.ts';

/** How verbs speak: one JSON value on standard output under --json, text for people otherwise. */

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

export const print = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};

/** One line of a page. */
export const fact = (name: string, text: string): void =>
  print(`${dim(`${name} `.padEnd(12))}${text}`);

/** Something odd that is no error: beside the answer. */
export const remark = (text: string): void => {
  process.stderr.write(`autolab: ${oneLine(text)}\n`);
};

/** Colours where a person looks at a terminal and has not said NO_COLOR. */
export const colours = (stream: NodeJS.WriteStream = process.stdout): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

const styled =
  (open: number, close: number) =>
  (text: string): string =>
    colours() ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const bold = styled(1, 22);
export const dim = styled(2, 22);
export const green = styled(32, 39);
export const yellow = styled(33, 39);
export const red = styled(31, 39);

/**
 * Text from a script or a plan, made safe for a terminal: no control characters (they could move
 * the cursor or retitle the window), one line.
 */
export const oneLine = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();

/** Says what went wrong the way the caller asked to hear it, and gives the exit code. */
export function fail(error: unknown, json: boolean): number {
  const known = error instanceof LabError ? error : systemTrouble(error);
  const code = known?.code ?? 'failed';
  const message = known?.message ?? describe(error);
  const where = known?.where;
  if (json) printJson({ error: { code, message, ...(where === undefined ? {} : { where }) } });
  else process.stderr.write(`${red('autolab:')} ${message}\n`);
  return known?.exit ?? EXIT.failed;
}

/** A bug of ours: the whole stack, so that it can be reported. */
const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
