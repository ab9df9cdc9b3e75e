import { describe, expect, test } from 'vitest';
import { plot } from '../../cli/show/plot.ts';

const look = { columns: 40, unicode: true };
const line = (values: readonly number[]) => values.map((value, i) => ({ step: i * 10, value }));

describe('a plot', () => {
  test('goes down where the values do, from the first step to the last', () => {
    const drawn = plot([{ name: 'val_loss', points: line([4, 3, 2, 1]) }], look).split('\n');
    const rows = drawn.slice(0, 8);
    expect(rows[0]).toMatch(/^ *4 │●$/);
    expect(rows.at(-1)).toMatch(/^ *1 │ +●$/);
    const columns = rows.flatMap((row) => (row.includes('●') ? row.indexOf('●') : []));
    expect(columns).toHaveLength(4);
    expect(columns).toEqual(columns.toSorted((a, b) => a - b));
    expect(drawn[9]).toMatch(/step 0 +30$/);
    expect(drawn[10]).toContain('● val_loss');
    for (const row of drawn) expect(row.length).toBeLessThanOrEqual(40);
  });

  test('tells two series apart on common axes, in plain characters where there are no others', () => {
    const series = [
      { name: 'E-0007.1', points: line([1, 1, 1]) },
      { name: 'baseline', points: line([2, 2, 2]) },
    ];
    const rows = plot(series, { columns: 60, unicode: false }).split('\n');
    expect(rows[0]?.replaceAll(/[^o*]/g, '')).toBe('ooo');
    expect(rows[7]?.replaceAll(/[^o*]/g, '')).toBe('***');
    expect(rows.slice(-2).map((row) => row.trim())).toEqual(['* E-0007.1', 'o baseline']);
    expect(rows.join('')).toMatch(/^[\u0020-\u007e]*$/);
  });

  test('names what is not finite and draws the rest; a million points are no trouble', () => {
    const drawn = plot([{ name: 'loss', points: line([1, Number.NaN, 3]) }], look);
    expect(drawn).toContain('● loss (1 value not finite)');
    const many = Array.from({ length: 1_000_000 }, (_, step) => ({ step, value: step % 7 }));
    expect(plot([{ name: 'x', points: many }], look).split('\n')).toHaveLength(11);
  });

  test('is nothing where there is no curve', () => {
    expect(plot([], look)).toBe('');
    expect(plot([{ name: 'x', points: line([1]) }], look)).toBe('');
    expect(plot([{ name: 'x', points: line([Number.NaN, Infinity]) }], look)).toBe('');
  });
});
