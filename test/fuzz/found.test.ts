import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPatch } from '../../orchestrator/domain/patch.ts';
import { currentLiteral } from '../../orchestrator/knobs/knobs.ts';
import { formatProblem, readPlan } from '../../orchestrator/plan/file.ts';
import { readLine } from '../../workers/formats.ts';
import { parseLiteral } from '../../workers/literal.ts';
import { followScriptMetrics } from '../../workers/script-metrics.ts';

/** What the fuzzers found once. */

const problemsOf = (text: string): string[] => {
  const reading = readPlan(text);
  return 'problems' in reading ? reading.problems.map(formatProblem) : [];
};

describe('a plan', () => {
  test('of balanced brackets, thousands deep, is refused and does not end the process', () => {
    const text = `project: ${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(problemsOf(text)).toEqual([
      'research_plan.yaml:1:1: expected a few levels of nesting, found too many to read',
    ]);
    for (const shape of ['- '.repeat(3000), '{a: '.repeat(3000), 'k: {}\n'.repeat(3)])
      expect(problemsOf(shape)).not.toEqual([]);
  });

  test('may be indented and bracketed as much as people do', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `${'  '.repeat(i)}k${i}:`).join('\n');
    expect(currentLiteral(`${lines} [[[1]]]`, 'c.yaml', { path: `${keysTo(30)}.0.0.0` })).toBe('1');
  });

  test('says right lines behind text that the YAML library skips', () => {
    const text = 'project: x\n\u0000\n  nonsense\n\n: a: b\n';
    for (const problem of problemsOf(text)) expect(problem).toMatch(/^research_plan\.yaml:[2-5]:/);
  });

  test('says its control characters as numbers, so that a message moves no cursor', () => {
    expect(problemsOf('\u001b[31m: 1\u0000\n').join()).not.toMatch(/\p{Cc}/u);
    expect(problemsOf('"a\\x1b": 1').join()).toContain('\\x1b');
  });

  test('with a key twice is told of the second one', () => {
    expect(problemsOf('project: a\nproject: b\n')).toContain(
      'research_plan.yaml:2:1: expected each key once, found another project',
    );
  });
});

const keysTo = (n: number): string => Array.from({ length: n }, (_, i) => `k${i}`).join('.');

describe('a file with a knob', () => {
  test('that nests too deep is refused, and does not end the process', () => {
    const text = `a: ${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(() => currentLiteral(text, 'c.json', { path: 'a.0' })).toThrow('levels of nesting');
  });

  test('that has a key twice is refused wherever the two stand', () => {
    expect(() => currentLiteral('a: 1\nb: {c: 1, c: 2}\n', 'c.yaml', { path: 'a' })).toThrow(
      'the key c is there twice',
    );
  });
});

describe('a patch', () => {
  test('of git’s that names /dev/null without a mode is refused: git would make a file of that name', () => {
    const hunk = '@@ -1 +0,0 @@\n-import a\n';
    const gone = `diff --git a/train.py b/train.py\n--- a/train.py\n+++ /dev/null\n${hunk}`;
    expect(readPatch(gone)).toMatchObject({
      line: 3,
      message: expect.stringContaining('"deleted file mode" line above, found +++ /dev/null'),
    });
    const said = gone.replace('\n---', '\ndeleted file mode 100644\n---');
    expect(readPatch(said)).toEqual({ files: ['train.py'], special: false });
    expect(readPatch(`--- a/train.py\n+++ /dev/null\n${hunk}`)).toMatchObject({
      files: ['train.py'],
    });
  });

  test('that breaks off is told of its last line, not of one behind it', () => {
    expect(readPatch('--- a/x\n+++ b/x')).toEqual({
      line: 2,
      message: 'expected hunks whose line counts are right, found another one',
    });
  });

  test('names a file whose name looks like another’s header', () => {
    const diff = 'diff --git a/x b/train.py b/x b/train.py\nold mode 100644\nnew mode 100755\n';
    expect(readPatch(diff)).toMatchObject({ files: ['x b/train.py'] });
  });

  test('names a file that is made empty, whatever the order of its header', () => {
    const diff = 'diff --git a/x.py b/x.py\nindex 0000000..e69de29\nnew file mode 100644\n';
    expect(readPatch(diff)).toMatchObject({ files: ['x.py'] });
  });

  test('names a file whose header is broken, for git gives it the mode of the next one', () => {
    const [broken, next] = ['diff --git a/x b/x\ndeleted file mod0644\n', 'diff --git a/y b/y\n'];
    const diff = `${broken}${next}old mode 100644\nnew mode 100755\n`;
    expect(readPatch(diff)).toMatchObject({ files: ['x', 'y'] });
  });

  test('is refused where it gives another mode to a file it does not name', () => {
    const diff = 'diff --git x.py x.py\nold mode 100644\nnew mode 100755\n--- a/y\n+++ b/y\n';
    expect(readPatch(diff)).toMatchObject({ line: 1 });
  });

  test('names files with tabs and quotes in their names as git writes them', () => {
    const diff = '--- "a/t\\tab \\"q\\".py"\n+++ "b/t\\tab \\"q\\".py"\n@@ -1 +1 @@\n-a\n+b\n';
    expect(readPatch(diff)).toMatchObject({ files: ['t\tab "q".py'] });
  });

  test.each(['"b/\\25py"', '"b/x\\000y.py"', '"b/\\x.py"', '"b/x.py', '"b/x.py" and more'])(
    'is refused where a name is quoted as git does not quote, for git reads another: +++ %s',
    (name) => {
      const diff = `--- a/x.py\n+++ ${name}\n@@ -1 +1 @@\n-a\n+b\n`;
      expect(readPatch(diff)).toMatchObject({ line: 2, message: expect.stringContaining(name) });
      const renamed = `diff --git a/x.py b/y.py\nrename from x.py\nrename to ${name}\n`;
      expect(readPatch(renamed)).toMatchObject({ line: 3, message: expect.stringContaining(name) });
    },
  );

  test('with a NUL byte is refused: a name would end there for git', () => {
    const diff = '--- a/x.py\n+++ b/x.py\0.txt\n@@ -1 +1 @@\n-a\n+b\n';
    expect(readPatch(diff)).toEqual({
      line: 2,
      message: 'expected a change of text, found a NUL byte',
    });
  });
});

describe('a line of output', () => {
  test('that names what every object has gives no text of a function', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
      expect(parseLiteral(`{'a': ${name}}`)).toBeUndefined();
  });

  test('with lists thousands deep in a configuration is left out, not thrown on', () => {
    const line = `config: {"lr": 1, "a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    expect(readLine(line)).toEqual({ kind: 'configuration', values: [['lr', 1]] });
  });

  test('with a name as long as the line does not keep it', () => {
    expect(readLine(`{"step": 1, "${'k'.repeat(50_000)}": 1, "loss": 2}`)).toMatchObject({
      values: [['loss', 2]],
    });
  });

  test('that is a bar in thousands has its step in ones', () => {
    const bar = 'Bar:  41%|███▌ | 45.3k/100k [00:01<00:00, 8.1kit/s, loss=0.12]';
    expect(readLine(bar)).toMatchObject({ step: 45_300, values: [['loss', 0.12]] });
  });

  test('that is a bar without a count has no step', () => {
    const bar = 'Bar:  41%|███▌ | 1.2.3/100 [00:01<00:00, 8.1it/s, loss=0.12]';
    expect(readLine(bar)).toMatchObject({ step: null, values: [['loss', 0.12]] });
  });
});

test('a time in metrics.jsonl that no date can hold is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'autolab-fuzz-'));
  const file = join(folder, 'metrics.jsonl');
  await writeFile(file, '{"loss": 1, "time": 1e300}\n{"loss": 1, "time": 1763700000}\n');
  const times: number[] = [];
  const script = followScriptMetrics(
    file,
    () => 5,
    (_, time) => times.push(time),
  );
  await script.poll();
  await rm(folder, { recursive: true });
  expect(times).toEqual([5, 1_763_700_000_000]);
});
