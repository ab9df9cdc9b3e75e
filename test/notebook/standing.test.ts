import {
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { LabError } from '../../orchestrator/domain/errors.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { followNotebook } from '../../notebook/follow.ts';
import { makeNotebookFolder } from '../../notebook/durable.ts';
import { openJournal } from '../../notebook/journal.ts';
import { readJournal } from '../../notebook/journal-reader.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { aNight } from '../support/events.ts';
import { aPlace, opened, type Place } from './helpers.ts';

/** A journal that others delete or replace while it is written. */

const alert = (text: string): EventBody => ({
  ...{ type: 'alert', level: 'info', subject: 'N-0001', text },
});
const journalOf = ({ dir }: Place): string => join(dir, 'journal', '000001.ndjson');
/** What the next launch, and every reader, finds. */
const textsOf = async ({ dir }: Place): Promise<unknown[]> =>
  (await readNotebook(dir)).events.flatMap((event) => ('text' in event ? event.text : []));
const asidesOf = async ({ dir }: Place): Promise<readonly string[]> =>
  (await readdir(join(dir, 'journal'))).filter((name) => name !== '000001.ndjson');

/** With two records; `trouble`: what its user was told of the journal's file. */
async function aNotebook() {
  const place = await aPlace();
  const trouble: string[] = [];
  const notebook = await opened(place, { onTrouble: (text) => trouble.push(text) });
  await notebook.append(aNight());
  await notebook.append(alert('one'));
  return { place, notebook, trouble, path: journalOf(place) };
}

describe('a journal that somebody deletes or replaces while it is written', () => {
  it.each([
    ['deleted', (path: string) => rm(path)],
    ['deleted with its folder', (path: string) => rm(dirname(path), { recursive: true })],
    ['moved away', (path: string) => rename(path, `${path}.mine`)],
  ])(
    'is put back where it was %s, with what is recorded then, and it is said once',
    async (_, harm) => {
      const { place, notebook, trouble, path } = await aNotebook();
      const before = await readFile(path, 'utf8');
      await harm(path);
      await notebook.append(alert('two'));
      expect(await readFile(path, 'utf8')).toMatch(before);
      await notebook.append(alert('three'));
      expect(await textsOf(place)).toEqual(['one', 'two', 'three']);
      expect(trouble).toEqual([expect.stringContaining(`${path} was deleted or moved away`)]);
      await notebook.close();
      const next = await opened(place);
      expect((await next.append(alert('four'))).seq).toBe(5);
      expect(await textsOf(place)).toEqual(['one', 'two', 'three', 'four']);
    },
  );

  it('goes on without a word where its place was taken by a copy of it', async () => {
    const { place, notebook, trouble, path } = await aNotebook();
    await copyFile(path, `${path}.t`);
    await rename(`${path}.t`, path);
    await notebook.drainInbox();
    await notebook.append(alert('two'));
    expect(await textsOf(place)).toEqual(['one', 'two']);
    expect(trouble).toEqual([]);
    expect(await asidesOf(place)).toEqual([]);
  });

  it('is put back, and what was put there is kept beside it, where nobody takes it for a journal', async () => {
    const { place, notebook, trouble, path } = await aNotebook();
    const older = (await readFile(path, 'utf8')).split('\n').slice(0, 2).join('\n');
    await writeFile(`${path}.t`, older);
    await rename(`${path}.t`, path);
    await notebook.append(alert('two'));
    const [aside = '', ...more] = await asidesOf(place);
    expect(more).toEqual([]);
    expect(await readFile(join(dirname(path), aside), 'utf8')).toBe(older);
    expect(trouble).toEqual([expect.stringContaining(aside)]);
    await notebook.close();

    const next = await opened(place);
    await next.append(alert('three'));
    expect(await textsOf(place)).toEqual(['one', 'two', 'three']);
    expect(await asidesOf(place)).toEqual([aside]);
  });

  it('is put back where a folder was put in its place', async () => {
    const { place, notebook, path } = await aNotebook();
    await rm(path);
    await mkdir(join(path, 'mine'), { recursive: true });
    await notebook.append(alert('two'));
    expect(await textsOf(place)).toEqual(['one', 'two']);
    const [aside = ''] = await asidesOf(place);
    expect(await readdir(join(dirname(path), aside))).toEqual(['mine']);
  });

  it('is put back again and again, also under appends of one moment', async () => {
    const { place, notebook, path } = await aNotebook();
    for (let i = 0; i < 10; i++) {
      const all = ['a', 'b', 'c'].map((name) => notebook.append(alert(`${i}${name}`)));
      await rm(path, { force: true });
      await Promise.all(all);
    }
    await notebook.close();
    expect((await textsOf(place)).slice(1).join()).toBe(
      Array.from({ length: 10 }, (_, i) => `${i}a,${i}b,${i}c`).join(),
    );
  });

  it('is put back at a night’s next heartbeat where nothing is recorded, and at the end', async () => {
    const { place, notebook, path } = await aNotebook();
    await rm(path);
    await notebook.drainInbox();
    expect(await textsOf(place)).toEqual(['one']);
    await rm(path);
    await notebook.close();
    expect(await textsOf(place)).toEqual(['one']);
  });

  it('tells who follows it what is recorded after that, each record once', async () => {
    const { place, notebook, path } = await aNotebook();
    const told: string[] = [];
    const end = new AbortController();
    let begun: () => void;
    const first = new Promise<void>((resolve) => (begun = resolve));
    const done = followNotebook(place.dir, {
      ...{ signal: end.signal, every_ms: 5, onState: () => begun() },
      onEvent: (_, event) => void ('text' in event && told.push(event.text)),
    });
    await Promise.race([first, done]);
    await rm(path);
    await pause(20); // it looks meanwhile
    await notebook.append(alert('two'));
    await copyFile(path, `${path}.t`);
    await rename(`${path}.t`, path);
    await notebook.append(alert('three'));
    while (told.length < 2) await Promise.race([pause(5), done.then(() => pause(5))]);
    end.abort();
    await done;
    expect(told).toEqual(['two', 'three']);
  });

  it('says in its warnings what befell it where nobody listens', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await rm(journalOf(place));
    await notebook.append(aNight());
    expect(notebook.warnings.join()).toContain('was deleted or moved away');
  });

  it('is not written where it cannot be put back, and goes on once it can be', async () => {
    const { place, notebook, path } = await aNotebook();
    const folder = dirname(path);
    await rename(folder, `${folder}.mine`);
    await writeFile(folder, 'in the way');
    await expect(notebook.append(alert('lost'))).rejects.toMatchObject({ code: 'failed' });
    await expect(notebook.drainInbox()).rejects.toMatchObject({ code: 'failed' });
    await rm(folder);
    expect((await notebook.append(alert('two'))).seq).toBe(3);
    expect(await textsOf(place)).toEqual(['one', 'two']);
  });
});

