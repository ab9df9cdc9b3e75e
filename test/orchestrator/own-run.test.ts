import { describe, expect, it } from 'vitest';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import { commandInWords, ownName, type OwnBody } from '../../orchestrator/domain/own-run.ts';
import { asEvents } from '../support/events.ts';
import { anOwnLife, inFull } from '../support/own.ts';

const [started, ended] = anOwnLife('R-0001');
const [, late] = anOwnLife('R-0001', { attempt: 2, status: 'failed' });
const [, other] = anOwnLife('R-0001', { status: 'killed' });
const after = (...bodies: readonly OwnBody[]) => {
  const run = replay(asEvents(bodies)).own.get('R-0001');
  return run && inFull(run);
};

describe('what the journal says of a run of one’s own', () => {
  it('counts once, in whatever order it comes, and how often', () => {
    expect(after(started, ended, started)).toEqual(after(started, ended));
    expect(after(started, ended, other)).toEqual(after(started, ended));
    expect(after(ended)).toBeUndefined();
    expect(after(ended, started)?.status).toBe('running');
  });

  it('is corrected by a later word on a presumed end, and by no earlier one', () => {
    expect(after(started, other, late)).toMatchObject({ status: 'failed', attempt: 2 });
    expect(after(started, late, other)).toMatchObject({ status: 'failed', attempt: 2 });
  });

  it('leaves the state before as it was, and is no work of a night', () => {
    const [first, second] = asEvents([started, ended]);
    if (!first || !second) throw new Error('two events');
    const before = replay([first]);
    const now = fold(before, second);
    expect([before.own.get('R-0001')?.status, now.own.get('R-0001')?.status]).toEqual([
      'running',
      'finished',
    ]);
    expect(now.worked).toBe(replay([]).worked);
  });

  it('names a run by its command where nobody named it', () => {
    const command = `python3 train.py 'it'\\''s'`;
    expect(after(started)?.command).toBe(command);
    expect(ownName({ name: '', command })).toBe(command);
    expect(ownName({ name: 'mine', command })).toBe('mine');
    expect(commandInWords([])).toBe('');
  });
});
