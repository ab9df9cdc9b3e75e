import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownRunId } from '../../orchestrator/domain/ids.ts';
import { ownRunDir } from '../../orchestrator/domain/layout.ts';
import type { OwnBody, OwnDetails } from '../../orchestrator/domain/own-run.ts';
import { clock } from '../../orchestrator/lab/lab.ts';
import { openNotebook } from '../../notebook/writer.ts';
import { writeMetrics } from '../../workers/parquet.ts';
import type { BenchLab } from './lab.ts';

const KEYS = ['loss', 'accuracy', 'lr', 'grad_norm', 'val/loss', 'val/accuracy'];
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/**
 * Gives a lab runs of one's own with so many points each, recorded through the notebook's writer,
 * with folders as `autolab run` leaves them.
 */
export async function addOwnRuns(lab: BenchLab, runs: number, points: number): Promise<void> {
  const notebook = await openNotebook({
    ...{ dir: join(lab.root, 'data', 'notebook'), clock, sealAfter: 1e9 },
  });
  try {
    for (let first = 1; first <= runs; first += 500) {
      const some = Array.from({ length: Math.min(500, runs - first + 1) }, (_, i) => first + i);
      for (const n of some) await leaveFolder(lab, n, points);
      const bodies = some.flatMap((n) => bodiesOf(n, points));
      await Promise.all(bodies.map((body) => notebook.append(body)));
      await notebook.takeInOwn();
      await notebook.seal();
    }
  } finally {
    await notebook.close();
  }
}

const startedAt = (n: number): string => new Date(1.76e12 + n * 60_000).toISOString();

async function leaveFolder(lab: BenchLab, n: number, points: number): Promise<void> {
  const folder = join(lab.root, ownRunDir(ownRunId(n)));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'start.json'), '{"version":1}\n');
  writeFileSync(join(folder, 'end.json'), '{"version":1}\n');
  const ndjson = join(folder, 'metrics.ndjson');
  const lines = Array.from({ length: points }, (_, i) => {
    const [key, step] = [KEYS[i % KEYS.length], Math.floor(i / KEYS.length)];
    return JSON.stringify({ key, step, time: 1.76e12 + i, value: 1 / (i + n) });
  });
  writeFileSync(ndjson, `${lines.join('\n')}\n`);
  await writeMetrics(ndjson, join(folder, 'metrics.parquet'), ownRunId(n));
}

function bodiesOf(n: number, points: number): readonly OwnBody[] {
  const params: OwnDetails['params'] = Array.from({ length: 12 }, (_, i) => ({
    ...{ key: `param_${i}`, value: String(i * n), type: 'number', source: 'logged' },
  }));
  const command = ['python3', 'train.py', '--lr', `${n}e-5`, '--name', `trial ${n}`];
  return [
    {
      ...{ type: 'own_run_started', run: ownRunId(n), params, remarks: [] },
      start: {
        ...{ name: `trial ${n}`, command, directory: '.', host: 'bench', who: 'ada' },
        ...{ started: startedAt(n), commit: COMMIT, branch: 'main', dirty: true },
        source: 'logger-python',
      },
    },
    {
      ...{ type: 'own_run_ended', run: ownRunId(n) },
      end: {
        ...{ attempt: 1, status: 'finished', ended: startedAt(n + 1), seconds: 60 },
        ...{ exit_code: 0, signal: null, failure: null, killed_because: null },
        ...{ objective: 1 / n, tier: 'self_reported', metric_points: points, sample_rows: 0 },
      },
      details: {
        ...{ params, artifacts: [], remarks: [], logged: { findings: [], tags: [], group: null } },
        summary: KEYS.map((key, i) => ({ key, number: i / n, text: null })),
      },
    },
  ];
}
