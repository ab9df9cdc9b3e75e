import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitCommand } from '../orchestrator/domain/command.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { rewriteKnob } from '../orchestrator/knobs/knobs.ts';
import { formatProblem, readPlan } from '../orchestrator/plan/file.ts';

/** What recording a table and recording curves share: a copy of a lab, and one real run in it. */

/** `name=value` as it stands on the command line. Throws where it is something else. */
export function pair(text: string): [name: string, value: string] {
  const [name, ...rest] = text.split('=');
  if (!name || rest.length === 0) throw new Error(`expected name=value, found ${text}`);
  return [name, rest.join('=')];
}

/** The plan of a lab on disk. Throws, with its problems, where it is none. */
export function planOf(lab: string): Plan {
  const reading = readPlan(readFileSync(join(lab, 'research_plan.yaml'), 'utf8'));
  if ('plan' in reading) return reading.plan;
  throw new Error(reading.problems.map(formatProblem).join('\n'));
}

/** A folder of the lab's files, set up as the plan says; the caller removes it. */
export function copied(lab: string, plan: Plan): string {
  const copy = mkdtempSync(join(tmpdir(), 'autolab-recording-'));
  cpSync(lab, copy, { recursive: true });
  if (plan.run.setup !== undefined)
    execFileSync('sh', ['-c', plan.run.setup], {
      cwd: copy,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  return copy;
}

interface Wanted {
  /** Knob to source text; the others stay as they are in `lab`. Each has to stand in a file. */
  readonly settings: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly seed: number;
}

/** Trains once in the copy. `seconds`: wall clock of the training command. */
export function trainedIn(copy: string, lab: string, plan: Plan, wanted: Wanted) {
  const { settings, env, seed } = wanted;
  for (const name of Object.keys(settings))
    if (plan.search_space[name]?.file === undefined)
      throw new Error(`--knob ${name}: expected a knob of the plan that stands in a file`);
  for (const file of new Set(Object.values(plan.search_space).flatMap((knob) => knob.file ?? []))) {
    let text = readFileSync(join(lab, file), 'utf8');
    for (const [name, value] of Object.entries(settings)) {
      const knob = plan.search_space[name];
      if (knob?.file === file) text = rewriteKnob(text, file, knob, value);
    }
    writeFileSync(join(copy, file), text);
  }
  const { env: variable } = plan.run.seed ?? {};
  if (variable === undefined) throw new Error('run.seed: expected a variable (env), found none');
  const [program = '', ...words] = splitCommand(plan.run.command);
  const begun = performance.now();
  const { status, stdout } = spawnSync(program, words, {
    cwd: copy,
    env: { ...process.env, ...plan.run.env, ...env, [variable]: String(seed) },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: plan.run.timeout * 1000,
  });
  return { status, stdout, seconds: Math.round(performance.now() - begun) / 1000 };
}
