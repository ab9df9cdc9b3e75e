import { chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLab, readLabState } from '../../../orchestrator/lab/lab.ts';
import { knownPlace } from '../../../orchestrator/lab/place.ts';
import { autolab, makeLab } from '../../support/lab.ts';

/** A lab in which something is recorded. */
function recorded() {
  const lab = makeLab();
  onTestFinished(() => lab.remove());
  mkdirSync(join(lab.root, 'data', 'notebook', 'journal'), { recursive: true });
  return lab;
}

test('a lab with a notebook is found from anywhere inside it, as git finds it', async () => {
  const lab = recorded();
  const inside = join(lab.root, 'src', 'models');
  mkdirSync(inside, { recursive: true });
  const link = join(lab.folder, 'link');
  symlinkSync(lab.root, link);
  const { repository: _, ...place } = await openLab(lab.root);
  for (const start of [lab.root, inside, link]) expect(await knownPlace(start)).toEqual(place);
});

test('a list needs no git', async () => {
  const lab = recorded();
  const nowhere = { ...lab, environment: { ...lab.environment, PATH: lab.folder } };
  const { code, stdout } = await autolab(nowhere, 'runs');
  expect(code).toBe(0);
  expect(stdout).toContain('(none)');
});

test('git says what is wrong with a folder that is in no lab', async () => {
  const lab = makeLab();
  onTestFinished(() => lab.remove());
  expect(await knownPlace(lab.root)).toBeNull(); // nothing is recorded yet
  expect(await knownPlace(join(lab.root, 'nowhere'))).toBeNull();
  await expect(readLabState(lab.folder)).rejects.toMatchObject({ code: 'not_found' });
});

test.runIf(process.getuid?.() === 0)(
  'whether the lab of another user is read is for git to say',
  async () => {
    const lab = recorded();
    chownSync(lab.root, 65_534, 65_534);
    expect(await knownPlace(lab.root)).toBeNull();
    await expect(readLabState(lab.root)).rejects.toMatchObject({ code: 'refused' });
  },
);
