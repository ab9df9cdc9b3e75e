/** One look at one thing, and what it means for a night. */
export interface Probe {
  readonly name: string;
  /** `odd`: the night will run, and somebody should know; `bad`: it will not, or for nothing. */
  readonly result: 'ok' | 'odd' | 'bad';
  /** One line: what was found and, where it is not ok, what to do. */
  readonly text: string;
}

export const ok = (name: string, text: string): Probe => ({ name, result: 'ok', text });
export const odd = (name: string, text: string): Probe => ({ name, result: 'odd', text });
export const bad = (name: string, text: string): Probe => ({ name, result: 'bad', text });

/** What an error says, for a probe's line. */
export const words = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
