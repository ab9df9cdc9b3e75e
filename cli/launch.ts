import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { planSchema } from '../orchestrator/domain/plan.ts';
import { currentNight, experimentIn, type State } from '../orchestrator/domain/state.ts';
import { openLab, readLabPlan } from '../orchestrator/lab/lab.ts';
import { commandIn } from '../orchestrator/lab/package.ts';
import { bold, dim, print, yellow } from './output.ts';
import { progressLine } from './progress.ts';

interface LaunchVerb {
  readonly experiments?: number;
  readonly parallel?: number;
  readonly for?: string;
}

/** `autolab launch`: a night, one line per thing that happens. Ctrl-C drains, twice stops now. */
export async function run(_args: readonly string[], options: LaunchVerb): Promise<number> {
  const seconds = options.for === undefined ? undefined : secondsIn(options.for);
  const lab = await openLab(process.cwd());
  const plan = await readLabPlan(lab);
  const { launch } = await import('../orchestrator/lab/launch.ts');
  const [drain, stop] = [new AbortController(), new AbortController()];
  const interrupt = () => {
    if (drain.signal.aborted) stop.abort();
    else {
      print(yellow('draining: what runs may finish; again to stop at once'));
      drain.abort();
    }
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  // The terminal was closed: the night goes on without anybody to tell.
  process.on('SIGHUP', () => {});
  const { outcome, state } = await launch(
    lab,
    plan,
    { experiments: options.experiments, parallel: options.parallel, seconds },
    {
      drain: drain.signal,
      stop: stop.signal,
      onEvent: (now, event) => {
        const line = progressLine(now, event);
        if (line !== null) print(line);
      },
      onRemark: (text) => print(dim(text)),
    },
  );
  if (outcome.kind === 'interrupted') {
    print(yellow('interrupted; autolab launch goes on from here'));
    return EXIT.interrupted;
  }
  print(morning(state, await commandIn(lab)));
  if (outcome.reason === 'baseline_failed') return baselineExit(state);
  return outcome.reason === 'gate' ? EXIT.gate : EXIT.done;
}

/** What to do next, in a line or two. */
function morning(state: State, command: string): string {
  const { incumbent, baseline, ended } = currentNight(state);
  if (ended?.reason === 'baseline_failed')
    return '\nnothing could be tried: the unchanged script has to run first; FINDINGS.md says what it said';
  const tip = incumbent && incumbent !== baseline ? experimentIn(state, incumbent) : null;
  const next =
    tip?.judgement?.verdict === 'improved'
      ? `${bold(tip.id)} improved: read FINDINGS.md, then ${bold(`${command} promote`)}`
      : 'nothing was confirmed as an improvement this time; FINDINGS.md says what was tried';
  return `\n${next}`;
}

/** A metric that the script does not print is the plan's mistake; any other failure is the script's. */
function baselineExit(state: State): number {
  const { baseline } = currentNight(state);
  const runs = baseline ? experimentIn(state, baseline).runs : [];
  const missing = runs.some((id) => state.runs.get(id)?.result?.failure?.class === 'no_metric');
  return missing ? EXIT.usage : EXIT.failed;
}

function secondsIn(text: string): number {
  const read = planSchema.shape.budget.safeParse({ wall_clock: text });
  if (read.success && read.data.wall_clock !== undefined) return read.data.wall_clock;
  throw new LabError('usage', `expected a duration such as 8h or 90m behind --for, found ${text}`);
}
