import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Event, EventBody } from '../../orchestrator/domain/event.ts';
import { encodeEvent } from '../../notebook/codec.ts';
import { putInInbox, readInbox } from '../../notebook/inbox.ts';
import { checksummed } from '../../notebook/lines.ts';
import { holderOf, startOf } from '../../notebook/lock.ts';
import { readManifest } from '../../notebook/manifest.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT, type Schema } from '../../notebook/schema.ts';
import { aLittleNight, aNight } from '../support/events.ts';
import { aPlace, opened } from './helpers.ts';

const flag = (label: string): EventBody => ({
  ...{ type: 'flagged', target: 'E-0001', label, because: 'it stands out', who: 'me' },
});

describe('the lock', () => {
  it('refuses a second writer, naming the first', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const failure = await opened(place).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'busy' });
    expect(String(failure)).toContain(`process ${process.pid}`);
    expect(String(failure)).toContain('process start');
    expect(await holderOf(place.dir)).toMatchObject({ pid: process.pid });
    await notebook.close();
    expect(await holderOf(place.dir)).toBeNull();
    await opened(place);
  });

  it('is another process as long as that one lives, and no longer', async () => {
    const place = await aPlace();
    await opened(place).then((notebook) => notebook.close());
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(other, 'spawn');
    const pid = other.pid ?? 0;
    const lock = { pid, process_started: await startOf(pid), host: hostname(), since: 'now' };
    await writeFile(join(place.dir, 'lock'), JSON.stringify(lock));
    await expect(opened(place)).rejects.toThrow(`process ${pid}`);
    expect(await holderOf(place.dir)).toMatchObject({ pid });
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await holderOf(place.dir)).toBeNull();
    await opened(place);
  });

  it('of a process that is gone is taken over, also where its pid came again', async () => {
    const place = await aPlace();
    await opened(place).then((notebook) => notebook.close());
    const stale = { process_started: 'long ago', host: hostname(), since: '2026-01-01' };
    for (const pid of [process.pid, 4_194_000]) {
      await writeFile(join(place.dir, 'lock'), JSON.stringify({ pid, ...stale }));
      const notebook = await opened(place);
      expect(await holderOf(place.dir)).toMatchObject({ pid: process.pid });
      await notebook.close();
    }
  });

  it('of another machine is left alone', async () => {
    const place = await aPlace();
    await opened(place).then((notebook) => notebook.close());
    const lock = { pid: 1, process_started: 'x', host: 'another', since: '2026-01-01' };
    await writeFile(join(place.dir, 'lock'), JSON.stringify(lock));
    await expect(opened(place)).rejects.toThrow('on another');
  });
});

describe('the inbox', () => {
  it('holds records of other processes until they are drained, each once', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    await Promise.all(['a', 'b', 'c'].map((label, i) => putInInbox(place.dir, flag(label), i)));

    const reader = await readNotebook(place.dir);
    expect(reader.state.flags.map(({ label }) => label)).toEqual(['a', 'b', 'c']);

    const drained = await notebook.drainInbox();
    expect(drained.map((event) => 'label' in event && event.label)).toEqual(['a', 'b', 'c']);
    expect(await notebook.drainInbox()).toEqual([]);
    expect(await readInbox(place.dir)).toEqual([]);
    await reader.refresh();
    expect(reader.state.flags).toEqual(notebook.state().flags);
    expect(reader.events).toEqual(notebook.events);
    expect(notebook.state().now >= (notebook.events.at(-4)?.at ?? '')).toBe(true);
  });

  it('counts nothing twice where a crash left a drained record behind', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    for (const body of aLittleNight(1)) await notebook.append(body);
    await putInInbox(place.dir, flag('a'));
    const [record] = await readInbox(place.dir);
    const bytes = await readFile(record?.path ?? '');
    await notebook.drainInbox();
    await notebook.close();
    await writeFile(record?.path ?? '', bytes);

    const reader = await readNotebook(place.dir);
    expect(reader.events.filter(({ type }) => type === 'flagged')).toHaveLength(1);
    const again = await opened(place);
    expect(await again.drainInbox()).toEqual([]);
    expect(again.events.filter(({ type }) => type === 'flagged')).toHaveLength(1);
    expect(await readInbox(place.dir)).toEqual([]);
  });

  it('sets aside what does not fit the lab, and what is damaged', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    const judged = { type: 'experiment_judged', experiment: 'E-0099', judgement: null };
    await putInInbox(place.dir, judged as unknown as EventBody);
    await writeFile(join(place.dir, 'inbox', 'torn.json'), '1234');
    const reader = await readNotebook(place.dir);
    expect(reader.warnings).toHaveLength(1);
    expect(await notebook.drainInbox()).toEqual([]);
    expect(notebook.warnings).toHaveLength(2);
    expect(await readdir(join(place.dir, 'damaged'))).toHaveLength(2);
    await notebook.close();
    expect((await opened(place)).events).toHaveLength(1);
  });

  it('takes records before there is a notebook', async () => {
    const place = await aPlace();
    await putInInbox(place.dir, flag('early'));
    expect((await readNotebook(place.dir)).state.flags).toHaveLength(1);
    const notebook = await opened(place);
    expect(await notebook.drainInbox()).toHaveLength(1);
  });
});

