import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detailsOf } from '../../orchestrator/domain/own-run.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import { anOwnLife, inFull } from '../support/own.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { readJournal } from '../../notebook/journal-reader.ts';
import { openQuestions } from '../../notebook/questions.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { CURRENT } from '../../notebook/schema.ts';
import { readState, writeSnapshot } from '../../notebook/snapshot.ts';
import { aPlace, copiesOf, opened, openIn, type Place } from './helpers.ts';

const night = simulate(
  {
    measure: (titles, run) =>
      titles.includes('diverges')
        ? { fails: 'not_a_number' }
        : (titles.includes('helps') ? 1 : 2) + (run.seed ?? 0) * 1e-4,
    ideas: [anIdea('helps'), anIdea('diverges')],
  },
  nightStarted(aPlan()),
);
/** Runs of one's own before, behind and across the snapshot. */
const [[began, ended], across] = [anOwnLife('R-0001'), anOwnLife('R-0002')];
const ofNight = night.events.map(({ seq: _, at: __, ...event }) => {
  const body = event as EventBody;
  if (body.type !== 'run_ended' || body.result.failure === null) return body;
  return { ...body, result: { ...body.result, objective: Number.NaN } };
});

const bodies = [began, ended, across[0], ...ofNight, across[1]];

/** A lab with a snapshot in the middle of its journal. */
const aLab = copiesOf(async (place) => {
  const notebook = await openIn(place);
  const half = Math.floor(bodies.length / 2);
  for (const body of bodies.slice(0, half)) await notebook.append(body);
  await notebook.close();
  const again = await openIn(place);
  const { records, position } = await readJournal(place.dir, CURRENT);
  if (records.length !== half) throw new Error(`expected ${half} records, found ${records.length}`);
  await writeSnapshot(place.dir, CURRENT, again.state(), position, new Set());
  for (const body of bodies.slice(half)) await again.append(body);
  await again.close();
});
const journalOf = ({ dir }: Place) => join(dir, 'journal', '000001.ndjson');
const snapshotOf = ({ dir }: Place) => join(dir, 'snapshot');
/** As the snapshot and what follows it have it, and as the whole journal has it. */
const short = async ({ dir }: Place) => told(await readState(dir));
const whole = async ({ dir }: Place) => told((await readNotebook(dir)).state);
const told = (state: State) => ({ ...state, own: [...state.own.values()].map(inFull) });

describe('the state read by way of a snapshot', () => {
  it('is the state that the whole journal gives, numbers that are not finite included', async () => {
    const place = await aLab();
    expect(await short(place)).toEqual(await whole(place));
    const objectives = [...(await readState(place.dir)).runs.values()].map(
      ({ result }) => result?.objective,
    );
    expect(objectives.some(Number.isNaN)).toBe(true);
    const own = [...(await readState(place.dir)).own.values()];
    expect(own.map(detailsOf)).toEqual([ended.details, ended.details]);
  });

  it('comes from the snapshot: what lies before it is not read', async () => {
    const place = await aLab();
    const text = await readFile(journalOf(place), 'utf8');
    const second = text.indexOf('\n') + 1;
    const spoilt = `${text.slice(0, second)}X${text.slice(second + 1)}`;
    await writeFile(journalOf(place), spoilt);
    await expect(whole(place)).rejects.toMatchObject({ code: 'damaged' });
    expect((await readState(place.dir)).runs.size).toBe(night.state.runs.size);
    const questions = openQuestions(place.dir);
    expect((await questions.query('SELECT count(*) AS n FROM metrics')).rows).toEqual([{ n: 0 }]);
    await expect(questions.query('FROM runs')).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is not read again for a question by who has read it', async () => {
    const place = await aLab();
    const state = await readState(place.dir);
    const text = await readFile(journalOf(place), 'utf8');
    const second = text.indexOf('\n') + 1;
    await writeFile(journalOf(place), `${text.slice(0, second)}X${text.slice(second + 1)}`);
    await rm(snapshotOf(place));
    const sql = 'SELECT count(*) AS n FROM metrics';
    expect((await openQuestions(place.dir, { state }).query(sql)).rows).toEqual([{ n: 0 }]);
    await expect(openQuestions(place.dir).query(sql)).rejects.toMatchObject({ code: 'damaged' });
  });

  it.each([
    ['is missing', (path: string) => rm(path)],
    ['was torn', (path: string) => truncate(path, 1000)],
    ['had a bit flipped', flipBit],
    ['is somebody else’s file', (path: string) => writeFile(path, 'hello')],
  ])('is the same where the snapshot %s', async (_, damage) => {
    const place = await aLab();
    const before = await whole(place);
    await damage(snapshotOf(place));
    expect(await short(place)).toEqual(before);
  });

  it('is the journal’s own where another journal was put in its place', async () => {
    const place = await aLab();
    const other = await aPlace();
    const notebook = await opened(other);
    for (const body of bodies) {
      const changed = body.type === 'run_summarised' ? { ...body, text: 'otherwise' } : body;
      await notebook.append(changed);
    }
    await notebook.close();
    await writeFile(journalOf(place), await readFile(journalOf(other)));
    expect(await short(place)).toEqual(await whole(other));
  });

  it('holds what lies in the inbox, and leaves out a last line that is being written', async () => {
    const place = await aLab();
    await putInInbox(place.dir, {
      ...{ type: 'flagged', target: 'E-0001', label: 'good', because: 'it is', who: 'me' },
    });
    await appendFile(journalOf(place), '12345678 {"seq":');
    const state = await short(place);
    expect(state.flags.map(({ label }) => label)).toEqual(['good']);
    expect(state).toEqual(await whole(place));
  });

  it('of a folder that is not there is an empty lab', async () => {
    expect((await readState('/nowhere/at/all')).nights.size).toBe(0);
  });
});

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * 0.7);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  await writeFile(path, bytes);
}

it('a writer leaves a snapshot behind when there is much to read', async () => {
  const place = await aPlace();
  const notebook = await opened(place);
  await notebook.append(bodies[0] as EventBody);
  await Promise.all(
    Array.from({ length: 600 }, (_, i) =>
      notebook.append({ type: 'alert', level: 'info', subject: 'N-0001', text: `${i}` }),
    ),
  );
  await notebook.close();
  expect((await readFile(snapshotOf(place))).length).toBeGreaterThan(500);
  expect(await short(place)).toEqual(await whole(place));
});
