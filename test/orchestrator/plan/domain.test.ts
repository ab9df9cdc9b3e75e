import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quoteArgument, splitCommand, wordsOf } from '../../../orchestrator/domain/command.ts';
import { fromTop, isEditable, matchesGlob } from '../../../orchestrator/domain/editable.ts';
import { readPatch } from '../../../orchestrator/domain/patch.ts';

const lab = (editable: string[], directory = '.') => ({ workspace: { directory, editable } });

describe('what may be edited', () => {
  test.each<[glob: string, path: string, matches: boolean]>([
    ['train.py', 'train.py', true],
    ['train.py', 'src/train.py', false],
    ['train.py', 'train.pyc', false],
    ['./src//a.py', 'src/a.py', true],
    ['src', 'src/deep/a.py', true],
    ['src/', 'src/a.py', true],
    ['src', 'srcs/a.py', false],
    ['.', 'any/thing', true],
    ['*.py', 'a.py', true],
    ['*.py', 'src/a.py', false],
    ['*', '.env', false],
    ['.*', '.env', true],
    ['**/*.py', 'a.py', true],
    ['**/*.py', 'x/y/a.py', true],
    ['**', '.github/workflows/ci.yml', false],
    ['src/**', 'src/x/y.py', true],
    ['src/**', 'src', false],
    ['src/**/b.py', 'src/b.py', true],
    ['c?t.{py,yaml}', 'cat.yaml', true],
    ['c?t.{py,yaml}', 'c/t.yaml', false],
    ['a+(b).py', 'a+(b).py', true],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (glob, path, matches) => {
    expect(matchesGlob(glob, path)).toBe(matches);
  });

  test('is said relative to the directory, and never is the plan or the scores', () => {
    expect(isEditable(lab(['train.py'], 'examples/x'), 'examples/x/train.py')).toBe(true);
    expect(isEditable(lab(['train.py'], './examples/x/'), 'train.py')).toBe(false);
    expect(isEditable(lab(['**', 'research_plan.yaml']), 'research_plan.yaml')).toBe(false);
    expect(isEditable(lab(['**']), 'experiments/scores.json')).toBe(false);
    expect(isEditable(lab(['**'], 'a'), 'a/research_plan.yaml')).toBe(true);
    expect(fromTop(lab([], 'a/./b'), './c')).toBe('a/b/c');
  });
});

describe('a command', () => {
  test.each([
    'node train.mjs --lr=3 model.depth=2',
    `a 'b c' "d \\"e\\" \\n" f\\ g h'i'"j"`,
    `x ''  "" `,
    `'it'\\''s' \\\\`,
  ])('%s is split as a shell does', (command) => {
    const shell = execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
    expect(splitCommand(command)).toEqual(shell.split('\n').slice(0, -1));
  });

  test('expands nothing, and knows where its words stand', () => {
    expect(splitCommand('echo $HOME *')).toEqual(['echo', '$HOME', '*']);
    const [, second] = wordsOf('a  "b c"|d');
    expect(second).toEqual({ value: 'b c|d', start: 3, end: 10 });
    expect(wordsOf('a  "b c"|d', true).map(({ value }) => value)).toEqual(['a', 'b c', 'd']);
    expect(() => splitCommand('a "b')).toThrow('expected a closing " in the command, found a "b');
  });

  test.each(['a', 'a b', "it's", '', '$HOME', 'a\nb', '--x=1', '\\'])(
    '%j is one quoted word',
    (word) => {
      expect(splitCommand(quoteArgument(word))).toEqual([word]);
    },
  );
});

describe('a patch', () => {
  test('names every file it changes, makes, deletes or renames', () => {
    const patch = `diff --git a/x.py b/x.py
index 1..2 100644
--- a/x.py
+++ b/x.py
@@ -1 +1 @@
--- old
+++ new
@@ -5,0 +6,2 @@ def f():
+a
+b
diff --git a/old name.py b/new name.py
similarity index 100%
rename from old name.py
rename to new name.py
diff --git a/empty.py b/empty.py
new file mode 100644
index 0000000..e69de29
--- "a/caf\\303\\251.py"\t2026-01-01
+++ /dev/null
@@ -1 +0,0 @@
-x
\\ No newline at end of file
`;
    expect(readPatch(patch)).toEqual({
      files: ['x.py', 'old name.py', 'new name.py', 'empty.py', 'café.py'],
      special: false,
    });
    expect(readPatch(patch.replaceAll('\n', '\r\n'))).toEqual(readPatch(patch));
  });

  test.each([
    ['@@ -1 +1 @@\n-a\n+b\n', 1, 'expected --- and +++ headers above, found a hunk'],
    ['--- a/x\n+++ b/x\n', 3, 'expected hunks whose line counts are right, found another one'],
    [
      'diff --git a/x b/x\nGIT binary patch\n',
      2,
      'expected a change of text, found one of a binary file',
    ],
  ])('%j is none', (text, line, message) => {
    expect(readPatch(text)).toEqual({ line, message });
  });
});
