import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { serveScript } from '../../../agents/scripted/server.ts';
import { aFolder, callsIn } from './support.ts';

const ASKING = fileURLToPath(new URL('asking.mjs', import.meta.url));

test('a process that is killed while the third answer is under way has paid for two, and the next pays for three', async () => {
  const dir = await aFolder();
  let requests = 0;
  let third: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (third = resolve));
  // The third never comes while the first process lives.
  const endpoint = await serveScript(
    [
      { match: 'Idea (1|2)', reply: 'patch $1', times: 2 },
      { match: 'Idea 3', fault: { slow: 600 }, reply: 'too late' },
      { match: 'Idea (\\d)', reply: 'patch $1', times: 3 },
    ],
    { onRequest: () => ++requests === 3 && third() },
  );
  const child = spawn(process.execPath, [ASKING, endpoint.url, dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await waiting;
  child.kill('SIGKILL');
  await once(child, 'exit');

  const next = await promisify(execFile)(process.execPath, [ASKING, endpoint.url, dir]);
  expect(next.stdout.trim().split('\n')).toEqual([1, 2, 3, 4, 5].map((n) => `patch ${n}`));
  expect(requests).toBe(6);
  const calls = await callsIn(dir);
  const ends = calls.map(({ work, outcome }) => `${work} ${outcome}`).toSorted();
  expect(ends).toEqual([
    ...['write-H-0001 answered', 'write-H-0002 answered', 'write-H-0003 answered'],
    ...['write-H-0003 lost', 'write-H-0004 answered', 'write-H-0005 answered'],
  ]);
  await endpoint.close();
});
