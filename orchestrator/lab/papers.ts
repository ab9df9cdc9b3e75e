import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PaperSource } from '../../agents/papers/source.ts';
import type { Model } from '../domain/model.ts';
import type { Plan } from '../domain/plan.ts';
import { clock, type Lab } from './lab.ts';

/** Where this lab's papers are looked up; null where the plan wants none, or nobody would read them. */
export async function papersFor(
  lab: Lab,
  { agents }: Plan,
  model: Model,
): Promise<PaperSource | null> {
  if (agents.papers === 'off' || !model.has('researcher')) return null;
  const { openPapers } = await import('../../agents/papers/open.ts');
  return openPapers({
    // All labs of a user are one caller to a server.
    folder: join(lab.sharedCacheDir, 'papers'),
    time: {
      now: () => clock.now(),
      pause: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
    },
  });
}
