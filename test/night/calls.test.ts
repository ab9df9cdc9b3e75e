import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { autolab, autolabJson, checkout, makeLab, PLAN, type FixtureLab } from '../support/lab.ts';

/** What the verbs say before a night, and to wrong calls. */

const labs: FixtureLab[] = [];
const aLab = (files: Record<string, string> = {}): FixtureLab => {
  const lab = makeLab(files);
  labs.push(lab);
  return lab;
};
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
});

/** Nobody has worked in it, and no call here changes that. */
const untouched = makeLab();
afterAll(() => untouched.remove());

describe('before the first night', () => {
  test('every list is empty JSON, and status says idle', async () => {
    for (const verb of ['experiments', 'runs', 'hypotheses'])
      expect(await autolabJson(untouched, verb)).toEqual([]);
    expect(await autolabJson(untouched, 'query', 'SELECT * FROM experiments')).toEqual([]);
    expect(await autolabJson(untouched, 'status')).toMatchObject({ state: 'idle', baseline: null });
  });

  test('check finds nothing wrong with a good plan, and touches nothing that git shows', async () => {
    const before = checkout(untouched);
    const { code, stdout } = await autolab(untouched, 'check');
    expect(code).toBe(0);
    expect(stdout).toContain('plan: research_plan.yaml is valid');
    expect(checkout(untouched)).toEqual(before);
  });
});

describe('a wrong call', () => {
  test('of a broken plan names every problem by line and column, runs nothing, and exits 2', async () => {
    const plan = PLAN.replace('direction: minimize', 'direction: down').replace(
      'project:',
      'projct:',
    );
    const lab = aLab({ 'research_plan.yaml': plan });
    for (const verb of ['check', 'launch']) {
      const { code, stderr } = await autolab(lab, verb);
      expect(code).toBe(2);
      expect(stderr).toMatch(/research_plan\.yaml:3:\d+: expected .*found down/);
      expect(stderr).toMatch(/research_plan\.yaml:1:1: .*project/);
    }
    expect(lab.git(['branch', '--list', 'autolab/*'])).toBe('');
  });

  test.each([
    [['launch', '--experiments', 'many'], 2, /whole number/],
    [['launch', '--for', 'ages'], 2, /duration/],
    [['no-such-verb'], 2, /unknown command/],
    [['show'], 2, /missing required argument/],
    [['show', 'E-9999'], 1, /E-9999/],
    [['query', 'DROP TABLE runs'], 2, /SELECT/],
    [['promote'], 1, /expected an improvement/],
    [['report'], 1, /no.*night|none yet/],
  ] as const)('%j exits %i and says what was expected', async (args, code, words) => {
    const said = await autolab(untouched, ...args);
    expect(said.code).toBe(code);
    expect(said.stderr).toMatch(words);
    expect(said.stdout).toBe('');
    // launch reports as it goes, not in one value.
    if (args[0] === 'launch' || (!process.env['FULL'] && args[0] !== 'promote')) return;
    const json = await autolabJson<{ error: { message: string } }>(untouched, ...args);
    expect(json.error.message).toMatch(words);
  });

  test('outside of a repository, or without a plan, says the way out', async () => {
    const lab = aLab();
    lab.git(['rm', '-q', 'research_plan.yaml']);
    const { code, stderr } = await autolab(lab, 'launch');
    expect(code).toBe(2);
    expect(stderr).toContain('autolab init --example char-lm');
  });
});

describe('check', () => {
  test('says that no worktree has a program that git does not hold, and how to give it one', async () => {
    const plan = PLAN.replace('command: node train.mjs', 'command: .venv/bin/node train.mjs');
    const lab = aLab({ 'research_plan.yaml': plan, '.gitignore': '.venv/\n' });
    mkdirSync(join(lab.root, '.venv/bin'), { recursive: true });
    symlinkSync(process.execPath, join(lab.root, '.venv/bin/node'));
    const { code, stdout } = await autolab(lab, 'check');
    expect(code).toBe(1);
    expect(stdout).toContain('add .venv to workspace.link');
    lab.write({
      'research_plan.yaml': plan.replace(
        'editable: [train.mjs]',
        'editable: [train.mjs], link: [.venv]',
      ),
    });
    expect((await autolab(lab, 'check')).code).toBe(0);
  });
});
