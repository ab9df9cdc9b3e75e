import type { Handler, Json, Post } from '../domain/ports.ts';
import { keyOf, type Answer } from './pending.ts';

/** Why a handler is aborted: its answer will not be used, whoever has the job now. */
const FENCED = 'fenced';

export interface Running {
  readonly abort: AbortController;
  readonly answer: Promise<Answer>;
}

/** The handlers that run in this process, never two at once for a job. */
export class RunningHandlers {
  readonly #running = new Map<string, Running>();
  readonly #onError: (error: Error) => void;

  /** `onError` is told of what handlers threw. */
  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  /** The handler that is at the job: one may be taken from this process and come back to it meanwhile. */
  at(role: Post, id: string): Running | undefined {
    return this.#running.get(keyOf(role, id));
  }

  /** `onDone` is called with the answer of a handler that was not fenced, before it is returned. */
  start(
    role: Post,
    id: string,
    json: string,
    handler: Handler,
    onDone: (answer: Answer) => void,
  ): Promise<Answer> {
    const key = keyOf(role, id);
    const abort = new AbortController();
    const answer = this.#answer(handler, json, id, abort.signal).then((found) => {
      this.#running.delete(key);
      if (!abort.signal.aborted) onDone(found);
      return found;
    });
    this.#running.set(key, { abort, answer });
    return answer;
  }

  fence(role: Post, id: string): void {
    this.#running.get(keyOf(role, id))?.abort.abort(FENCED);
  }

  /** Resolves when none runs any more. */
  async fenceAll(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(FENCED);
    await Promise.all(running.map(({ answer }) => answer));
  }

  async #answer(handler: Handler, json: string, id: string, signal: AbortSignal): Promise<Answer> {
    try {
      const output: Json | undefined = await handler(JSON.parse(json) as Json, { id, signal });
      if (output === undefined)
        throw new Error(`expected JSON from the handler of ${id}, found undefined`);
      return JSON.stringify({ output });
    } catch (error) {
      const thrown = error instanceof Error ? error : new Error(String(error));
      this.#onError(thrown);
      // Completed, as far as BullMQ knows: it reads meaning into some errors (to delay, to limit the rate).
      return JSON.stringify({ error: thrown.message });
    }
  }
}
