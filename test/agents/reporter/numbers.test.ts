import { describe, expect, test } from 'vitest';
import {
  bytes,
  counted,
  decimalsFor,
  duration,
  percent,
  plain,
  signed,
  telling,
} from '../../../agents/reporter/numbers.ts';

describe('numbers for people', () => {
  test.each([
    [0.0021, 4],
    [0.0063, 3],
    [0.00987, 3],
    [0.035, 3],
    [0.036, 2],
    [2.4, 1],
    [12, 0],
    [4000, 0],
    [0, 0],
    [Number.NaN, 0],
  ])('an uncertainty of %d leaves %d decimals', (uncertainty, decimals) => {
    expect(decimalsFor(uncertainty)).toBe(decimals);
  });

  test('minus is a true minus, and no number is a negative nothing', () => {
    expect(plain(-0.038, 3)).toBe('−0.038');
    expect(plain(-0.0001, 2)).toBe('0.00');
    expect(signed(0.012, 3)).toBe('+0.012');
    expect(signed(-0.012, 3)).toBe('−0.012');
    expect([signed(-0.0049, 2), signed(0.0049, 2)]).toEqual(['0.00', '0.00']);
  });

  test('four significant digits where nobody knows the uncertainty', () => {
    expect(plain(1.57423)).toBe('1.574');
    expect(plain(211)).toBe('211');
    expect(plain(12.5)).toBe('12.5');
    expect(plain(0.00123461)).toBe('0.001235');
  });

  test('very small and very large numbers are written with an exponent', () => {
    expect(plain(3.1e-7)).toBe('3.1e−7');
    expect(plain(-2e-9)).toBe('−2e−9');
    expect(plain(123_456_789)).toBe('1.235e+8');
  });

  test('columns of fixed decimals stay columns', () => {
    expect(plain(-0.00009524, 4)).toBe('−0.0001');
  });

  test('what is not finite says so', () => {
    expect([plain(Number.NaN), plain(Infinity), plain(-Infinity), signed(Number.NaN)]).toEqual([
      'NaN',
      '∞',
      '−∞',
      'NaN',
    ]);
  });

  test('an interval that excludes nothing is never rounded to touch it', () => {
    expect(telling(3, -0.0004, -0.02)).toBe(4);
    expect(telling(3, -0.004, 0)).toBe(3);
  });

  test('times, shares, counts and sizes have their units', () => {
    expect([0.0123, 0.5, 5.83, 99, 130, 25_500].map(duration)).toEqual([
      '0.012 s',
      '0.50 s',
      '5.8 s',
      '99.0 s',
      '2 min 10 s',
      '7 h 05 min',
    ]);
    expect(percent(0.873)).toBe('87 %');
    expect([
      counted(1, 'seed'),
      counted(3, 'seed'),
      counted(2, 'hypothesis', 'hypotheses'),
    ]).toEqual(['1 seed', '3 seeds', '2 hypotheses']);
    expect([bytes(0), bytes(999), bytes(1_234_567)]).toEqual(['0 B', '999 B', '1.2 MB']);
  });
});
