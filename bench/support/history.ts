import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventBody, Event } from '../../orchestrator/domain/event.ts';
import { attemptDir } from '../../orchestrator/domain/layout.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { experimentOf } from '../../orchestrator/domain/ids.ts';
import { clock } from '../../orchestrator/lab/lab.ts';
import { readPlan } from '../../orchestrator/plan/file.ts';
import { openNotebook, type OpenNotebook } from '../../notebook/writer.ts';
import { anIdea, nightStarted, simulate } from '../../test/support/simulate.ts';
import { writeMetrics } from '../../workers/parquet.ts';
import type { BenchLab } from './lab.ts';

const POINTS = 20;
const KEYS = ['loss', 'accuracy', 'lr', 'peak_memory_mb'];

/** Experiments of each past night. */
const PER_NIGHT = 200;

/**
 * Gives a lab a past: nights of up to 200 experiments, a run each and three of the baseline, as
 * the real `decide` would have had them, with results of the usual size and metrics of their own,
 * recorded through the notebook's writer. No branches and no worktrees.
 */
export async function addHistory(lab: BenchLab, experiments: number): Promise<void> {
  let now = 0;
  const notebook = await openNotebook({
    dir: join(lab.root, 'data', 'notebook'),
    clock: { ...clock, now: () => now },
    sealAfter: 1e9,
  });
  try {
    for (let done = 0; done < experiments; done += PER_NIGHT) {
      const size = Math.min(PER_NIGHT, experiments - done);
      const events = later(imagined(lab, size), done / PER_NIGHT);
      const recorded: Promise<Event>[] = [];
      for (const event of events) {
        now = Date.parse(event.at);
        recorded.push(notebook.append(bodyOf(event)));
      }
      await Promise.all(recorded);
      for (const event of events)
        if (event.type === 'run_ended') await addMetrics(lab, notebook, withDetails(event.result));
    }
  } finally {
    await notebook.close();
  }
}

/** The same night, so many nights later: its ids number on, its times are other days'. */
function later(events: readonly Event[], nights: number): readonly Event[] {
  const to = { E: nights * (PER_NIGHT + 1), H: nights * PER_NIGHT, N: nights };
  const text = JSON.stringify(events).replace(
    /\b([EHN])-(\d{4,})/g,
    (_, letter: keyof typeof to, n: string) =>
      `${letter}-${String(Number(n) + to[letter]).padStart(4, '0')}`,
  );
  return (JSON.parse(text) as Event[]).map((event) => ({
    ...event,
    at: new Date(Date.parse(event.at) + nights * 86_400_000).toISOString(),
  }));
}

/** One night. The plan is the lab's, its budget as large as the past needs it. */
function imagined(lab: BenchLab, experiments: number): readonly Event[] {
  const reading = readPlan(lab.git(['show', 'main:research_plan.yaml']));
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  const plan: Plan = { ...reading.plan, budget: { ...reading.plan.budget, experiments } };
  const names = Object.keys(plan.search_space);
  const ideas = Array.from({ length: experiments }, (_, i) =>
    anIdea(`step ${i}`, {
      because: 'one step from the value of the incumbent, to the side with the better record',
      line: names[i % names.length] ?? '',
      change: { kind: 'knobs', values: { [names[i % names.length] ?? '']: String(i + 100) } },
    }),
  );
  const measure = (titles: readonly string[], run: { readonly seed: number | null }): number =>
    1000 + ((run.seed ?? 0) % 3) + 10 * titles.length;
  const base = { branch: 'main', commit: lab.git(['rev-parse', 'main']) };
  // One slot: with two the simulated world leaves the baseline's last runs to the end.
  const started = nightStarted(plan, { base, slots: 1, machine: 'a machine that was' });
  return simulate({ measure, ideas, secondsPerRun: 60 }, started, 20 * experiments + 1000).events;
}

function bodyOf({ seq: _seq, at: _at, ...body }: Event): EventBody {
  const event = body as EventBody;
  switch (event.type) {
    case 'experiment_prepared':
      return { ...event, commit: idOf(event.commit) };
    case 'run_ended':
      return { ...event, result: withDetails(event.result) };
    case 'run_summarised':
      return { ...event, text: `${event.run} finished in 60 s: loss 1010` };
    default:
      return event;
  }
}

const idOf = (commit: string): string => createHash('sha1').update(commit).digest('hex');

/** A result as a worker seals it: what it was configured with, what it said, where its time went. */
function withDetails(result: RunResult): RunResult {
  const span = { who: 'slot 1', experiment: experimentOf(result.run), run: result.run };
  return {
    ...result,
    commit: idOf(result.commit),
    metric_points: POINTS,
    environment_key: '0123456789abcdef',
    summary: KEYS.map((key, i) => ({ key, number: (result.objective ?? 0) + i, text: null })),
    params: Array.from({ length: 12 }, (_, i) => ({
      ...{ key: `K${i + 1}`, value: String(i), type: 'number', source: 'knob' },
    })),
    spans: ['queued', 'setup', 'train', 'measure'].map((name) => ({
      ...{ ...span, name, start: result.started, seconds: 0.02 },
    })),
  };
}

async function addMetrics(lab: BenchLab, notebook: OpenNotebook, result: RunResult): Promise<void> {
  const ndjson = join(lab.folder, 'metrics.ndjson');
  const lines = Array.from({ length: POINTS }, (_, i) =>
    JSON.stringify({ key: KEYS[i % 4], step: Math.floor(i / 4), time: 1.76e12 + i, value: 1 / i }),
  );
  writeFileSync(ndjson, `${lines.join('\n')}\n`);
  const folder = join(lab.root, attemptDir(result.run, result.attempt));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'metrics.parquet');
  await writeMetrics(ndjson, file, result.run);
  await notebook.takeIn(result, file);
}
