import type { Finished, Job, Json, Post } from '../domain/ports.ts';

/** What a job's handler came to, as it travels: JSON of `{ output }` or `{ error }`. */
export type Answer = string;
type Outcome = { readonly output: Json } | { readonly error: string };

interface Pending {
  readonly job: Job;
  /** What its handler in this process came to, unless it was fenced. */
  answer?: Answer;
}

/**
 * The jobs that were dispatched from here and whose answers the listeners have not heard: a store
 * may lose all that it holds, and they are handed to it again.
 */
export class PendingJobs {
  readonly #jobs = new Map<string, Pending>();
  readonly #listeners: ((finished: Finished) => void)[] = [];

  /** Nothing, where the job is here already. */
  add(job: Job): void {
    const key = keyOf(job.role, job.id);
    if (!this.#jobs.has(key)) this.#jobs.set(key, { job });
  }

  has(role: Post, id: string): boolean {
    return this.#jobs.has(keyOf(role, id));
  }

  /** Of a handler that is done and whose answer nobody was told: the store may not have taken it. */
  answerOf(role: Post, id: string): Answer | undefined {
    return this.#jobs.get(keyOf(role, id))?.answer;
  }

  keepAnswer(role: Post, id: string, answer: Answer): void {
    const pending = this.#jobs.get(keyOf(role, id));
    if (pending !== undefined) pending.answer = answer;
  }

  onFinished(listener: (finished: Finished) => void): void {
    this.#listeners.push(listener);
  }

  /** Tells the listeners, once: a job that is not here was told of already. */
  tell(role: Post, id: string, answer: Answer): void {
    if (!this.#jobs.delete(keyOf(role, id))) return;
    const outcome = JSON.parse(answer) as Outcome;
    for (const listener of this.#listeners) listener({ id, role, ...outcome });
  }

  /** Tells the answers that are known, and returns the jobs that have none. */
  tellKnown(): readonly Job[] {
    const unanswered: Job[] = [];
    for (const { job, answer } of [...this.#jobs.values()]) {
      if (answer === undefined) unanswered.push(job);
      else this.tell(job.role, job.id, answer);
    }
    return unanswered;
  }
}

export const keyOf = (role: Post, id: string): string => `${role} ${id}`;
