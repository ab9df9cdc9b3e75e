import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { planSchema, type Plan } from '../../orchestrator/domain/plan.ts';
import { invocation } from '../../workers/command.ts';
import { dataIdentity } from '../../workers/data.ts';
import { failureOf } from '../../workers/failure.ts';
import { createLineSplitter } from '../../workers/lines.ts';
import { openLog } from '../../workers/log.ts';
import { gpusFor, machineInWords, slotsFor, type Machine } from '../../workers/machine.ts';
import { argumentsIn, paramsOf } from '../../workers/params.ts';
import { writeSeed } from '../../workers/seed.ts';
import { leftIn } from '../../workers/setup.ts';
import { put } from './support/lab.ts';

const planWith = (parts: Record<string, unknown> = {}): Plan =>
  planSchema.parse({
    project: 'p',
    question: 'q',
    objective: { metric: 'loss', direction: 'minimize' },
    workspace: { editable: ['train.py'] },
    run: { command: 'python train.py' },
    ...parts,
  });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'autolab-parts-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a command is split as a shell would, and the seed goes where the plan says', () => {
  const { run } = planWith({ run: { command: 'x', seed: { arg: '--seed' } } });
  expect(invocation(run, `python "my train.py" --name='a b' c\\ d`, 7)).toMatchObject({
    argv: ['python', 'my train.py', '--name=a b', 'c d', '--seed', '7'],
  });
  expect(invocation({ ...run, shell: true }, 'a | b', 7)).toMatchObject({
    argv: ['/bin/sh', '-c', 'a | b --seed 7'],
  });
  expect(invocation(run, 'python "train.py', null)).toMatchObject({ class: 'invalid' });
});

test('params have one row a key: knob before argument before environment before printed', () => {
  expect(
    argumentsIn([
      'python',
      '-m',
      'lab.train',
      '--lr',
      '-0.1',
      '--fp16',
      '-n=3',
      'model.depth=4',
      '+x=a b',
      '--out',
      'dir',
    ]),
  ).toEqual([
    ['lr', '-0.1'],
    ['fp16', 'true'],
    ['n', '3'],
    ['model.depth', '4'],
    ['x', 'a b'],
    ['out', 'dir'],
  ]);
  const params = paramsOf({
    knobs: { lr: '0.1' },
    words: ['python', 'train.py', '--lr', '0.1', '--depth', '4'],
    env: { THREADS: '1', depth: '5' },
    printed: new Map<string, number | string | boolean>([
      ['lr', 0.1],
      ['bias', true],
      ['limit', Infinity],
      ['name', 'x'],
    ]),
  });
  expect(params.map(({ key, value, type, source }) => [key, value, type, source])).toEqual([
    ['lr', '0.1', 'number', 'knob'],
    ['depth', '4', 'number', 'argument'],
    ['THREADS', '1', 'number', 'environment'],
    ['bias', 'true', 'boolean', 'printed'],
    ['limit', 'Infinity', 'number', 'printed'],
    ['name', 'x', 'text', 'printed'],
  ]);
});

test('a hard-coded seed is replaced wherever its call stands, and nowhere else', () => {
  expect(writeSeed('torch.manual_seed(1337 )\nx = 1337', 'manual_seed({value})', 2)).toBe(
    'torch.manual_seed(2 )\nx = 1337',
  );
  expect(writeSeed('seed = 0x1F  # fixed', 'seed = {value}', 3)).toBe('seed = 3  # fixed');
  expect(writeSeed('seed = args.seed', 'seed = {value}', 3)).toBeNull();
});

test('lines end at newlines and carriage returns, across chunks and within characters', () => {
  const lines: string[] = [];
  const splitter = createLineSplitter(10, (line) => lines.push(line));
  for (const byte of Buffer.from('ä: 1\r\nb\rtoo long for this\nccc'))
    splitter.push(Buffer.of(byte));
  splitter.end();
  expect(lines).toEqual(['ä: 1', 'b', 'ccc']);
});

test('a log keeps head and tail byte by byte and says what lies between', async () => {
  const file = join(await folder(), 'run.log');
  const log = await openLog(file, 10, 6);
  for (let i = 0; i < 26; i++) await log.write(Buffer.from(String.fromCharCode(97 + i)));
  await log.close();
  expect(await readFile(file, 'utf8')).toBe(
    'abcdefghij\n[autolab: 10 bytes left out here]\nuvwxyz',
  );

  const whole = await openLog(file, 10, 6);
  await whole.write(Buffer.from('abcdefghijklmnop'));
  await whole.close();
  expect(await readFile(file, 'utf8')).toBe('abcdefghijklmnop');
});

test('a log keeps its end where a run has put something else in the place of it', async () => {
  const file = join(await folder(), 'run.log');
  const log = await openLog(file, 10, 6);
  await symlink('/nowhere', `${file}.tail-1`);
  await mkdir(`${file}.tail-2/in`, { recursive: true });
  await log.write(Buffer.from('abcdefghij'));
  for (const letter of 'klmnopqrstuvwxyz') await log.write(Buffer.from(letter));
  await log.close();
  expect(await readFile(file, 'utf8')).toMatch(/uvwxyz$/);
  expect(log.error).toBe(null);
});

test('a log is a plain file, whatever an earlier command of the run left in its place', async () => {
  const file = join(await folder(), 'evaluate-setup.log');
  execFileSync('mkfifo', [file]);
  const log = await openLog(file, 1 << 20, 6);
  const text = 'x'.repeat(100_000);
  await log.write(Buffer.from(text));
  await log.close();
  expect(await readFile(file, 'utf8')).toBe(text);
});

