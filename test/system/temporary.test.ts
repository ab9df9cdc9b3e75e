import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { temporaryFolder, temporaryFolderIfAny } from '../../system/temporary.ts';
import { chooseSandbox } from '../../workers/local.ts';
import { syntaxProblem } from '../../workers/syntax.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';
import { carryOut, createLab, script } from '../workers/support/lab.ts';

/** A night outlives folders for temporary files: that of a session, of a batch job, of a cleaner. */

const TOP = mkdtempSync(join(tmpdir(), 'autolab-test-temporary-'));
const BEFORE = process.env['TMPDIR'];
let folder: string;
beforeEach(() => {
  folder = join(TOP, 'of/a/session');
  onTestFinished(() => {
    if (BEFORE === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = BEFORE;
    rmSync(TOP, { recursive: true, force: true });
  });
});

/** As a cleaner does at any moment. */
function taken(): void {
  process.env['TMPDIR'] = folder;
  rmSync(TOP, { recursive: true, force: true });
}

test('a run goes on when the temporary folder is gone before it, shut in or not', async () => {
  const lab = await createLab({
    files: script(
      `import { mkdtempSync } from 'node:fs';`,
      `import { tmpdir } from 'node:os';`,
      `mkdtempSync(tmpdir() + '/mine-');`,
      `console.log('loss: 1');`,
    ),
    deps: { user: process.env },
  });
  const { sandbox } = await chooseSandbox({ ...lab.plan.sandbox, mode: 'auto' });
  for (const [i, mode] of (['off', 'auto'] as const).entries()) {
    taken();
    const plan = { ...lab.plan, sandbox: { ...lab.plan.sandbox, mode } };
    const result = await carryOut(lab, { plan, attempt: i + 1 });
    expect(result).toMatchObject({ failure: null, status: 'finished', objective: 1 });
    if (mode === 'auto') expect(result.sandbox).toBe(sandbox?.kind ?? null);
    expect(existsSync(folder)).toBe(true);
  }
});

test('git makes a commit, and parsers read a patch, when the temporary folder is gone', async () => {
  const lab = await createLab({ files: script(`console.log('loss: 1');`) });
  taken();
  expect(await lab.change({ 'train.mjs': 'console.log(2);\n' })).toMatch(/^[0-9a-f]{40}$/);
  taken();
  const tools = { python: 'python3', node: process.execPath, path: process.env['PATH'] ?? '' };
  expect(await syntaxProblem('a.mjs', 'const b = ;\n', tools)).toContain('SyntaxError');
});

test('a temporary folder that cannot be made is named, with what to do', async () => {
  taken();
  writeFileSync(TOP, 'in the way');
  let thrown: unknown;
  try {
    temporaryFolder();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(LabError);
  expect(thrown).toMatchObject({ code: 'failed', where: folder });
  expect((thrown as Error).message).toMatch(/expected a folder .*, found none at .*TMPDIR/);
  expect(temporaryFolderIfAny()).toBe(folder);
});

test('check and launch say so in words where there can be no temporary folder, and queries need none', async () => {
  const lab = makeLab();
  onTestFinished(() => lab.remove());
  writeFileSync(join(lab.folder, 'file'), 'in the way');
  const TMPDIR = join(lab.folder, 'file/tmp');
  const odd = { ...lab, environment: { ...lab.environment, TMPDIR } };
  const launched = await autolab(odd, 'launch');
  expect(launched).toMatchObject({ code: 1, stdout: '' });
  expect(launched.stderr.trim().split('\n')).toHaveLength(1);
  expect(launched.stderr).toContain(`found none at ${TMPDIR}`);
  const { ok, probes } = await autolabJson<{ ok: boolean; probes: { text: string }[] }>(
    ...[odd, 'check'],
  );
  expect(ok).toBe(false);
  expect(probes.some(({ text }) => text.includes(`found none at ${TMPDIR}`))).toBe(true);
  expect(await autolabJson(odd, 'query', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test.runIf(existsSync('/proc/self'))(
  'where the file system takes no new folder, that is said, and nothing hangs',
  () => {
    process.env['TMPDIR'] = '/proc/of/a/session';
    expect(temporaryFolder).toThrow('set TMPDIR to one that is there');
  },
);
