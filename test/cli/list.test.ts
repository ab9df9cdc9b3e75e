import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listed, type Listing, type ListOptions } from '../../cli/list.ts';
import { csv } from '../../cli/list/csv.ts';
import { since } from '../../cli/list/since.ts';
import { fitted } from '../../cli/table.ts';
import { experiments } from '../../notebook/tables/experiments.ts';
import { fold, replay } from '../../orchestrator/domain/fold.ts';
import type { Event } from '../../orchestrator/domain/event.ts';
import { aLittleNight, asEvents } from '../support/events.ts';

const row = (n: number, more: object = {}) => ({
  ...{ id: `E-${n}`, night: 'N-0001', line: 'rate', status: 'judged', verdict: null, tags: [] },
  ...{ objective: n as number | string | null, title: '', opened: '2026-01-01T00:00:00.000Z' },
  ...more,
});
type Row = ReturnType<typeof row>;

const ROWS: readonly Row[] = [
  row(9998, { objective: 'NaN', verdict: 'failed' }),
  row(9999, { objective: 3, tags: ['keep', '🚀'], line: 'width', title: 'b10' }),
  row(10_000, { objective: null, status: 'running', title: 'b9' }),
  row(10_001, { objective: '-Infinity', tags: ['keep'], verdict: 'worse', title: 'B9' }),
  row(10_002, { objective: 3, opened: '2026-01-02T12:00:00.000Z' }),
  row(10_003, { objective: 'Infinity', opened: null }),
  row(10_004, { objective: -2.5, opened: '2026-01-03T00:00:00.000Z' }),
];
const LISTING: Listing<Row> = {
  ...{ table: experiments, rows: ROWS.map((one) => () => one) },
  statuses: ['judged', 'running', 'failed'],
  facetsOf: (one) => ({ ...one, statuses: [one.status], began: one.opened }),
};
const NOW = Date.parse('2026-01-03T00:00:00Z');
const tagged = { target: 'E-0001', tags: ['keep', '🚀', 'gone'], who: 'me' } as const;
const STATE = [
  { type: 'tagged', ...tagged, seq: 99, at: '2026-02-01T00:00:00.000Z' } as Event,
].reduce(fold, replay(asEvents(aLittleNight(1))));

const numbers = (options: ListOptions): string =>
  listed(LISTING, options, STATE, NOW)
    .map(({ id }) => id.slice(2))
    .join(' ');

describe('a list', () => {
  test('keeps what every filter lets through', () => {
    expect(numbers({})).toBe('9998 9999 10000 10001 10002 10003 10004');
    expect(numbers({ status: 'running' })).toBe('10000');
    expect(numbers({ status: 'failed' })).toBe('');
    expect(numbers({ verdict: 'worse' })).toBe('10001');
    expect(numbers({ tag: ['keep'] })).toBe('9999 10001');
    expect(numbers({ tag: ['keep', '🚀'] })).toBe('9999');
    expect(numbers({ tag: ['gone'] })).toBe('');
    expect(numbers({ line: 'width', night: 'N-0001' })).toBe('9999');
    expect(numbers({ since: '36h' })).toBe('10002 10004');
    expect(numbers({ since: '2026-01-02T12:00Z', tag: ['keep'] })).toBe('');
  });

  test('is sorted by any column, NaN behind every number and no value last, equals as they came', () => {
    expect(numbers({ sort: 'objective' })).toBe('10001 10004 9999 10002 10003 9998 10000');
    expect(numbers({ sort: '-objective' })).toBe('10003 9999 10002 10004 10001 9998 10000');
    expect(numbers({ sort: '-id' })).toBe('10004 10003 10002 10001 10000 9999 9998');
    expect(numbers({ sort: '-title', limit: 3 })).toBe('9999 10001 10000');
    expect(numbers({ sort: 'opened', limit: 2 })).toBe('9998 9999');
    expect(numbers({ sort: '-tags', limit: 2 })).toBe('9999 10001');
  });

  test('is cut to the newest, or to the first of its order', () => {
    expect(numbers({ limit: 2 })).toBe('10003 10004');
    expect(numbers({ limit: 99 })).toBe(numbers({}));
    expect(numbers({ sort: 'objective', limit: 1 })).toBe('10001');
  });

  test('refuses what no row could be, and says what could', () => {
    const wrong: readonly (readonly [ListOptions, RegExp])[] = [
      [{ status: 'done' }, /--status to be one of: judged, running, failed; found "done"/],
      [{ verdict: 'good' }, /--verdict to be one of: improved, promising, .*found "good"/],
      [{ night: 'N-0009' }, /--night to be one of: N-0001; found "N-0009"/],
      [{ night: 'constructor' }, /--night to be one of/],
      [{ line: 'widht' }, /--line to be one of: rate, width;/],
      [{ tag: ['keep', 'kep'] }, /--tag to be one of: gone, keep, 🚀; found "kep"/],
      [
        { sort: 'loss' },
        /a column of experiments behind --sort, found "loss"\. There are id, night,/,
      ],
      [{ sort: '-' }, /behind --sort, found ""/],
      [{ sort: '--id' }, /found "-id"/],
      [{ since: 'yesterday' }, /a date, a time or how long ago behind --since.*"yesterday"/],
    ];
    for (const [options, message] of wrong) expect(() => numbers(options)).toThrow(message);
    expect(() => listed(LISTING, { night: 'N-0001' }, replay([]), NOW)).toThrow('none here yet');
  });
});

