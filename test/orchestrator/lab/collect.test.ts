import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { collect, waste } from '../../../orchestrator/lab/collect.ts';
import { openLab } from '../../../orchestrator/lab/lab.ts';
import { makeLab } from '../../support/lab.ts';
import { anIdea, aPlan, nightStarted, simulate } from '../../support/simulate.ts';

const night = simulate(
  { ideas: [anIdea('wide')], measure: () => 1 },
  nightStarted(aPlan({ run: { command: 'train', deterministic: true } })),
);

test('what a coding agent left goes when its night is not the last', async () => {
  const fixture = makeLab();
  onTestFinished(() => fixture.remove());
  const lab = await openLab(fixture.root);
  onTestFinished(() => rmSync(lab.cacheDir, { recursive: true, force: true }));
  const folders = ['write-H-0001', 'write-H-0099', 'repair-E-0001-1-1-1', 'repair-E-0099-1-1-1'];
  for (const name of folders) {
    mkdirSync(join(lab.cacheDir, 'coding', name, 'work'), { recursive: true });
    writeFileSync(join(lab.cacheDir, 'coding', name, 'work', 'train.mjs'), 'left');
  }
  const codingIn = async () =>
    (await waste(lab, night.state)).filter(({ kind }) => kind === 'coding');
  const found = await codingIn();
  expect(found.map(({ what }) => basename(what)).toSorted()).toEqual([
    'repair-E-0099-1-1-1',
    'write-H-0099',
  ]);
  await collect(lab, found);
  expect(await codingIn()).toEqual([]);
});
