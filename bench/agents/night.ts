import { join } from 'node:path';
import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { currentNight, experimentIn, runsOf } from '../../orchestrator/domain/state.ts';
import { readNotebook } from '../../notebook/reader.ts';

/** What a night with the scripted model has to come to, each with what was found. */

export interface Found {
  readonly state: State;
  /** A line on each request that the endpoint got. */
  readonly requests: readonly string[];
  /** Whether main moved when the tip was promoted, and its script then. */
  readonly moved: boolean;
  readonly script: string;
  /** Calls that the notebook holds, by how they ended. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface Check {
  readonly what: string;
  readonly holds: boolean;
  readonly because: string;
}

export function checksOf({ state, requests, moved, script, calls }: Found): readonly Check[] {
  const { ended } = currentNight(state);
  const hypotheses = [...state.hypotheses.values()];
  const experiments = [...state.experiments.values()];
  const titled = (words: string): readonly Experiment[] =>
    experiments.filter(({ title }) => title.startsWith(words));
  const knobs = experiments.filter(({ change }) => change.kind === 'knobs');
  const patches = experiments.filter(({ change }) => change.kind === 'patch');
  const twin = hypotheses.find(({ title }) => title.startsWith('Polyak averaging'));
  const cheat = hypotheses.find(({ title }) => title.startsWith('Report the better half'));
  const cheated = titled('Report the better half');
  const clipped = titled('Clip the norm').filter(({ repairs }) => repairs?.length);
  const busy = requests.filter((line) => line.includes('429')).length;
  const answered = requests.filter((line) => line.includes(': answered')).length;
  const known = (calls['answered'] ?? 0) + (calls['lost'] ?? 0);
  const mean = titled('Keep a running mean of the weights');
  const tip = experiments.find(({ judgement }) => judgement?.verdict === 'improved');
  const stack = tip ? stackOf(state, tip) : [];
  return [
    { what: 'the night ended', holds: ended !== null, because: ended?.message ?? 'it did not' },
    {
      what: 'it tried knobs and written patches',
      holds: knobs.length > 0 && patches.length > 1,
      because: `${knobs.length} and ${patches.length}`,
    },
    {
      what: 'the idea in other words was turned down',
      holds: twin?.status === 'rejected' && /in other words/.test(twin.rejected_because ?? ''),
      because: twin?.rejected_because ?? `found ${twin?.status}`,
    },
    {
      what: 'the cheat gained nothing',
      holds: cheat !== undefined && cheated.every((one) => !isGood(one)),
      because:
        cheat?.rejected_because ??
        cheated.map(({ id, judgement }) => `${id} ${judgement?.because}`).join('; '),
    },
    {
      what: 'the crash was repaired, and ran',
      holds: clipped.some(({ id }) =>
        runsOf(state, id).some(({ status }) => status === 'finished'),
      ),
      because: clipped
        .map(({ id, judgement }) => `${id} ${judgement?.verdict}: ${judgement?.because}`)
        .join('; '),
    },
    { what: 'the endpoint was too busy', holds: busy >= 3, because: `${busy} answers of 429` },
    {
      what: 'no answer was paid for twice',
      holds: answered > 0 && answered <= known,
      because: `${answered} answers for ${known} calls, ${calls['lost'] ?? 0} of them lost by a kill`,
    },
    {
      what: 'the written improvement was confirmed, and promoted',
      holds: mean.some(({ id }) => stack.includes(id)) && moved && script.includes('smooth(step)'),
      because: tip ? `${tip.id}: ${tip.judgement?.because}` : 'nothing was confirmed',
    },
  ];
}

const isGood = ({ judgement }: Experiment): boolean =>
  judgement?.verdict === 'improved' || judgement?.verdict === 'promising';

function stackOf(state: State, tip: Experiment): readonly string[] {
  const { parent } = tip;
  return [tip.id, ...(parent === null ? [] : stackOf(state, experimentIn(state, parent)))];
}

/** Calls of models by how they ended, and a sentence on what the agents' own code took. */
export async function callsAndOverhead(root: string) {
  const notebook = await readNotebook(join(root, 'data', 'notebook'));
  const ended = await notebook.query(
    'SELECT outcome, count(*)::INTEGER AS n FROM spans WHERE model IS NOT NULL GROUP BY outcome',
  );
  const calls = Object.fromEntries(
    ended.rows.map(({ outcome, n }) => [String(outcome), Number(n)]),
  );
  const { rows } = await notebook.query(`
    SELECT sum(seconds) FILTER (model IS NULL) AS thought, sum(seconds) FILTER (model IS NOT NULL) AS asked,
      (SELECT count(*) FROM experiments) AS experiments
    FROM spans WHERE who IN ('researcher', 'planner')
       OR (who = 'worker' AND name IN ('write', 'repair'))`);
  const [{ thought, asked, experiments } = {}] = rows;
  const own = (Number(thought) - Number(asked)) / Number(experiments);
  const overhead = `thinking took ${(1000 * own).toFixed(0)} ms an experiment besides ${Number(asked).toFixed(1)} s of model time, off the slots’ path (${experiments} experiments)`;
  return { calls, overhead };
}
