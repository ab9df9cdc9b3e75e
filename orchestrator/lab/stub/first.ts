import { putInInbox } from '../../../notebook/inbox.ts';
import { readState } from '../../../notebook/snapshot.ts';
import { changeInWords } from '../../domain/hypothesis.ts';
import type { ExperimentId } from '../../domain/ids.ts';
import { currentNight, experimentIn } from '../../domain/state.ts';
import { unwritten, written } from '../../in-words.ts';
import { candidateExperiment } from '../../opened.ts';
import { taking } from '../../taking.ts';
import type { Lab } from '../lab.ts';
import { bad, odd, ok, type Probe } from '../probe/probe.ts';
import type { Drive } from './drive.ts';
import type { Scratch } from './scratch.ts';

/** What a night would try first: what was proposed by hand, else the first of the Researcher's. */

/** Proposals that wait for a night, for the rehearsal's notebook too: in the lab's own they stay. */
export async function handOver(lab: Lab, { lab: { notebookDir } }: Scratch): Promise<void> {
  const { queued } = await readState(lab.notebookDir);
  for (const [i, { proposal, asked }] of queued.entries()) {
    const { key, who, again, at } = asked;
    const event = { type: 'hypothesis_asked', key, proposal, who } as const;
    // Named by their place: they may have been asked for in the same millisecond.
    const id = `waits-${String(i).padStart(6, '0')}`;
    await putInInbox(notebookDir, again ? { ...event, again } : event, Date.parse(at), id);
  }
}

const UNWRITTEN =
  'would be tried first; it is in words, and a rehearsal has no patch written: base itself is run';

/** As one commit on a scratch branch. Null: only base is run. */
export async function firstIdea(drive: Drive): Promise<[Probe, ExperimentId | null]> {
  await think(drive);
  const state = drive.state();
  const next = currentNight(state).waiting[0];
  const experiment = next && candidateExperiment(state, currentNight(state), next);
  if (!experiment) return [insteadOf(drive), null];
  await drive.record({ type: 'experiment_opened', experiment });
  await prepare(drive, experiment.id);
  const { failure } = experimentIn(drive.state(), experiment.id);
  const shown = `${changeInWords(experiment.change)} (${experiment.title})`;
  if (failure !== null)
    return [bad('change', `${shown} makes no commit (${failure.class}): ${failure.message}`), null];
  return [ok('change', `${shown} is what would be tried first: one commit on base`), experiment.id];
}

/** Has the Planner order what was proposed by hand; only where none of it is left, the Researcher is asked. */
async function think(drive: Drive): Promise<void> {
  const night = () => currentNight(drive.state());
  const { id, incumbent } = night();
  if (incumbent === null) throw new Error('the baseline is not open yet');
  const around = { night: id, incumbent };
  const order = (round: number): Promise<void> =>
    drive.carry({ kind: 'plan', id: `plan-${round}`, role: 'planner', round, ...around });
  await takeIn(drive);
  if (written(drive.state(), night()).length > 0) await order(1);
  if (night().waiting.length > 0 || unwritten(drive.state(), night()).length > 0) return;
  const asking = { kind: 'propose', id: 'propose', role: 'researcher', wanted: 1 } as const;
  await drive.carry({ ...asking, round: 1, ...around });
  if (night().proposed.length > 0) await order(2);
}

/** All that waits, as a night takes it in: each one changes what is left. */
async function takeIn(drive: Drive): Promise<void> {
  for (;;) {
    const [next] = taking(drive.state(), currentNight(drive.state()));
    if (next?.kind !== 'record') return;
    await drive.record(next.event);
  }
}

/** Why nothing is tried beside base. */
function insteadOf(drive: Drive): Probe {
  const [first] = drive.state().hypotheses.values();
  const why = first?.rejected_because;
  if (why) return odd('change', `the Planner rejects "${first.title}": ${why}`);
  return first?.change.kind === 'idea'
    ? odd('change', `"${first.title}" ${UNWRITTEN}`)
    : ok('change', 'the plan has nothing to try: base itself is run');
}

/** Makes an experiment's commit. */
export const prepare = (drive: Drive, experiment: ExperimentId): Promise<void> =>
  drive.carry({ kind: 'prepare', id: `prepare-${experiment}`, role: 'worker', experiment });
