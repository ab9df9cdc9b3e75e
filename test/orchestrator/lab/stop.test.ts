import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNotebook, type OpenNotebook } from '../../../notebook/writer.ts';
import type { Event } from '../../../orchestrator/domain/event.ts';
import { systemClock } from '../../../orchestrator/lab/clock.ts';
import { placeOf, type LabPlace } from '../../../orchestrator/lab/place.ts';
import { stopNight, type Stopped } from '../../../orchestrator/lab/stop.ts';
import { aNight } from '../../support/events.ts';

/** The launch is this process: it holds the notebook, and its night begins when a test says so. */
let place: LabPlace;
let launch: OpenNotebook;
let said: string[];
beforeEach(async () => {
  place = placeOf(mkdtempSync(join(tmpdir(), 'autolab-test-stop-')));
  launch = await openNotebook({ dir: place.notebookDir, clock: systemClock() });
  said = [];
});
afterEach(async () => {
  await launch.close();
  rmSync(place.root, { recursive: true });
});

const stop = (wait = true): Promise<Stopped> =>
  stopNight(place, { how: 'now', wait, onProgress: (text) => said.push(text) });

const until = async <T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(20);
  }
};
const isTold = (words: string) => until(() => said.find((text) => text.includes(words)));
/** What a night takes in when it looks at its inbox. */
const wish = (): Promise<Event> =>
  until(async () => (await launch.drainInbox()).find(({ type }) => type === 'stopping'));

test('a launch that still gets ready is asked as soon as its night has begun', async () => {
  const stopped = stop();
  await isTold('has not begun its night yet');
  expect(await launch.drainInbox()).toEqual([]);
  await launch.append(aNight());
  expect(await wish()).toMatchObject({ night: 'N-0001', how: 'now', who: 'autolab stop' });
  await launch.close();
  expect(await stopped).toEqual({ night: 'N-0001', pid: process.pid, how: 'now', over: true });
});

test('the night is asked that begins, not the one that ended before', async () => {
  await launch.append(aNight());
  await launch.append({
    type: 'night_ended',
    night: 'N-0001',
    reason: 'runs_spent',
    message: 'done',
  });
  await launch.append({ type: 'reported', night: 'N-0001', revision: 1, findings: [] });
  const stopped = stop(false);
  await isTold('closes the last one');
  expect(await launch.drainInbox()).toEqual([]);
  await launch.append(aNight({ night: 'N-0002' }));
  expect(await stopped).toEqual({ night: 'N-0002', pid: process.pid, how: 'now', over: false });
  expect(await wish()).toMatchObject({ night: 'N-0002' });
});

test('a launch that goes on with a night, and took the wish in on its way there, is asked again', async () => {
  const { plan, slots } = aNight();
  await launch.append(aNight());
  const stopped = stop();
  await wish();
  await launch.append({ type: 'night_resumed', night: 'N-0001', slots, plan });
  expect(await wish()).toMatchObject({ night: 'N-0001', how: 'now' });
  await launch.close();
  expect(await stopped).toMatchObject({ night: 'N-0001', over: true });
});

test('of a launch that ends before its night begins nothing is said to have been stopped', async () => {
  const stopped = stop();
  await isTold('has not begun its night yet');
  await launch.close();
  await expect(stopped).rejects.toThrow(
    'expected a night to be running in this lab: the launch that was here has just ended',
  );
});

test('a night that has ended and waits for its last report is asked, too', async () => {
  await launch.append(aNight());
  await launch.append({
    ...{ type: 'night_ended', night: 'N-0001', reason: 'runs_spent', message: 'done' },
  });
  const stopped = stop();
  expect(await wish()).toMatchObject({ night: 'N-0001', how: 'now' });
  await launch.close();
  expect(await stopped).toMatchObject({ night: 'N-0001', over: true });
});
