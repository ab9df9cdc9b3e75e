import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { draw, type Frame } from '../../cli/view/draw.ts';
import type { Picture } from '../../cli/view/picture.ts';
import { scaleOf, spark, squeezed } from '../../cli/view/spark.ts';
import { cut, width } from '../../cli/view/text.ts';
import { fold } from '../../orchestrator/domain/fold.ts';
import { currentNight } from '../../orchestrator/domain/state.ts';
import { aSimulatedNight, picturesOf } from './night.ts';

const events = aSimulatedNight();
const pictures = picturesOf(events);

const SIZES = [
  [80, 24],
  [40, 10],
  [60, 16],
  [100, 30],
  [200, 60],
  [132, 20],
  [41, 50],
  [20, 5],
  [1, 2],
] as const;

const plainly = (picture: Picture, columns = 100, rows = 30, more: Partial<Frame> = {}): string =>
  draw(picture, { columns, rows, colour: false, ...more }).join('\n');

/** The picture after the n-th event of this type, the first if not said. */
function after(type: string, n = 1): Picture {
  const at = events.flatMap((event, i) => (event.type === type ? i : []))[n - 1];
  const found = at === undefined ? undefined : pictures[at];
  if (!found) throw new Error(`the night has no ${n} ${type}`);
  return found;
}

const dawnAt = events.findIndex(({ type }) => type === 'dawn_began');
const middle = pictures[dawnAt - 5] as Picture;
/** All three slots train, and some runs have ended. */
const busy = pictures.find(({ state }) => {
  const runs = [...state.runs.values()];
  return runs.filter(({ status }) => status === 'running').length === 3 && runs.length > 5;
}) as Picture;

