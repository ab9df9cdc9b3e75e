import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { planSchema } from '../orchestrator/domain/plan.ts';
import { currentNight, experimentIn, type State } from '../orchestrator/domain/state.ts';
import type { Interruption } from '../orchestrator/lab/launch.ts';
import { openLab, readLabPlan, type Lab } from '../orchestrator/lab/lab.ts';
import { commandIn } from '../orchestrator/lab/package.ts';
import type { ExperimentId } from '../orchestrator/domain/ids.ts';
import { bold, dim, print, yellow } from './output.ts';
import {
  changesOf,
  completedInWords,
  funnelInWords,
  mergingInWords,
  unwrittenInWords,
} from './words.ts';
import { openView, type View } from './view/view.ts';

interface LaunchVerb {
  readonly experiments?: number;
  readonly parallel?: number;
  readonly for?: string;
  readonly detach?: boolean;
  readonly because?: string;
}

/** A service manager or a shutting-down machine waits no longer than this for its processes. */
const SIGTERM_SECONDS = 60;

/** `autolab launch`: a night, seen live on a terminal, a line per event elsewhere. */
export async function run(_args: readonly string[], options: LaunchVerb): Promise<number> {
  const seconds = options.for === undefined ? undefined : secondsIn(options.for);
  const lab = await openLab(process.cwd());
  const plan = await readLabPlan(lab);
  if (options.detach) return inBackground(lab);
  const { launch } = await import('../orchestrator/lab/launch.ts');
  const view = openView(lab, { hint: 'Ctrl-C drains, twice stops now' });
  const { outcome, state } = await launch(
    lab,
    plan,
    {
      ...{ experiments: options.experiments, parallel: options.parallel, seconds },
      because: options.because?.trim() || undefined,
    },
    { ...onSignals(view), onEvent: view.event, onRemark: view.remark },
  ).finally(() => view.close());
  if (outcome.kind === 'interrupted') {
    print(yellow('interrupted; autolab launch goes on from here'));
    return EXIT.interrupted;
  }
  print(morning(state, await commandIn(lab)));
  if (outcome.reason === 'baseline_failed') return baselineExit(state);
  return outcome.reason === 'gate' ? EXIT.gate : EXIT.done;
}

/**
 * Ctrl-C drains, twice stops at once. SIGTERM drains too, and stops what has not ended in time.
 * A closed terminal changes nothing: the night goes on without anybody to tell.
 */
function onSignals(view: View): Interruption {
  const [drain, stop] = [new AbortController(), new AbortController()];
  const begin = (who: string, text: string): void => {
    if (drain.signal.aborted) return stop.abort(who);
    view.remark(text);
    drain.abort(who);
  };
  process
    .on('SIGINT', () => begin('Ctrl-C', 'Ctrl-C again stops at once'))
    .on('SIGTERM', () => {
      begin('SIGTERM', `what runs has ${SIGTERM_SECONDS} s to finish`);
      setTimeout(() => stop.abort('SIGTERM'), SIGTERM_SECONDS * 1000).unref();
    })
    .on('SIGHUP', () => {});
  return { drain: drain.signal, stop: stop.signal };
}

/** The same call without `--detach`, in a process of its own. */
async function inBackground(lab: Lab): Promise<number> {
  const { detach } = await import('../orchestrator/lab/detach.ts');
  const argv = process.argv.filter((word) => word !== '--detach');
  const { pid, night, log } = await detach(lab, [process.execPath, ...argv.slice(1)]);
  const command = await commandIn(lab);
  print(`${bold(night)} runs in the background (process ${pid})`);
  print(
    dim(
      `${command} attach shows it, ${command} status says where it is, ${command} stop drains it`,
    ),
  );
  print(dim(`what it prints is in ${log}`));
  return EXIT.done;
}

/** What to do next, in a line or two. */
function morning(state: State, command: string): string {
  const { incumbent, baseline, ended } = currentNight(state);
  const completed = completedInWords(state, currentNight(state));
  if (ended?.reason === 'baseline_failed')
    return `\nnothing could be tried: the unchanged script has to run first; FINDINGS.md says what it said\n${completed}`;
  const tip = incumbent && incumbent !== baseline ? experimentIn(state, incumbent) : null;
  const told = funnelInWords(state, currentNight(state).id);
  const next =
    tip?.judgement?.verdict === 'improved'
      ? `${bold(tip.id)} improved${attributedTo(state, tip.id)}: ${mergingInWords(state, tip.id, command)}`
      : 'nothing was confirmed as an improvement this time; FINDINGS.md says what was tried';
  const unwritten = unwrittenInWords(state, currentNight(state));
  const lost = unwritten === null ? '' : `${yellow(unwritten)}\n`;
  return `\n${next}\n${lost}${dim(told)}\n${completed}`;
}

/** ` by 2 of its 3 changes`: those that dawn could tell to be worth something by themselves. */
function attributedTo(state: State, tip: ExperimentId): string {
  const changes = changesOf(state, tip);
  if (changes < 2) return '';
  if (!currentNight(state).dawn?.attribute) return ` as one stack of ${changes} changes`;
  const own = [...state.experiments.values()].filter(
    ({ id, judgement }) =>
      (id === tip || judgement?.stack === tip) && judgement?.attribution?.attributed,
  );
  if (own.length === 0) return `, as a stack of ${changes} changes, none of them attributed`;
  return `, with ${own.length} of its ${changes} changes attributed (${own.map(({ id }) => id).join(', ')})`;
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
