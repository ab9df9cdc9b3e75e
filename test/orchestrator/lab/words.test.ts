import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNotebook, type OpenNotebook } from '../../../notebook/writer.ts';
import { readState } from '../../../notebook/snapshot.ts';
import { systemClock } from '../../../orchestrator/lab/clock.ts';
import { flag, unflag } from '../../../orchestrator/lab/marks.ts';
import { openLab, type Lab } from '../../../orchestrator/lab/lab.ts';
import { decide, note, tag, untag } from '../../../orchestrator/lab/words.ts';
import { aLittleNight } from '../../support/events.ts';
import { makeLab } from '../../support/lab.ts';

/** One lab with a little night in it: what is said while its lock is held, and while it is not. */

const repo = makeLab();
const dir = join(repo.root, 'data/notebook');
let lab: Lab;
let notebook: OpenNotebook;
const state = () => readState(dir);

beforeAll(async () => {
  repo.git(['config', 'user.name', 'Ada\tLovelace']);
  lab = await openLab(repo.root);
  notebook = await openNotebook({ dir, clock: systemClock(), sealAfter: 3_600_000 });
  for (const body of aLittleNight(2)) await notebook.append(body);
});
afterAll(async () => {
  await notebook.close();
  repo.remove();
});

const ODD = 'it "said"\n\t‘no’, \u0007\u001b[31m| 🚀 <b>`x`</b> 学習率\r\nend';

describe('words that are left while a night runs', () => {
  test('are seen at once, signed, and the same once they are in the journal', async () => {
    const onLab = await note(lab, await state(), null, `${ODD}\n\n`);
    const onRun = await note(lab, await state(), 'E-0001.2', 'odd curve');
    const because = 'flat\nfrom 1e-3 on';
    const decided = await decide(lab, await state(), {
      ...{ text: 'stop "tuning" 🚀', because, closes: 'learning_rate' },
      evidence: ['E-0001', 'E-0002.1', 'H-0001', 'N-0001', 'E-0001'],
    });
    await tag(lab, await state(), 'H-0002', ['später', '🚀', 'später']);
    await tag(lab, await state(), 'H-0002', ['🚀', 'paper']);
    await untag(lab, await state(), 'H-0002', 'später');
    await flag(lab, await state(), 'N-0001', 'quiet', 'nobody else was here');
    const said = await state();
    expect(onLab).toMatchObject({ target: null, text: ODD, who: 'Ada Lovelace' });
    expect(said.notes.get(onLab.id)?.text).toBe(ODD);
    expect(said.notes.get(onRun.id)).toMatchObject({ target: 'E-0001.2', who: 'Ada Lovelace' });
    expect(said.decisions.get(decided.id)).toMatchObject({
      ...{ text: 'stop "tuning" 🚀', because, closes: 'learning_rate', opens: null },
      evidence: ['E-0001', 'E-0002.1', 'H-0001', 'N-0001'],
    });
    expect(said.tags.get('H-0002')?.map((one) => one.tag)).toEqual(['🚀', 'paper']);
    expect(said.flags).toMatchObject([{ target: 'N-0001', label: 'quiet', who: 'Ada Lovelace' }]);

    await notebook.drainInbox();
    expect(notebook.warnings).toEqual([]);
    const recorded = notebook.state();
    for (const key of ['notes', 'decisions', 'tags', 'flags'] as const)
      expect(recorded[key], key).toEqual(said[key]);
    await unflag(lab, recorded, 'N-0001', 'quiet');
    expect((await state()).flags).toEqual([]);
  });

  test('are in the tables, sealed or not, and go from there when they are taken back', async () => {
    const rows = async (sql: string) => (await notebook.query(sql)).rows;
    const TAGS = "SELECT tag FROM tags WHERE target = 'H-0002' ORDER BY tag";
    for (const sealed of [false, true]) {
      if (sealed) await notebook.seal();
      expect(await rows('SELECT text FROM notes WHERE target IS NULL')).toEqual([{ text: ODD }]);
      expect(await rows('SELECT closes, opens, in_force, evidence FROM decisions')).toEqual([
        {
          ...{ closes: 'learning_rate', opens: null, in_force: true },
          evidence: ['E-0001', 'E-0002.1', 'H-0001', 'N-0001'],
        },
      ]);
      expect(await rows(TAGS)).toEqual([{ tag: 'paper' }, { tag: '🚀' }]);
      expect(await rows("SELECT id FROM hypotheses WHERE list_contains(tags, 'paper')")).toEqual([
        { id: 'H-0002' },
      ]);
    }
    await untag(lab, await state(), 'H-0002', '🚀');
    await tag(lab, await state(), 'E-0001.1', ['keep']);
    const opening = { text: 'on with it', because: 'a new idea', opens: 'learning_rate' };
    await decide(lab, await state(), { ...opening, evidence: [] });
    await notebook.drainInbox();
    await notebook.seal();
    expect(await rows(TAGS)).toEqual([{ tag: 'paper' }]);
    expect(await rows("SELECT tags FROM runs WHERE id = 'E-0001.1'")).toEqual([{ tags: ['keep'] }]);
    expect(await rows('SELECT in_force FROM decisions ORDER BY time')).toEqual([
      { in_force: false },
      { in_force: null },
    ]);
  });
});

