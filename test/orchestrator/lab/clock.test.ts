import { expect, it } from 'vitest';
import { systemClock } from '../../../orchestrator/lab/clock.ts';

it('the wall clock goes on from where it stood, whoever sets the machine’s meanwhile', () => {
  const set = Date.now;
  const clock = systemClock();
  const before = clock.now();
  expect(Math.abs(before - set())).toBeLessThan(60_000);
  try {
    // What a person, or a time server, does to the machine's clock at night.
    for (const hour of [1, -1]) {
      Date.now = () => set() + hour * 3_600_000;
      const drift = clock.now() - before;
      expect(drift).toBeGreaterThanOrEqual(0);
      expect(drift).toBeLessThan(1_800_000);
    }
  } finally {
    Date.now = set;
  }
});

it('time never goes back, and a machine that is awake has not slept', () => {
  const clock = systemClock();
  let [wall, mono] = [clock.now(), clock.monotonic()];
  for (let i = 0; i < 1000; i++) {
    expect(clock.now()).toBeGreaterThanOrEqual(wall);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(mono);
    [wall, mono] = [clock.now(), clock.monotonic()];
  }
  expect(clock.asleep()).toBe(0);
});
