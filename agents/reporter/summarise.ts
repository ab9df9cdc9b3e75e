import { z } from 'zod';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import type { NotebookReader } from '../../orchestrator/domain/ports.ts';
import { ask } from './gather.ts';
import { oneLine } from './markdown.ts';
import { decimalsFor, duration, plain, signed } from './numbers.ts';
import { queryOfRun } from './queries.ts';

const number = z.union([z.number(), z.string(), z.bigint()]).transform(Number);
const summaryRow = z.object({
  ...{ id: z.string(), experiment: z.string(), baseline: z.string(), seed: number.nullable() },
  ...{ status: z.string(), failure: z.string().nullable(), failure_message: z.string().nullable() },
  ...{ killed_because: z.string().nullable(), prune_because: z.string().nullable() },
  objective: number.nullable(),
  planned: z.string().nullable(),
  ...{ seconds: number.nullable(), metric: z.string() },
  ...{ base: number.nullable(), spread: number.nullable(), n: number, effect: number.nullable() },
});
type SummaryRow = z.output<typeof summaryRow>;

/**
 * One line on a run that ended, plain text: `E-0007.1 seed 1: val_bpb 1.574 (−0.038 on baseline's
 * mean of n 3), 5.8 s`; of a failure its class and message. Throws where there is no such run.
 */
export async function summarise(notebook: NotebookReader, run: RunId): Promise<string> {
  const [found] = await ask(notebook, queryOfRun(run), summaryRow);
  if (!found) throw new Error(`expected run ${run} in the notebook, found none`);
  const { row } = found;
  const who = `${row.id}${row.seed === null ? '' : ` seed ${row.seed}`}`;
  const took = row.seconds === null ? '' : `, ${duration(row.seconds)}`;
  return `${who}: ${outcomeOf(row)}${took}`;
}

function outcomeOf(row: SummaryRow): string {
  if (row.failure !== null) return `${row.failure}: ${oneLine(row.failure_message ?? '', 200)}`;
  if (row.killed_because === 'pruned') return `pruned: ${oneLine(row.prune_because ?? '', 300)}`;
  if (row.status === 'killed') return `killed (${row.killed_because ?? 'unknown'})`;
  if (row.planned !== null) return `${oneLine(row.planned)} ${row.status}`;
  if (row.objective === null) return `${row.status} without ${oneLine(row.metric)}`;
  const decimals = row.spread ? decimalsFor(row.spread) : undefined;
  const measured = `${oneLine(row.metric)} ${plain(row.objective, decimals)}`;
  if (row.effect === null || !Number.isFinite(row.effect)) return measured;
  const against =
    row.experiment === row.baseline ? 'the other baseline runs’ mean' : 'baseline’s mean';
  return `${measured} (${signed(row.effect, decimals)} on ${against} of n ${row.n})`;
}
