import type { KnownError } from './known-error.ts';
import { CODE_ERRORS } from './known-errors-code.ts';
import { GPU_ERRORS } from './known-errors-gpu.ts';
import { MACHINE_ERRORS } from './known-errors-machine.ts';
import { TENSOR_ERRORS } from './known-errors-tensor.ts';
import type { Failure } from './run.ts';
import { withoutSource } from './traceback.ts';

/** From the special to the general. */
export const KNOWN_ERRORS: readonly KnownError[] = [
  ...GPU_ERRORS,
  ...TENSOR_ERRORS,
  ...MACHINE_ERRORS,
  ...CODE_ERRORS,
];

const MOST_LINES = 60;
const LONGEST_LINE = 500;

/**
 * The known error that ended a run, null where none is. Lines are read from the last to the first,
 * as what ended it stands at the end; lines of source that a traceback quotes say nothing.
 */
export function knownError(failure: Pick<Failure, 'message' | 'traceback'>): KnownError | null {
  const text = withoutSource(failure.traceback ?? '');
  const lines = [...text.split('\n').slice(-MOST_LINES), failure.message];
  for (const line of lines.toReversed()) {
    const said = line.trimEnd().slice(0, LONGEST_LINE);
    const found = KNOWN_ERRORS.find(({ pattern }) => pattern.test(said));
    if (found) return found;
  }
  return null;
}
