import { canonical } from './domain/plan.ts';
import type { Json } from './domain/ports.ts';
import type { Work } from './actions.ts';
import type { Brief } from './briefs.ts';

/** What roles were told, as far as it is not answered yet. */
export interface KeptBriefs {
  /** Null where nothing is kept under the id, or is not what was written. */
  recall(id: string): Promise<Json | null>;
  /** Durable when it resolves. */
  keep(id: string, brief: Json): Promise<void>;
  forget(id: string): Promise<void>;
}

const ASKS: ReadonlySet<Work['kind']> = new Set<Work['kind']>([
  'invent',
  'compare',
  'write',
  'repair',
]);

/** Whether a model may be asked for it. */
export const asksModels = ({ kind }: Work): boolean => ASKS.has(kind);

/**
 * The brief for a piece of work: as it was told before, where that was for the same incumbent or
 * commit, and by the same plan. A launch that goes on knows more than the one that was killed; told
 * anew, a role would ask other questions than those whose answers are paid for.
 */
export async function toldOnce(kept: KeptBriefs, work: Work, brief: Brief): Promise<Json> {
  const now = brief as unknown as Json;
  const before = await kept.recall(work.id);
  if (before !== null && groundOf(before) === groundOf(now)) return before;
  // Where there is no room for it, a kill may cost an answer, and nothing else.
  await kept.keep(work.id, now).catch(() => undefined);
  return now;
}

/** What it is to stand on, and the plan it was told under: a plan may change between two launches. */
function groundOf(brief: Json): string {
  const { incumbent, order, lab, objective, search_space } = brief as Told;
  const of = order ?? lab;
  const where = [incumbent ?? order?.['parent'], of?.['plan'], of?.['editable'], of?.['question']];
  // What comes back from a file may have its keys in another order.
  return canonical([...where, objective, search_space]);
}

type Fields = Readonly<Record<string, Json>>;
interface Told {
  readonly incumbent?: Json;
  readonly order?: Fields;
  readonly lab?: Fields;
  readonly objective?: Json;
  readonly search_space?: Json;
}
