import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carryOut, createLab, script } from './support/lab.ts';

const SMOKE = { smoke: { args: '--steps 1' }, seed: { env: 'SEED' } };
/** Leaves a trace of itself where runs may, says its metric, and does what `then` says. */
const training = (...then: string[]) =>
  script(
    "import fs from 'node:fs';",
    "const cut = process.argv.includes('--steps');",
    "const seen = fs.existsSync('trace');",
    "fs.writeFileSync('trace', '');",
    "fs.writeFileSync(process.env.AUTOLAB_RUN_DIR + '/artifacts/' + (cut ? 'cut' : 'whole'), '');",
    ...then,
    'console.log(JSON.stringify({ loss: cut ? 9 : 1, seen: Number(seen), seed: Number(process.env.SEED) }));',
  );

test('a new patch is run cut short first, and nothing of that counts', async () => {
  const lab = await createLab({ files: training(), run: SMOKE });
  const result = await carryOut(lab, { smoke: true });
  expect(result).toMatchObject({ status: 'finished', objective: 1, metric_points: 3 });
  expect(result.summary).toContainEqual({ key: 'seen', number: 0, text: null });
  expect(result.artifacts.map(({ name }) => name)).toEqual(['whole']);
  expect(await lab.read('smoke.log')).toContain('"loss":9');
  expect(await lab.read('run.log')).not.toContain('"loss":9');
  expect(await readdir(lab.folder())).not.toContain('smoke');
});

test('its crash is the run’s, said to be the smoke run’s, and the training is not begun', async () => {
  const crash = "if (cut) throw new TypeError('no such layer');";
  const lab = await createLab({ files: training(crash), run: SMOKE });
  const result = await carryOut(lab, { smoke: true });
  expect(result.failure).toMatchObject({
    class: 'idea',
    message: expect.stringMatching(/^smoke: ended with exit code 1: .*no such layer/) as string,
    traceback: expect.stringContaining('train.mjs:6') as string,
  });
  expect(result.objective).toBeNull();
  expect(existsSync(join(lab.folder(), 'run.log'))).toBe(false);
});

test('one that writes to protected files is invalid before it trains', async () => {
  const forge = "if (cut) fs.writeFileSync('evaluate.mjs', '');";
  const lab = await createLab({
    files: { ...training(forge), 'evaluate.mjs': '1;' },
    run: SMOKE,
  });
  const { failure } = await carryOut(lab, { smoke: true });
  expect(failure).toMatchObject({ class: 'invalid' });
  expect(failure?.message).toMatch(/^smoke: .*evaluate\.mjs/);
});

test('without the order’s word, or the plan’s, there is none', async () => {
  const lab = await createLab({ files: training(), run: SMOKE });
  await carryOut(lab);
  expect(existsSync(join(lab.folder(), 'smoke.log'))).toBe(false);
  const plain = await createLab({ files: training(), run: { seed: { env: 'SEED' } } });
  expect((await carryOut(plain, { smoke: true })).objective).toBe(1);
});
