import { describe, expect, test } from 'vitest';
import type { Event } from '../../orchestrator/domain/event.ts';
import type { Failure, FailureClass } from '../../orchestrator/domain/run.ts';
import { currentNight } from '../../orchestrator/domain/state.ts';
import {
  aPlan,
  anIdea,
  nightStarted,
  normals,
  simulate,
  uniforms,
  type Simulated,
  type World,
} from '../support/simulate.ts';

/** A repository that cannot be written for a while, or for good. */

const TITLES = ['a', 'b', 'c', 'd', 'e', 'f'];
const failed = (kind: FailureClass = 'infrastructure'): Failure => ({
  class: kind,
  message: 'git hash-object did not work: Read-only file system',
});

function night(unprepared: World['unprepared'], secondsPerRun = 60): Simulated {
  const noise = normals(uniforms(3));
  return simulate(
    {
      ideas: TITLES.map((title) => anIdea(title)),
      measure: (titles) => 1 + 0.001 * noise() - (titles.includes('b') ? 0.2 : 0),
      secondsPerRun,
      ...(unprepared ? { unprepared } : {}),
    },
    nightStarted(aPlan({ budget: { experiments: 6, runs: 60 } })),
  );
}

const failures = ({ events }: Simulated) =>
  events.filter((event) => event.type === 'experiment_unprepared');
const candidates = ({ state }: Simulated) =>
  [...state.experiments.values()].filter(({ hypothesis }) => hypothesis !== null);
const verdictOf = (one: Simulated, title: string) =>
  candidates(one).find((candidate) => candidate.title === title)?.judgement?.verdict;
const secondsBetween = (events: readonly Event[]): readonly number[] =>
  events.slice(1).map(({ at }, i) => (Date.parse(at) - Date.parse(events[i]?.at ?? '')) / 1000);

describe('a branch that the machine failed to make', () => {
  test('is made again after 5 s and 30 s, and what it tries is no worse for it', () => {
    const one = night(({ title, unprepared }) =>
      title === 'b' && (unprepared?.tries ?? 0) < 2 ? failed() : null,
    );
    expect(failures(one)).toHaveLength(2);
    expect(verdictOf(one, 'b')).toBe('improved');
    // Its branch stands: a repair of its patch would begin to count anew.
    expect(candidates(one).some(({ unprepared }) => unprepared)).toBe(false);
  });

  test('costs no idea while nothing can be written for half an hour, which is said and waited for', () => {
    let began = 0;
    const one = night(({ title }, now) => {
      if (title === 'baseline: the unmodified base commit') return null;
      began ||= Date.parse(now);
      return Date.parse(now) - began < 30 * 60_000 ? failed() : null;
    }, 5);
    const pauses = one.events.filter((event) => event.type === 'paused');
    expect(pauses.length).toBeGreaterThan(2);
    expect(pauses[0]).toMatchObject({ because: expect.stringContaining('because of the machine') });
    // Few looks, and not two at once.
    expect(failures(one).length).toBeLessThan(15);
    expect(candidates(one).map(({ title, failure }) => [title, failure])).toEqual(
      expect.arrayContaining(TITLES.map((title) => [title, null])),
    );
    expect(candidates(one).every(({ runs }) => runs.length > 0)).toBe(true);
    expect(verdictOf(one, 'b')).toBe('improved');
  });

  test('is given up after seven tries, and the night goes on to its end', () => {
    const one = night(({ title }) => (title === 'b' ? failed() : null));
    const tries = failures(one);
    expect(tries).toHaveLength(7);
    const waits = secondsBetween(tries);
    [5, 30, 60, 120, 240, 480].forEach((seconds, i) =>
      expect(waits[i]).toBeGreaterThanOrEqual(seconds),
    );
    expect(verdictOf(one, 'b')).toBe('failed');
    expect(currentNight(one.state).ended).not.toBeNull();
    for (const title of ['a', 'c', 'd', 'e', 'f'])
      expect(candidates(one).find((candidate) => candidate.title === title)?.runs).not.toEqual([]);
  });

  test('is made again for the baseline, too', () => {
    const one = night(({ parent, unprepared }) =>
      parent === null && !unprepared ? failed() : null,
    );
    expect(failures(one)).toHaveLength(1);
    expect(verdictOf(one, 'b')).toBe('improved');
  });
});

test('a change that cannot be applied is tried once: that is the idea’s fault', () => {
  const one = night(({ title }) => (title === 'b' ? failed('idea') : null));
  expect(failures(one)).toHaveLength(1);
  expect(verdictOf(one, 'b')).toBe('failed');
});
