import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { EventBody } from '../../orchestrator/domain/event.ts';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { makeNotebookFolder } from '../../notebook/durable.ts';
import { openJournal } from '../../notebook/journal.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { aLittleNight, aNight } from '../support/events.ts';
import { aPlace, opened, type Place } from './helpers.ts';

const alert = (text: string): EventBody => ({
  ...{ type: 'alert', level: 'info', subject: 'N-0001', text },
});
const journalOf = ({ dir }: Place): string => join(dir, 'journal', '000001.ndjson');
const textsIn = (events: readonly { readonly type: string }[]): unknown[] =>
  events.flatMap((event) => ('text' in event ? event.text : []));

async function aJournalOf(place: Place, ...texts: readonly string[]): Promise<void> {
  const notebook = await opened(place);
  for (const text of texts) await notebook.append(alert(text));
  await notebook.close();
}

describe('the journal', () => {
  it('gives back what was appended, in order, after it was closed and opened again', async () => {
    const place = await aPlace();
    const bodies = aLittleNight(3);
    const first = await opened(place);
    const appended = await Promise.all(bodies.map((body) => first.append(body)));
    expect(appended.map((event) => event.seq)).toEqual(bodies.map((_, i) => i + 1));
    expect(first.events).toEqual(appended);
    await first.close();

    const second = await opened(place);
    expect(second.events).toEqual(appended);
    expect(second.state()).toEqual(first.state());
    const next = await second.append(alert('more'));
    expect(next.seq).toBe(bodies.length + 1);
  });

  it('has on disk what append acknowledged, though nobody closed it', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.append(aNight());
    const lines = (await readFile(journalOf(place), 'utf8')).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('"type":"night_started"');
  });

  it('shares one fsync among appends of one moment', async () => {
    const place = await aPlace();
    await makeNotebookFolder(place.dir);
    const journal = await openJournal(place.dir, CURRENT);
    const at = new Date(0).toISOString();
    const all = Array.from({ length: 500 }, (_, i) => journal.append(alert(`${i}`), at));
    await all[0];
    // What the first fsync covered is recorded when the first call resolves: here, all of them.
    expect(textsIn(journal.events)).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
    await Promise.all(all);
    await journal.close();
  });

  it('cuts off a last line that was never finished, and goes on behind it', async () => {
    const place = await aPlace();
    await aJournalOf(place, 'one', 'two');
    await appendFile(journalOf(place), '1234abcd {"seq":3,"at":"20');

    const reader = await readNotebook(place.dir);
    expect(textsIn(reader.events)).toEqual(['one', 'two']);

    const notebook = await opened(place);
    await notebook.append(alert('three'));
    await notebook.close();
    const again = await opened(place);
    expect(textsIn(again.events)).toEqual(['one', 'two', 'three']);
    expect(again.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  });

  it('can be cut anywhere in its last record without losing another', async () => {
    const place = await aPlace();
    await aJournalOf(place, 'one', 'two');
    const whole = await readFile(journalOf(place));
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let cut = lastLine; cut < whole.length; cut += 7) {
      await writeFile(journalOf(place), whole);
      await truncate(journalOf(place), cut);
      const reader = await readNotebook(place.dir);
      expect(textsIn(reader.events)).toEqual(['one']);
    }
  });

  it('refuses a damaged line in the middle, naming the file and the line', async () => {
    const place = await aPlace();
    await aJournalOf(place, 'one', 'two', 'three');
    const text = await readFile(journalOf(place), 'utf8');
    await writeFile(journalOf(place), text.replace('"two"', '"twp"'));

    const failure = await opened(place).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LabError);
    expect(failure).toMatchObject({ code: 'damaged', where: `${journalOf(place)}:3` });
    expect(String(failure)).toContain('delete the line');
    await expect(readNotebook(place.dir)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('opens again without the damaged line, as its message says', async () => {
    const place = await aPlace();
    await aJournalOf(place, 'one', 'two', 'three');
    const lines = (await readFile(journalOf(place), 'utf8')).split('\n');
    await writeFile(journalOf(place), lines.filter((line) => !line.includes('"two"')).join('\n'));
    const notebook = await opened(place);
    expect(textsIn(notebook.events)).toEqual(['one', 'three']);
    expect((await notebook.append(alert('four'))).seq).toBe(4);
  });

  it('refuses a journal of which a file is missing', async () => {
    const place = await aPlace();
    await aJournalOf(place, 'one');
    await writeFile(join(place.dir, 'journal', '000003.ndjson'), '');
    await expect(readNotebook(place.dir)).rejects.toMatchObject({
      code: 'damaged',
      where: join(place.dir, 'journal', '000002.ndjson'),
    });
  });

  it('takes no record after it was closed', async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    await notebook.close();
    await expect(notebook.append(alert('late'))).rejects.toMatchObject({ code: 'failed' });
    await notebook.close();
  });

  const MANY = process.env['FULL'] ? 2000 : 400;

  it(`opens with ${MANY} experiments`, async () => {
    const place = await aPlace();
    const notebook = await opened(place);
    const bodies = aLittleNight(MANY, 1);
    await Promise.all(bodies.map((body) => notebook.append(body)));
    const reader = await readNotebook(place.dir);
    expect(reader.events).toHaveLength(bodies.length);
    expect(reader.state.experiments.size).toBe(MANY + 1);
  });
});