test('a run of one’s own is tagged by its script and by people alike', async () => {
  const run = 'R-0001' as const;
  const start = {
    ...{ name: '', command: ['python', 'x.py'], directory: '.', host: null, who: 'Eve' },
    ...{ started: '2026-01-01T00:00:00.000Z', commit: null, branch: null, dirty: null },
  };
  const more = { params: [], remarks: [] };
  const end = {
    ...({ attempt: 1, status: 'finished', seconds: 60 } as const),
    ended: '2026-01-01T00:01:00.000Z',
    ...{ exit_code: 0, signal: null, failure: null, killed_because: null, objective: null },
    ...{ tier: null, metric_points: 0, sample_rows: 0 },
  } as const;
  const logged = { findings: [], tags: ['sweep', 'mine'], group: null };
  const details = { ...more, summary: [], artifacts: [], logged };
  await notebook.append({
    type: 'own_run_started',
    run,
    start: { ...start, source: 'run' },
    ...more,
  });
  await tag(lab, await state(), run, ['mine']);
  await notebook.drainInbox();
  await notebook.append({ type: 'own_run_ended', run, end, details });
  const tagsOf = async () =>
    ((await state()).tags.get(run) ?? []).map((one) => `${one.tag} by ${one.who}`);
  expect(await tagsOf()).toEqual(['mine by Ada Lovelace', 'sweep by Eve']);
  await untag(lab, await state(), run, 'sweep');
  await note(lab, await state(), run, 'by hand');
  await flag(lab, await state(), run, 'publish', 'good');
  await notebook.drainInbox();
  expect(await tagsOf()).toEqual(['mine by Ada Lovelace']);
  const sql = `SELECT r.tags, n.text, f.label FROM runs r JOIN notes n ON n.target = r.id
    JOIN flags f ON f.target = r.id`;
  expect((await notebook.query(sql)).rows).toEqual([
    { tags: ['mine'], text: 'by hand', label: 'publish' },
  ]);
});

test('nobody holds the lab: the words wait in the inbox until somebody does', async () => {
  await notebook.close();
  const { id } = await note(lab, await state(), 'E-0002', 'later');
  expect((await state()).notes.get(id)?.text).toBe('later');
  notebook = await openNotebook({ dir, clock: systemClock(), sealAfter: 3_600_000 });
  await notebook.drainInbox();
  expect(notebook.state().notes.get(id)).toMatchObject({ text: 'later', target: 'E-0002' });
});

test('what cannot be meant is refused, with a way out, and leaves nothing', async () => {
  const now = await state();
  const decision = (more: object) =>
    decide(lab, now, { text: 'x', because: 'y', evidence: [], ...more });
  const refusals: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => note(lab, now, null, ' \n\u0007\t'), /expected the words of a note, found none/],
    [() => note(lab, now, null, 'é'.repeat(20_001)), /at most 20000 .* found 20001: commit/],
    [
      () => note(lab, now, 'E-0099', 'x'),
      /an experiment, a run, a run of your own, a hypothesis or a night.*"E-0099"/,
    ],
    [() => note(lab, now, 'constructor', 'x'), /expected an experiment/],
    [() => decision({ text: '' }), /the words of a decision/],
    [() => decision({ because: ' ' }), /its reason \(--because\)/],
    [() => decision({ because: 'y'.repeat(2001) }), /at most 2000 .* its reason/],
    [() => decision({ evidence: ['E-0001', 'H-0404'] }), /"H-0404"/],
    [
      () => decision({ closes: 'learning_rat' }),
      /\(activation, depth, learning_rate\).*learning_rat"/,
    ],
    [() => decision({ closes: 'baseline' }), /cannot be closed/],
    [() => decision({ opens: 'depth' }), /a line that is closed \(none is\), found "depth"/],
    [() => tag(lab, now, 'E-0001', ['two words']), /without spaces and commas/],
    [() => tag(lab, now, 'E-0001', ['x'.repeat(41)]), /at most 40 characters/],
    [() => tag(lab, now, 'E-0001', []), /1 to 20 tags, found 0/],
    [() => untag(lab, now, 'E-0001', 'keep'), /found no tag on it/],
    [() => untag(lab, now, 'E-0001.1', 'kept'), /tagged "kept", found keep/],
  ];
  for (const [refused, words] of refusals) await expect(refused()).rejects.toThrow(words);
  await notebook.drainInbox();
  expect(notebook.state().notes.size).toBe(now.notes.size);
  expect(notebook.state().decisions.size).toBe(now.decisions.size);
});

test('without a name in git the system says who it was', async () => {
  repo.git(['config', '--unset', 'user.name']);
  const { who } = await note(lab, await state(), null, 'unsigned');
  expect(who).toMatch(/^\S/);
  expect(who).not.toContain('Ada');
});

test('in a lab where no night was launched yet, git sees nothing of it; a linked folder is refused', async () => {
  const fresh = makeLab();
  try {
    const place = await openLab(fresh.root);
    const before = await readState(place.notebookDir);
    const { id } = await note(place, before, null, 'first');
    expect(fresh.git(['status', '--porcelain'])).toBe('');
    expect([...(await readState(place.notebookDir)).notes.keys()]).toEqual([id]);
    const first = await openNotebook({ dir: place.notebookDir, clock: systemClock() });
    expect(await first.drainInbox()).toMatchObject([{ type: 'noted', id }]);
    await first.close();
    renameSync(join(fresh.root, 'data'), join(fresh.folder, 'elsewhere'));
    symlinkSync(join(fresh.folder, 'elsewhere'), join(fresh.root, 'data'));
    await expect(note(place, before, null, 'second')).rejects.toThrow('found a symbolic link');
  } finally {
    fresh.remove();
  }
});
