import type { Direction } from './metric.ts';

/** What init is told, whom it may ask, and what it will say of what it found. */

/** A person at a terminal. */
export interface Asker {
  /** One of the options, or another answer in the person's own words; the first is the suggestion. */
  choose(question: string, options: readonly string[]): Promise<string>;
  confirm(question: string): Promise<boolean>;
}

export interface InitOptions {
  /** A path from the folder that init looks at, or from the repository's top. */
  readonly script?: string;
  readonly metric?: string;
  readonly direction?: Direction;
  /** Run the script for a moment; asked where this is not said and somebody can be asked. */
  readonly try?: boolean;
  /** Told what takes a while, before it begins. */
  readonly onWait?: (sentence: string) => void;
  /** Null where nobody can be asked. */
  readonly asker: Asker | null;
}

/** Sentences for the closing words: what is known, and what is a guess. */
export interface Notes {
  readonly found: string[];
  readonly guessed: string[];
}

/** The repository as base has it. */
export interface Ground {
  readonly commit: string;
  /** What the base is called. */
  readonly name: string;
  /** Tracked paths, from the top. */
  readonly files: readonly string[];
  /** The folder that init looks at, from the top; empty for the top. */
  readonly below: string;
}
