import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { readPatch, type PatchReading } from '../../orchestrator/domain/patch.ts';
import type { Repository } from '../../orchestrator/domain/ports.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { makeRepo, snapshot, type TestRepo } from '../support/repo.ts';
import { broken, EDGES, ODD } from './mutate.ts';
import { holds, holdsInTime } from './settings.ts';

const FILES = {
  'train.py': 'import a\nrate = 0.1\nprint(rate)\n',
  'src/model.py': 'a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n',
  'no end.txt': 'one\ntwo',
  'café.py': 'x = 1\n',
  'empty.py': '',
  'a b/b/x.py': 'y = 1\n',
  'windows.txt': 'one\r\ntwo\r\n',
  'tool.sh': 'echo\n',
};

const PATCHES = [
  `diff --git a/train.py b/train.py
index 1111111..2222222 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,3 @@
 import a
-rate = 0.1
+rate = 0.2
 print(rate)
`,
  `--- a/src/model.py\t2026-01-01 00:00:00
+++ b/src/model.py\t2026-01-01 00:00:01
@@ -1,2 +1,3 @@
 a = 1
+aa = 1
 b = 2
@@ -4,2 +5,1 @@ def f
 d = 4
-e = 5
`,
  `diff --git a/new.py b/new.py
new file mode 100644
index 0000000..2222222
--- /dev/null
+++ b/new.py
@@ -0,0 +1,2 @@
+a
+b
`,
  `diff --git a/train.py b/train.py
deleted file mode 100644
--- a/train.py
+++ /dev/null
@@ -1,3 +0,0 @@
-import a
-rate = 0.1
-print(rate)
`,
  `diff --git a/made.py b/made.py
new file mode 100644
index 0000000..e69de29
diff --git a/empty.py b/empty.py
deleted file mode 100644
index e69de29..0000000
diff --git a/tool.sh b/tool.sh
old mode 100644
new mode 100755
`,
  `diff --git a/train.py b/moved/train.py
similarity index 80%
rename from train.py
rename to moved/train.py
--- a/train.py
+++ b/moved/train.py
@@ -1,3 +1,3 @@
 import a
-rate = 0.1
+rate = 0.2
 print(rate)
diff --git a/src/model.py b/copy.py
similarity index 100%
copy from src/model.py
copy to copy.py
`,
  `diff --git "a/caf\\303\\251.py" "b/caf\\303\\251.py"
--- "a/caf\\303\\251.py"
+++ "b/caf\\303\\251.py"
@@ -1 +1 @@
-x = 1
+x = 2
diff --git a/a b/b/x.py b/a b/b/x.py
old mode 100644
new mode 100755
--- a/a b/b/x.py
+++ b/a b/b/x.py
@@ -1 +1 @@
-y = 1
+y = 2
`,
  `--- a/no end.txt
+++ b/no end.txt
@@ -1,2 +1,2 @@
 one
-two
\\ No newline at end of file
+three
\\ No newline at end of file
`,
  `--- a/windows.txt\r
+++ b/windows.txt\r
@@ -1,2 +1,2 @@\r
 one\r
-two\r
+three\r
`,
  `diff --git a/link b/link
new file mode 120000
--- /dev/null
+++ b/link
@@ -0,0 +1 @@
+/etc/passwd
\\ No newline at end of file
`,
  `diff --git a/sub b/sub
new file mode 160000
index 0000000..1234567
--- /dev/null
+++ b/sub
@@ -0,0 +1 @@
+Subproject commit 1234567890123456789012345678901234567890
`,
];

const WORDS: readonly string[] = [
  ...ODD,
  ...EDGES.slice(0, 6),
  ...[
    '--- a/train.py',
    '+++ b/train.py',
    '--- /dev/null',
    '+++ /dev/null',
    '--- train.py',
    '+++ x/train.py',
  ],
  ...[
    '--- a/../outside',
    '+++ b/../../outside',
    '+++ b/.git/hooks/pre-commit',
    '+++ b/.GIT/config',
    '+++ /etc/x',
  ],
  ...[
    '+++ b/.gitattributes',
    '+++ b/src/.gitmodules',
    '+++ b/.git',
    '+++ b/src/../train.py',
    '+++ b//train.py',
  ],
  ...[
    'diff --git a/train.py b/train.py',
    'diff --git a/x b/y',
    'diff --git a/.git/x b/.git/x',
    'diff --git',
  ],
  ...[
    'new file mode 100644',
    'new file mode 120000',
    'new mode 160000',
    'old mode 100644',
    'new mode 100755',
  ],
  ...[
    'deleted file mode 100644',
    'new mode 999999',
    'new file mode 040000',
    'index 0000000..e69de29 120000',
  ],
  ...[
    'rename from train.py',
    'rename to x.py',
    'rename to ../x',
    'rename to .git/x',
    'copy from train.py',
  ],
  ...[
    'copy to tool.sh',
    'similarity index 100%',
    'dissimilarity index 9%',
    'rename to "q\\"uote.py"',
    'rename to "\\57etc"',
  ],
  ...[
    'GIT binary patch',
    'Binary files a/x and b/y differ',
    'literal 3\nKcmZQz',
    '@@ -1,3 +1,3 @@',
    '@@ -0,0 +1 @@',
  ],
  ...[
    '@@ -1 +1 @@',
    '@@ -1,999999999999 +1 @@',
    '@@',
    '@@ -1,0 +1,0 @@',
    '@@ -4294967295,1 +1 @@',
    '-- ',
    '-- \n2.40.0',
  ],
  ...[
    '\\ No newline at end of file',
    '"a/x\\',
    '"b/\\303\\251"',
    '"b/\\0"',
    '"b/x\\000y"',
    'b/x\0y',
    '"b/\\a\\b\\t"',
    '"b/train.py" junk',
    'a b/',
  ],
];

