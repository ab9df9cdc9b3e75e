import { mkdtempSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeEvent } from '../../notebook/codec.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { checksummed } from '../../notebook/lines.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { LabError } from '../../orchestrator/domain/errors.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { aLittleNight, asEvents } from '../support/events.ts';
import { holdsInTime } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'autolab-fuzz-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const EVENTS = asEvents(aLittleNight(1, 1));
const HEADER = checksummed(JSON.stringify({ segment: 1, schema: CURRENT.version }));
const JOURNAL = Buffer.from(
  HEADER + EVENTS.map((event) => checksummed(encodeEvent(event))).join(''),
);

/** Damage as disks, crashes and editors do it. Positions count round and round. */
const damage = fc.record({
  kind: fc.constantFrom('flip', 'end', 'zero', 'cut', 'double line', 'drop line', 'swap', 'add'),
  at: fc.nat(1_000_000),
  length: fc.integer({ min: 1, max: 600 }),
  bytes: fc.uint8Array({ maxLength: 40 }),
});

type Damage = typeof damage extends fc.Arbitrary<infer One> ? One : never;

function damaged(journal: Buffer, { kind, at, length, bytes }: Damage): Buffer {
  const place = at % (journal.length + 1);
  const lines = journal.toString('latin1').split('\n').slice(0, -1);
  const n = at % Math.max(1, lines.length);
  const join = (all: readonly string[]) => Buffer.from(all.map((l) => `${l}\n`).join(''), 'latin1');
  switch (kind) {
    case 'flip': {
      const copy = Buffer.from(journal);
      const byte = Math.min(place, copy.length - 1);
      if (byte >= 0) copy[byte] = (copy[byte] ?? 0) ^ (1 << (length % 8));
      return copy;
    }
    case 'zero':
      return Buffer.from(journal).fill(0, place, Math.min(place + length, journal.length));
    case 'end':
      return journal.subarray(0, place);
    case 'cut':
      return Buffer.concat([journal.subarray(0, place), journal.subarray(place + length)]);
    case 'double line':
      return join([...lines.slice(0, n), lines[n] ?? '', ...lines.slice(n)]);
    case 'drop line':
      return join(lines.filter((_, i) => i !== n));
    case 'swap':
      return join([
        ...lines.slice(0, n),
        lines[n + 1] ?? '',
        lines[n] ?? '',
        ...lines.slice(n + 2),
      ]);
    default:
      return Buffer.concat([journal.subarray(0, place), bytes, journal.subarray(place)]);
  }
}

/** The events of a folder, or null where the reader says that it is damaged, and where. */
async function readingOf(dir: string): Promise<readonly Event[] | null> {
  try {
    const { events, state } = await readNotebook(dir);
    expect(state.now).toBe(events.at(-1)?.at ?? new Date(0).toISOString());
    return events;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    expect(error.code).toBe('damaged');
    expect(error.where).toMatch(/000001\.ndjson:\d+$|^record \d+$/);
    expect(error.message).toContain('estore');
    return null;
  }
}

let n = 0;
async function notebookOf(journal: Buffer): Promise<string> {
  const dir = join(folder, String((n += 1)));
  await mkdir(join(dir, 'journal'), { recursive: true });
  await writeFile(join(dir, 'journal', '000001.ndjson'), journal);
  return dir;
}

describe('a journal that was damaged', () => {
  test('is whole before', async () => {
    expect(await readingOf(await notebookOf(JOURNAL))).toEqual(EVENTS);
  });

  test('gives records that were written, in their order, or says damaged and where', async () => {
    await holdsInTime(0.3, fc.array(damage, { minLength: 1, maxLength: 3 }), async (all) => {
      const dir = await notebookOf(all.reduce(damaged, JOURNAL));
      const events = await readingOf(dir);
      await rm(dir, { recursive: true });
      if (events === null) return;
      const known = events.map((event) => EVENTS.findIndex((one) => one.seq === event.seq));
      expect(events).toEqual(known.map((i) => EVENTS[i]));
      expect(known).toEqual(known.toSorted((a, b) => a - b));
    });
  });

  test('gives a prefix of its records where only its end is gone', async () => {
    await holdsInTime(0.1, fc.nat(JOURNAL.length), async (end) => {
      const dir = await notebookOf(JOURNAL.subarray(0, end));
      const events = (await readingOf(dir)) ?? [];
      await rm(dir, { recursive: true });
      expect(events).toEqual(EVENTS.slice(0, events.length));
      const lines = JOURNAL.subarray(0, end).toString('latin1').split('\n').length - 1;
      expect(events.length).toBe(Math.max(0, lines - 1));
    });
  });
});

describe('an inbox record that was damaged', () => {
  test('is left out, and everything else is read', async () => {
    const dir = await notebookOf(JOURNAL);
    const words = { target: 'E-0001', label: 'publish', because: 'good', who: 'Ada' } as const;
    await putInInbox(dir, { type: 'flagged', ...words }, Date.parse('2026-02-01'));
    const whole = (await readingOf(dir)) ?? [];
    expect(whole.length).toBe(EVENTS.length + 1);
    const file = join(dir, 'inbox', readdirSync(join(dir, 'inbox'))[0] ?? '');
    const record = await readFile(file);
    await holdsInTime(0.1, fc.array(damage, { minLength: 1, maxLength: 2 }), async (all) => {
      const bytes = all.reduce(damaged, record);
      await writeFile(file, bytes);
      expect(await readingOf(dir)).toEqual(bytes.equals(record) ? whole : EVENTS);
    });
  });
});
