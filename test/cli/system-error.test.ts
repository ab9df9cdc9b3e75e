import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, symlinkSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNotebook, type OpenNotebook } from '../../notebook/writer.ts';
import { systemTrouble } from '../../orchestrator/domain/system-error.ts';
import { systemClock } from '../../orchestrator/lab/clock.ts';
import { aNight } from '../support/events.ts';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';

/** What the system refuses is told in words: which file, why, and what to do. */

const lab = makeLab();
const dir = join(lab.root, 'data/notebook');
const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;
const call = promisify(execFile);
let notebook: OpenNotebook;

beforeAll(async () => {
  notebook = await openNotebook({ dir, clock: systemClock() });
  await notebook.append(aNight());
});
afterAll(async () => {
  await notebook.close();
  lab.remove();
});

const thrownBy = async (act: () => unknown): Promise<unknown> => {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
};

const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

test.runIf(mayMount)(
  'a notebook on a read-only file system is told of in words, not by a stack, and stop names other ways',
  async () => {
    const readOnly = [
      'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
      ...[dir, process.execPath, MAIN],
    ];
    const there = async (...args: string[]) => {
      const shut = ['-rm', 'sh', '-c', ...readOnly, ...args];
      const failed = await thrownBy(() =>
        call('unshare', shut, { cwd: lab.root, env: lab.environment }),
      );
      return failed as { code: number; stdout: string; stderr: string };
    };
    const noted = await there('note', 'hello');
    expect(noted).toMatchObject({ code: 1, stdout: '' });
    expect(noted.stderr).toMatch(
      /^autolab: expected to open .*\/inbox\/.*, found that its file system is read-only \(EROFS\)\. .*\n$/,
    );
    const stopped = await there('stop', '--no-wait');
    expect(stopped).toMatchObject({ code: 1, stdout: '' });
    expect(stopped.stderr.trim().split('\n')).toHaveLength(1);
    expect(stopped.stderr).toContain(`Ctrl-C in its terminal, or kill ${process.pid}, also asks`);
    const { error } = JSON.parse((await there('note', 'hello', '--json')).stdout) as {
      error: Record<string, string>;
    };
    expect(error).toMatchObject({ code: 'failed', where: expect.stringContaining(dir) });
    expect(error['message']).toContain('read-only (EROFS)');
  },
);

test.runIf(process.platform === 'linux')(
  'a folder that takes no file is told of with the way out, in JSON too',
  async () => {
    // The kernel makes no file there, not for root either.
    const inbox = join(dir, 'inbox');
    renameSync(inbox, `${inbox}-away`);
    symlinkSync('/proc/self/fdinfo', inbox);
    try {
      const { code, stderr } = await autolab(lab, 'note', 'hello');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^autolab: expected to \S+ .*, found that .*\n$/);
      expect(await autolabJson(lab, 'note', 'hello')).toMatchObject({
        error: { code: 'failed', message: expect.stringContaining('found that') },
      });
    } finally {
      execFileSync('rm', [inbox]);
      renameSync(`${inbox}-away`, inbox);
    }
  },
);

test('what the system says is told as it says it, and what is no word of its own is left alone', async () => {
  const gone = await thrownBy(() => readFile('/no/such/file'));
  expect(systemTrouble(gone)).toMatchObject({
    ...{ code: 'failed', where: '/no/such/file' },
    message: expect.stringMatching(/^expected to open \/no\/such\/file, found that .* \(ENOENT\)/),
  });
  const program = await thrownBy(() => call('/no/such/program'));
  expect(systemTrouble(program)?.message).toContain('start /no/such/program, found that');
  if (process.platform === 'linux') {
    const full = openSync('/dev/full', 'w');
    const error = await thrownBy(() => writeSync(full, 'x'));
    closeSync(full);
    expect(systemTrouble(error)?.message).toContain('no space is left on the disk (ENOSPC)');
  }
  const named = (code: string) => Object.assign(new Error(code), { code, syscall: 'open' });
  for (const code of ['EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'EMFILE', 'ENFILE'])
    expect(systemTrouble(named(code))?.message).toMatch(`(${code}). `);
  expect(systemTrouble(named('ENOENT'))).toBeNull();
  expect(systemTrouble(await thrownBy(() => readFileSync('/')))).toBeNull();
  expect(systemTrouble(new TypeError('a bug of ours'))).toBeNull();
});