const brokenPatch = fc.oneof(
  broken(PATCHES, WORDS),
  fc
    .tuple(broken(PATCHES, WORDS, 3), broken(PATCHES, WORDS, 2))
    .map(([first, second]) => first + second),
);

function expectReading(diff: string): PatchReading {
  const reading = readPatch(diff);
  if ('files' in reading) {
    expect(reading.files.length).toBeGreaterThan(0);
    expect(new Set(reading.files).size).toBe(reading.files.length);
    for (const file of reading.files) expect(typeof file === 'string' && file !== '').toBe(true);
  } else {
    expect(reading.message).toMatch(/^expected .+, found .+$/s);
    expect(reading.line >= 1 && reading.line <= diff.split('\n').length, reading.message).toBe(
      true,
    );
  }
  return reading;
}

describe('a patch that was broken', () => {
  test('names its files, or a line with what was expected and found', () => {
    expect.hasAssertions();
    holds(0.9, brokenPatch, (diff) => void expectReading(diff));
  });

  test('is any text or bytes', () => {
    expect.hasAssertions();
    const words = fc.array(fc.constantFrom(...WORDS)).map((all) => all.join('\n'));
    const bytes = fc.uint8Array().map((all) => Buffer.from(all).toString('latin1'));
    holds(
      0.1,
      fc.oneof(words, bytes, fc.string({ unit: 'binary' })),
      (diff) => void expectReading(diff),
    );
  });

  test.each([
    ['a megabyte of one line', `--- a/${'x'.repeat(1 << 20)}`],
    ['a hundred thousand files', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n'.repeat(100_000)],
    ['a header that never ends', `diff --git ${'a/ b/'.repeat(20_000)}\nold mode 100644\n`],
    ['quotes that never end', `--- "a/${'\\'.repeat(100_000)}"\n+++ b/x`],
    [
      'a hunk that claims a billion lines',
      `--- a/x\n+++ b/x\n@@ -1,999999999 +1 @@\n${' \n'.repeat(100_000)}`,
    ],
  ])('is %s', (_, diff) => {
    expect(expectReading(diff)).toBeDefined();
  });
});

describe('a patch that was broken, given to git', () => {
  let repo: TestRepo;
  let repository: Repository;
  let parent = '';
  let before: Readonly<Record<string, string>> = {};
  let around = '';

  /** What lies beside the repository and in its .git, but objects and experiments' branches. */
  const surroundings = (): string =>
    JSON.stringify([
      readdirSync(repo.folder, { recursive: true })
        .map(String)
        .filter((path) => !/\.git\/(?:objects|refs\/heads\/autolab|logs)/.test(path))
        .toSorted(),
      ...['HEAD', 'index', 'config', 'refs/heads/main'].map((name) =>
        readFileSync(join(repo.root, '.git', name)).toString('base64'),
      ),
    ]);

  beforeAll(async () => {
    repo = makeRepo({ files: FILES });
    repository = await openRepository(repo.root, repo.env);
    parent = (await repository.resolveBase(undefined)).commit;
    before = snapshot(repo);
    around = surroundings();
  });
  afterAll(() => repo.remove());

  let experiments = 0;
  const commit = async (diff: string): Promise<string | null> => {
    experiments += 1;
    try {
      return await repository.commit({
        ...{ branch: `autolab/E-${experiments}`, parent, message: 'a patch' },
        change: { kind: 'patch', diff },
      });
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      expect(['conflict', 'refused'], error.message).toContain(error.code);
      expect(error.message.length).toBeGreaterThan(10);
      return null;
    }
  };

  const expectContained = async (diff: string): Promise<boolean> => {
    const reading = expectReading(diff);
    const made = await commit(diff);
    expect(surroundings()).toBe(around);
    if (made === null || !('files' in reading)) return made !== null;
    const changed = await repository.changedPaths(parent, made);
    expect(reading.files, `git changed ${changed.join(', ')}`).toEqual(
      expect.arrayContaining([...changed]),
    );
    return true;
  };

  test('is committed as it was meant where nothing was broken', async () => {
    const made: boolean[] = [];
    for (const diff of PATCHES) made.push(await expectContained(diff));
    expect(made).toEqual([true, true, true, true, true, true, true, true, true, false, false]);
  });

  test('changes only the files it names, or is refused, and touches nothing else', async () => {
    expect.hasAssertions();
    await holdsInTime(0.05, brokenPatch, async (diff) => void (await expectContained(diff)));
    expect(snapshot(repo)).toEqual(before);
  });
});
