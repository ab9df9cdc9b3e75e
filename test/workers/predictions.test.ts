import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takePredictions } from '../../workers/predictions.ts';

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'autolab-predictions-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'run'));
  return folder;
}

/** What becomes of a file that a run left. */
async function taken(name: string, bytes: string | Buffer, rows?: number, max_size = 1000) {
  const folder = aFolder();
  writeFileSync(join(folder, 'run', name), bytes);
  const copy = join(folder, 'copy');
  const result = await takePredictions(
    join(folder, 'run'),
    { predictions: name, rows, max_size },
    copy,
  );
  if ('rows' in result) expect(readFileSync(copy).equals(Buffer.from(bytes))).toBe(true);
  return 'rows' in result ? result.rows : result.message;
}

const npy = (descr: string, shape: string, data: Buffer): Buffer => {
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length + 1);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(`${header}\n`),
    data,
  ]);
};

test.each([
  ['p.json', '[1, 2, 3]', 3],
  ['p.json', '{"a": 1, "b": 2}', 2],
  ['p.json', String.raw`{"a": [{}], "b": 2, "\u0061": 3}`, 2],
  ['p.json', '"a"\n', 1],
  ['p.jsonl', '{"a": 1}\n\n{"a": 2}\n', 2],
  ['p.csv', 'id,said\n1,"a, ""b""\nc"\n2,d', 2],
  ['p.csv', 'id,said\r\n1,a\r\n', 1],
  ['p.txt', 'cat\ndog\n', 2],
  ['p.npy', npy("'<f4'", '3, 2', Buffer.alloc(24)), 3],
  ['p.npy', npy("'|b1'", '5,', Buffer.alloc(5)), 5],
])('counts the rows of %s', async (name, bytes, rows) => {
  expect(await taken(name, bytes, rows)).toBe(rows);
});

test.each([
  ['p.json', '[1, 2', 'be JSON, found something else'],
  ['p.jsonl', '1\n{"a"\n', 'found something else on line 2'],
  ['p.csv', 'id,said\n1,2,3\n', '3 fields in a record, where the first has 2'],
  ['p.csv', 'id\n"1\n', 'a quote that is not closed'],
  ['p.txt', Buffer.from([0xff, 0xfe]), 'no UTF-8'],
  ['p.npy', npy("'|O'", '2,', Buffer.from('pickled!')), 'an array of something else'],
  ['p.npy', npy("'<f4'", '3, 2', Buffer.alloc(8)), '8 bytes of numbers, where its header says 24'],
  ['p.npy', npy("'|O', #'descr': '<f4'", '3,', Buffer.alloc(12)), 'an array of something else'],
  ['p.npy', npy("'<f4', 'shape': (9,)", '3,', Buffer.alloc(12)), 'an array of something else'],
  ['p.npy', npy("'<f4'", "3,), 'shape': (9,", Buffer.alloc(12)), 'an array of something else'],
  ['p.npy', 'not one at all', 'something else'],
])('refuses %s that is not what its name says', async (name, bytes, message) => {
  expect(await taken(name, bytes)).toContain(message);
});

test('reads JSON that was made to fill the memory, and lets others have their turn', async () => {
  const size = 8_000_000;
  const large = (name: string, bytes: Buffer) => taken(name, bytes, undefined, size);
  let turns = 0;
  let turning = setImmediate(function turn() {
    turns++;
    turning = setImmediate(turn);
  });
  onTestFinished(() => clearImmediate(turning));
  const empty = Buffer.from(`[${'[],'.repeat(2_600_000)}1]`);
  expect(await large('p.json', empty)).toBe(2_600_001);
  expect(turns).toBeGreaterThan(5);
  expect(await large('p.jsonl', empty)).toBe(1);
  expect(await large('p.json', Buffer.alloc(size, '['))).toContain('lists and objects in one');
});

test('refuses as many rows as the plan does not say, and more bytes than it allows', async () => {
  expect(await taken('p.json', '[1,2]', 3)).toBe('expected p.json to hold 3 rows, found 2');
  expect(await taken('p.json', '[1,2]', 2, 4)).toContain('4 bytes at most (score.max_size)');
});

test('refuses what is not there, a folder, and any way round to another file', async () => {
  const folder = aFolder();
  const run = join(folder, 'run');
  const labels = join(folder, 'labels.json');
  writeFileSync(labels, '[1]');
  symlinkSync(labels, join(run, 'link.json'));
  symlinkSync(folder, join(run, 'out'));
  linkSync(labels, join(run, 'hard.json'));
  mkdirSync(join(run, 'folder.json'));
  const take = async (predictions: string) => {
    const asked = { predictions, rows: undefined, max_size: 1000 };
    const result = await takePredictions(run, asked, join(folder, `copy-${Math.random()}`));
    return 'class' in result ? result.class : result;
  };
  for (const name of ['link.json', 'out/labels.json', 'hard.json'])
    expect(await take(name)).toBe('invalid');
  for (const name of ['none.json', 'folder.json']) expect(await take(name)).toBe('no_metric');
});

test('gives no metric where the run removed its own folder, or left more than can be read', async () => {
  const folder = aFolder();
  const take = (run: string) =>
    takePredictions(
      join(folder, run),
      { predictions: 'p.txt', rows: undefined, max_size: 4e9 },
      join(folder, `copy-${run}`),
    );
  const message = 'expected p.txt to be left by the run, found no such file';
  expect(await take('gone')).toEqual({ class: 'no_metric', message });
  // A hole takes no room on the disk.
  mkdirSync(join(folder, 'large'));
  writeFileSync(join(folder, 'large', 'p.txt'), 'a');
  truncateSync(join(folder, 'large', 'p.txt'), 3e9);
  expect(await take('large')).toMatchObject({ class: 'no_metric' });
});
