import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LabError } from '../../orchestrator/domain/errors.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { makeNotebookFolder } from '../../notebook/durable.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { readJournal } from '../../notebook/journal-reader.ts';
import { openJournal } from '../../notebook/journal.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { openNotebook } from '../../notebook/writer.ts';
import { aNight } from '../support/events.ts';
import { aPlace, opened, type Place } from './helpers.ts';

const alert: EventBody = { type: 'alert', level: 'info', subject: 'N-0001', text: 'late' };

it.each([
  ['is gone', (path: string) => rm(path)],
  [
    'is held by process 4711',
    (path: string) =>
      writeFile(path, JSON.stringify({ pid: 4711, process_started: 'then', host: hostname() })),
  ],
])('a notebook whose lock %s records nothing more, and says why', async (words, take) => {
  const place = await aPlace();
  const notebook = await opened(place);
  await notebook.append(aNight());
  const journal = join(place.dir, 'journal', '000001.ndjson');
  const [before, manifest] = [
    await readFile(journal, 'utf8'),
    await readFile(join(place.dir, 'manifest.json'), 'utf8'),
  ];
  await take(join(place.dir, 'lock'));
  await expect(notebook.append(alert)).rejects.toMatchObject({ code: 'busy' });
  await expect(notebook.append(alert)).rejects.toThrow(words);
  await expect(notebook.seal()).rejects.toThrow(words);
  expect(await readFile(journal, 'utf8')).toBe(before);
  expect(await readFile(join(place.dir, 'manifest.json'), 'utf8')).toBe(manifest);
});

it.each([
  ['all of it', async () => undefined],
  ['and begun anew by an inbox', ({ dir }: Place) => putInInbox(dir, alert)],
])(
  'a notebook that is deleted while it is written records nothing more, and says so: %s',
  async (_, then) => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    await rm(place.dir, { recursive: true });
    await then(place);
    await expect(notebook.append(alert)).rejects.toMatchObject({ code: 'busy' });
    await expect(notebook.append(alert)).rejects.toThrow('was deleted or moved away');
    await notebook.close();
    expect((await readJournal(place.dir, CURRENT)).records).toEqual([]);
  },
);

it('a writer that was suspended after it had asked, and wakes beside the next one, writes over nothing', async () => {
  const place = await aPlace();
  await makeNotebookFolder(place.dir);
  let suspended: Promise<void> | null = null;
  let taken = false;
  const first = await openJournal(place.dir, CURRENT, async () => {
    if (taken) throw new LabError('busy', 'somebody took the lock');
    await suspended;
  });
  await first.append(aNight(), '2026-01-01T00:00:00.000Z');
  let wake: () => void = () => undefined;
  suspended = new Promise((resolve) => (wake = resolve));
  const late = first.append({ ...alert, text: 'late' }, '2026-01-01T00:00:01.000Z');

  const second = await openJournal(place.dir, CURRENT);
  await second.append({ ...alert, text: 'of the second' }, '2026-01-01T00:00:02.000Z');
  taken = true;
  wake();
  await expect(late).rejects.toMatchObject({ code: 'busy' });
  await second.append({ ...alert, text: 'and on' }, '2026-01-01T00:00:03.000Z');
  await Promise.all([first.close(), second.close()]);
  const { records } = await readJournal(place.dir, CURRENT);
  expect(records.map(({ event }) => (event.type === 'alert' ? event.text : event.type))).toEqual([
    'night_started',
    'of the second',
    'and on',
  ]);
});

it('a clock that was put back between two launches turns no order round', async () => {
  const place = await aPlace();
  const first = await opened(place);
  const { at } = await first.append(aNight());
  await first.close();
  const hourEarlier = Date.parse(at) - 3_600_000;
  const clock = { now: () => hourEarlier, monotonic: () => 0, asleep: () => 0 };
  const second = await openNotebook({ dir: place.dir, clock });
  expect((await second.append(alert)).at).toBe(at);
  await second.close();
});

it('a notebook whose tables cannot be written any more closes all the same, says so, and has it all', async () => {
  const place = await aPlace();
  const notebook = await opened(place);
  await notebook.append(aNight());
  await rm(join(place.dir, 'nights'), { recursive: true, force: true });
  await writeFile(join(place.dir, 'nights'), 'in the way');
  await notebook.close();
  expect(notebook.warnings.join()).toContain('the tables could not be brought up to the journal');
  const { records } = await readJournal(place.dir, CURRENT);
  expect(records.map(({ event }) => event.type)).toContain('night_started');
});
