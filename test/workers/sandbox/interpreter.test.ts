import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reads, writes, type Confinement } from '../../../workers/sandbox/confinement.ts';
import { otherInside } from '../../../workers/sandbox/interpreter.ts';
import { carryOut, createLab } from '../support/lab.ts';
import { choice, confinementIn, counted, program, starts, temporary } from './asked.ts';

/** Interpreters are asked what they are no more often than it can change. */

async function ask(
  confinement: Confinement,
  own: readonly string[],
  word = 'python3',
): Promise<string | null> {
  if (choice.sandbox === null) throw new Error(choice.because);
  const order = { words: [word], sandbox: choice.sandbox, confinement, own };
  return otherInside({ ...order, checkout: '/nowhere', isTrusted: () => true });
}

describe.skipIf(choice.sandbox === null)('an interpreter', () => {
  test('that is ended by a signal inside is no other one, and is asked again', async () => {
    const folder = temporary();
    const inside = `[ ! -e ${folder}/deadly ] || [ -e /etc/shadow ] || kill -KILL $$`;
    program(join(folder, 'bin/python3'), counted(folder), inside, 'echo 3.99');
    const confinement = confinementIn(folder, folder);
    writeFileSync(join(folder, 'deadly'), '');
    expect(await ask(confinement, [])).toBeNull();
    const before = starts(folder);
    expect(before).toBeGreaterThan(2);
    rmSync(join(folder, 'deadly'));
    expect(await ask(confinement, [])).toBeNull();
    expect(starts(folder)).toBe(before + 2);
    expect(await ask(confinement, [])).toBeNull();
    expect(starts(folder)).toBe(before + 2);
  });

  test('is asked once for attempts in different folders', async () => {
    const folder = temporary();
    program(join(folder, 'bin/python3'), counted(folder), 'echo 3.99');
    const cache = temporary();
    for (const n of [1, 2]) {
      const [cwd, place] = [join(cache, `slot-${n}`), join(cache, `attempt-${n}`)];
      mkdirSync(place);
      const mounts = [...writes(folder), ...reads(cwd, place)];
      expect(await ask(confinementIn(folder, cwd, { mounts }), [cache])).toBeNull();
    }
    expect(starts(folder)).toBe(2);
  });

  test('is asked anew where a sandbox shows other folders, or a variable may choose another', async () => {
    const folder = temporary();
    const [cwd, more] = [temporary(), temporary()];
    program(join(folder, 'bin/python3'), counted(folder), 'echo 3.99');
    const plain = confinementIn(folder, cwd);
    await ask(plain, [cwd]);
    await ask({ ...plain, mounts: [...plain.mounts, ...reads(more)] }, [cwd]);
    expect(starts(folder)).toBe(4);
    await ask({ ...plain, env: { ...plain.env, PYENV_VERSION: '3.9' } }, [cwd]);
    expect(starts(folder)).toBe(6);
    await ask({ ...plain, env: { ...plain.env, AUTOLAB_RUN_ID: 'E-0001.2' } }, [cwd]);
    expect(starts(folder)).toBe(6);
  });

  test('is asked anew where a file of the worktree chooses its version', async () => {
    const folder = temporary();
    const cache = temporary();
    const cwd = join(cache, 'slot-1/src');
    program(join(folder, 'bin/python3'), counted(folder), 'echo $(cat ../.python-version)');
    const mounts = [...writes(folder), ...reads(dirname(cwd))];
    const confinement = confinementIn(folder, cwd, { mounts });
    for (const version of ['3.11', '3.12', '3.12']) {
      writeFileSync(join(cache, 'slot-1/.python-version'), version);
      expect(await ask(confinement, [cache])).toBeNull();
    }
    expect(starts(folder)).toBe(4);
  });

  test.each([
    ['lies in the worktree', './.venv/bin/python3', () => undefined],
    [
      'is reached by way of the worktree',
      'python3',
      (folder: string) => {
        mkdirSync(join(folder, 'bin'));
        symlinkSync('../cache/slot-1/.venv/bin/python3', join(folder, 'bin/python3'));
      },
    ],
    [
      'is named by a script of another folder',
      'python3',
      (folder: string) => {
        mkdirSync(join(folder, 'bin'));
        const line = `#!${folder}/cache/slot-1/.venv/bin/python3\n`;
        writeFileSync(join(folder, 'bin/python3'), line, { mode: 0o755 });
      },
    ],
    [
      'takes the place of one that is hidden',
      'python3',
      (folder: string) => program(join(folder, 'bin/python3'), counted(folder), 'echo 3.99'),
    ],
  ])('that %s is asked by each attempt, and another one is found', async (way, word, put) => {
    const folder = temporary();
    const cache = join(folder, 'cache');
    const cwd = join(cache, 'slot-1');
    put(folder);
    const log = join(folder, 'log');
    mkdirSync(log);
    const found: (string | null)[] = [];
    for (const [n, answer] of [
      '3.99',
      '$(test -e /etc/shadow && echo 3.98 || echo 3.97)',
    ].entries()) {
      program(join(cwd, '.venv/bin/python3'), counted(log), `echo ${answer}`);
      const place = join(cache, `attempt-${n}`);
      mkdirSync(place);
      const hidden = way.startsWith('takes') ? [] : reads(join(folder, 'bin'));
      const confinement = confinementIn(folder, cwd, {
        env: { PATH: `${folder}/bin:.venv/bin:/usr/bin:/bin`, HOME: folder },
        mounts: [...writes(log), ...hidden, ...reads(cwd, place)],
      });
      found.push(await ask(confinement, [cache], word));
    }
    expect(found[0]).toBeNull();
    expect(found[1]).toContain('found 3.97');
  });

  test('of a lab is compared once by a launch, whatever the attempt and the slot', async () => {
    const user: Record<string, string> = {};
    const lab = await createLab({
      files: { 'train.py': 'print("loss: 1")\n' },
      run: { command: 'python3 train.py' },
      plan: { sandbox: 'required' },
      deps: { user },
    });
    const home = join(dirname(lab.root), 'home');
    // Other questions of AutoLab's, and of the run's, are none of these.
    const log = `case "$2$3" in '-cimport sys; print(sys.version'*) echo x >> ${home}/starts;; esac`;
    program(join(home, 'bin/python3'), log, 'exec /usr/bin/python3 "$@"');
    Object.assign(user, { HOME: home, PATH: `${home}/bin:/usr/bin:/bin` });
    for (const changes of [{}, { attempt: 2 }, { run: 'E-0008.1', slot: 2 }] as const)
      expect(await carryOut(lab, changes)).toMatchObject({ status: 'finished', objective: 1 });
    expect(existsSync(join(home, 'starts'))).toBe(true);
    expect(starts(home)).toBe(1);
  });
});