it('a writer that wakes beside the next one puts nothing of its own in that one’s place', async () => {
  const place = await aPlace();
  await makeNotebookFolder(place.dir);
  let taken = false;
  let asked = 0;
  const first = await openJournal(place.dir, CURRENT, async () => {
    asked++;
    if (taken) throw new LabError('busy', 'somebody took the lock');
  });
  await first.append(aNight(), '2026-01-01T00:00:00.000Z');
  expect(asked).toBe(2);
  const second = await openJournal(place.dir, CURRENT);
  await second.append(alert('of the second'), '2026-01-01T00:00:02.000Z');
  const inode = async () => (await stat(journalOf(place))).ino;
  const before = await inode();
  taken = true;
  await expect(first.tend()).rejects.toMatchObject({ code: 'busy' });
  await Promise.all([first.close(), second.close()]);
  expect(await inode()).toBe(before);
  expect((await readJournal(place.dir, CURRENT)).records).toHaveLength(2);
  expect(await asidesOf(place)).toEqual([]);
});

it('a writer whose fence fell while it put the journal back is undone by the one that holds it', async () => {
  const place = await aPlace();
  await makeNotebookFolder(place.dir);
  const first = await openJournal(place.dir, CURRENT); // asks nobody
  await first.append(aNight(), '2026-01-01T00:00:00.000Z');
  const second = await openJournal(place.dir, CURRENT);
  await second.append(alert('of the second'), '2026-01-01T00:00:02.000Z');
  await first.append(alert('late'), '2026-01-01T00:00:03.000Z');
  await first.close();
  await second.close();
  expect(await textsOf(place)).toEqual(['of the second']);
  const [aside = ''] = await asidesOf(place);
  await using kept = await open(join(place.dir, 'journal', aside));
  expect(await kept.readFile('utf8')).toContain('late');
});
