/** An error that many scripts have met, why it comes, and what mends it. */
export interface KnownError {
  readonly id: string;
  /** What one line of a log says of it. Looked for in lines of at most 500 characters. */
  readonly pattern: RegExp;
  /** One sentence. */
  readonly cause: string;
  /** One sentence in the imperative. */
  readonly fix: string;
}
