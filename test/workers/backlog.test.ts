import { closeSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBacklog } from '../../workers/backlog.ts';
import { openPipes } from '../../workers/pipe.ts';

const MB = 1024 * 1024;

describe('output that waits to be looked at', () => {
  test('is looked at whole and in order, from whichever stream it came', async () => {
    const seen = { out: '', err: '' };
    let all = '';
    const backlog = createBacklog<'out' | 'err'>(
      (name, piece) => {
        seen[name] += piece.toString();
        all += piece.toString();
      },
      () => undefined,
    );
    backlog.push('out', Buffer.from('a'));
    backlog.push('err', Buffer.from('b'.repeat(10_000)));
    backlog.push('out', Buffer.from('c'));
    await setImmediate();
    backlog.push('out', Buffer.from('d'));
    await backlog.done();
    expect(seen).toEqual({ out: 'acd', err: 'b'.repeat(10_000) });
    expect(all).toBe(`a${'b'.repeat(10_000)}cd`);
  });

  test('holds nobody up until it is much, and then only until some of it is seen', async () => {
    let looked = 0;
    const backlog = createBacklog<null>(
      (_, piece) => {
        looked += piece.length;
      },
      () => undefined,
    );
    backlog.push(null, Buffer.alloc(8 * MB));
    await backlog.room();
    expect(looked).toBeLessThan(8 * MB);
    backlog.push(null, Buffer.alloc(8 * MB));
    backlog.push(null, Buffer.alloc(64 * MB));
    await backlog.room();
    expect(looked).toBeGreaterThanOrEqual(16 * MB);
    expect(looked).toBeLessThan(80 * MB);
    await backlog.done();
    expect(looked).toBe(80 * MB);
  });
});

test('looking that fails is said at the end, and holds nobody up before', async () => {
  const bug = new TypeError('no such metric');
  const backlog = createBacklog<null>(
    () => {
      throw bug;
    },
    () => undefined,
  );
  backlog.push(null, Buffer.alloc(70 * MB));
  backlog.push(null, Buffer.alloc(MB));
  await Promise.all([backlog.room(), backlog.room()]);
  await expect(backlog.done()).rejects.toBe(bug);
});

test('pipes asked for at once, more than are made at a time, are each of their own', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => openPipes(2)));
  const pipes = all.flatMap((pair) => pair ?? []);
  expect(pipes).toHaveLength(24);
  const read = pipes.map(async ({ output }) => {
    let text = '';
    for await (const chunk of output) text += String(chunk);
    return text;
  });
  pipes.forEach(({ input }, i) => {
    writeSync(input, `pipe ${i}`);
    closeSync(input);
  });
  expect(await Promise.all(read)).toEqual(pipes.map((_, i) => `pipe ${i}`));
});
