import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { figure, type Bench, type Options } from './bench.ts';
import { launch } from './support/launch.ts';
import { makeBenchLab } from './support/lab.ts';
import { journalOf } from './support/trainings.ts';

const call = promisify(execFile);

const FILES = {
  'train.sh': 'A=1\necho "loss: $A"\n',
  'research_plan.yaml': `project: bench
question: How long until it trains?
objective: { metric: loss, direction: minimize }
workspace: { editable: [train.sh] }
run: { command: sh train.sh, timeout: 60s, deterministic: true }
search_space: { A: { file: train.sh, match: 'A={value}', values: [1, 2] } }
budget: { experiments: 1, parallel: 1 }
`,
};

/** How long until AutoLab answers, and until it trains. */
export const start: Bench = {
  name: 'start',
  about: 'from the command to the first answer, and to the first training process',
  async run(options) {
    const { cli, repeats, say } = options;
    say('node -e 0 and autolab --help');
    const bare: number[] = [];
    const help: number[] = [];
    for (let i = 0; i < Math.max(5, repeats); i++) {
      bare.push(await timed(['-e', '0']));
      help.push(await timed([cli, '--help']));
    }
    const folder = mkdtempSync(join(tmpdir(), 'autolab-bench-'));
    try {
      say('launch with an empty cache');
      const first: number[] = [];
      for (let i = 0; i < 3; i++) first.push(await toTraining(options, join(folder, `cache-${i}`)));
      say('launch with the cache of the one before');
      const next: number[] = [];
      for (let i = 0; i < Math.max(5, repeats); i++)
        next.push(await toTraining(options, join(folder, 'cache-0')));
      return [
        figure('node -e 0', 'ms', bare),
        figure('autolab --help', 'ms', help, '≤ 200 ms'),
        figure('launch to the first training process', 's', next, '≤ 3 s'),
        figure('the very first launch, empty cache', 's', first),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function timed(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  await call(process.execPath, [...args]);
  return performance.now() - begin;
}

/** Seconds from `autolab launch` in a new lab until its first training process runs. */
async function toTraining({ cli }: Options, cache: string): Promise<number> {
  const lab = makeBenchLab(FILES, cache);
  try {
    const { began } = await launch(cli, lab);
    const first = (await journalOf(lab)).trainings[0];
    if (first === undefined) throw new Error('expected a training, found none');
    return (first.started - began) / 1000;
  } finally {
    lab.remove();
  }
}
