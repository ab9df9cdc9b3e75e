import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab, type FixtureLab } from '../support/lab.ts';

/** A training that says its steps, and takes much longer than starting up does here, on a busy machine too. */
const TRAIN = `import { setTimeout as wait } from 'node:timers/promises';
const moment = Math.max(250, 3000 * process.uptime());
for (let step = 1; step <= 8; step++) {
  await wait(moment);
  console.log('step ' + step + ' | loss: ' + 9 / step);
}
console.log('val_loss: 1.3');
`;
const [FIRST = '', , , , , , LAST = ''] = TRAIN.split('\n');

/** Says that it is better, and does nothing. */
const IDLE = `--- a/train.mjs
+++ b/train.mjs
@@ -1,1 +1,3 @@
+console.log('val_loss: 0.9');
+process.exit(0);
 ${FIRST}
`;
/** Trains as before, and says something else of it. */
const LYING = `--- a/train.mjs
+++ b/train.mjs
@@ -7,1 +7,2 @@
 ${LAST}
+console.log('val_loss: 0.1');
`;

const PLAN = `project: canaries
question: Who trains?
objective: { metric: val_loss, direction: minimize }
workspace: { editable: [train.mjs] }
run: { command: node train.mjs, deterministic: true }
hypotheses:
  - { title: idle, patch: idle.diff }
  - { title: lying, patch: lying.diff }
budget: { experiments: 2, runs: 8, parallel: 1 }
`;

interface Row {
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly verdict_because: string;
  readonly flags: readonly string[];
}

describe('a patch that prints a better number', () => {
  let lab: FixtureLab;
  let rows: readonly Row[];
  const called = (name: string): Row | undefined => rows.find(({ title }) => title === name);
  beforeAll(async () => {
    lab = makeLab({
      ...{ 'train.mjs': TRAIN, 'research_plan.yaml': PLAN },
      ...{ 'idle.diff': IDLE, 'lying.diff': LYING },
    });
    const { code, stderr } = await autolab(lab, 'launch');
    if (code !== 0) throw new Error(stderr);
    rows = await autolabJson<Row[]>(lab, 'experiments');
  }, 120_000);
  afterAll(() => lab.remove());

  test('without any training is invalid, and never promoted', async () => {
    expect(called('idle')).toMatchObject({ verdict: 'invalid' });
    expect(called('idle')?.verdict_because).toContain('no training was seen');
    const refused = await autolab(lab, 'promote', called('idle')?.id ?? '', '--unconfirmed');
    expect(refused.stderr).toContain('there is nothing to promote');
  });

  test('far too good is made again from a fresh checkout, and promote says that it was once its diff was read', async () => {
    const { id = '', flags = [] } = called('lying') ?? {};
    expect(flags).toContain('suspicious');
    const runs = await autolabJson<{ experiment: string; purpose: string }[]>(lab, 'runs');
    const own = runs.filter(({ experiment }) => experiment === id).map(({ purpose }) => purpose);
    expect(own.toSorted()).toEqual(['dawn', 'repeat', 'screen']);
    expect(lab.read('FINDINGS.md')).toContain('is flagged **suspicious** by autolab');
    const before = lab.git(['rev-parse', 'HEAD']);
    const refused = await autolab(lab, 'promote', id);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`autolab unflag ${id} touches:evaluation`),
    });
    expect(lab.git(['rev-parse', 'HEAD'])).toBe(before);
    expect((await autolab(lab, 'unflag', id, 'touches:evaluation')).code).toBe(0);
    const { stdout } = await autolab(lab, 'promote', id);
    expect(stdout).toContain(`${id} is marked suspicious by autolab`);
    expect(lab.git(['log', '-1', '--format=%B'])).toContain('is marked suspicious');
  });
});
