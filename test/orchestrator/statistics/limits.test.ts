import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standingOf } from '../../../orchestrator/statistics/limits.ts';
import { normals, uniforms } from '../../support/simulate.ts';

const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 8 });
const noise = fc.record({
  variance: fc.integer({ min: 1, max: 1000 }),
  df: fc.integer({ min: 1, max: 30 }),
});

describe('where a metric stands to its limits', () => {
  test('is the mean’s word where nothing says how much is chance', () => {
    expect(standingOf({ max: 2 }, [1, 3], null).status).toBe('met');
    expect(standingOf({ max: 1.9 }, [1, 3], null).status).toBe('not_met');
    expect(standingOf({ max: 1.9, borderline: 0.1 }, [1, 3], null).status).toBe('borderline');
    expect(standingOf({ max: 1.9 }, [], null).status).toBe('not_measured');
  });

  test('is open while the interval includes the limit', () => {
    const chance = { variance: 1, df: 1000 };
    const at = (value: number) => standingOf({ min: 0 }, [value], chance).status;
    expect([2.1, 1.8, -1.8, -2.1].map(at)).toEqual(['met', 'borderline', 'borderline', 'not_met']);
  });

  test('is the same in other units, and mirrored', () => {
    fc.assert(
      fc.property(values, noise, fc.integer({ min: -500, max: 500 }), (some, chance, limit) => {
        const { status } = standingOf({ max: limit }, some, chance);
        const doubled = some.map((value) => 2 * value);
        const more = { variance: 4 * chance.variance, df: chance.df };
        expect(standingOf({ max: 2 * limit }, doubled, more).status).toBe(status);
        const mirrored = some.map((value) => -value);
        expect(standingOf({ min: -limit }, mirrored, chance).status).toBe(status);
      }),
    );
  });

  test('gets no worse where the limit gives way', () => {
    const rank = ['not_met', 'borderline', 'met'];
    fc.assert(
      fc.property(values, noise, fc.nat(500), fc.nat(500), (some, chance, limit, more) => {
        const of = (max: number) => rank.indexOf(standingOf({ max }, some, chance).status);
        expect(of(limit + more)).toBeGreaterThanOrEqual(of(limit));
      }),
    );
  });

  test('is wrong about what lies at its limit in one of twenty', () => {
    const normal = normals(uniforms(3));
    const wrong = Array.from({ length: 4000 }, () => {
      const chance = { variance: 1, df: 10_000 };
      return standingOf({ max: 0 }, [normal(), normal(), normal()], chance).status;
    }).filter((status) => status !== 'borderline').length;
    expect(wrong / 4000).toBeGreaterThan(0.04);
    expect(wrong / 4000).toBeLessThan(0.06);
  });
});
