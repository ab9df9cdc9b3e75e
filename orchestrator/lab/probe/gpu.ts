import { fromTop, isEditable } from '../../domain/editable.ts';
import type { Machine } from '../../../workers/local.ts';
import type { Lab, LabPlan } from '../lab.ts';
import { odd, ok, type Probe } from './probe.ts';

const USES_CUDA = /\bcuda\b|^\s*(?:import|from) jax\b/im;
const MOST_FILES = 20;

/** Whether each slot has devices of its own. Nothing on a machine without GPUs that needs none. */
export async function gpuProbes(
  lab: Lab,
  { plan, base }: LabPlan,
  machine: Pick<Machine, 'gpus'>,
  slots: number,
): Promise<readonly Probe[]> {
  const wanted = plan.compute.gpus_per_run;
  const there = machine.gpus.length;
  if (there === 0)
    return typeof wanted === 'number' && wanted > 0
      ? [odd('gpu', `expected GPUs (compute.gpus_per_run: ${wanted}), nvidia-smi shows none`)]
      : [];
  const devices = machine.gpus.map(({ index, name }) => `${index} ${name}`).join(', ');
  const each = wanted === 'auto' ? 1 : wanted;
  if (each === 0) {
    const uses = await namesCuda(lab, plan, base.commit);
    const hidden = `compute.gpus_per_run: 0 hides ${there} GPU${there === 1 ? '' : 's'} (${devices}) from every run`;
    return uses === null
      ? [ok('gpu', hidden)]
      : [odd('gpu', `${hidden}, and ${uses} uses CUDA: set gpus_per_run: 1, or auto`)];
  }
  if (each > there)
    return [
      odd('gpu', `expected ${each} GPUs for each run, found ${there} (${devices}): runs get those`),
    ];
  const sets = Math.floor(there / each);
  if (slots > sets)
    return [
      odd(
        'gpu',
        `${slots} runs at once would share ${there} GPU${there === 1 ? '' : 's'} (${devices}; ${each} for each run): ` +
          `they slow each other and may run out of memory. Set budget.parallel: ${sets}`,
      ),
    ];
  return [ok('gpu', `${devices}; ${each} for each run, ${slots} at once`)];
}

/** A file of the training code that speaks of CUDA, or null. */
async function namesCuda(
  { repository }: Lab,
  plan: LabPlan['plan'],
  commit: string,
): Promise<string | null> {
  const named = new Set(plan.run.command.split(/\s+/).map((word) => fromTop(plan, word)));
  const files = (await repository.listFiles(commit)).filter(
    (file) => named.has(file) || (isEditable(plan, file) && /\.(?:py|ya?ml|json)$/.test(file)),
  );
  for (const file of files.slice(0, MOST_FILES)) {
    const text = await repository.readFile(commit, file);
    if (text !== null && USES_CUDA.test(text)) return file;
  }
  return null;
}
