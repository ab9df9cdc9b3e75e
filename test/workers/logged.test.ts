import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { withDatabase } from '../../notebook/duckdb.ts';
import { text } from '../../notebook/sql.ts';
import { readLogged } from '../../workers/logged.ts';
import { writeSamples } from '../../workers/samples.ts';

async function aFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "autolab's [run] "));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const lines = (...objects: readonly unknown[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('');

const NOTHING = {
  ...{ config: new Map(), texts: new Map(), returned: new Map(), artifacts: [], remarks: [] },
  logged: { findings: [], tags: [], group: null },
};

describe('what a script logged', () => {
  it('is read by its type, the last word on a key counting', async () => {
    const folder = await aFolder({
      'logged.jsonl': lines(
        { type: 'config', time: 1, values: { lr: 0.1, optimizer: { betas: [0.9, 0.95] } } },
        { type: 'config', time: 2, values: { lr: 0.2, amp: true } },
        { type: 'text', time: 3, values: { phase: 'warmup' }, step: 3 },
        { type: 'text', time: 4, values: { phase: 'decay' }, step: 9 },
        { type: 'finding', time: 5, text: 'It "works" 🙂\nnearly' },
        { type: 'tag', time: 6, tags: ['ablation', 'small', 'ablation'] },
        { type: 'group', time: 7, group: 'sweep-1' },
        {
          ...{ type: 'artifact', time: 8, name: 'model', version: 3, kind: 'checkpoint' },
          ...{ path: 'artifacts/model/v3/m.pt', step: 1000, bytes: 5, sha256: 'a'.repeat(64) },
        },
        { type: 'returned', time: 9, finding: 'done', metrics: { acc: 0.5, loss: 'NaN' } },
        { type: 'warning', time: 10, text: 'net could not be logged' },
      ),
    });
    const found = await readLogged(folder);
    expect(Object.fromEntries(found.config)).toEqual({
      ...{ lr: 0.2, amp: true, 'optimizer/betas': '[0.9,0.95]' },
    });
    expect(Object.fromEntries(found.texts)).toEqual({ phase: 'decay' });
    expect(Object.fromEntries(found.returned)).toEqual({ acc: 0.5, loss: Number.NaN });
    expect(found.logged).toEqual({
      findings: ['It "works" 🙂\nnearly', 'done'],
      tags: ['ablation', 'small'],
      group: 'sweep-1',
    });
    expect(found.artifacts).toEqual([
      {
        ...{ as: 'model', version: 3, kind: 'checkpoint', step: 1000, bytes: 5 },
        ...{ path: 'artifacts/model/v3/m.pt', sha256: 'a'.repeat(64) },
      },
    ]);
    expect(found.remarks).toEqual(['the logger: net could not be logged']);
  });

  it('is nothing where no logger was used', async () => {
    expect(await readLogged(await aFolder())).toEqual(NOTHING);
  });

  it('may be torn, hostile or huge, and costs a remark', async () => {
    const folder = await aFolder({
      'logged.jsonl':
        lines(
          { type: '__proto__', values: { a: 1 } },
          { type: 'config', values: { __proto__x: 1, ['__proto__']: { polluted: true } } },
          { type: 'text', values: 'no object' },
          { type: 'finding', text: 7 },
          { type: 'tag', tags: 'alone' },
          { type: 'artifact', name: 'm', version: -1, path: '/etc/passwd' },
          [1, 2],
        ) +
        `not json\n${'['.repeat(100_000)}\n{"type":"finding","text":"${'x'.repeat(5 << 20)}"}\n` +
        `{"type":"finding","text":"${'y'.repeat(5000)}"}\n` +
        `{"type":"finding","text":"to`,
    });
    const found = await readLogged(folder);
    expect(found.logged.findings).toEqual([`${'y'.repeat(4096)}… (5000 characters)`]);
    expect(found.logged.tags).toEqual([]);
    expect(found.artifacts).toEqual([]);
    expect(found.config.get('__proto__x')).toBe(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(found.remarks).toEqual([
      'logged.jsonl holds objects of unknown type "__proto__"',
      'an artifact without a name, version or path was logged',
      '4 lines of logged.jsonl are no objects: they were left out',
    ]);
  });

  it('is left alone where it is a pipe or a link', async () => {
    const folder = await aFolder({ secret: lines({ type: 'finding', text: 'of another' }) });
    await symlink(join(folder, 'secret'), join(folder, 'logged.jsonl'));
    execFileSync('mkfifo', [join(folder, 'samples.jsonl')]);
    expect((await readLogged(folder)).logged.findings).toEqual([]);
    expect(await writeSamples(folder, 'E-0001.1')).toEqual({ rows: 0, remarks: [] });
  });

  it('is kept within bounds, with a word about the rest', async () => {
    const many = Array.from({ length: 1100 }, (_, i) => ({
      type: 'finding',
      text: `finding ${i}`,
    }));
    const found = await readLogged(await aFolder({ 'logged.jsonl': lines(...many) }));
    expect(found.logged.findings).toHaveLength(1000);
    expect(found.remarks).toEqual([
      'more than 1000 findings were logged: the rest is left out (100 times)',
    ]);
  });
});

describe('samples', () => {
  it('become rows of text, whatever stands in them', async () => {
    const wild = 'a "b" \'c\'\n\t\u0000\u0007 🙂 \ud800';
    const folder = await aFolder({
      'samples.jsonl':
        lines(
          {
            task: 'mmlu',
            id: wild,
            input: wild,
            target: 'A',
            prediction: 'B',
            metrics: { acc: 0 },
          },
          { task: null, id: 7, input: { q: [1] }, target: null, metrics: { loss: 'NaN' } },
          { task: 'mmlu', input: 'no id' },
          { id: 'long', input: 'z'.repeat(40_000) },
        ) + '{"id":"torn',
    });
    expect(await writeSamples(folder, 'E-0001.1')).toEqual({
      rows: 3,
      remarks: [
        'samples without an id, left out: 1',
        'texts of samples longer than 32768 characters, cut in samples.parquet; metrics as long are left out: 1',
      ],
    });
    const rows = await withDatabase({ spill: join(folder, 'spill') }, (database) =>
      database.read(`SELECT * FROM read_parquet(${text(join(folder, 'samples.parquet'))})`),
    );
    const read = wild.replace('\ud800', '\ufffd');
    expect(rows).toEqual([
      {
        ...{ run_id: 'E-0001.1', task: 'mmlu', sample_id: read, input: read, target: 'A' },
        ...{ prediction: 'B', metrics: '{"acc":0}' },
      },
      {
        ...{ run_id: 'E-0001.1', task: null, sample_id: '7', input: '{"q":[1]}', target: null },
        ...{ prediction: null, metrics: '{"loss":"NaN"}' },
      },
      {
        ...{ run_id: 'E-0001.1', task: null, sample_id: 'long', target: null },
        ...{ input: `${'z'.repeat(32_768)}… (40000 characters)`, prediction: null, metrics: null },
      },
    ]);
  });

  it('leave no file where there are none', async () => {
    const folder = await aFolder({ 'samples.jsonl': '' });
    expect(await writeSamples(folder, 'E-0001.1')).toEqual({ rows: 0, remarks: [] });
    await expect(readFile(join(folder, 'samples.parquet'))).rejects.toThrow('ENOENT');
  });
});