describe('since', () => {
  const now = new Date(2026, 10, 21, 18, 30).getTime();
  const local = (text: string) => new Date(since(text, now)).toString();

  test('is so long ago, a day, a moment, or the last time that a clock showed it', () => {
    expect(now - since('8h', now)).toBe(8 * 3_600_000);
    expect(now - since('1.5d', now)).toBe(36 * 3_600_000);
    expect([since('90s', now), since('30m', now), since('1w', now)].map((at) => now - at)).toEqual([
      ...[90_000, 1_800_000, 604_800_000],
    ]);
    expect(local('2026-11-20')).toBe(new Date(2026, 10, 20).toString());
    expect(local('2026-11-20 18:00')).toBe(new Date(2026, 10, 20, 18).toString());
    expect(local('18:15')).toBe(new Date(2026, 10, 21, 18, 15).toString());
    expect(local('22:00:30')).toBe(new Date(2026, 10, 20, 22, 0, 30).toString());
    expect(since('2026-11-20T18:00:00.000Z', now)).toBe(Date.UTC(2026, 10, 20, 18));
    expect(since('2026-11-20T18:00+02:30', now)).toBe(Date.UTC(2026, 10, 20, 15, 30));
    expect(since('2028-02-29', now)).toBe(new Date(2028, 1, 29).getTime());
  });

  test('is nothing else', () => {
    for (const text of ['', '8', 'h', '-8h', '8 h', '2026-02-30', '2026-13-01', '24:00', '1:60'])
      expect(() => since(text, now), text).toThrow('behind --since');
    expect(() => since('2026-11-20T25:00Z', now)).toThrow('behind --since');
  });
});

describe('CSV', () => {
  test('comes back as it was, whatever a cell holds', async () => {
    const texts = [
      ...[
        'plain',
        'a,b',
        'say "hi"',
        'two\nlines',
        'cr\r\nlf\r',
        ' spaced ',
        '\ttab',
        '',
        '🚀 学習率',
      ],
      ...[
        '\u0000\u0007\u001b[31m\u0085\u2028',
        '=1+1',
        '-3',
        "'",
        ';',
        '\ufeffmark',
        'null',
        'NaN',
      ],
    ];
    const rows = texts.map((text, i) => ({ i, text, list: [text, 'x'], none: null }));
    const made = csv(['i', 'text', 'list', 'none'], rows);
    expect(made.startsWith('i,text,list,none\r\n0,plain,"[""plain"",""x""]",\r\n')).toBe(true);
    expect(parse(made).slice(1)).toEqual(
      rows.map(({ i, text, list }) => [String(i), text, JSON.stringify(list), null]),
    );
    const folder = mkdtempSync(join(tmpdir(), 'autolab-csv-'));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    try {
      const file = join(folder, 'rows.csv');
      // DuckDB's binding swallows a byte-order mark, and its CSV reader stops at NUL.
      const readable = rows.filter(({ text }) => !/[\0\ufeff]/.test(text));
      writeFileSync(file, csv(['i', 'text', 'none'], readable));
      const found = await connection.runAndReadAll(
        `SELECT * FROM read_csv('${file}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, new_line = '\\r\\n')`,
      );
      expect(found.getRowObjectsJson()).toEqual(
        readable.map(({ i, text }) => ({ i: String(i), text, none: null })),
      );
    } finally {
      connection.closeSync();
      rmSync(folder, { recursive: true });
    }
  });
});

/** By the letter of RFC 4180; an unquoted nothing is null. */
function parse(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, bare, end] of text.matchAll(CELL)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? (bare === '' ? null : (bare ?? null)));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('a table', () => {
  const columns = [
    { title: 'id', cell: (one: Row) => one.id, importance: 9 },
    { title: 'verdict', cell: (one: Row) => one.verdict ?? '', importance: 3 },
    { title: 'objective', cell: (one: Row) => String(one.objective), right: true, importance: 5 },
    { title: 'title', cell: (one: Row) => one.title, flexible: true, importance: 4 },
  ];
  const rows = [row(1, { title: 'a title of many words 🚀🚀', verdict: 'promising' })];

  test('cuts what is flexible, then drops the least important columns, and says which', () => {
    const at = (width: number) => {
      const { head, lines, left_out } = fitted(columns, rows, width);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(Math.max(width, 3));
      return [head.replaceAll(/ +/g, ' '), left_out.join()];
    };
    expect(at(Infinity)).toEqual(['id verdict objective title', '']);
    expect(at(40)).toEqual(['id verdict objective title', '']);
    expect(at(36)).toEqual(['id objective title', 'verdict']);
    expect(at(20)).toEqual(['id objective', 'verdict,title']);
    expect(at(5)).toEqual(['id', 'verdict,title,objective']);
  });

  test('lines up emoji and wide characters, and no control character gets through', () => {
    const two = [row(1, { title: '学習🚀' }), row(2, { title: 'x\u0007\u001b[2J\ny' })];
    const { lines } = fitted([...columns.slice(3), ...columns.slice(0, 1)], two, 80);
    expect(lines).toEqual(['学習🚀   E-1', 'x [2J y  E-2']);
  });
});
