import { describe, expect, test } from 'vitest';
import { expectedImprovement } from '../../agents/researcher/expected-improvement.ts';
import { dot, fitted, solveLower } from '../../agents/researcher/gaussian-process.ts';
import type { Observation } from '../../agents/researcher/hyperparameters.ts';
import type { Spot } from '../../agents/researcher/kernel.ts';
import { outlookOn } from '../../agents/researcher/surrogate.ts';

/** The Researcher's arithmetic, against what can be worked out another way. */

const spot = (x: number, word = 'a', group = 'E-0000'): Spot => ({ point: [x, word], group });
const seen = (at: Spot, value: number, variance = 1 / 3): Observation => ({
  ...at,
  value,
  variance,
});

test('two observations are regressed on as the closed form says', () => {
  const fit = fitted(Float64Array.from([2, 0, 0.5, 3]), Float64Array.from([1, -1]));
  if (!fit) throw new Error('expected a fit');
  // The inverse of [[2, 0.5], [0.5, 3]] is [[3, -0.5], [-0.5, 2]] / 5.75.
  expect(fit.weights[0]).toBeCloseTo(3.5 / 5.75, 12);
  expect(fit.weights[1]).toBeCloseTo(-2.5 / 5.75, 12);
  expect(fit.likelihood).toBeCloseTo(-3 / 5.75 - Math.log(5.75) / 2, 12);
  const half = solveLower(fit.factor, 2, Float64Array.from([1, 1]));
  expect(dot(half, half, 2)).toBeCloseTo(4 / 5.75, 12);
});

test('a matrix that is none of covariances has no fit', () => {
  expect(fitted(Float64Array.from([1, 0, 2, 1]), Float64Array.from([0, 0]))).toBeNull();
});

test('expected improvement is the mean of the gains above nothing', () => {
  for (const [mean, deviation] of [
    [0, 1],
    [1.5, 0.7],
    [-2, 1.2],
    [-9, 2],
  ] as const) {
    let sum = 0;
    for (let z = -9; z < 9; z += 0.001)
      sum += Math.max(0, mean + deviation * z) * Math.exp((-z * z) / 2) * 0.001;
    const integral = sum / Math.sqrt(2 * Math.PI);
    expect(expectedImprovement(mean, deviation)).toBeCloseTo(integral, 5);
  }
  expect(expectedImprovement(2, 0)).toBe(2);
});

describe('the outlook', () => {
  const base = spot(0.5);
  const known = [seen(base, 0), seen(spot(0.7), 4), seen(spot(0.3), -5), seen(spot(0.5, 'b'), -1)];
  const candidates = [spot(0.7), spot(0.8), spot(0.3), spot(0.5, 'b'), spot(0.5, 'c')];

  test('has the incumbent’s neighbours where they were measured, drawn a little to the middle', () => {
    const outlook = outlookOn(known, base, candidates, []);
    expect(outlook.gain(0).mean).toBeGreaterThan(2.5);
    expect(outlook.gain(0).mean).toBeLessThan(4.5);
    expect(outlook.gain(2).mean).toBeLessThan(-3);
    expect(outlook.gain(0).deviation).toBeLessThan(outlook.gain(4).deviation);
  });

  test('is the same whatever constant its group is off by, and wherever other groups are', () => {
    const plain = outlookOn(known, base, candidates, []);
    const shifted = outlookOn([...known, seen(spot(0.5, 'a', 'E-0100'), 3)], base, candidates, []);
    for (const at of candidates.keys())
      expect(shifted.gain(at).mean).toBeCloseTo(plain.gain(at).mean, 1);
  });

  test('knows less of what was measured once than of what was measured often', () => {
    const once = outlookOn([seen(base, 0), seen(spot(0.7), 4, 1)], base, candidates, []);
    const often = outlookOn([seen(base, 0), seen(spot(0.7), 4, 1 / 8)], base, candidates, []);
    expect(once.gain(0).deviation).toBeGreaterThan(often.gain(0).deviation);
  });

  test('expects of what is believed what it did before, and is surer of its neighbours', () => {
    const outlook = outlookOn(known, base, candidates, []);
    const before = candidates.map((_, at) => outlook.gain(at));
    outlook.believe(1);
    for (const [at, gain] of before.entries()) {
      expect(outlook.gain(at).mean).toBeCloseTo(gain.mean, 9);
      expect(outlook.gain(at).deviation).toBeLessThanOrEqual(gain.deviation + 1e-9);
    }
    expect(outlook.gain(1).deviation).toBeLessThan((before[1]?.deviation ?? 0) * 0.95);
    const pending = outlookOn(known, base, candidates, [spot(0.8)]);
    expect(pending.gain(1).deviation).toBeCloseTo(outlook.gain(1).deviation, 9);
  });

  test('is told nothing new by the same thing over and over', () => {
    const outlook = outlookOn(known, base, candidates, []);
    const before = outlook.gain(0).deviation;
    for (let i = 0; i < 200; i += 1) outlook.believe(1);
    expect(outlook.gain(0).deviation).toBeGreaterThan(before * 0.2);
    expect(outlook.gain(0).deviation).toBeLessThan(before);
  });
});
