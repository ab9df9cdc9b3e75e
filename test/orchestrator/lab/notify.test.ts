import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../orchestrator/domain/event.ts';
import { EMPTY } from '../../../orchestrator/domain/state.ts';
import { openLab, type Lab } from '../../../orchestrator/lab/lab.ts';
import { createNotifier, type Notifier } from '../../../orchestrator/lab/notify.ts';
import { makeLab, type FixtureLab } from '../../support/lab.ts';

interface Sent {
  readonly text: string;
  readonly project: string;
  readonly alerts: readonly { readonly id: string; readonly kind: string; readonly text: string }[];
  readonly left_out: number;
}

let fixture: FixtureLab;
let lab: Lab;
let server: Server;
let got: Sent[];
let answer: number;
let trouble: string[];
let time: number;

beforeEach(async () => {
  fixture = makeLab();
  lab = await openLab(fixture.root);
  [got, answer, trouble, time] = [[], 204, [], 0];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.headers['content-type'] === 'application/json')
        got.push(JSON.parse(body) as Sent);
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  fixture.remove();
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`;

const notifier = (target: string): Notifier =>
  createNotifier({
    ...{ target, lab, project: 'a lab' },
    clock: { now: () => time, monotonic: () => time, asleep: () => 0 },
    onTrouble: (text) => trouble.push(text),
  });

const alert = (seq: number): Event => ({
  ...{ seq, at: new Date(0).toISOString(), type: 'alert', kind: 'hung', level: 'warning' },
  ...{ subject: 'E-0001.1', text: `alert ${seq}` },
});

describe('a web hook', () => {
  it('gets each alert as JSON, with a text that chat programs show, in order', async () => {
    const hook = notifier(address());
    hook.tell(EMPTY, alert(1));
    hook.tell(EMPTY, alert(2));
    // No alert, nothing sent.
    hook.tell(EMPTY, { ...alert(3), type: 'unflagged', target: 'E-0001', label: 'x', who: 'me' });
    await hook.close();
    expect(got.map(({ text }) => text)).toEqual(['a lab: alert 1', 'a lab: alert 2']);
    expect(got[0]).toMatchObject({
      project: 'a lab',
      left_out: 0,
      alerts: [{ id: 'A-1', kind: 'hung', text: 'alert 1' }],
    });
    expect(trouble).toEqual([]);
  });

  it('gets a flood as few messages, none of them lost', async () => {
    const hook = notifier(address());
    for (let seq = 1; seq <= 150; seq++) hook.tell(EMPTY, alert(seq));
    await hook.close();
    expect(got).toHaveLength(6);
    const told = got.flatMap(({ alerts }) => alerts).length;
    expect(told + (got.at(-1)?.left_out ?? 0)).toBe(150);
  });

  it('may send again when a minute has gone by', async () => {
    const hook = notifier(address());
    for (let seq = 1; seq <= 6; seq++) hook.tell(EMPTY, alert(seq));
    time += 61_000;
    hook.tell(EMPTY, alert(7));
    await hook.close();
    expect(got).toHaveLength(6);
    expect(got.at(-1)?.alerts.map(({ id }) => id)).toEqual(['A-6', 'A-7']);
  });

  it('that refuses, or is not there, is said once, without its secret path', async () => {
    answer = 500;
    const hook = notifier(address());
    hook.tell(EMPTY, alert(1));
    hook.tell(EMPTY, alert(2));
    await hook.close();
    expect(trouble).toHaveLength(1);
    expect(trouble[0]).toContain('status 500');
    const gone = notifier('http://127.0.0.1:1/secret-path');
    gone.tell(EMPTY, alert(1));
    await gone.close();
    expect(trouble).toHaveLength(2);
    expect(trouble.join()).not.toContain('secret-path');
  });
});

describe('a command', () => {
  it('gets the JSON on standard input, in the lab’s top folder', async () => {
    fixture.write({
      'tell.mjs':
        "import { readFileSync, appendFileSync } from 'node:fs';\n" +
        "appendFileSync('told.txt', `${JSON.parse(readFileSync(0, 'utf8')).text} to ${process.argv[2]}\\n`);\n",
    });
    const command = notifier(`node tell.mjs 'two words'`);
    command.tell(EMPTY, alert(1));
    await command.close();
    expect(trouble).toEqual([]);
    expect(fixture.read('told.txt')).toBe('a lab: alert 1 to two words\n');
  });

  it('that fails is said, with what it said', async () => {
    const command = notifier(`node -e 'console.error("no network"); process.exit(3)'`);
    command.tell(EMPTY, alert(1));
    await command.close();
    expect(trouble[0]).toContain('no network');
  });

  it('or address may stand in a variable, so that no secret stands in the plan', async () => {
    process.env['AUTOLAB_TEST_HOOK'] = address();
    const hook = notifier('$AUTOLAB_TEST_HOOK');
    hook.tell(EMPTY, alert(1));
    await hook.close();
    delete process.env['AUTOLAB_TEST_HOOK'];
    expect(got).toHaveLength(1);
    const unset = notifier('$AUTOLAB_TEST_HOOK');
    unset.tell(EMPTY, alert(1));
    await unset.close();
    expect(trouble[0]).toContain('$AUTOLAB_TEST_HOOK');
  });
});
