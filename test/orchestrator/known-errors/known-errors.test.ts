import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { KNOWN_ERRORS, knownError } from '../../../orchestrator/domain/known-errors.ts';
import { NEAR_MISSES, SAMPLES } from './samples.ts';

const of = (text: string) => knownError({ message: 'ended with exit code 1', traceback: text })?.id;

test('every known error has a sample, and every sample a known error', () => {
  expect(KNOWN_ERRORS.length).toBeGreaterThanOrEqual(30);
  expect(Object.keys(SAMPLES).toSorted()).toEqual(KNOWN_ERRORS.map(({ id }) => id).toSorted());
});

test.each(Object.entries(SAMPLES))('%s is known by what it says', (id, log) => {
  expect(of(log)).toBe(id);
});

test.each(NEAR_MISSES)('“%s” is no known error', (line) => {
  expect(of(line)).toBeUndefined();
});

test('what ended the run counts, not what was said before', () => {
  const log = `${SAMPLES['tokenizer_length']}\nretrying\n${SAMPLES['index_range']}`;
  expect(of(log)).toBe('index_range');
});

test('source that a traceback quotes says nothing', () => {
  const log = [
    'Traceback (most recent call last):',
    '  File "train.py", line 3, in <module>',
    '    raise ValueError("CUDA out of memory")',
    'ValueError: unknown schedule',
  ].join('\n');
  expect(of(log)).toBeUndefined();
});

test('where there is no traceback, the message is read', () => {
  expect(knownError({ message: "ended with exit code 1: KeyError: 'HF_TOKEN'" })?.id).toBe(
    'api_key',
  );
});

test('cause and fix are sentences', () => {
  for (const { cause, fix } of KNOWN_ERRORS) {
    expect(cause).toMatch(/^\S.*\.$/s);
    expect(fix).toMatch(/^\S.*\.$/s);
  }
});

/** A pattern that backtracks would never come back. */
test('lines however long and odd are looked at to their end', () => {
  const ids = [undefined, ...KNOWN_ERRORS.map(({ id }) => id)];
  const words = Object.values(SAMPLES).flatMap((log) => log.split(/\s+/));
  const line = array(oneof(constantFrom(...words), string(), constantFrom(' ', '(', "'", '_'))).map(
    (parts) => parts.join(' ').repeat(50),
  );
  assert(
    property(line, (text) => ids.includes(of(text))),
    { numRuns: 200 },
  );
  for (const { pattern } of KNOWN_ERRORS)
    expect(ids).toContain(of(pattern.source.replace(/\W+/g, ' ').repeat(99)));
});