describe('another schema', () => {
  /** What a coming version may look like: a renamed label. */
  const NEXT: Schema = {
    version: CURRENT.version + 1,
    migrations: [
      ...CURRENT.migrations,
      {
        from: CURRENT.version,
        what: 'flags named good are named publish',
        event: (event) =>
          event.type === 'flagged' && event.label === 'good'
            ? { ...event, label: 'publish' }
            : event,
      },
    ],
  };

  it('is reached by its migrations: records are read anew, tables built anew, the rest stands', async () => {
    const place = await aPlace();
    const old = await opened(place);
    for (const body of aLittleNight(1)) await old.append(body);
    await old.append(flag('good'));
    await old.close();
    const journal = join(place.dir, 'journal', '000001.ndjson');
    const before = await readFile(journal, 'utf8');

    const reader = await readNotebook(place.dir, { schema: NEXT });
    expect(reader.state.flags.map(({ label }) => label)).toEqual(['publish']);

    const notebook = await opened(place, { schema: NEXT });
    expect(notebook.warnings).toEqual([
      `the notebook was brought from schema ${CURRENT.version} to ${NEXT.version}: flags named good are named publish`,
    ]);
    await notebook.append(flag('good'));
    await notebook.seal();
    // A record of the new schema is what it says.
    expect(notebook.state().flags.map(({ label }) => label)).toEqual(['publish', 'good']);
    expect((await readManifest(place.dir))?.schema).toBe(NEXT.version);
    expect(await readFile(journal, 'utf8')).toBe(before);
    await notebook.close();
    const again = await opened(place, { schema: NEXT });
    expect(again.warnings).toEqual([]);
    expect(again.state().flags.map(({ label }) => label)).toEqual(['publish', 'good']);
  });

  it('of a newer AutoLab is refused with a way out, and nothing is touched', async () => {
    const place = await aPlace();
    const newer = await opened(place, { schema: NEXT });
    await newer.append(aNight());
    await newer.close();
    const files = async () => (await readdir(place.dir, { recursive: true })).toSorted();
    const before = await files();
    await expect(opened(place)).rejects.toMatchObject({ code: 'refused' });
    await expect(opened(place)).rejects.toThrow('Update AutoLab');
    await expect(readNotebook(place.dir)).rejects.toMatchObject({ code: 'refused' });
    expect(await files()).toEqual(before);
  });

  it('that nobody knows a way from is refused', async () => {
    const place = await aPlace();
    await opened(place).then((notebook) => notebook.close());
    const gap: Schema = { version: NEXT.version + 1, migrations: NEXT.migrations };
    await expect(opened(place, { schema: gap })).rejects.toThrow(
      `no way from ${NEXT.version} to ${NEXT.version + 1}`,
    );
  });
});

it('a record of a journal is checksummed JSON on a line of its own', async () => {
  const place = await aPlace();
  const notebook = await opened(place);
  const event: Event = await notebook.append(aNight());
  const text = await readFile(join(place.dir, 'journal', '000001.ndjson'), 'utf8');
  expect(text).toBe(
    checksummed(`{"segment":1,"schema":${CURRENT.version}}`) + checksummed(encodeEvent(event)),
  );
});
