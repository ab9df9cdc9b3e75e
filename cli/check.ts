import { EXIT } from '../orchestrator/domain/errors.ts';
import { openLab, readLab, readLabPlan, type Lab, type LabPlan } from '../orchestrator/lab/lab.ts';
import {
  estimate,
  groundOf,
  inTime,
  measuredIn,
  probes,
  touches,
  type Estimate,
  type Probe,
} from '../orchestrator/lab/probe.ts';
import type { Rehearsal, Stage } from '../orchestrator/lab/stub.ts';
import { bold, dim, green, oneLine, print, printJson, red, yellow } from './output.ts';

const MARKS = { ok: green('✓'), odd: yellow('!'), bad: red('✗') } as const;

interface CheckVerb {
  readonly json?: boolean;
  readonly stub?: boolean;
}

/**
 * `autolab check`: the plan, whatever else a night needs, how long it will take and what it may
 * touch; short of training, or with `--stub` one experiment through it all.
 */
export async function run(
  _args: readonly string[],
  { json = false, stub = false }: CheckVerb,
): Promise<number> {
  const lab = await openLab(process.cwd());
  const plan = await readLabPlan(lab);
  const ground = await groundOf(lab, plan);
  const found = await probes(lab, plan, ground);
  if (!json) for (const probe of found) print(line(probe));
  const fit = found.every(isFine);
  const rehearsal = stub && fit ? await rehearsed(lab, plan, json) : null;
  if (rehearsal?.interrupted) return interrupted(json);
  const expected = estimate(plan.plan, ground.slots, await measured(plan, rehearsal));
  const may = await touches(lab, plan);
  const fine = fit && (rehearsal?.stages.every(isFine) ?? true);
  if (json) {
    const stages = stub ? { stub: rehearsal?.stages ?? [] } : {};
    printJson({ ok: fine, probes: found, estimate: expected, touches: may, ...stages });
  } else {
    if (stub && !fit) print(dim('\nnot rehearsed: mend what is marked first'));
    tellNight(expected, may);
  }
  if (rehearsal?.metric_missing) return EXIT.usage;
  return fine ? EXIT.done : EXIT.failed;
}

const isFine = ({ result }: Probe): boolean => result !== 'bad';

const line = ({ name, result, text }: Probe): string =>
  `${MARKS[result]} ${name}: ${oneLine(text)}`;

function tellNight({ text }: Estimate, may: readonly string[]): void {
  print(`\n${bold('A night takes')} ${text}`);
  print(bold('It may touch'));
  for (const touched of may) print(`  ${oneLine(touched)}`);
}

/** Ctrl-C ends what runs, and everything made for it goes. */
async function rehearsed(lab: Lab, plan: LabPlan, json: boolean): Promise<Rehearsal> {
  const { rehearse } = await import('../orchestrator/lab/stub.ts');
  const stop = new AbortController();
  const interrupt = (): void => {
    if (!stop.signal.aborted && !json) print(yellow('stopping, and cleaning up'));
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  if (!json) print(`\n${bold('One experiment through it all')}`);
  try {
    return await rehearse(lab, plan, { signal: stop.signal, onStage: json ? () => {} : tellStage });
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}

function tellStage(stage: Stage): void {
  print(`${line(stage)} ${dim(`(${inTime(stage.seconds)})`)}`);
  for (const said of stage.said ?? []) print(dim(`    ${oneLine(said)}`));
}

function interrupted(json: boolean): number {
  if (json) printJson({ error: { code: 'failed', message: 'interrupted' } });
  return EXIT.interrupted;
}

/** What the notebook knows of this plan and base counts more than what was measured just now, that more than what it knows of an older base. */
async function measured({ plan, base }: LabPlan, rehearsal: Rehearsal | null) {
  const known = await readLab(process.cwd()).catch(() => null);
  const recorded = known && measuredIn(known.state, plan, base.commit);
  const seconds = rehearsal?.full_seconds ?? [];
  return seconds.length > 0 && (recorded === null || recorded.older)
    ? { by: 'stub' as const, seconds, dawn: recorded?.dawn ?? [] }
    : recorded;
}
