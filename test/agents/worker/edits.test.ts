import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../agents/worker/edits.ts';

const TRAIN = 'const rate = 0.1;\nconst depth = 2;\n\nfunction step() {\n  return rate;\n}\n';
const FILES = new Map([
  ['lab/train.mjs', TRAIN],
  ['lab/model.py', 'x = 1\r\ny = 2\r\n'],
]);

const block = (path: string, search: string, replace: string): string =>
  `${path}\n<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE\n`;
const reply = (...blocks: string[]): string => `CHANGES:\n- one thing\n\n${blocks.join('\n')}`;

const made = (text: string): Record<string, string | null> => {
  const edited = applyEdits(FILES, text);
  if ('problems' in edited) throw new Error(edited.problems.join('\n'));
  return Object.fromEntries(edited.files);
};
const problems = (text: string): readonly string[] => {
  const edited = applyEdits(FILES, text);
  return 'problems' in edited ? edited.problems : [];
};

describe('search and replace', () => {
  test('replaces lines that stand there once, and keeps all else', () => {
    expect(made(reply(block('lab/train.mjs', '  return rate;', '  return rate * 2;')))).toEqual({
      'lab/train.mjs': TRAIN.replace('return rate;', 'return rate * 2;'),
    });
  });

  test('several blocks of a file build on each other, and one path does for both', () => {
    const first = block('lab/train.mjs', 'const rate = 0.1;', 'const rate = 0.2;');
    const second = block('', 'const rate = 0.2;\nconst depth = 2;', 'const depth = 3;');
    const { 'lab/train.mjs': text } = made(reply(first, second));
    expect(text?.startsWith('const depth = 3;\n')).toBe(true);
  });

  test('takes every change that is named, whatever is said between two', () => {
    const text = `CHANGES:\n- one thing\nand:\n- another thing\n\n${block('lab/train.mjs', 'const depth = 2;', 'const depth = 4;')}`;
    expect(applyEdits(FILES, text)).toMatchObject({
      account: { changes: ['one thing', 'another thing'] },
    });
  });

  test('knows a path in marks, within a fence, and what is said of the change', () => {
    const text = `Sure.\n\n## Changes\n* a schedule\n* a bound\n\n**\`lab/train.mjs\`**\n\`\`\`js\n${block('', 'const depth = 2;', 'const depth = 4;')}\`\`\`\n`;
    const edited = applyEdits(FILES, text);
    expect(edited).toMatchObject({ account: { changes: ['a schedule', 'a bound'] } });
  });

  test('keeps the line ends of a file', () => {
    expect(made(reply(block('lab/model.py', 'y = 2', 'y = 3\nz = 4')))).toEqual({
      'lab/model.py': 'x = 1\r\ny = 3\r\nz = 4\r\n',
    });
  });

  test('an empty search makes a new file, and never empties one that is there', () => {
    expect(made(reply(block('lab/new.py', '', 'a = 1')))).toEqual({ 'lab/new.py': 'a = 1\n' });
    expect(problems(reply(block('lab/model.py', '', 'a = 1')))).toEqual([
      'lab/model.py: expected lines to search for, as the file exists; found an empty SEARCH',
    ]);
  });

  test('says where the nearest line is when the lines stand nowhere', () => {
    expect(problems(reply(block('lab/train.mjs', '   return rate;', 'x')))).toEqual([
      'lab/train.mjs: expected "   return rate;", found "  return rate;" at line 5; repeat the lines exactly, blanks included',
    ]);
    expect(problems(reply(block('lab/train.mjs', 'import torch', 'x')))[0]).toContain(
      'found nothing like them',
    );
  });

  test('does not choose between several places', () => {
    const twice = new Map([['a.py', 'x = 1\ny = 2\nx = 1\n']]);
    const edited = applyEdits(twice, reply(block('a.py', 'x = 1', 'x = 2')));
    expect(edited).toEqual({
      problems: [
        'a.py: expected the lines from "x = 1" to stand there once, found them 2 times, at lines 1, 3; add lines around them',
      ],
    });
  });

  test('names the files that there are when a path is wrong', () => {
    expect(problems(reply(block('train.mjs', 'const depth = 2;', 'x')))).toEqual([
      'train.mjs: expected one of lab/train.mjs, lab/model.py; there is no such file',
    ]);
  });

  test.each([
    ['nothing', 'I would rather not.', 'found neither'],
    ['no account', block('lab/train.mjs', 'const depth = 2;', 'x'), 'expected CHANGES:'],
    ['half a block', reply('lab/train.mjs\n<<<<<<< SEARCH\na\n=======\nb'), 'found its end'],
    ['no path', reply(block('', 'const depth = 2;', 'x')), 'the file’s path above'],
    [
      'a block that never ends before the next',
      reply(
        'lab/train.mjs\n<<<<<<< SEARCH\nconst rate = 0.1;\n=======\nconst rate = 1;\n',
        block('lab/train.mjs', 'const depth = 2;', 'x'),
      ),
      'found another SEARCH at line 11',
    ],
    [
      'lines of the file that look like its marks',
      reply(block('lab/train.mjs', 'const depth = 2;', 'Title\n=======')),
      'expected one line ======= up to >>>>>>> REPLACE, found 2',
    ],
    [
      'no line between the two',
      reply('lab/train.mjs\n<<<<<<< SEARCH\nconst depth = 2;\n>>>>>>> REPLACE\n'),
      'found 0',
    ],
    [
      'blocks and a diff, of which one would be forgotten',
      reply(
        block('lab/train.mjs', 'const depth = 2;', 'const depth = 3;'),
        '--- a/lab/model.py\n+++ b/lab/model.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n',
      ),
      'a diff beside SEARCH blocks',
    ],
  ])('a reply with %s is a problem in words', (_, text, words) => {
    expect(problems(text).join('\n')).toContain(words);
  });

  test('one block that does not fit spoils them all', () => {
    const good = block('lab/train.mjs', 'const depth = 2;', 'const depth = 3;');
    expect(problems(reply(good, block('lab/train.mjs', 'no such line', 'x')))).toHaveLength(1);
  });
});

