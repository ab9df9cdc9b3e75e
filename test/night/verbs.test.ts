import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';

const call = promisify(execFile);

describe('init --example char-lm', () => {
  const around = makeLab();
  const folder = mkdtempSync(join(tmpdir(), 'autolab-example-'));
  const target = join(folder, 'my lab');
  const lab = { ...around, root: folder };
  afterAll(() => {
    around.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('makes a lab that check accepts as it is, in a repository with one commit', async () => {
    expect(await autolab(lab, 'init', '--example', 'char-lm', target)).toMatchObject({ code: 0 });
    expect(around.git(['rev-list', '--count', 'HEAD'], target)).toBe('1');
    expect(around.git(['status', '--porcelain'], target)).toBe('');
    const checked = await autolab({ ...lab, root: target }, 'check');
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    expect(checked.stdout).not.toContain('✗');
  });

  test('refuses a folder that holds something, and leaves it alone', async () => {
    const mine = join(folder, 'mine');
    await call('mkdir', [mine]);
    writeFileSync(join(mine, 'thesis.txt'), 'years of work');
    const { code, stderr } = await autolab(lab, 'init', '--example', 'char-lm', mine);
    expect(code).toBe(1);
    expect(stderr).toContain('empty or absent');
    expect(readdirSync(mine)).toEqual(['thesis.txt']);
  });

  test.runIf(process.env['FULL'])(
    'has a script that gives the same number for the same seed, and another for another',
    async () => {
      // Cut to a moment, as the plan's run.smoke does.
      const environment = { ...lab.environment, CORPUS: 'corpus', EXAMPLES: '4096' };
      const inLab = { cwd: target, env: environment };
      await call(process.execPath, ['prepare.mjs'], inLab);
      const train = async (seed: string): Promise<string> => {
        const env = { ...environment, SEED: seed };
        const { stdout } = await call(process.execPath, ['train.mjs'], { cwd: target, env });
        return /^val_bpb: (\S+)$/m.exec(stdout)?.[1] ?? 'none';
      };
      const [first, again] = await Promise.all([train('7'), train('7')]);
      expect(Number(first)).toBeGreaterThan(1);
      expect(again).toBe(first);
      expect(await train('8')).not.toBe(first);
    },
    120_000,
  );
});

describe('gc', () => {
  test.runIf(process.env['FULL'])(
    'says what old nights hold, removes it, and leaves every record',
    async () => {
      const lab = makeLab();
      expect(await autolab(lab, 'launch', '--experiments', '3')).toMatchObject({ code: 0 });
      lab.write({ 'train.mjs': `${lab.read('train.mjs')}// another base\n` });
      lab.commit('moved on');
      expect(await autolab(lab, 'launch', '--experiments', '1')).toMatchObject({ code: 0 });
      const runs = await autolabJson(lab, 'runs');
      const experiments = await autolabJson<
        { id: string; night: string; verdict: string; branch: string }[]
      >(lab, 'experiments');
      const dead = experiments.filter(
        ({ night, verdict }) => night === 'N-0001' && (verdict === 'worse' || verdict === 'failed'),
      );
      expect(dead.length).toBeGreaterThan(0);
      const rerun = async (id = 'none'): Promise<string> =>
        join(lab.root, (await autolabJson<{ folder: string }>(lab, 'rerun', `${id}.1`)).folder);
      const old = await rerun(dead[0]?.id);
      const recent = await rerun(experiments.findLast(({ night }) => night === 'N-0002')?.id);

      const said = await autolabJson<{ removed: boolean; found: { kind: string; what: string }[] }>(
        lab,
        'gc',
        '--dry-run',
      );
      expect(said.removed).toBe(false);
      expect(said.found.map((entry) => entry.kind)).toEqual(
        expect.arrayContaining(['worktree', 'log', 'rerun', 'branch']),
      );
      for (const { branch } of dead) expect(lab.git(['branch', '--list', branch])).not.toBe('');

      expect((await autolabJson<{ removed: boolean }>(lab, 'gc')).removed).toBe(true);
      for (const { branch } of dead) expect(lab.git(['branch', '--list', branch])).toBe('');
      for (const { kind, what } of said.found.filter((entry) => entry.kind !== 'branch'))
        expect(existsSync(what), `${kind} ${what}`).toBe(false);
      expect([old, recent].map((folder) => existsSync(folder))).toEqual([false, true]);
      const shown = await autolabJson<{ reruns: unknown[] }>(lab, 'show', dead[0]?.id ?? 'none');
      expect(shown.reruns).toHaveLength(1);
      expect(await autolabJson(lab, 'runs')).toEqual(runs);
      expect(await autolabJson(lab, 'experiments')).toEqual(experiments);
      expect(lab.git(['worktree', 'list']).split('\n')).toHaveLength(1);
      expect((await autolabJson<{ found: unknown[] }>(lab, 'gc')).found).toEqual([]);
      lab.remove();
    },
    120_000,
  );
});
