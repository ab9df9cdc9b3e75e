import { assert, asyncProperty, constantFrom, array, json, jsonValue, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { rowsOfJson } from '../../workers/json-rows.ts';

/** By the engine's own reader. */
function rowsOf(text: string): number | string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.keys(value).length : 1;
  } catch {
    return 'something else';
  }
}

const agree = async (text: string): Promise<void> => {
  expect([text, await rowsOfJson(Buffer.from(text))]).toEqual([text, rowsOf(text)]);
};

test('counts as the engine does', async () => {
  await assert(asyncProperty(json(), agree));
  await assert(asyncProperty(jsonValue(), (value) => agree(JSON.stringify(value, null, 1))));
});

test('refuses what the engine refuses', async () => {
  const pieces =
    '[ ] { } , : "a" "" " \\ \\u00e9 \\u0 \\n 0 1 - . e + 5 true nul null \n \t \0 é'.split(' ');
  const parts = array(constantFrom(...pieces, ' '), { maxLength: 8 });
  await assert(
    asyncProperty(parts, (some) => agree(some.join(''))),
    { numRuns: 3000 },
  );
  const broken = asyncProperty(
    json(),
    integer({ min: 0, max: 40 }),
    constantFrom(...pieces),
    (text, at, piece) => agree(text.slice(0, at) + piece + text.slice(at + 1)),
  );
  await assert(broken, { numRuns: 500 });
});

test('reads no further than it is told', async () => {
  for (const [text, to] of [
    ['"a"', 2],
    ['12', 1],
    ['true', 3],
    [String.raw`"\u0061"`, 5],
    ['1.5', 2],
    ['[]', 1],
  ] as const)
    expect(await rowsOfJson(Buffer.from(text), 0, to)).toBe(rowsOf(text.slice(0, to)));
  expect(await rowsOfJson(Buffer.from('x[1,2]x'), 1, 6)).toBe(2);
});
