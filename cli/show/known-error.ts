import { knownError } from '../../orchestrator/domain/known-errors.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { fact } from '../output.ts';

/** What is known of how runs failed, as a page shows it. */
export interface KnownFailure {
  readonly id: string;
  readonly cause: string;
  readonly fix: string;
}

/** Each known error once, in the order in which the runs met them. */
export function knownAmong(
  runs: readonly { readonly result: RunResult | null }[],
): readonly KnownFailure[] {
  const found = runs.flatMap(({ result }) => {
    const known = result?.failure ? knownError(result.failure) : null;
    return known ? [[known.id, known] as const] : [];
  });
  return [...new Map(found).values()].map(({ id, cause, fix }) => ({ id, cause, fix }));
}

export function showKnown({ cause, fix }: KnownFailure): void {
  fact('known error', cause);
  fact('fix', fix);
}
