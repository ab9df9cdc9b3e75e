import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { figure, median, type Bench, type Figure, type Options } from './bench.ts';
import { launch } from './support/launch.ts';
import { makeBenchLab, type BenchLab } from './support/lab.ts';
import { journalOf, type Training } from './support/trainings.ts';

const call = promisify(execFile);
const POINTS = 1_000_000;
const AT_ONCE = 10;

/**
 * Writes POINTS numbers, one per line, 1000 lines at a time, to metrics.jsonl or standard output,
 * and says in milliseconds when it began and how long the writing took. With K above 0 it waits
 * until CROWD runs have come to the same point, so that they write side by side.
 */
const SCRIPT = `import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
const K = 0;
const { AUTOLAB_RUN_DIR: dir, AUTOLAB_RUN_ID: run, CROWD, GATE, POINTS, TO } = process.env;
if (K > 0 && Number(CROWD) > 1) {
  mkdirSync(GATE, { recursive: true });
  writeFileSync(GATE + '/' + run, '');
  while (readdirSync(GATE).length < Number(CROWD)) await new Promise((done) => setTimeout(done, 5));
}
const out = TO === 'file' ? openSync(dir + '/metrics.jsonl', 'a') : 1;
const put = (text) => {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(out, bytes, done);
};
const began = Date.now();
const start = performance.now();
let text = '';
for (let step = 1; step <= Number(POINTS); step++) {
  text += '{"step":' + step + ',"loss":' + (1 / step).toFixed(9) + '}\\n';
  if (step % 1000 === 0) {
    put(text);
    text = '';
  }
}
put(text);
const wrote = performance.now() - start;
if (TO === 'file') closeSync(out);
console.log('---\\nscore: ' + (100 + K) + '\\nbegan: ' + began + '\\nwrote: ' + wrote);
`;

interface Case {
  readonly what: string;
  readonly to: 'file' | 'stdout';
  readonly points: number;
  readonly crowd: number;
  readonly aim: string | null;
}

/** How fast numbers get from a script into the notebook, and what the script feels of it. */
export const points: Bench = {
  name: 'points',
  about: 'metric points per second from a script until they are recorded',
  async run(options) {
    const n = options.n ?? POINTS;
    const cases: readonly Case[] = [
      { what: 'metrics.jsonl, one run', to: 'file', points: n, crowd: 1, aim: '≥ 500 k' },
      { what: 'printed JSON lines, one run', to: 'stdout', points: n, crowd: 1, aim: null },
      {
        ...{ what: `metrics.jsonl, ${AT_ONCE} runs at once`, to: 'file', aim: null },
        ...{ points: Math.ceil(n / AT_ONCE), crowd: AT_ONCE },
      },
    ];
    const found: Figure[] = [];
    for (const one of cases) found.push(...(await measured(one, options)));
    return found;
  },
};

async function measured(one: Case, { cli, repeats, say }: Options): Promise<readonly Figure[]> {
  const lab = makeBenchLab(filesOf(one));
  try {
    const alone: number[] = [];
    for (let i = 0; i < Math.min(repeats, 5); i++) alone.push(await bare(lab, one));
    say(`${one.what}: ${one.points} points each`);
    const night = await launch(cli, lab);
    const { trainings } = await journalOf(lab);
    await allThere(cli, lab, one, trainings.length);
    const runs = trainings.filter(({ run }) => one.crowd === 1 || !run.startsWith('E-0000.'));
    return figuresOf(one, runs, alone, Math.max(...night.memory_mb));
  } finally {
    lab.remove();
  }
}

function figuresOf(
  { what, points: each, crowd, aim }: Case,
  runs: readonly Training[],
  alone: readonly number[],
  memory: number,
): readonly Figure[] {
  const said = (run: Training, key: string): number =>
    run.result.summary.find((value) => value.key === key)?.number ?? Number.NaN;
  const began = runs.map((run) => said(run, 'began'));
  const wrote = runs.map((run) => said(run, 'wrote'));
  const seconds =
    crowd === 1
      ? runs.map((run, i) => (run.recorded - (began[i] ?? Number.NaN)) / 1000)
      : [(Math.max(...runs.map((run) => run.recorded)) - Math.min(...began)) / 1000];
  const rates = seconds.map((taken) => (each * crowd) / taken);
  return [
    figure(what, 'points/s', rates, aim),
    figure(
      '  recorded after the script ended',
      'ms',
      runs.map((run) => run.recorded - run.ended),
    ),
    figure('  the script writes, alone', 'ms', alone),
    figure('  the script writes, under AutoLab', 'ms', wrote),
    figure('  slowed down', '×', [median(wrote) / median(alone)]),
    ...(Number.isFinite(memory) ? [figure('  memory of the launch', 'MB', [memory])] : []),
  ];
}

/** Milliseconds that the script takes to write, with nobody reading metrics.jsonl; as many at once. */
async function bare(lab: BenchLab, one: Case): Promise<number> {
  const folders = Array.from({ length: one.crowd }, (_, i) => join(lab.folder, `alone-${i}`));
  const times = await Promise.all(
    folders.map(async (folder) => {
      mkdirSync(folder, { recursive: true });
      const env = { ...lab.env, ...variables(one), AUTOLAB_RUN_DIR: folder };
      const options = { cwd: lab.root, env, maxBuffer: 1 << 30 };
      const { stdout } = await call(process.execPath, ['train.mjs'], options);
      return Number(/^wrote: (.+)$/m.exec(stdout.slice(-500))?.[1]);
    }),
  );
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  return median(times);
}

/** Throws where a point is missing: a rate of lost points is none. */
async function allThere(cli: string, lab: BenchLab, one: Case, runs: number): Promise<void> {
  const sql = `SELECT count(*)::INT AS n FROM metrics WHERE key = 'loss'`;
  const options = { cwd: lab.root, env: lab.env };
  const { stdout } = await call(process.execPath, [cli, 'query', sql, '--json'], options);
  const found = (JSON.parse(stdout) as readonly { n: number }[])[0]?.n;
  if (found !== one.points * runs)
    throw new Error(`expected ${one.points} points of each of ${runs} runs, found ${found}`);
}

const variables = ({ to, points: each, crowd }: Case): Readonly<Record<string, string>> => ({
  ...{ TO: to, POINTS: String(each), CROWD: String(crowd) },
});

function filesOf(one: Case): Readonly<Record<string, string>> {
  const env = { ...variables(one), GATE: '../gate' };
  const values = Array.from({ length: 60 }, (_, value) => value).join(', ');
  return {
    'train.mjs': SCRIPT,
    'research_plan.yaml': `project: bench
question: How fast do numbers arrive?
objective: { metric: score, direction: minimize }
workspace: { editable: [train.mjs] }
run: { command: node train.mjs, timeout: 300s, deterministic: true, env: ${JSON.stringify(env)} }
search_space: { K: { file: train.mjs, match: 'const K = {value};', values: [${values}] } }
budget: { experiments: ${one.crowd === 1 ? 4 : one.crowd}, parallel: ${one.crowd} }
`,
  };
}
