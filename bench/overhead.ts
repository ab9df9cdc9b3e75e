import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { figure, median, sum, type Bench, type Figure } from './bench.ts';
import { launch, type Launched } from './support/launch.ts';
import { makeBenchLab, shellLab, type BenchLab } from './support/lab.ts';
import { journalOf, neighbours, type Journal } from './support/trainings.ts';

const call = promisify(execFile);
const SLOTS = 2;
const EXPERIMENTS = 200;
const FLOOR = 20;

/** What AutoLab adds to an experiment, beside what git and the script cost by themselves. */
export const overhead: Bench = {
  name: 'overhead',
  about: 'a script that prints one number and exits, 2 slots',
  async run({ n = EXPERIMENTS, cli, say }) {
    const lab = makeBenchLab(shellLab(n));
    try {
      say('the floor: git checkout, git commit and the script alone, as many at once');
      const before = await floor(lab, 'before');
      say(`a night of ${n} experiments`);
      const night = await launch(cli, lab);
      const after = await floor(lab, 'after');
      return figures(await journalOf(lab), night, [...before, ...after]);
    } finally {
      lab.remove();
    }
  },
};

interface Bare {
  readonly checkout: number;
  readonly commit: number;
  readonly script: number;
}

/** On each slot's own worktree in turn: check out, change, commit, run. Milliseconds. */
async function floor(lab: BenchLab, name: string): Promise<readonly Bare[]> {
  const lanes = Array.from({ length: SLOTS }, (_, slot) => join(lab.folder, `${name}-${slot}`));
  for (const lane of lanes) lab.git(['worktree', 'add', '--quiet', '--detach', lane, 'main']);
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const inLane = async (lane: string, slot: number): Promise<readonly Bare[]> => {
    const done: Bare[] = [];
    const run = async (file: string, args: readonly string[]): Promise<number> => {
      const begin = performance.now();
      await call(file, [...args], { cwd: lane, env: { ...lab.env, SEED: '1' } });
      return performance.now() - begin;
    };
    for (let i = 0; i < FLOOR; i++) {
      const branch = `${name}/${slot}-${i}`;
      const checkout = await run('git', ['checkout', '--quiet', '-B', branch, 'main']);
      await writeFile(join(lane, 'train.sh'), `K1=${i}\nSEED=1\necho "loss: $((1000+K1))"\n`);
      const commit = await run('git', [...who, 'commit', '--quiet', '-am', `try ${i}`]);
      done.push({ checkout, commit, script: await run('sh', ['train.sh']) });
    }
    return done;
  };
  const found = (await Promise.all(lanes.map(inLane))).flat();
  for (const lane of lanes) lab.git(['worktree', 'remove', '--force', lane]);
  return found;
}

function figures(
  { events, trainings }: Journal,
  night: Launched,
  bare: readonly Bare[],
): readonly Figure[] {
  const pairs = neighbours(trainings);
  const gaps = pairs.map(([one, next]) => next.started - one.ended);
  const scripts = trainings.map((one) => one.ended - one.started);
  const bareAll = bare.map((one) => one.checkout + one.commit + one.script);
  const window =
    Math.max(...trainings.map((one) => one.ended)) - (trainings[0]?.started ?? Number.NaN);
  const share = (SLOTS * window) / trainings.length;
  const ours = median(gaps) + median(scripts);
  const span = (name: string): readonly number[] =>
    events.flatMap((event) =>
      event.type === 'span' && event.span.name === name ? [event.span.seconds * 1000] : [],
    );
  return [
    figure('latency: from one training on a slot to the next', 'ms', gaps),
    figure('  + the script itself', 'ms', scripts),
    figure('floor: checkout + commit + script, 2 at once', 'ms', bareAll),
    figure('latency over the floor', 'ms', [ours - median(bareAll)], '≤ 50 ms'),
    figure('throughput: slot time per run', 'ms', [share]),
    figure('throughput over the floor', 'ms', [share - median(bareAll)], '≤ 50 ms'),
    ...stages(pairs),
    figure('beside the slot: commit (prepare)', 'ms', span('prepare')),
    figure('beside the slot: report', 'ms', span('report')),
    figure('beside the slot: propose', 'ms', span('propose')),
    figure('beside the slot: plan', 'ms', span('plan')),
    figure(
      'floor: checkout',
      'ms',
      bare.map((one) => one.checkout),
    ),
    figure(
      'floor: commit',
      'ms',
      bare.map((one) => one.commit),
    ),
    figure(
      'floor: script',
      'ms',
      bare.map((one) => one.script),
    ),
    ...costs(night, trainings.length, sum(scripts)),
  ];
}

/** Where a slot's time goes between two trainings; the stages add up to the gap. */
function stages(pairs: ReturnType<typeof neighbours>): readonly Figure[] {
  const stage = (what: string, of: (pair: (typeof pairs)[number]) => number): Figure =>
    figure(
      `  ${what}`,
      'ms',
      pairs.map((pair) => of(pair)),
    );
  return [
    stage('drain: process gone, output read', ([one]) => one.drain),
    stage('parse: verify, measure, parquet', ([one]) => one.parse),
    stage(
      'record: seal, answer, take in',
      ([one]) => one.recorded - one.ended - one.drain - one.parse,
    ),
    stage('decide: until the next is decided', ([one, next]) => next.decided - one.recorded),
    stage('queue: until a worker has it', ([, next]) => next.picked - next.decided),
    stage('worktree: check-out and setup', ([, next]) => next.worktree),
    stage('spawn: guard, pipes, process', ([, next]) => next.spawn),
  ];
}

function costs(night: Launched, runs: number, scripts: number): readonly Figure[] {
  const found = [figure('whole launch', 's', [night.seconds])];
  if (night.cpu_seconds !== null)
    found.push(
      figure('CPU per run, git and script included', 'ms', [(night.cpu_seconds * 1000) / runs]),
    );
  const memory = night.memory_mb;
  const quarter = Math.ceil(memory.length / 4);
  if (quarter > 0) {
    found.push(figure('memory, first quarter', 'MB', [Math.max(...memory.slice(0, quarter))]));
    found.push(figure('memory, last quarter', 'MB', [Math.max(...memory.slice(-quarter))]));
  }
  return [
    ...found,
    figure('share of the slots that trained', '%', [scripts / 10 / night.seconds / SLOTS]),
  ];
}
