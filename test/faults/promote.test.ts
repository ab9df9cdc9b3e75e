import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aFaultLab, launchToTheEnd, notebookOf, TINY_PLAN } from '../support/faults.ts';
import { intact } from '../support/faults-intact.ts';
import { autolab, autolabJson } from '../support/lab.ts';

/** A promote that dies between the two places that it writes to: the branch, and the notebook. */

const SCRIPT = new URL('promote.mjs', import.meta.url).pathname;

/** A lab after a night whose one candidate dawn confirmed: each test has it as the night left it. */
const lab = aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN });
const morning = `${lab.folder}-in-the-morning`;
const copied = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true };
beforeAll(async () => {
  await launchToTheEnd(lab);
  cpSync(lab.folder, morning, copied);
});
beforeEach(() => {
  lab.remove();
  cpSync(morning, lab.folder, copied);
});
afterAll(() => {
  lab.remove();
  rmSync(morning, { recursive: true, force: true });
});

const promotions = async () => (await notebookOf(lab)).state.promotions;

/** The merge that base was left at, which no record tells of. */
async function killed(): Promise<string> {
  const before = lab.git(['rev-parse', 'main']);
  const { signal } = spawnSync(process.execPath, [SCRIPT], {
    ...{ cwd: lab.root, env: lab.environment, stdio: 'inherit' },
  });
  expect(signal).toBe('SIGKILL');
  const merge = lab.git(['rev-parse', 'main']);
  expect(lab.git(['rev-parse', 'main^1'])).toBe(before);
  expect(await promotions()).toEqual([]);
  return merge;
}

const scores = (): unknown[] => JSON.parse(lab.read('experiments/scores.json')) as unknown[];

describe('a promote that is killed after base moved and before it was recorded', () => {
  test('is recorded by the next one, which merges nothing twice', async () => {
    const merge = await killed();
    expect(await autolabJson(lab, 'promote')).toMatchObject({
      ...{ experiment: 'E-0001', branch: 'main', commit: merge, already: true },
      evidence: expect.stringContaining('improved') as string,
    });
    expect(lab.git(['rev-parse', 'main'])).toBe(merge);
    expect(lab.git(['status', '--porcelain'])).toBe('');
    expect(scores()).toHaveLength(1);
    const who = lab.git(['show', '--no-patch', '--format=%cn', 'main']);
    expect(await promotions()).toMatchObject([{ commit: merge, who }]);
    expect(lab.read('FINDINGS.md')).not.toContain('autolab promote E-0001');
    const again = await autolab(lab, 'promote');
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('nobody promoted yet');
    expect(await promotions()).toHaveLength(1);
  });

  test.runIf(process.env['FULL'])(
    'is recorded by the next launch, which does not try the change again',
    async () => {
      const merge = await killed();
      await launchToTheEnd(lab);
      expect(lab.git(['rev-parse', 'main'])).toBe(merge);
      expect(await promotions()).toMatchObject([{ commit: merge }]);
      const { events, state } = await notebookOf(lab);
      const types = events.map(({ type }) => type);
      expect(types.filter((type) => type === 'promoted')).toHaveLength(1);
      expect(types.indexOf('promoted')).toBeLessThan(types.lastIndexOf('night_started'));
      const sources = [...state.hypotheses.values()].map(({ source }) => source);
      expect(sources).not.toContain('incumbent');
      expect(await intact(lab)).toEqual([]);
    },
  );
});

test('a merge by hand is recorded as the promotion that it is, under the name of who made it', async () => {
  const name = ['-c', 'user.name=Ada Lovelace', '-c', 'user.email=ada@example.org'];
  lab.git([...name, 'merge', '--quiet', '--no-ff', '-m', 'my own words', 'autolab/E-0001']);
  const merge = lab.git(['rev-parse', 'main']);
  const said = await autolab(lab, 'promote', 'E-0001');
  expect(said, said.stderr).toMatchObject({ code: 0 });
  expect(said.stdout).toContain(`is merged into main as ${merge.slice(0, 10)} already`);
  expect(lab.git(['rev-parse', 'main'])).toBe(merge);
  expect(await promotions()).toMatchObject([{ commit: merge, who: 'Ada Lovelace' }]);
});