describe('a unified diff', () => {
  const diff = (...lines: string[]): string =>
    `CHANGES:\n- one\n\n\`\`\`diff\n${lines.join('\n')}\n\`\`\`\n`;
  const HEADER = ['--- a/lab/train.mjs', '+++ b/lab/train.mjs'];

  test('is applied by what it removes and keeps, also where its counts are wrong', () => {
    const { 'lab/train.mjs': text } = made(
      diff(
        ...HEADER,
        '@@ -9,1 +9,7 @@',
        ' const rate = 0.1;',
        '-const depth = 2;',
        '+const depth = 8;',
        '',
        ' function step() {',
      ),
    );
    expect(text).toBe(TRAIN.replace('depth = 2', 'depth = 8'));
  });

  test('makes and deletes files', () => {
    expect(made(diff('--- /dev/null', '+++ b/lab/new.py', '@@ -0,0 +1 @@', '+a = 1'))).toEqual({
      'lab/new.py': 'a = 1\n',
    });
    expect(
      made(diff('--- a/lab/model.py', '+++ /dev/null', '@@ -1,2 +0,0 @@', '-x = 1', '-y = 2')),
    ).toEqual({ 'lab/model.py': null });
  });

  test('its line number decides between places that are the same', () => {
    const twice = new Map([['a.py', 'x = 1\ny = 2\nx = 1\n']]);
    const text = diff('--- a/a.py', '+++ b/a.py', '@@ -3 +3 @@', '-x = 1', '+x = 5');
    expect(applyEdits(twice, text)).toMatchObject({
      files: new Map([['a.py', 'x = 1\ny = 2\nx = 5\n']]),
    });
  });

  test('has its hunks placed in the file as it was, whatever those above it put in', () => {
    const file = ['h', 'a', 'b', 'x = 1', 'y', 'c', 'x = 1', 'y', 'end', ''];
    const above = ['@@ -1,1 +1,4 @@', ' h', '+1', '+2', '+3'];
    const below = ['@@ -7,2 +10,2 @@', '-x = 1', '+x = 2', ' y'];
    const next = ['@@ -8,2 +11,3 @@', ' y', '+z', ' end'];
    const text = diff('--- a/a.py', '+++ b/a.py', ...above, ...below, ...next);
    const expected = [
      'h',
      '1',
      '2',
      '3',
      'a',
      'b',
      'x = 1',
      'y',
      'c',
      'x = 2',
      'y',
      'z',
      'end',
      '',
    ];
    expect(applyEdits(new Map([['a.py', file.join('\n')]]), text)).toMatchObject({
      files: new Map([['a.py', expected.join('\n')]]),
    });
  });

  test('does not change a line twice', () => {
    const again = ['@@ -2 +2 @@', '-const depth = 2;', '+const depth = 3;'];
    expect(problems(diff(...HEADER, ...again, ...again))).toEqual([
      'lab/train.mjs: expected hunks of different lines, found two that change line 2',
    ]);
  });

  test('that does not fit says what stands there', () => {
    expect(problems(diff(...HEADER, '@@ -1 +1 @@', '-const rate = 0.3;', '+x'))).toEqual([
      'lab/train.mjs: expected "const rate = 0.3;", found "const rate = 0.1;" at line 1; repeat the lines exactly, blanks included',
    ]);
  });
});
