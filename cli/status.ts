import { readLab } from '../orchestrator/lab/lab.ts';
import { statusOf } from '../orchestrator/lab/status.ts';
import { bold, dim, print, printJson } from './output.ts';
import { duration, short, signed } from './table.ts';

const WORDS = {
  idle: 'no night has been launched here yet',
  running: 'a night is running',
  draining: 'a night is finishing its last runs',
  cut_off: 'the last night was cut off; autolab launch goes on with it',
  finished: 'the last night is over',
} as const;

/** `autolab status` */
export async function run(_args: readonly string[], { json }: { json?: boolean }): Promise<number> {
  const { lab, state } = await readLab(process.cwd());
  const status = await statusOf(lab, state);
  if (json) {
    printJson(status);
    return 0;
  }
  print(`${bold(status.night ?? 'autolab')}: ${WORDS[status.state]}`);
  if (status.ended && status.state === 'finished')
    print(`it ended because ${status.ended.message}`);
  const { baseline, incumbent, counts, budget } = status;
  if (baseline) print(`baseline   ${baseline.id}  ${short(baseline.objective)}  (n ${baseline.n})`);
  if (incumbent && incumbent.id !== baseline?.id)
    print(
      `best       ${incumbent.id}  ${short(incumbent.objective)}  (n ${incumbent.n}, ` +
        `${signed(incumbent.effect)} on the baseline, ${incumbent.verdict})  ${incumbent.title}`,
    );
  for (const { slot, run: id, title } of status.slots)
    if (id) print(`slot ${slot}     ${id}  ${title}`);
  if (status.night) {
    const of = (limit: number | null) => (limit === null ? '' : ` of ${limit}`);
    print(
      dim(
        `${budget.experiments.used} of ${budget.experiments.of} experiments, ` +
          `${budget.runs.used}${of(budget.runs.of)} runs, ${duration(budget.wall_clock.used)}` +
          `${budget.wall_clock.of === null ? '' : ` of ${duration(budget.wall_clock.of)}`}; ` +
          `${counts.waiting} ideas waiting`,
      ),
    );
  }
  return 0;
}
