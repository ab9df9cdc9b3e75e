import { expect, test } from 'vitest';
import { briefFor } from '../../../orchestrator/briefs.ts';
import type { WorkerBrief } from '../../../orchestrator/domain/brief.ts';
import { replay } from '../../../orchestrator/domain/fold.ts';
import type { Lab } from '../../../orchestrator/lab/lab.ts';
import { targetOf } from '../../../orchestrator/lab/rerun/target.ts';
import { aPatch, aPlan, anIdea, nightStarted, simulate } from '../../support/simulate.ts';

test('a rerun is never ended early, also of a run that might have been', async () => {
  const { events } = simulate(
    { ideas: [anIdea('a')], measure: (titles) => 1 + 0.1 * titles.length },
    nightStarted(aPlan({ budget: { experiments: 1, runs: 12, verification: '0%' } })),
  );
  // While the night goes on; after its dawn nothing of it is ended early.
  const dawn = events.findIndex(({ type }) => type === 'dawn_began');
  const state = replay(events.slice(0, dawn < 0 ? undefined : dawn));
  const might = [...state.runs.values()].filter(({ id: run, attempt }) => {
    const work = { kind: 'run', id: 'run', role: 'worker', run, attempt } as const;
    const around = { branch_prefix: 'autolab', gpus: () => null };
    const { order } = briefFor(state, work, around) as WorkerBrief & { task: 'run' };
    return (order.prune ?? null) !== null;
  });
  expect(might.length).toBeGreaterThan(0);
  const lab = { root: '/nowhere' } as Lab;
  for (const { id } of might) {
    const { order } = await targetOf(lab, state, id, '/');
    expect(order).toMatchObject({ run: id });
    expect(order).not.toHaveProperty('prune');
  }
});

test('a run whose patch was repaired, and has no branch yet, is to be waited for', async () => {
  const { events } = simulate(
    {
      ideas: [anIdea('a', { change: { kind: 'idea', text: 'a' } })],
      measure: (_, run) => (run.experiment === 'E-0001' ? { fails: 'idea' } : 1),
      repairs: () => aPatch('mended'),
    },
    nightStarted(aPlan({ agents: { model: 'm' } })),
  );
  const repaired = events.findIndex(({ type }) => type === 'experiment_repaired');
  const state = replay(events.slice(0, repaired + 1));
  await expect(targetOf({ root: '/nowhere' } as Lab, state, 'E-0001.1', '/')).rejects.toThrow(
    /^E-0001\.1 crashed, and its repaired patch has no branch yet: rerun it once/,
  );
});
