import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergingInWords } from '../../../cli/words.ts';
import { touchedSince } from '../../../notebook/touched.ts';
import { experimentRecord } from '../../../notebook/tables/experiments.ts';
import { replay } from '../../../orchestrator/domain/fold.ts';
import type { ExperimentId } from '../../../orchestrator/domain/ids.ts';
import type { State } from '../../../orchestrator/domain/state.ts';
import { openLab, type Lab } from '../../../orchestrator/lab/lab.ts';
import { promote } from '../../../orchestrator/lab/promotion.ts';
import { makeLab, type FixtureLab } from '../../support/lab.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../../support/simulate.ts';

/** A night whose best rests on a change that halves what is printed. */
const halved = anIdea('halved', {
  change: {
    ...{ kind: 'patch', file: null },
    diff: '--- a/train.py\n+++ b/train.py\n@@ -1,1 +1,1 @@\n-print(f"loss: {l}")\n+print(f"loss: {l/2}")\n',
  },
});
const { events, state } = simulate(
  {
    ideas: [halved, anIdea('wider')],
    measure: (titles, run) =>
      (titles.includes('halved') ? 1.2 : 2) -
      (titles.includes('wider') ? 0.3 : 0) +
      0.001 * ((run.seed ?? 0) % 7),
  },
  nightStarted(aPlan()),
);
const idOf = (title: string): ExperimentId =>
  [...state.experiments.values()].findLast((one) => one.title === title)?.id ?? 'E-9999';
const tip = [...state.experiments.values()].findLast(
  ({ judgement }) => judgement?.verdict === 'improved',
)?.id as ExperimentId;
const marked = state.flags.find(({ label }) => label === 'touches:evaluation')?.target as string;
const LABEL = 'touches:evaluation';
const unmarked = (): State =>
  replay([
    ...events,
    ...state.flags.map(({ target, label }, i) => ({
      ...({ type: 'unflagged', target, label, who: 'ada' } as const),
      ...{ seq: events.length + 1 + i, at: '2026-11-20T22:00:00.000Z' },
    })),
  ]);

let fixture: FixtureLab;
let lab: Lab;
beforeAll(async () => {
  fixture = makeLab();
  lab = await openLab(fixture.root);
});
afterAll(() => fixture.remove());

const trouble = (of: State, unconfirmed = false): Promise<string> =>
  promote(lab, of, tip, { unconfirmed }).then(
    () => 'merged',
    (error: Error) => error.message,
  );

test('a best that rests on a change of the evaluation is not promoted before somebody took the mark away', async () => {
  expect([tip, marked]).toEqual([idOf('wider'), idOf('halved')]);
  const refused = await trouble(state);
  expect(refused).toContain(`found ${marked} marked ${LABEL} (words of its change name`);
  expect(refused).toContain(`autolab show ${marked}. If it is all right: autolab unflag ${marked}`);
  // The simulated commit is in no repository: who gets there was not refused for the mark.
  expect(await trouble(unmarked())).not.toContain(LABEL);
  expect(await trouble(state, true)).not.toContain(LABEL);
});

test('the morning names the mark, and how sure it is says so, until the mark is gone', () => {
  expect(mergingInWords(state, tip, 'autolab')).toContain(`but ${LABEL} marks ${marked}`);
  expect(mergingInWords(unmarked(), tip, 'autolab')).toMatch(/^read FINDINGS.md, then/);
  const because = (of: State) => experimentRecord(of, tip).confidence_because;
  expect(because(state)).toContain(`but the words of ${marked} name the evaluation`);
  expect(because(unmarked())).not.toContain('evaluation');
  expect(experimentRecord(state, tip).confidence).not.toBe('high');
});

test('the tables forget the doubt of what is built on a change, when its mark is taken away', () => {
  const gone = {
    ...({ type: 'unflagged', target: idOf('halved'), label: LABEL, who: 'ada' } as const),
    ...{ seq: events.length + 1, at: '2026-11-20T22:00:00.000Z' },
  };
  const touched = touchedSince([gone], events.length, {
    ...{ state: unmarked(), spans: new Map(), alerts: new Map() },
  });
  expect(touched.get('experiments')).toEqual(new Set([idOf('halved'), tip]));
});

test('numbers that were measured outside of the script are not doubted', () => {
  const runs = new Map(
    [...state.runs].map(([id, run]) => [
      id,
      { ...run, result: run.result && { ...run.result, tier: 'checked' as const } },
    ]),
  );
  expect(experimentRecord({ ...state, runs }, tip).confidence_because).not.toContain('evaluation');
});
