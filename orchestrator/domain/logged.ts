/** What a script said of its own run through a logger. */

/** Its own words: nobody checked them, and nothing is decided by them. */
export interface Logged {
  readonly findings: readonly string[];
  readonly tags: readonly string[];
  readonly group: string | null;
}

/** How an artifact was saved: version 3 of `model`. */
export interface Saved {
  readonly as: string;
  /** Counts from 1. */
  readonly version: number;
  /** `checkpoint`, `file`, or what the script calls it. */
  readonly kind: string;
  /** Of the training, where it was said. */
  readonly step: number | null;
}

/** `model:v3` */
export const savedName = ({ as, version }: Saved): string => `${as}:v${version}`;
