import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { autolab, autolabJson, makeLab } from '../support/lab.ts';
import { leaveOwnRun } from '../support/own.ts';

const MAIN = new URL('../../dist/bin/autolab.js', import.meta.url).pathname;
const lab = makeLab();
afterAll(() => lab.remove());

/** Questions on standard input, one a line; `open`: nobody closes it. */
async function piped(questions: string, open = false) {
  const child = spawn(process.execPath, [MAIN, 'ask'], { cwd: lab.root, env: lab.environment });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  if (open) child.stdin.write(questions);
  else child.stdin.end(questions);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}

interface Said {
  readonly answer: string;
  readonly grounded: boolean;
  readonly sources: readonly { readonly query: string }[];
  readonly mark?: { readonly done: boolean };
}

test('a lab without a night answers what it can, marks after a yes alone, and takes questions from a pipe', async () => {
  leaveOwnRun(lab.root, 'R-0001');
  await autolab(lab, 'note', 'R-0001', 'a quiet \u001b[2Jone');
  // Also without quotes around the question.
  const noted = await autolabJson<Said>(lab, 'ask', 'what', 'notes', 'are', 'there?');
  expect(noted.grounded).toBe(true);
  expect(noted.answer).toMatch(
    /^1 of 1 notes and decisions: \[q1\]\n- note on R-0001: “a quiet \[2Jone” — /,
  );
  expect(noted.sources[0]?.query).toContain('FROM notes');

  const asked = ['ask', 'flag R-0001 as keep'];
  expect((await autolabJson<Said>(lab, ...asked)).mark?.done).toBe(false);
  expect((await autolabJson<Said>(lab, ...asked, '--yes')).mark?.done).toBe(true);

  const { code, out } = await piped(
    'what is flagged?\nwill it rain?\nwhat is R-0001?\nflag R-0009 as keep\nflag R-0001 as seen\ny\n',
  );
  expect(code).toBe(0);
  expect(out).toContain('1 of 1 flags: [q1]\n- R-0001 keep: “asked: "flag R-0001 as keep"” — ');
  expect(out).toContain('The notebook does not know. Not understood: “rain”');
  expect(out).toMatch(/R-0001 .*: finished, .*begun/);
  expect(out).toContain('[q1] runs: runs R-0001\n');
  expect(out).toContain('expected an experiment, a run');
  expect(out).toContain('Not done: it needs a yes, from a terminal or by --yes; from a pipe');
});

test('a conversation ends at exit, though its input does not', async () => {
  const { code, out } = await piped('is R-0001 there?\nexit\nis it over?\n', true);
  expect(code).toBe(0);
  expect(out).toContain('R-0001');
  expect(out).not.toContain('over');
});
