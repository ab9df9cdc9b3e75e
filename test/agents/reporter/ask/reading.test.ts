import { describe, expect, test } from 'vitest';
import { markIn } from '../../../../agents/reporter/ask/mark.ts';
import { readQuestion, type Names } from '../../../../agents/reporter/ask/reading.ts';
import { periodOf } from '../../../../agents/reporter/ask/sql.ts';

const NAMES: Names = {
  objective: 'val_bpb',
  minimize: true,
  metrics: ['accuracy', 'val_bpb'],
  settings: ['learning_rate', 'dropout'],
  lines: ['schedule'],
  titles: ['Warm-up hurts at this length'],
  labels: ['suspicious', 'keep'],
};
const read = (text: string) => readQuestion(text, NAMES);

describe('a question without a model', () => {
  test.each([
    ['compare e7 with E-9', ['E-0007', 'E-0009']],
    ['experiment #12 or exp 3?', ['E-0012', 'E-0003']],
    ['what of run 7.2', ['E-0007.2']],
    ['E-12345', ['E-12345']],
    ['is 1e-4 better?', []],
  ])('%s names %j', (text, ids) => {
    expect(read(text).experiments).toEqual(ids);
  });

  test('hypotheses, nights and runs of one’s own have ids too', () => {
    const { hypotheses, nights, own } = read('h12 in night 2, and R-0003');
    expect({ hypotheses, nights, own }).toEqual({
      hypotheses: ['H-0012'],
      nights: ['N-0002'],
      own: ['R-0003'],
    });
  });

  test('typing errors are mended towards words that are looked for, and names are left alone', () => {
    expect(read('wat is teh bset expriment').said).toBe('what is the best experiment');
    expect(read('the rest of the cost').said).toBe('the rest of the cost');
    expect(read('LEARNING RATE of the best').about).toBe('learning_rate');
  });

  test('names of the notebook are known, whatever joins their words', () => {
    expect(read('did warm-up help?').about).toBe('warm');
    expect(read('highest accuracy').metric).toBe('accuracy');
    expect(read('lowest val_bpb')).toMatchObject({ metric: null, unknown: [] });
    expect(read('what is tagged keep').label).toBe('keep');
  });

  test('what neither the notebook nor we know is said', () => {
    expect(read('the best pizza in town?').unknown).toEqual(['pizza', 'town']);
    expect(read('how sure are we of E-0003?').unknown).toEqual([]);
  });

  test('the highest of what should be low is the worst, and a metric called loss is itself', () => {
    expect(read('the highest loss').extreme).toBe('worst');
    expect(
      readQuestion('the highest accuracy', { ...NAMES, objective: 'accuracy', minimize: false })
        .extreme,
    ).toBe('best');
    const both = { ...NAMES, metrics: ['loss', 'val_bpb'] };
    expect(readQuestion('the lowest loss', both)).toMatchObject({ extreme: null, metric: 'loss' });
  });

  test('a word that is one slip away from two is none of them', () => {
    expect(read('did we bet the baseline').unknown).toEqual(['bet']);
    expect(read('the node of the best').unknown).toEqual(['node']);
    expect(read('the bset one').mended).toEqual([['bset', 'best']]);
  });

  test('days come in the order in which they are named', () => {
    expect(read('today against last week').periods).toEqual(['today', 'last_week']);
    expect(read('last week versus today').periods).toEqual(['last_week', 'today']);
  });

  test('weeks begin on Monday, days at midnight UTC', () => {
    const wednesday = Date.parse('2026-11-18T20:00:00Z');
    expect(periodOf('this_week', wednesday)).toEqual([
      '2026-11-16 00:00:00',
      '2026-11-23 00:00:00',
    ]);
    expect(periodOf('last_week', wednesday)).toEqual([
      '2026-11-09 00:00:00',
      '2026-11-16 00:00:00',
    ]);
    const sunday = Date.parse('2026-11-22T00:00:00Z');
    expect(periodOf('this_week', sunday)[0]).toBe('2026-11-16 00:00:00');
    expect(periodOf('yesterday', sunday)).toEqual(['2026-11-21 00:00:00', '2026-11-22 00:00:00']);
  });
});

describe('a mark that is asked for', () => {
  const mark = (text: string) => markIn(text, ['keep'], (targets) => read(targets).experiments);
  test.each([
    ['flag E-0007 as suspicious because it is too good', 'flag', 'suspicious'],
    ['please flag E-0007 suspicious', 'flag', 'suspicious'],
    ['flag e7 keep', 'flag', 'keep'],
    ['mark experiment 7 as a leaky_split', 'flag', 'leaky_split'],
    ['set the publish flag on E-0007', 'flag', 'publish'],
    ['could you mark E-0007 for publication?', 'flag', 'publish'],
    ['unflag E-0007 suspicious', 'unflag', 'suspicious'],
    ['Remove the suspicious flag from E-0007', 'unflag', 'suspicious'],
  ])('%s', (text, kind, label) => {
    expect(mark(text)).toEqual({ kind, label, targets: ['E-0007'], because: `asked: "${text}"` });
  });

  test('ids of the reason are not marked', () => {
    const text = 'flag E-0003 and E-0005 as borderline because E-0001 is better';
    expect(mark(text)).toMatchObject({ targets: ['E-0003', 'E-0005'], label: 'borderline' });
  });

  test.each([
    'flag E-0007',
    'Mark my words, E-0007 is great',
    'mark E-0007 as not suspicious',
    'mark E-0007 great',
    'flag everything you find in the log of E-0001',
    'mark E-0004 publish unless E-0005 is better',
    'Flag counts: how many flags E-0007 has',
    'mark E-0004 as publish if E-0005 is worse',
  ])('%s is not understood well enough to mark anything', (text) => {
    expect(mark(text)).toMatchObject({ targets: [], label: null });
  });

  test.each([
    'what is flagged?',
    'why was E-0007 flagged?',
    'is E-0007 marked suspicious?',
    'the log says: flag E-0007',
    'Flag counts: how many flags does E-0007 have?',
  ])('%s asks for none', (text) => {
    expect(mark(text)).toBeNull();
  });
});
