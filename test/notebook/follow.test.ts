import { appendFile, mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { followNotebook } from '../../notebook/follow.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { followCurve, pointsOf } from '../../notebook/live-curve.ts';
import { checksummed } from '../../notebook/lines.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { aLittleNight, anExperimentsLife } from '../support/events.ts';
import { aPlace, opened, type Place } from './helpers.ts';

/** Reading a notebook along while another process writes it. */

interface Told {
  readonly begun: readonly { readonly state: State; readonly latest: readonly Event[] }[];
  readonly events: readonly Event[];
  readonly state: State;
  /** Waits until so many events were told. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

function following(place: Place): Told {
  const end = new AbortController();
  const begun: { state: State; latest: readonly Event[] }[] = [];
  const events: Event[] = [];
  let state: State | null = null;
  const done = followNotebook(place.dir, {
    ...{ signal: end.signal, every_ms: 5 },
    onState: (now, latest) => {
      state = now;
      begun.push({ state: now, latest });
    },
    onEvent: (now, event) => {
      state = now;
      events.push(event);
    },
  });
  onTestFinished(() => end.abort());
  return {
    begun,
    events,
    get state() {
      if (!state) throw new Error('nothing was told yet');
      return state;
    },
    async until(count) {
      while (events.length < count || begun.length === 0)
        await Promise.race([pause(5), done.then(() => pause(5))]);
    },
    async stop() {
      end.abort();
      await done;
    },
  };
}

const flag = (label: string): EventBody => ({
  ...{ type: 'flagged', target: 'E-0001', label },
  ...{ because: 'look', who: 'me' },
});

describe('following a notebook', () => {
  test('tells the lab as it stands, then each event once and in order, as the reader sees them', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const bodies = aLittleNight(4);
    for (const body of bodies.slice(0, 5)) await notebook.append(body);
    const told = following(place);
    await told.until(0);
    expect(told.begun[0]?.latest.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    for (const body of bodies.slice(5)) await notebook.append(body);
    await told.until(bodies.length - 5);
    await told.stop();
    expect(told.events.map(({ seq }) => seq)).toEqual(bodies.slice(5).map((_, i) => i + 6));
    expect(told.begun).toHaveLength(1);
    expect(told.state).toEqual((await readNotebook(place.dir)).state);
  });

  test('begins before the notebook does', async () => {
    const place = await aPlace();
    const told = following(place);
    await told.until(0);
    expect(told.state.night).toBeNull();
    const notebook = await opened(place);
    const [first] = aLittleNight();
    if (first) await notebook.append(first);
    await told.until(1);
    expect(told.state.night).toBe('N-0001');
  });

  test('takes a last look when it is told to stop', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const told = following(place);
    await told.until(0);
    const bodies = aLittleNight(1);
    for (const body of bodies) await notebook.append(body);
    await told.stop();
    expect(told.events).toHaveLength(bodies.length);
  });

  test('tells what lies in the inbox at once, and not again when the writer takes it in', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(2)) await notebook.append(body);
    const told = following(place);
    await told.until(0);
    await putInInbox(place.dir, flag('suspicious'));
    await told.until(1);
    expect(told.state.flags.map(({ label }) => label)).toEqual(['suspicious']);
    await notebook.drainInbox();
    await notebook.append({ type: 'alert', level: 'info', subject: 'N-0001', text: 'after it' });
    await told.until(2);
    await told.stop();
    expect(told.events.map(({ type }) => type)).toEqual(['flagged', 'alert']);
    expect(told.state.flags).toHaveLength(1);
  });

  test('leaves a record out of the inbox that does not fit the lab', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    const told = following(place);
    await told.until(0);
    await putInInbox(place.dir, { type: 'stopping', night: 'N-0099', how: 'now', who: 'nobody' });
    await putInInbox(place.dir, flag('publish'));
    await told.until(1);
    await told.stop();
    expect(told.events.map(({ type }) => type)).toEqual(['flagged']);
  });

  test('waits for the rest of a torn line, and goes on in the next journal file', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const bodies = aLittleNight(1);
    for (const body of bodies) await notebook.append(body);
    await notebook.close();
    const told = following(place);
    await told.until(0);
    const journal = join(place.dir, 'journal');
    const record = (seq: number) => {
      const event = { seq, at: '2027-01-01T00:00:00.000Z', ...flag(`torn ${seq}`) };
      return checksummed(JSON.stringify(event));
    };
    const seq = bodies.length + 1;
    await appendFile(join(journal, '000001.ndjson'), record(seq).slice(0, 40));
    await pause(50);
    expect(told.events).toEqual([]);
    await appendFile(join(journal, '000001.ndjson'), record(seq).slice(40));
    await told.until(1);
    const header = checksummed(JSON.stringify({ segment: 2, schema: CURRENT.version }));
    await writeFile(join(journal, '000002.ndjson'), header + record(seq + 1));
    await told.until(2);
    await told.stop();
    expect(told.events.map((event) => event.seq)).toEqual([seq, seq + 1]);
  });

  test('gets over records that their writer undid, as it does when the disk is full', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    const told = following(place);
    await told.until(0);
    const file = join(place.dir, 'journal', '000001.ndjson');
    const { size } = await stat(file);
    const seq = aLittleNight(1).length + 1;
    const undone = { seq, at: '2027-01-01T00:00:00.000Z', ...flag('undone') };
    await appendFile(file, checksummed(JSON.stringify(undone)));
    await told.until(1);
    await truncate(file, size);
    await notebook.append({ type: 'alert', level: 'info', subject: 'N-0001', text: 'instead' });
    await notebook.append(
      flag('kept, and as long as may be, so that the file is longer than it was'),
    );
    await told.until(2);
    await told.stop();
    expect(told.state).toEqual((await readNotebook(place.dir)).state);
  });

  test('says where a record is damaged', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    await notebook.close();
    const end = new AbortController();
    const done = followNotebook(place.dir, {
      ...{ signal: end.signal, every_ms: 5, onEvent: () => {} },
      onState: () =>
        void appendFile(join(place.dir, 'journal', '000001.ndjson'), 'deadbeef {"seq":99}\n'),
    });
    await expect(done).rejects.toMatchObject({ code: 'damaged' });
  });

  test('keeps up with many experiments, none told twice', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const told = following(place);
    for (const body of aLittleNight(1).slice(0, 6)) await notebook.append(body);
    const more = Array.from({ length: 40 }, (_, i) => anExperimentsLife(i + 10)).flat();
    await Promise.all(more.map((body) => notebook.append(body)));
    await told.stop();
    const seqs = [...(told.begun[0]?.latest ?? []), ...told.events].map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 6 + more.length }, (_, i) => i + 1));
  });
});

describe('the curve of a run that trains', () => {
  const line = (key: string, step: number, value: number | string) =>
    `${JSON.stringify({ key, step, time: 1_763_700_000_000 + step, value })}\n`;

  async function aRun() {
    const { runsDir } = await aPlace();
    const file = pointsOf(runsDir, 'E-0001.2', 1);
    await mkdir(dirname(file), { recursive: true });
    return { file, reader: followCurve(file, 'val_loss') };
  }

  test('is nothing before there is a number, and grows with the file', async () => {
    const { file, reader } = await aRun();
    expect(await reader.read()).toBeNull();
    await writeFile(file, line('val_loss', 1, 3) + line('val_loss', 2, 2).slice(0, 20));
    expect(await reader.read()).toEqual({ metric: 'val_loss', values: [3], last: 3, step: 1 });
    await appendFile(file, line('val_loss', 2, 2).slice(20) + line('val_loss', 3, 'NaN'));
    expect(await reader.read()).toEqual({
      ...{ metric: 'val_loss', values: [3, 2, NaN] },
      ...{ last: NaN, step: 3 },
    });
  });

  test('is of what is like a loss until the objective is logged', async () => {
    const { file, reader } = await aRun();
    await writeFile(file, line('lr', 1, 0.1) + line('accuracy', 1, 0.5));
    expect((await reader.read())?.metric).toBe('accuracy');
    await appendFile(file, line('train_loss', 1, 4) + line('lr', 2, 0.1));
    expect(await reader.read()).toMatchObject({ metric: 'train_loss', values: [4] });
    await appendFile(file, line('val_loss', 2, 3));
    expect(await reader.read()).toMatchObject({ metric: 'val_loss', values: [3] });
  });

  test('passes over what is no point', async () => {
    const { file, reader } = await aRun();
    await writeFile(file, `not json\n[1]\nnull\n{"key":7}\n${line('val_loss', 1, 3)}`);
    expect(await reader.read()).toMatchObject({ values: [3] });
  });

  test('stays small however much is logged, and has the last value', async () => {
    const { file, reader } = await aRun();
    const many = Array.from({ length: 60_000 }, (_, i) => line('val_loss', i, 60_000 - i));
    await writeFile(file, many.join(''));
    let curve = await reader.read();
    while (curve?.step !== 59_999) curve = await reader.read();
    expect(curve.last).toBe(1);
    expect(curve.values.length).toBeLessThanOrEqual(257);
    expect(curve.values.toSorted((a, b) => b - a)).toEqual(curve.values);
  });

  test('begins anew where another attempt writes the file anew', async () => {
    const { file, reader } = await aRun();
    await writeFile(file, line('val_loss', 1, 3) + line('val_loss', 2, 2));
    await reader.read();
    await writeFile(file, line('val_loss', 1, 9));
    expect(await reader.read()).toMatchObject({ values: [9] });
  });
});