const ending = (parts: object) => ({
  started: 0,
  seconds: 1,
  exit_code: 1,
  signal: null,
  ended_by: 'itself' as const,
  passed: null,
  sandbox: 'none' as const,
  began: true,
  offline: false,
  error: null,
  left_behind: 0,
  peak_memory_mb: null,
  cpu_seconds: null,
  slept_seconds: 0,
  stalled_seconds: 0,
  stdout: '',
  stderr: '',
  log_error: null,
  argv: ['python'],
  timeout_seconds: 60,
  unmodified: false,
  ...parts,
});

test.each([
  ['out_of_memory', { stderr: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate' }],
  ['out_of_memory', { stderr: 'Traceback (most recent call last):\n  x\nMemoryError' }],
  ['out_of_memory', { exit_code: null, signal: 'SIGKILL' }],
  ['out_of_memory', { exit_code: 137 }],
  ['infrastructure', { stderr: 'OSError: [Errno 28] No space left on device' }],
  ['infrastructure', { stderr: 'requests.exceptions.ConnectionError: Connection reset by peer' }],
  ['infrastructure', { stderr: 'CUDA driver version is insufficient for CUDA runtime version' }],
  ['infrastructure', { exit_code: null, signal: 'SIGTERM' }],
  ['infrastructure', { stderr: "ModuleNotFoundError: No module named 'x'", unmodified: true }],
  ['idea', { stderr: "ModuleNotFoundError: No module named 'x'" }],
  ['idea', { exit_code: null, signal: 'SIGSEGV' }],
  ['idea', { stdout: 'something went wrong' }],
  ['timeout', { ended_by: 'timeout', exit_code: null }],
])('a run is %s when it ends with %o', (kind, parts) => {
  expect(failureOf(ending(parts))?.class).toBe(kind);
});

test('the traceback is the last one, in at most forty lines, without colours', () => {
  const frames = Array.from({ length: 100 }, (_, i) => `  File "${i}.py"`).join('\n');
  const stderr = `Traceback (most recent call last):\nold\nTraceback (most recent call last):\n${frames}\n\u001b[31mValueError: bad\u001b[0m\n`;
  const failure = failureOf(ending({ stderr }));
  expect(failure?.message).toBe('ended with exit code 1: ValueError: bad');
  expect(failure?.traceback?.split('\n')).toHaveLength(40);
  expect(failure?.traceback?.endsWith('ValueError: bad')).toBe(true);
});

const laptop: Machine = { cpu: 'c', cores: 8, memory_mb: 16_384, gpus: [] };
const box: Machine = {
  cpu: 'c',
  cores: 64,
  memory_mb: 512_000,
  gpus: [0, 1, 2, 3].map((index) => ({ index, name: 'H100', memory_mb: 80_000 })),
};

test('slots follow GPUs, or cores by threads, within memory', () => {
  expect(slotsFor(planWith({ budget: { parallel: 3 } }), laptop)).toBe(3);
  expect(slotsFor(planWith(), laptop)).toBe(2);
  expect(slotsFor(planWith({ run: { command: 'node train.mjs' } }), laptop)).toBe(8);
  const threads = { command: 'python train.py', env: { OMP_NUM_THREADS: '1' } };
  expect(slotsFor(planWith({ run: threads }), laptop)).toBe(8);
  const memory = [{ metric: 'peak_memory_mb', max: 6000 }];
  expect(slotsFor(planWith({ run: threads, constraints: memory }), laptop)).toBe(2);
  expect(slotsFor(planWith(), box)).toBe(4);
  expect(slotsFor(planWith({ compute: { gpus_per_run: 2 } }), box)).toBe(2);
});

test('slots get their own GPUs, share them where there are too few, none where none are wanted', () => {
  expect(gpusFor(1, planWith(), laptop)).toBeNull();
  expect(gpusFor(2, planWith({ compute: { gpus_per_run: 2 } }), box)).toEqual([2, 3]);
  expect(gpusFor(5, planWith(), box)).toEqual([0]);
  expect(gpusFor(1, planWith({ compute: { gpus_per_run: 0 } }), box)).toEqual([]);
  expect(machineInWords(box)).toContain('4 × H100');
});

test('the identity of data is its content, whatever the time and place', async () => {
  const [root, cache] = [await folder(), await folder()];
  await put(root, { 'data/a.txt': 'a', 'data/deep/b.txt': 'bb', 'data/__pycache__/x.pyc': 'x' });
  const first = await dataIdentity(root, 'data', cache);
  expect(first).toMatchObject({ path: 'data', files: 2, bytes: 3 });
  expect(await dataIdentity(root, 'data', cache)).toEqual(first);
  await writeFile(join(root, 'data/a.txt'), 'A');
  expect((await dataIdentity(root, 'data', cache)).sha256).not.toBe(first.sha256);
  await writeFile(join(root, 'data/a.txt'), 'a');
  expect(await dataIdentity(root, 'data', await folder())).toEqual(first);
  expect(await dataIdentity(root, 'missing', cache)).toMatchObject({ files: 0 });
});

test('what setup left is named by the highest folder without tracked files', async () => {
  const root = await folder();
  await put(root, {
    '.git': 'x',
    'src/a.py': '',
    'src/__pycache__/a.pyc': '',
    'src/built/x/y.o': '',
    'out/z': '',
    'data/linked/f': '',
    'data/made': '',
  });
  expect(leftIn(root, ['src/a.py'], ['data/linked/'])).toEqual(['data/made', 'out', 'src/built']);
});
