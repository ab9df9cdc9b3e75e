import { readLabState } from '../orchestrator/lab/lab.ts';
import { statusOf, type Slot } from '../orchestrator/lab/status.ts';
import { bold, dim, oneLine, print, printJson, yellow } from './output.ts';
import { spendInWords } from './spend.ts';
import { duration, rough, short, signed } from './table.ts';
import { counted } from './words.ts';

const WORDS = {
  idle: 'no night has been launched here yet',
  running: 'a night is running',
  draining: 'a night is finishing its last runs',
  cut_off: 'the last night was cut off; autolab launch goes on with it',
  finished: 'the last night is over',
} as const;

/** `autolab status` */
export async function run(_args: readonly string[], { json }: { json?: boolean }): Promise<number> {
  const { lab, state } = await readLabState(process.cwd());
  const status = await statusOf(lab, state);
  if (json) {
    printJson(status);
    return 0;
  }
  const stopped = status.state === 'cut_off' ? status.stopped_by : null;
  const words =
    stopped === null
      ? WORDS[status.state]
      : `the last night was stopped (${oneLine(stopped)}); autolab launch goes on with it`;
  print(`${bold(status.night ?? 'autolab')}: ${words}`);
  if (status.ended && status.state === 'finished')
    print(`it ended because ${status.ended.message}`);
  const { baseline, incumbent, counts, budget, smallest_confirmable, confirmable_seeds } = status;
  if (baseline) print(`baseline   ${baseline.id}  ${short(baseline.objective)}  (n ${baseline.n})`);
  if (incumbent && incumbent.id !== baseline?.id)
    print(
      `best       ${incumbent.id}  ${short(incumbent.objective)}  (n ${incumbent.n}, ` +
        `${signed(incumbent.effect)} on the baseline, ${incumbent.verdict})  ${incumbent.title}`,
    );
  if (smallest_confirmable !== null && confirmable_seeds !== null)
    print(
      dim(
        `smallest gain that this budget confirms, four times in five: ${rough(smallest_confirmable)} ` +
          `(${counted(confirmable_seeds, 'fresh seed')} each)`,
      ),
    );
  if (status.paused !== null) print(yellow(`paused     ${oneLine(status.paused)}`));
  for (const slot of status.slots) if (slot.run) print(slotLine(slot));
  if (status.night) {
    const of = (limit: number | null) => (limit === null ? '' : ` of ${limit}`);
    print(
      dim(
        `${budget.experiments.used} of ${budget.experiments.of} experiments, ` +
          `${budget.runs.used}${of(budget.runs.of)} runs, ${duration(Math.round(budget.wall_clock.used))}` +
          `${budget.wall_clock.of === null ? '' : ` of ${duration(budget.wall_clock.of)}`}; ` +
          `${counted(counts.waiting, 'idea')} waiting` +
          (counts.queued === 0 ? '' : `, ${counts.queued} of yours queued`),
      ),
    );
  }
  const { models } = status;
  if (models.total.calls > 0) {
    const [llm_usd, tokens] = [budget.llm_usd.of ?? undefined, budget.tokens.of ?? undefined];
    print(dim(spendInWords(models, { llm_usd, tokens })));
  }
  for (const { role, model, message } of models.without)
    print(yellow(`without    the ${role} had no answer of ${oneLine(model)}: ${oneLine(message)}`));
  if (status.seconds_left !== null && status.seconds_left > 0)
    print(dim(`about ${duration(Math.round(status.seconds_left))} left`));
  return 0;
}

function slotLine({
  slot,
  run: id,
  title,
  purpose,
  seed,
  seconds,
  expected_seconds,
}: Slot): string {
  const of = expected_seconds === null ? '' : ` of about ${duration(Math.round(expected_seconds))}`;
  const about = [
    purpose,
    ...(seed === null ? [] : [`seed ${seed}`]),
    `${duration(Math.round(seconds ?? 0))}${of}`,
  ];
  return `slot ${slot}     ${id}  ${oneLine(title ?? '')}  ${dim(about.join(', '))}`;
}
