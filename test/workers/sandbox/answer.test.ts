import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf, processTable, variableIn } from '../../../workers/processes.ts';
import { answerOf } from '../../../workers/sandbox/answer.ts';
import { appears } from '../support/harness.ts';
import { choice, confinementIn, counted, program, settings, starts, temporary } from './asked.ts';

/** Programs are asked undisturbed, and what somebody ended has said nothing. */

describe('an answer', () => {
  const env = { PATH: '/usr/bin:/bin' };

  test('is not to be had of what a signal ended, nor of what a shell says a signal ended', async () => {
    const where = { env, cwd: '/', patience_ms: 60_000 };
    for (const end of ['kill -INT $$', 'kill -KILL $$', '(kill -INT 0); exit 130'])
      expect(await answerOf(['/bin/sh', '-c', `echo 3.11; ${end}`], where)).toBeNull();
    const python = 'echo Traceback >&2; echo KeyboardInterrupt >&2; exit 1';
    expect(await answerOf(['/bin/sh', '-c', python], where)).toBeNull();
    expect(await answerOf(['/bin/sh', '-c', 'echo why >&2; exit 3'], where)).toEqual({
      ...{ code: 3, stdout: '', stderr: 'why\n' },
    });
    expect(await answerOf(['/nowhere/python3'], where)).toMatchObject({ code: null });
  });

  test('is asked for once more where a signal ended the first try', async () => {
    const folder = temporary();
    const code = `[ -e tried ] || { touch tried; kill -KILL $$; }; echo 3.11`;
    const said = await answerOf(['/bin/sh', '-c', code], { env, cwd: folder, patience_ms: 60_000 });
    expect(said).toMatchObject({ code: 0, stdout: '3.11\n' });
  });

  test('that does not come ends with all that was started for it', async () => {
    const folder = temporary();
    const mark = { ...env, ASKED: folder };
    const code = `(trap '' TERM INT; sleep 600) & trap '' TERM INT; sleep 600; wait`;
    const where = { env: mark, cwd: folder, patience_ms: 500 };
    expect(await answerOf(['/bin/sh', '-c', code], where)).toBeNull();
    while ((await marked(folder)).length > 0) await new Promise(setImmediate);
  });

  test('counts that came before its program ended, whoever keeps the output open', async () => {
    const where = { env, cwd: '/', patience_ms: 5000 };
    const said = await answerOf(['/bin/sh', '-c', 'sleep 600 & echo 3.11'], where);
    expect(said).toMatchObject({ code: 0, stdout: '3.11\n' });
  });
});

async function marked(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid, zombie } of await processTable())
    if (!zombie && variableIn(await environmentOf(pid), 'ASKED') === folder) found.push(pid);
  return found;
}

/** A process that leads a group and goes on at Ctrl-C, as a launch does; says what `code` makes. */
function launched(code: string, done: string) {
  const dist = new URL('../../../dist/workers/', import.meta.url).pathname;
  const text = `process.on('SIGINT', () => {});
    const from = (name) => import(${JSON.stringify(dist)} + name);
    ${code}
    (await import('node:fs')).writeFileSync(${JSON.stringify(done)}, JSON.stringify(said));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    ...{ detached: true, stdio: ['ignore', 'ignore', 'inherit'] },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  return {
    interrupt: () => process.kill(-(child.pid ?? 0), 'SIGINT'),
    said: async (): Promise<unknown> => {
      await ended;
      return JSON.parse(readFileSync(done, 'utf8'));
    },
  };
}

/** A script that waits, each time that it is started, for a file of that number. */
const waiting = (folder: string, answer: string): readonly string[] => [
  `${counted(folder)}; n=$(wc -l < ${folder}/starts); touch ${folder}/began-$n`,
  `until [ -e ${folder}/go-$n ]; do sleep 0.02; done`,
  `touch ${folder}/answered-$n; printf '%s\\n' ${answer}`,
];

describe('a Ctrl-C on the terminal', () => {
  test('reaches no Python that is asked where it is installed', async () => {
    const folder = temporary();
    program(join(folder, 'bin/python3'), ...waiting(folder, `${folder}/elsewhere`));
    mkdirSync(join(folder, 'elsewhere'));
    const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder };
    const launch = launched(
      `const { prefixesOf } = await from('sandbox/prefixes.js');
       const order = { words: ['python3'], env: ${JSON.stringify(env)}, cwd: '/' };
       const said = await prefixesOf({ ...order, isTrusted: (path) => path !== ${JSON.stringify(folder)} });`,
      join(folder, 'said'),
    );
    await appears(join(folder, 'began-1'));
    launch.interrupt();
    writeFileSync(join(folder, 'go-1'), '');
    expect(await launch.said()).toContain(join(folder, 'elsewhere'));
    expect(starts(folder)).toBe(1);
  });

  test.skipIf(choice.sandbox === null)(
    'reaches no interpreter that is asked what it is, outside nor inside',
    async () => {
      const folder = temporary();
      program(join(folder, 'bin/python3'), ...waiting(folder, '3.99'));
      const confinement = confinementIn(folder, folder);
      const launch = launched(
        `const { chooseSandbox } = await from('sandbox/available.js');
         const { otherInside } = await from('sandbox/interpreter.js');
         const { sandbox } = await chooseSandbox(${JSON.stringify(settings)});
         const order = { words: ['python3'], sandbox, checkout: '/nowhere', own: [] };
         const confinement = ${JSON.stringify(confinement)};
         const said = await otherInside({ ...order, confinement, isTrusted: () => true });`,
        join(folder, 'said'),
      );
      for (const n of [1, 2]) {
        await appears(join(folder, `began-${n}`));
        launch.interrupt();
        writeFileSync(join(folder, `go-${n}`), '');
      }
      expect(await launch.said()).toBeNull();
      for (const n of [1, 2]) expect(existsSync(join(folder, `answered-${n}`))).toBe(true);
      expect(starts(folder)).toBe(2);
    },
  );
});
