import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { asColumns, fromColumns, type OwnColumns } from '../../notebook/own-columns.ts';
import { replay } from '../../orchestrator/domain/fold.ts';
import type { OwnRunId } from '../../orchestrator/domain/ids.ts';
import type { OwnRun } from '../../orchestrator/domain/own-run.ts';
import { asEvents } from '../support/events.ts';
import { anOwnLife, inFull } from '../support/own.ts';

const [finished] = [...replay(asEvents(anOwnLife('R-0001'))).own.values()];
const [running] = [...replay(asEvents(anOwnLife('R-0002').slice(0, 1))).own.values()];
if (!finished?.end || !running) throw new Error('expected a run that ended and one that runs');

const runs: readonly OwnRun[] = [
  finished,
  running,
  { ...finished, id: 'R-0003', name: 'two\nlines "🚀"', command: '', host: null },
  { ...finished, id: 'R-0004', end: { ...finished.end, objective: Number.NaN } },
  { ...finished, id: 'R-0005', end: { ...finished.end, objective: Number.NEGATIVE_INFINITY } },
  {
    ...{ ...finished, id: 'R-0006', attempt: 2, status: 'failed' },
    foreign: { file: 'results.tsv', id: 'abc', links: ['https://a.example/1'], sha256: '0' },
    end: { ...finished.end, failure: { class: 'idea', message: 'no' } },
  },
  ...Array.from({ length: 20 }, (_, i) => ({ ...running, id: `R-${1000 + i}` as OwnRunId })),
];
const own: ReadonlyMap<OwnRunId, OwnRun> = new Map(runs.map((run) => [run.id, run]));

const read = (all: ReadonlyMap<OwnRunId, OwnRun>) => [...all].map(([id, run]) => [id, inFull(run)]);

const kept = (columns: OwnColumns) => deserialize(serialize(columns)) as OwnColumns;

describe('runs of one’s own by column', () => {
  it('come back as they were, in their order', () => {
    const back = fromColumns(kept(asColumns(own)));
    expect(read(back)).toStrictEqual(read(own));
    expect([...back.keys()]).toEqual([...own.keys()]);
    expect(fromColumns(kept(asColumns(new Map())))).toEqual(new Map());
  });

  it('hold a value once that many runs in a row have', () => {
    expect(asColumns(own).runs.host).toEqual({
      values: ['here', null, 'here'],
      counts: [2, 1, 23],
    });
  });

  it('are refused where a column is shorter than another', () => {
    const columns = asColumns(own);
    const short = { ...columns, runs: { ...columns.runs, branch: { values: [], counts: [] } } };
    expect(() => fromColumns(short)).toThrow(/expected 26 values in a column, found 0/);
  });
});
