import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { startOf } from '../../notebook/lock.ts';
import { readEnd } from '../../orchestrator/domain/own-run-files.ts';
import { readLogged } from '../../workers/logged.ts';
import { ownOutcome } from '../../workers/own-outcome.ts';
import { writeSamples } from '../../workers/samples.ts';
import {
  aLab,
  aNight,
  hasPython,
  json,
  linesOf,
  metricsIn,
  nowhere,
  ownFolder,
  ownRuns,
  runScript,
  startScript,
} from './support.ts';

const EVERYTHING = String.raw`
import argparse, dataclasses, decimal, enum, pathlib
import autolab

class Scalar:  # as of NumPy or PyTorch
    def __init__(self, value): self.value = value
    def item(self):
        if isinstance(self.value, list): raise ValueError("more than one")
        return self.value

class Broken:
    def __str__(self): raise RuntimeError("no text")

@dataclasses.dataclass
class Config:
    width: int = 64

round = []
round.append(round)
autolab.config({"lr": 3e-4, "model": {"depth": 6, "dims": [1, 2]}, "path": pathlib.Path("a/b")}, seed=1)
autolab.config(argparse.Namespace(warmup=float("inf")))
autolab.config(Config())
autolab.config(net=print, round=round)
autolab.log({"loss": 0.5, "val": {"acc": Scalar(0.25)}, "phase": "warmup"}, step=Scalar(3))
autolab.log({"nan": float("nan"), "up": float("inf"), "down": float("-inf"), "on": True,
             "huge": 10 ** 5000, "exact": decimal.Decimal("0.1"), "none": None}, step=4)
autolab.log({"many": Scalar([1, 2]), "broken": Broken(), 7: 1, "time": 3.0}, step=-1)
autolab.log({"step": 9, "loss": 0.25})
autolab.log(3)
for text in ('a "b" \'c\'\\', "line\nfeed\ttab\x00bell\x07", "🙂 ünï", "\ud800 half"):
    autolab.log({"wild " + text: 1})
    autolab.log_sample(text, text, text, {"q": [1, float("nan")]}, 7, {"acc": Scalar(1)})
    autolab.finding(text)
autolab.tag("ablation", "small")
autolab.group("sweep-1")
print(autolab.save_artifact("model", b"abc", step=10))
print(autolab.save_artifact("../model", b"abcd", step=20, kind="weights"))
pathlib.Path("out").mkdir()
pathlib.Path("out/m.pt").write_bytes(b"x")
print(autolab.save_artifact("model", "out/m.pt", step=30), autolab.save_artifact("out/m.pt"))
print(autolab.save_artifact("folder", pathlib.Path("out")), autolab.save_artifact("gone.pt"))
`;

const FULL = process.env['FULL'] !== undefined;

const WILD = ['a "b" \'c\'\\', 'line\nfeed\ttab\u0000bell\u0007', '🙂 ünï', '\ud800 half'];

