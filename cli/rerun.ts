import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { openLabState } from '../orchestrator/lab/lab.ts';
import { rerun, type Difference, type Missing, type Rerun } from '../orchestrator/lab/rerun.ts';
import { bold, dim, fail, green, oneLine, print, printJson, red, yellow } from './output.ts';
import { asItStands } from './show/diff.ts';
import { duration, signed, table } from './table.ts';

type Done = Extract<Rerun, { kind: 'done' }>;

/** `autolab rerun RUN`, `autolab rerun manifest.json`. Ctrl-C stops it and takes its worktree away. */
export async function run(
  [what = '']: readonly string[],
  { json = false }: { json?: boolean },
): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    if (!json) print(yellow('stopping the run and taking its worktree away'));
    stop.abort('user');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const { lab, state } = await openLabState(process.cwd());
  const again = await rerun(lab, state, what, {
    cwd: process.cwd(),
    signal: stop.signal,
    onStart: ({ order }, missing, folder) => {
      if (json) return;
      print(
        `${bold(order.run)} again, ${seedInWords(order.seed)}: ${oneLine(order.command.command)}`,
      );
      print(dim(`its output: ${folder}/run.log`));
      for (const { message } of missing) print(yellow(oneLine(message)));
    },
  });
  if (json) printJson(page(again));
  if (again.kind === 'stopped') return EXIT.interrupted;
  if (again.kind === 'missing') {
    if (!json) fail(new LabError('usage', missingInWords(again.run, again.missing)), json);
    return EXIT.usage;
  }
  if (!json) showDone(again);
  return again.same ? EXIT.done : EXIT.failed;
}

/** What `--json` prints. `same` and `objective.now` are null where nothing was run to its end. */
const page = (again: Rerun) => ({
  ...{ run: again.run, attempt: again.attempt, seed: again.seed, manifest: again.manifest },
  objective: {
    metric: again.plan.objective.metric,
    was: spelt(again.was.objective),
    now: again.kind === 'done' ? spelt(again.now.objective) : null,
  },
  same: again.kind === 'done' ? again.same : null,
  failure: {
    was: again.was.failure && pick(again.was.failure),
    now: again.kind === 'done' && again.now.failure ? pick(again.now.failure) : null,
  },
  metrics:
    again.kind === 'done'
      ? again.metrics.map(({ key, was, now }) => ({ key, was: spelt(was), now: spelt(now) }))
      : [],
  differences: again.kind === 'done' ? again.differences : [],
  missing: again.missing,
  folder: again.kind === 'done' ? again.folder : null,
  recorded: again.kind === 'done' && again.recorded,
});

const pick = ({ class: kind, message }: { class: string; message: string }) => ({
  class: kind,
  message,
});

/** JSON has no word for numbers that are not finite. */
const spelt = (value: number | null): number | string | null =>
  value === null || Number.isFinite(value) ? value : String(value);

const seedInWords = (seed: number | null): string => (seed === null ? 'no seed' : `seed ${seed}`);

const missingInWords = (run: string, missing: readonly Missing[]): string =>
  [`${run} cannot be run again here:`, ...missing.map(({ message }) => `- ${message}`)].join('\n');

function showDone(again: Done): void {
  const took = dim(` (took ${duration(again.now.seconds)})`);
  print(`\n${verdict(again)}${took}`);
  showMetrics(again);
  showDifferences(again);
  const { traceback } = again.now.failure ?? {};
  if (!again.same && traceback) print(`\n${traceback.split('\n').map(asItStands).join('\n')}`);
}

function verdict({ same, was, now, plan }: Done): string {
  const { metric } = plan.objective;
  const failed = (failure: { class: string; message: string }) =>
    `${failure.class}: ${oneLine(failure.message)}`;
  if (same && now.failure) return green(`it fails the same way, ${failed(now.failure)}`);
  if (same) return green(`the same number: ${bold(`${metric} ${now.objective}`)}`);
  const then = was.failure ? `failed then (${failed(was.failure)})` : `${metric} ${was.objective}`;
  if (now.failure)
    return red(`${was.failure ? then : `${then} then`}, and fails now: ${failed(now.failure)}`);
  if (was.failure) return red(`${then}, and now ${metric} ${now.objective}`);
  const by = signed((now.objective ?? Number.NaN) - (was.objective ?? Number.NaN));
  return red(`a different number: ${metric} ${was.objective} then, ${now.objective} now, ${by}`);
}

function showMetrics({ compared, metrics, now }: Done): void {
  // What failed early printed no summary: that says nothing new.
  if (compared === 0 || now.summary.length === 0) return;
  const others = `${compared} other number${compared === 1 ? '' : 's'} of the summary compared`;
  if (metrics.length === 0) return print(`${others}: the same`);
  print(`${others}, ${metrics.length} differ${metrics.length === 1 ? 's' : ''}:`);
  const of = (value: number | null) => (value === null ? 'none' : String(value));
  print(
    table(
      [
        { title: 'metric', cell: (each) => each.key },
        { title: 'then', cell: (each) => of(each.was), right: true },
        { title: 'now', cell: (each) => of(each.now), right: true },
      ],
      metrics.slice(0, MOST_ROWS),
    ),
  );
  more(metrics.length - MOST_ROWS);
}

const MOST_ROWS = 25;
const more = (rows: number): void => {
  if (rows > 0) print(dim(`and ${rows} more: --json shows all`));
};

function showDifferences({ differences, same, plan, seed, now }: Done): void {
  if (differences === null) {
    return print('the run has no manifest: what differs in its environment cannot be known');
  }
  if (differences.length === 0) {
    print('nothing that is recorded of its environment differs');
    if (same || now.failure) return;
    return print(yellow(notDeterministic(plan.run.seed, seed)));
  }
  print(same ? 'though its environment differs:' : 'its environment differs, which may be why:');
  print(
    table<Difference>(
      [
        { title: 'what', cell: (each) => each.what },
        { title: 'then', cell: (each) => each.was ?? 'not there' },
        { title: 'now', cell: (each) => each.now ?? 'not there', flexible: true },
      ],
      differences.slice(0, MOST_ROWS),
    ),
  );
  more(differences.length - MOST_ROWS);
}

function notDeterministic(how: Rerun['plan']['run']['seed'], seed: number | null): string {
  if (how === undefined || seed === null) {
    return 'so the script is not deterministic: the plan names no run.seed, nothing makes it repeat itself';
  }
  const place = how.env ?? how.arg ?? how.file ?? '';
  return `so the script is not deterministic under this seed (run.seed ${place}, seed ${seed}): something in it draws random numbers, or depends on time or order, without regard to the seed`;
}
