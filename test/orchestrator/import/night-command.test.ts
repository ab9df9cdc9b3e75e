import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openNotebook } from '../../../notebook/writer.ts';
import type { OwnRunId } from '../../../orchestrator/domain/ids.ts';
import { systemClock } from '../../../orchestrator/lab/clock.ts';
import { exportRun } from '../../../orchestrator/lab/export.ts';
import { importFiles } from '../../../orchestrator/lab/import/import.ts';
import { readLabState } from '../../../orchestrator/lab/lab.ts';
import { readNoticing } from '../../../orchestrator/lab/own/reading.ts';
import { anExperimentsLife } from '../../support/events.ts';
import { makeLab, type FixtureLab } from '../../support/lab.ts';
import { aPlan, nightStarted } from '../../support/simulate.ts';

const labs: FixtureLab[] = [];
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
});

function aLab(): FixtureLab {
  const lab = makeLab();
  labs.push(lab);
  return lab;
}

/** A lab whose night ran a command, with one run and its log. */
async function labThatRan(command: string, shell: boolean): Promise<FixtureLab> {
  const lab = aLab();
  const dir = join(lab.root, 'data/notebook');
  const notebook = await openNotebook({ dir, clock: systemClock() });
  const plan = aPlan({ run: { command, shell } });
  for (const body of [nightStarted(plan), ...anExperimentsLife(0, 1)])
    await notebook.append(
      body.type === 'experiment_prepared' ? { ...body, command: { command, env: {} } } : body,
    );
  await notebook.close();
  lab.write({ 'experiments/E-0000/runs/1/attempts/1/run.log': 'loss: 1\n' });
  return lab;
}

/** Brings a run of one lab into another, and says what its command is there. */
async function moved(from: FixtureLab, run: string, to: FixtureLab): Promise<string | undefined> {
  const { lab: here, state } = await readLabState(from.root);
  const { archive } = await exportRun(here, state, run, join(to.folder, 'moved.tar.gz'));
  const there = await readLabState(to.root);
  const roles = { metrics: [], params: [] };
  const { imported } = await importFiles(there.lab, there.state, [archive], roles);
  const [{ run: id } = { run: 'R-0000' as OwnRunId }] = imported;
  return (await readNoticing(to.root)).state.own.get(id)?.command;
}

test.for([
  ["python3 train.py --note 'two words'", false, "python3 train.py --note 'two words'"],
  ['python3 train.py', false, 'python3 train.py'],
  ['cd sub && python3 train.py', true, "/bin/sh -c 'cd sub && python3 train.py'"],
  // It could never be started, and can be exported all the same.
  ["python3 'train.py", false, `'python3 '\\''train.py'`],
] as const)(
  'the command of a night’s run, %s, is brought to another lab as it would be typed, and on from there',
  async ([command, shell, typed]) => {
    const [second, third] = [aLab(), aLab()];
    expect(await moved(await labThatRan(command, shell), 'E-0000.1', second)).toBe(typed);
    expect(await moved(second, 'R-0001', third)).toBe(typed);
  },
);
