/** Exit codes of every verb. */
export const EXIT = { done: 0, failed: 1, usage: 2, gate: 3, interrupted: 130 } as const;

/** What kind of trouble a person is told of; the `error.code` of `--json`. */
export type ErrorCode =
  | 'plan' // research_plan.yaml cannot be used as it is
  | 'usage' // the verb was called with something it does not take
  | 'not_found' // no such lab, experiment, run, file
  | 'busy' // another launch holds the lab
  | 'refused' // AutoLab will not do this to the lab or the repo
  | 'conflict' // git could not bring two changes together
  | 'damaged' // a file of the notebook is not what was written
  | 'failed'; // the thing was tried and did not work

/** Whether something failed for want of disk space, by the words that system and git have for it. */
export const outOfRoom = (message: string): boolean =>
  /\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded/i.test(message);

/**
 * Trouble that a person can act on. `message` says what was expected, what was found and what
 * to do; `where` names the place (`research_plan.yaml:12:3`, a path, an id).
 * Anything else that is thrown is a bug of ours.
 */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly where: string | undefined;

  constructor(code: ErrorCode, message: string, where?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LabError';
    this.code = code;
    this.where = where;
  }

  /** Bad input and a bad plan leave with 2, everything else with 1. */
  get exit(): number {
    return this.code === 'plan' || this.code === 'usage' ? EXIT.usage : EXIT.failed;
  }
}