describe.skipIf(!hasPython)('the Python logger', () => {
  it('writes what it is given into the folder of a run of the night, so that it is read again', async () => {
    const place = aNight();
    const folder = place.run ?? '';
    const { status, out, err } = runScript(place, 'train.py', EVERYTHING);
    expect(out.split('\n').slice(0, 4)).toEqual([
      ...['model:v1', '../model:v1', 'model:v2 m.pt:v1', 'folder:v1 None'],
    ]);
    expect(status).toBe(0);
    const warned = err.split('\n').filter((line) => line !== '');
    expect(warned.every((line) => line.startsWith('autolab: '))).toBe(true);
    expect(err).toContain('net is a builtin_function_or_method');
    expect(err).toContain('expected a dict for log, found a int');
    expect(err).toContain('gone.pt could not be kept');

    const time = expect.any(Number) as number;
    const metrics = await metricsIn(folder);
    expect(metrics.slice(0, 4)).toEqual([
      { step: 3, time, loss: 0.5, 'val/acc': 0.25 },
      {
        ...{ step: 4, time, nan: Number.NaN, up: Infinity, down: -Infinity, on: 1 },
        ...{ huge: Infinity, exact: 0.1 },
      },
      { time, 7: 1, 'metric/time': 3 },
      { time, step: 9, loss: 0.25 },
    ]);
    expect(metrics.slice(4)).toEqual(WILD.map((text) => ({ time, [`wild ${text}`]: 1 })));

    const found = await readLogged(folder);
    expect(Object.fromEntries(found.config)).toMatchObject({
      ...{ lr: 3e-4, 'model/depth': 6, 'model/dims': '[1,2]', path: 'a/b', seed: 1 },
      ...{ warmup: 'Infinity', width: 64, net: '<built-in function print>' },
    });
    expect(Object.fromEntries(found.texts)).toEqual({
      phase: 'warmup',
      many: expect.stringContaining('Scalar object') as string,
      broken: 'a Broken that cannot be shown',
    });
    expect(found.logged).toEqual({
      findings: WILD,
      tags: ['ablation', 'small'],
      group: 'sweep-1',
    });
    expect(
      found.artifacts.map(({ sha256, ...rest }) => ({ ...rest, sha256: sha256?.slice(0, 4) })),
    ).toEqual([
      artifact('model', 1, 'checkpoint', 10, 'model/v1/model', 3, 'ba78'),
      artifact('../model', 1, 'weights', 20, '_model/v1/_model', 4, '88d4'),
      artifact('model', 2, 'checkpoint', 30, 'model/v2/m.pt', 1, '2d71'),
      artifact('m.pt', 1, 'file', null, 'm.pt/v1/m.pt', 1, '2d71'),
      artifact('folder', 1, 'file', null, 'folder/v1/out', 1, undefined),
    ]);
    expect(readFileSync(join(folder, 'artifacts/folder/v1/out/m.pt'), 'utf8')).toBe('x');
    expect(found.remarks.length).toBe(warned.length);

    const samples = linesOf(folder, 'samples.jsonl');
    expect(samples).toEqual(
      WILD.map((text) => ({
        ...{ task: text, id: text, input: text, prediction: '7', metrics: { acc: 1 } },
        target: '{"q": [1, "NaN"]}',
      })),
    );
    expect(await writeSamples(folder, 'E-0001.1')).toEqual({ rows: 4, remarks: [] });
  });

  it('opens a run of one’s own in a lab, and ends it with the process', async () => {
    const place = aLab();
    writeFileSync(join(place.dir, 'research_plan.yaml'), 'project: changed\n');
    mkdirSync(join(place.dir, 'data/notebook'), { recursive: true });
    writeFileSync(join(place.dir, 'data/notebook/own-runs'), '41\n');
    const { status, err } = runScript(
      place,
      'train it.py',
      'import autolab, time\nautolab.log({"loss": 1})\nprint("on")\n',
      ['--lr', '3'],
    );
    expect({ status, err }).toEqual({ status: 0, err: 'autolab: R-0042\n' });
    expect(ownRuns(place)).toEqual(['R-0042']);
    const folder = ownFolder(place, 'R-0042');
    const start = json(folder, 'start.json');
    const commit = execFileSync('git', ['-C', place.dir, 'rev-parse', 'HEAD'], {
      encoding: 'utf8',
    });
    expect(start).toMatchObject({
      ...{ version: 1, id: 'R-0042', name: 'train it.py', directory: '.', source: 'logger-python' },
      ...{ host: hostname(), who: userInfo().username, commit: commit.trim(), branch: 'main' },
      ...{ dirty: true, params: {}, pid: expect.any(Number) as number },
      ...{
        process_started: expect.stringMatching(/^\d+ ticks after boot [0-9a-f-]{8}$/) as string,
      },
    });
    expect((start['command'] as string[]).slice(-3)).toEqual(['train it.py', '--lr', '3']);
    expect(start['untracked']).toEqual(['train it.py']);
    expect(typeof (start['packages'] as Record<string, string>)).toBe('object');
    expect(readFileSync(join(folder, 'change.diff'), 'utf8')).toContain('+project: changed');
    const end = json(folder, 'end.json');
    expect(end).toMatchObject({
      version: 1,
      exit_code: 0,
      signal: null,
      error: null,
      traceback: null,
    });
    expect(Date.parse(end['ended'] as string)).toBeGreaterThanOrEqual(
      Date.parse(start['started'] as string),
    );
    const git = execFileSync('git', ['-C', place.dir, 'status', '--porcelain'], {
      encoding: 'utf8',
    });
    expect(git).not.toContain('experiments');
  });

  it('says of its process what AutoLab says of it, so that a killed run is known', async () => {
    const place = aLab();
    const child = startScript(
      place,
      'train.py',
      'import autolab, time\nfor i in range(10**9):\n    autolab.log({"i": i}, step=i)\n    print(i, flush=True)\n',
    );
    await new Promise((resolve) =>
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('100\n') && resolve(null)),
    );
    const folder = ownFolder(place, 'R-0001');
    const { pid, process_started } = json(folder, 'start.json');
    expect(pid).toBe(child.pid);
    expect(process_started).toBe(await startOf(child.pid ?? 0));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(() => json(folder, 'end.json')).toThrow('ENOENT');
    const steps = (await metricsIn(folder)).map((record) => (record as { step: number }).step);
    expect(steps.length).toBeGreaterThan(100);
    expect(steps).toEqual(steps.map((_, i) => i));
  });

  it('says how a run ended: well, by an exception, by an exit, by Ctrl-C', () => {
    const place = aLab();
    const all: readonly (readonly [string, number | null, string, object])[] = [
      [
        'raise ValueError("bad\\nluck")',
        1,
        'failed',
        { exit_code: 1, error: 'ValueError: bad\nluck' },
      ],
      ['try: sys.exit(3)\nexcept SystemExit: pass', 0, 'finished', { exit_code: 0 }],
      ['raise KeyboardInterrupt', null, 'killed', { exit_code: null, signal: 'SIGINT' }],
      ['leave(5)', 5, 'failed', { exit_code: 5, error: null }],
      ['sys.exit(3)', 3, 'failed', { exit_code: 3, error: null }],
      ['sys.exit("no data")', 1, 'failed', { exit_code: 1, error: null }],
      [
        'try: 1/0\nexcept ZeroDivisionError: sys.exit(2)',
        2,
        'failed',
        { exit_code: 2, error: null },
      ],
      ['raise SystemExit(4)', 4, 'finished', { exit_code: null, error: null }],
      ['exit(3)', 3, 'failed', { exit_code: 3, error: null }],
      ['quit()', 0, 'finished', { exit_code: 0, error: null }],
    ];
    const endings = FULL ? all : all.slice(0, 4);
    for (const [i, [code, status, , said]] of endings.entries()) {
      const head = 'import autolab, sys\nfrom sys import exit as leave\nautolab.tag("x")\n';
      const ran = runScript(place, 'train.py', `${head}${code}\n`);
      expect(ran.status).toBe(status);
      const folder = ownFolder(place, `R-${String(i + 1).padStart(4, '0')}`);
      expect(json(folder, 'end.json')).toMatchObject(said);
    }
    const outcomes = ownRuns(place).map(
      (id) => ownOutcome(readEnd(json(ownFolder(place, id), 'end.json')), null).status,
    );
    expect(outcomes).toEqual(endings.map(([, , outcome]) => outcome));
    const { traceback } = json(ownFolder(place, 'R-0001'), 'end.json');
    expect(traceback).toContain('line 4, in <module>');
    expect(traceback).toContain('ValueError: bad\nluck');
  });

  it('does nothing where there is no lab, and nothing where it is only imported', () => {
    const outside = nowhere();
    const all = 'print(autolab.save_artifact("m", b"x"))\n';
    const ran = runScript(outside, 'train.py', `import autolab\nautolab.log({"a": 1})\n${all}`);
    expect(ran).toEqual({ status: 0, out: 'None\n', err: '' });
    expect(ownRuns(outside)).toEqual([]);
    const lab = aLab();
    expect(runScript(lab, 'train.py', 'import autolab\n')).toEqual({ status: 0, out: '', err: '' });
    expect(ownRuns(lab)).toEqual([]);
  });

  it('gives processes that begin at once a run each', async () => {
    const place = aLab();
    const many = FULL ? 8 : 4;
    const numbers = Array.from({ length: many }, (_, i) => i);
    const children = Array.from({ length: many }, (_, i) =>
      startScript(place, `train${i}.py`, `import autolab\nautolab.log({"i": ${i}})\n`),
    );
    await Promise.all(children.map((child) => new Promise((done) => child.once('exit', done))));
    expect(ownRuns(place)).toEqual(numbers.map((i) => `R-000${i + 1}`));
    const values = ownRuns(place).map(
      (id) => linesOf(ownFolder(place, id), 'metrics.jsonl')[0]?.['i'],
    );
    expect((values as number[]).toSorted()).toEqual(numbers);
    for (const id of ownRuns(place))
      expect(json(ownFolder(place, id), 'end.json')['exit_code']).toBe(0);
  });

  it('lets forked children, workers and threads log into the run, which the parent alone ends', async () => {
    const place = aLab();
    const ran = runScript(
      place,
      'train.py',
      `
import multiprocessing, os, sys, threading
import autolab

def work(i):
    autolab.log({"worker": i})

if __name__ == "__main__":
    autolab.log({"parent": 1})
    for how in ("fork", "spawn"):
        some = multiprocessing.get_context(how).Process(target=work, args=(1,))
        some.start()
        some.join()
    threads = [threading.Thread(target=lambda i=i: [autolab.log({"thread": i}, step=n) for n in range(200)]) for i in range(4)]
    for thread in threads: thread.start()
    if os.fork() == 0:
        work(2)
        sys.exit(7)
    os.wait()
    for thread in threads: thread.join()
    print(os.path.exists("experiments/R-0001/end.json"))
    autolab.log({"parent": 2})
`,
    );
    expect(ran).toEqual({ status: 0, out: 'False\n', err: 'autolab: R-0001\n' });
    expect(ownRuns(place)).toEqual(['R-0001']);
    const folder = ownFolder(place, 'R-0001');
    const lines = linesOf(folder, 'metrics.jsonl');
    expect(lines.filter((line) => 'worker' in line).map((line) => line['worker'])).toEqual([
      1, 1, 2,
    ]);
    expect(lines.filter((line) => 'thread' in line)).toHaveLength(800);
    expect(lines.at(-1)).toMatchObject({ parent: 2 });
    expect(json(folder, 'end.json')['exit_code']).toBe(0);
  });

  it('gives workers whose parent has no run one each, with how they ended', () => {
    const place = aLab();
    const all = [
      ...[
        ['fork', 'end'],
        ['spawn', 'raise'],
        ['fork', 'exit'],
      ],
      ...[
        ['fork', 'raise'],
        ['spawn', 'end'],
        ['spawn', 'exit'],
      ],
    ];
    runScript(
      place,
      'train.py',
      `
import multiprocessing, sys
import autolab

def work(how):
    autolab.log({"a": 1})
    if how == "raise": raise ValueError("x")
    if how == "exit": sys.exit(7)

if __name__ == "__main__":
    for start, how in (${(FULL ? all : all.slice(0, 3)).map((pair) => `("${pair.join('", "')}")`).join(', ')}):
        some = multiprocessing.get_context(start).Process(target=work, args=(how,))
        some.start()
        some.join()
`,
    );
    const codes = ownRuns(place).map((id) => json(ownFolder(place, id), 'end.json')['exit_code']);
    expect(codes).toEqual([0, 1, 7, 1, 0, 7].slice(0, codes.length));
    expect(codes.length).toBe(FULL ? 6 : 3);
  });

  it('warns once where the disk is full, and leaves no line that is not whole', async () => {
    const place = aNight();
    const ran = runScript(
      place,
      'train.py',
      `
import resource
import autolab
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 1 << 20))
for i in range(9): autolab.log({"loss": 0.123456789}, step=i)
print(autolab.save_artifact("model", b"x" * 1000))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
autolab.log({"loss": 2}, step=99)
print("trained")
`,
    );
    expect({ ...ran, err: '' }).toEqual({ status: 0, out: 'None\ntrained\n', err: '' });
    expect(ran.err.match(/metrics\.jsonl cannot be written/g)).toHaveLength(1);
    expect(ran.err).toContain('model could not be kept');
    const steps = (await metricsIn(place.run ?? '')).map(
      (record) => (record as { step: number }).step,
    );
    expect(steps).toEqual([0, 99]);
  });

  it('lets a signal handler log in the middle of a line, and tears none', async () => {
    const place = aNight();
    const ran = runScript(
      place,
      'train.py',
      `
import os, signal
import autolab

write, pending = os.write, []

def interrupted(number, data):  # by a signal before, or after a write that was cut short
    when = pending.pop() if pending else None
    if when == "before": signal.raise_signal(signal.SIGUSR1)
    count = write(number, data[:9] if when == "short" else data)
    if when in ("short", "after"): signal.raise_signal(signal.SIGUSR1)
    return count

signal.signal(signal.SIGUSR1, lambda *_: autolab.log({"handler": 1}))
os.write = interrupted
for step, when in enumerate(("before", "short", "after", "before")):
    pending.append(when)
    autolab.log({"loss": 1}, step=step)
autolab.log({"loss": 2}, step=9)
print("trained")
`,
    );
    expect({ status: ran.status, out: ran.out }).toEqual({ status: 0, out: 'trained\n' });
    const found = (await metricsIn(place.run ?? '')) as readonly Record<string, unknown>[];
    const said = found.map((one) => one['step'] ?? 'handler');
    expect(said).toEqual(['handler', 0, 'handler', 2, 'handler', 'handler', 3, 9]);
  });

  it('keeps of a value with too many elements what it is, and all beside it', async () => {
    const place = aNight();
    const ran = runScript(
      place,
      'train.py',
      `
import autolab

class Array:  # as of NumPy
    shape, dtype, size = (500, 3, 224, 224), "float32", 75264000
    def __len__(self): return 500
    def tolist(self): raise SystemExit("all of it was listed")

class Number:
    shape, size = (), 1
    def tolist(self): return 7
    item = tolist

@autolab.log_run
def train(lr, data, nested, images, few, text):
    autolab.log_sample(None, 1, prediction=list(range(5000)))
autolab.config(lr=3e-4, data=list(range(3000000)), nested=[[0] * 600] * 3, images=Array(),
               few=[[1, 2], (3,)], text="x" * 5000000, numbers=[Number()] * 1000,
               labels={i: i for i in range(2000)}, all=b"x" * 2000)
train(1, [0] * 2000, None, None, None, None)
`,
    );
    expect(ran.status).toBe(0);
    expect(ran.err).toContain('data has too many elements');
    const [first = {}, second] = linesOf(place.run ?? '', 'logged.jsonl').filter(
      (line) => line['type'] === 'config',
    );
    const text = `${'x'.repeat(100_000)}… (5000000 characters)`;
    expect(first['values']).toEqual({
      ...{ lr: 3e-4, data: 'list of 3000000 elements', few: [[1, 2], [3]], text },
      nested: [Array.from({ length: 600 }, () => 0), ...Array(2).fill('list of 600 elements')],
      numbers: Array(1000).fill(7),
      images: 'Array of shape (500, 3, 224, 224), float32',
      ...{ labels: 'dict of 2000 elements', all: 'bytes of 2000 elements' },
    });
    expect(second).toMatchObject({ values: { lr: 1, data: 'list of 2000 elements' } });
    const { prediction } = linesOf(place.run ?? '', 'samples.jsonl')[0] ?? {};
    expect(JSON.parse(prediction as string)).toHaveLength(5000);
  });

  it('does not copy a folder into itself, nor count what is no number, nor guess what git did not say', () => {
    const place = aLab();
    mkdirSync(join(place.dir, 'experiments/R-99999999999999999999'), { recursive: true });
    mkdirSync(join(place.dir, 'data/notebook'), { recursive: true });
    writeFileSync(join(place.dir, 'data/notebook/own-runs'), '99999999999999999999\n');
    const code = `
import autolab, os
print(autolab.save_artifact("."), autolab.save_artifact("up", "experiments"))
os.symlink(".", "here")
print(autolab.save_artifact("here"), autolab.save_artifact("autolab.py"))
os.remove("here")
`;
    const ran = runScript(place, 'train.py', code);
    expect(ran).toMatchObject({ status: 0, out: 'None None\nNone autolab.py:v1\n' });
    expect(ran.err).toContain('up could not be kept: expected a file or folder beside');
    writeFileSync(join(place.dir, '.git/index'), 'broken');
    expect(runScript(place, 'train.py', code)).toMatchObject({ status: 0 });
    const [first = '', second = ''] = ownRuns(place).map((id) => ownFolder(place, id));
    expect(ownRuns(place).slice(0, 2)).toEqual(['R-0001', 'R-0002']);
    expect(json(first, 'start.json')['dirty']).toBe(true);
    expect(json(second, 'start.json')['dirty']).toBeNull();
    expect(existsSync(join(first, 'artifacts/up/v1'))).toBe(false);
  });

  it('keeps apart the runs of calls that threads and tasks make at once', () => {
    const place = aLab();
    const ran = runScript(
      place,
      'sweep.py',
      `
import asyncio, threading
import autolab

both, first_is_done = threading.Barrier(2), threading.Event()

@autolab.log_run
def train(name):
    autolab.log({"call": name}, step=0)
    both.wait(20)
    helper = threading.Thread(target=autolab.log, args=({"helper": name},))
    helper.start()
    helper.join()
    both.wait(20)
    if name == 2: first_is_done.wait(20)
    autolab.log({"call": name}, step=1)

@autolab.log_run
async def later(name):
    for step in range(2):
        autolab.log({"call": name}, step=step)
        await asyncio.sleep(0.01)
        inner(name)

@autolab.log_run
def inner(name):
    threading.Thread(target=autolab.tag, args=("helped",)).start()

@autolab.log_run
def alone():
    helper = threading.Thread(target=autolab.log, args=({"call": 5},))
    helper.start()
    helper.join()

@autolab.log_run
def stuck():
    autolab.log({"call": 6})
    both.wait(1)
    threading.Event().wait()

async def main(): await asyncio.gather(later(3), later(4))

threads = [threading.Thread(target=train, args=(name,)) for name in (1, 2)]
threads[0].start(); threads[1].start()
threads[0].join(); first_is_done.set(); threads[1].join()
asyncio.run(main())
alone()
threading.Thread(target=stuck, daemon=True).start()
try: both.wait(20)
except threading.BrokenBarrierError: pass
`,
    );
    expect(ran.status).toBe(0);
    expect(ran.err).toContain('several runs are open');
    const folders = ownRuns(place).map((id) => ownFolder(place, id));
    const calls = folders.map((folder) =>
      linesOf(folder, 'metrics.jsonl').map((line) => line['call']),
    );
    expect(calls.toSorted()).toEqual([[1, 1], [2, 2], [3, 3], [4, 4], [5], [6]]);
    const ends = folders.map((folder) => json(folder, 'end.json')['exit_code']);
    expect(ends).toEqual([0, 0, 0, 0, 0, null]);
  });

  it('makes a run of each call of a decorated function', async () => {
    const place = aLab();
    const ran = runScript(
      place,
      'sweep.py',
      `
import autolab

@autolab.log_run(name="sweep")
def train(lr, steps=3, *, runner):
    runner.log({"loss": lr}, step=steps)
    if lr > 1: raise ValueError("diverged")
    open("m.pt", "w").write("x")
    return {"finding": "lr %s" % lr, "metrics": {"acc": float("nan")}, "artifacts": ["m.pt"]}

@autolab.log_run
def other():
    return 7

print(train(0.5)["finding"], other())
try: train(lr=2)
except ValueError as error: print(error)
`,
    );
    expect({ status: ran.status, out: ran.out }).toEqual({
      status: 0,
      out: 'lr 0.5 7\ndiverged\n',
    });
    expect(ownRuns(place)).toEqual(['R-0001', 'R-0002', 'R-0003']);
    const [first = '', second = '', third = ''] = ownRuns(place).map((id) => ownFolder(place, id));
    expect(json(first, 'start.json')['name']).toBe('sweep');
    expect(json(second, 'start.json')['name']).toBe('other');
    const found = await readLogged(first);
    expect(Object.fromEntries(found.config)).toEqual({ lr: 0.5, steps: 3 });
    expect(found.logged.findings).toEqual(['lr 0.5']);
    expect(Object.fromEntries(found.returned)).toEqual({ acc: Number.NaN });
    expect(found.artifacts[0]).toMatchObject({ as: 'm.pt', version: 1 });
    expect(linesOf(first, 'logged.jsonl').at(-1)).toMatchObject({ artifacts: ['m.pt:v1'] });
    expect(json(first, 'end.json')).toMatchObject({ exit_code: 0, error: null });
    expect(json(third, 'end.json')).toMatchObject({ exit_code: 1, error: 'ValueError: diverged' });
  });
});

const artifact = (
  as: string,
  version: number,
  kind: string,
  step: number | null,
  path: string,
  bytes: number,
  sha256: string | undefined,
) => ({ as, version, kind, step, path: `artifacts/${path}`, bytes, sha256 });