describe('the picture of a night', () => {
  test('fits every terminal at every moment of a night', () => {
    for (const picture of pictures.filter((_, i) => i % 9 === 0))
      for (const [columns, rows] of SIZES)
        for (const look of [
          { colour: true },
          { colour: false, unicode: false },
          { colour: true, full: false },
        ]) {
          const lines = draw(picture, { columns, rows, ...look });
          expect(lines.length).toBeLessThanOrEqual(rows - 1);
          const widths = lines.map((line) => width(stripVTControlCharacters(line)));
          expect(Math.max(...widths), lines.join('\n')).toBeLessThanOrEqual(columns);
        }
  });

  test('is as high as the terminal all night, so that nothing jumps', () => {
    for (const picture of pictures)
      expect(draw(picture, { columns: 80, rows: 24, colour: false })).toHaveLength(23);
  });

  test('calls nothing improved before dawn has judged, and then what dawn confirmed', () => {
    const judged = events.findIndex(
      (event) => event.type === 'experiment_judged' && event.judgement.dawn !== null,
    );
    expect(judged).toBeGreaterThan(dawnAt);
    for (const picture of pictures.slice(0, judged))
      for (const [columns, rows] of SIZES.slice(0, 4))
        expect(plainly(picture, columns, rows)).not.toMatch(/improved/i);
    expect(plainly(middle)).toContain('provisional until dawn');
    expect(plainly(pictures[dawnAt] as Picture)).toContain('provisional, dawn tests it');
    expect(plainly(pictures.at(-1) as Picture)).toMatch(/^best +E-\d{4} .+ improved$/m);
  });

  test('says which night, what it is about, what is spent and what is best', () => {
    const text = plainly(middle);
    const { candidates, runs_started } = currentNight(middle.state);
    expect(text).toMatch(/^simulated {2}N-0001 +searching$/m);
    expect(text).toMatch(/\d+ min so far, about .+ left, until \d\d:\d\d/);
    expect(text).toContain(`experiments ${candidates} of 8    runs ${runs_started} of 60`);
    expect(text).toMatch(/^baseline +E-0000 +2\.\d+ +n 3/m);
    expect(text).toMatch(/^best +E-\d{4} +2\.\d+ +n \d +−0\.\d+ \[−0\.\d+, −0\.\d+\]/m);
    expect(text).toMatch(/^loss .*×.* best run so far/m);
    expect(text.split('\n').at(-1)).toBe('Ctrl-C drains');
  });

  test('keeps what matters most on the smallest terminal', () => {
    const lines = plainly(middle, 40, 10).split('\n');
    expect(plainly(busy, 40, 10)).toMatch(/^ 1 {2}E-\d{4}\.\d/m);
    expect(lines[0]).toMatch(/^simulated {2}N-0001 +searching$/);
    expect(lines.find((line) => line.startsWith('best'))).toMatch(/E-\d{4} .*provisional$/);
    expect(lines.at(-1)).toBe('Ctrl-C drains');
  });

  test('shows what each slot tries, for how long, and how its numbers go', () => {
    const text = plainly(busy);
    expect(text).toMatch(/^ 1 {2}E-\d{4}\.\d .*seed +\d+ +\d+ (s|min) of about 60 s$/m);
    expect(text).toMatch(/[▁▂▃▄▅▆▇█]{20,} +train_loss 1\.234 +step 100/);
    expect(text).toContain('no numbers yet');
  });

  test('says that a night drains, is paused and why, and is over', () => {
    const { state } = middle;
    const said = (event: Parameters<typeof fold>[1]): string =>
      plainly({ ...middle, state: fold(state, event) }, 120);
    const what = { seq: 999, at: state.now, night: 'N-0001' } as const;
    expect(said({ ...what, type: 'stopping', how: 'drain', who: 'Ctrl-C' })).toMatch(
      /N-0001 +draining: what runs may finish$/m,
    );
    expect(said({ ...what, type: 'paused', because: '3 MB\nfree' })).toContain('paused: 3 MB free');
    expect(plainly(pictures.at(-1) as Picture)).toMatch(/N-0001 +over$/m);
  });

  test('shows an alert with its time', () => {
    const failed = after('run_ended', events.filter(({ type }) => type === 'run_ended').length);
    expect(plainly(failed)).toMatch(/^\d\d:\d\d {2}E-\d{4}\.1 \(boom\) failed \(out of memory\)/m);
  });

  test('lets no control or reordering character of a title through', () => {
    for (const picture of pictures)
      // oxlint-disable-next-line no-control-regex
      expect(plainly(picture, 200, 60)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
  });

  test('is plain ASCII where the terminal speaks nothing else', () => {
    for (const picture of pictures)
      expect(plainly(picture, 100, 30, { unicode: false })).toMatch(/^[\n -~]*$/);
  });

  test('says that it begins before there is a night', () => {
    const nothing = { ...(pictures[0] as Picture), state: { ...middle.state, night: null } };
    expect(plainly(nothing)).toContain('about to begin');
  });
});

describe('a row of bars', () => {
  const look = { unicode: true };
  test('goes from the lowest to the highest value, and crosses out what is no number', () => {
    expect(spark([1, 2, NaN, 3, Infinity], look)).toBe('▁▅×█×');
    expect(spark([1, 2, NaN, 3], { unicode: false })).toBe('_=x#');
    expect(spark([5, 5], look)).toBe('▅▅');
    expect(spark([], look)).toBe('');
  });

  test('is not flattened by one value that is far off', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 1e6];
    expect(scaleOf(values).high).toBeLessThan(100);
    expect(new Set(spark(values, look)).size).toBeGreaterThan(2);
  });

  test('has no more bars than there is room for', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i);
    expect(squeezed(many, 10)).toHaveLength(10);
    expect(squeezed(many, 10)[0]).toBeCloseTo(49.5);
    expect(squeezed([1, NaN], 5)).toEqual([1, NaN]);
  });
});

describe('the width of a text', () => {
  test('counts what the terminal shows', () => {
    expect(width('plain')).toBe(5);
    expect(width('日本')).toBe(4);
    expect(width('e\u0301')).toBe(1);
    expect(width('🚀')).toBe(2);
    expect(width('👩‍👩‍👧')).toBe(2);
  });

  test('is what a cut text keeps to', () => {
    expect(cut('plain', 5)).toBe('plain');
    expect(cut('plain text', 6)).toBe('plain…');
    expect(cut('日本語', 4)).toBe('日…');
    expect(cut('日本語', 0)).toBe('');
  });
});
