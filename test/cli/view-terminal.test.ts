import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aSimulatedNight } from './night.ts';

/** The built view on real terminals: a process that tells it a night, in tmux and under script. */

const dist = new URL('../../dist/', import.meta.url).href;
/** util-linux's: runs a command on a pseudo-terminal. */
const SCRIPT = 'script';
const has = (tool: string): boolean => spawnSync('which', [tool]).status === 0;

/** Tells events up to `hold`, waits for the file `go`, tells the rest, and says goodbye. */
const TELLER = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const { openView } = await import('${dist}cli/view/view.js');
const { EMPTY } = await import('${dist}orchestrator/domain/state.js');
const { fold } = await import('${dist}orchestrator/domain/fold.js');
const events = JSON.parse(readFileSync('events.json', 'utf8'));
const hold = Number(process.argv[2]);
process.on('SIGHUP', () => {});
const view = openView({ experimentsDir: 'experiments' });
let state = EMPTY, told = 0, beats = 0;
const timer = setInterval(() => {
  writeFileSync('beat', String(++beats));
  if (told === hold && !existsSync('go')) return;
  const event = { ...events[told++], at: new Date().toISOString() };
  state = fold(state, event);
  view.event(state, event);
  if (told < events.length) return;
  clearInterval(timer);
  view.remark('a remark at the end');
  view.close();
  process.stdout.write('goodbye\\n');
  writeFileSync('over', '');
}, 10);
`;

const events = aSimulatedNight();
const dawn = events.findIndex(({ type }) => type === 'dawn_began');

function aTeller() {
  const folder = mkdtempSync(join(tmpdir(), 'autolab-view-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'events.json'), JSON.stringify(events));
  writeFileSync(join(folder, 'teller.mjs'), TELLER);
  const command = `${process.execPath} teller.mjs ${dawn - 3}`;
  return { folder, command };
}

async function until<Value>(look: () => Value | null | undefined | false): Promise<Value> {
  for (;;) {
    const found = look();
    if (found) return found;
    await pause(50);
  }
}

const beats = (folder: string): number => {
  const file = join(folder, 'beat');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
};

function inTmux(columns: number, rows: number) {
  const teller = aTeller();
  const { folder, command } = teller;
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-u', '-S', join(folder, 'socket'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', NO_COLOR: '', TMUX: '' },
    });
  tmux('-f', '/dev/null', 'new', '-d', '-x', `${columns}`, '-y', `${rows}`, 'sh');
  onTestFinished(() => {
    spawnSync('tmux', ['-S', join(folder, 'socket'), 'kill-server']);
  });
  tmux('send-keys', `${command}; sleep 60`, 'Enter');
  return { folder, tmux, screen: () => tmux('capture-pane', '-p').trimEnd().split('\n') };
}

describe.skipIf(!has('tmux'))('the view in a terminal (tmux)', () => {
  test('shows the night, follows the size of the terminal, and leaves the last picture', async () => {
    const { folder, tmux, screen } = inTmux(90, 26);
    const hint = /^Ctrl-C drains/;
    const whole = (rows: number): string[] | false => {
      const lines = screen();
      const one = lines.filter((line) => line.startsWith('simulated  N-0001')).length === 1;
      const still = lines.some((line) => /^best +E-\d{4}/.test(line));
      return one && still && lines.length === rows - 1 && hint.test(lines.at(-1) ?? '') && lines;
    };
    const lines = await until(() => whole(26));
    expect(lines[0]).toMatch(/^simulated {2}N-0001 +searching$/);
    expect(tmux('display', '-p', '#{cursor_flag}').trim()).toBe('0');
    for (const [columns, rows] of [
      [60, 16],
      [120, 40],
      [90, 20],
    ] as const) {
      tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
      const now = await until(() => whole(rows));
      expect(now[0]).toMatch(/^simulated {2}N-0001 +searching$/);
      expect((now[0] ?? '').length).toBe(columns);
    }
    writeFileSync(join(folder, 'go'), '');
    await until(() => existsSync(join(folder, 'over')));
    await until(() => screen().some((line) => line.startsWith('goodbye')));
    const all = tmux('capture-pane', '-p', '-J', '-S', '-500');
    expect(all).toMatch(/^best +E-\d{4} .+ improved$/m);
    expect(all).toMatch(/^\d\d:\d\d {2}E-\d{4} improved .*fresh/m);
    expect(all).toMatch(/^\d\d:\d\d {2}E-\d{4}\.1 \(boom\) failed/m);
    expect(all).toMatch(/^\d\d:\d\d {2}a remark at the end$/m);
    expect(tmux('display', '-p', '#{cursor_flag}').trim()).toBe('1');
  });

  test('is never waited for when the terminal takes nothing', async () => {
    const { folder, tmux, screen } = inTmux(80, 24);
    await until(() => screen().some((line) => /^best +E-\d{4}/.test(line)));
    tmux('send-keys', 'C-s');
    await pause(200);
    // Several redraws fall into so many beats, and each would wait for the terminal.
    const before = beats(folder);
    await until(() => beats(folder) > before + 250);
    tmux('send-keys', 'C-q');
    writeFileSync(join(folder, 'go'), '');
    await until(() => screen().some((line) => line.startsWith('goodbye')));
    expect(screen().some((line) => /^best +E-\d{4} .*improved$/.test(line))).toBe(true);
  });

  test('costs the night nothing when the terminal is closed', async () => {
    const { folder, tmux, screen } = inTmux(80, 24);
    await until(() => screen().some((line) => /^best +E-\d{4}/.test(line)));
    tmux('kill-server');
    const before = beats(folder);
    await until(() => beats(folder) > before + 150);
    writeFileSync(join(folder, 'go'), '');
    expect(await until(() => existsSync(join(folder, 'over')))).toBe(true);
  });
});

describe.skipIf(!has(SCRIPT))('the view on a pseudo-terminal (script)', () => {
  function under(environment: NodeJS.ProcessEnv): string {
    const { folder, command } = aTeller();
    writeFileSync(join(folder, 'go'), '');
    const inside = `stty cols 80 rows 24; ${command}`;
    return execFileSync(SCRIPT, ['-qec', inside, '/dev/null'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', NO_COLOR: '', ...environment },
    });
  }
  const COLOUR = '\u001b[32m';

  test('hides the cursor and gives it back, and paints', () => {
    const said = under({});
    expect(said).toContain('\u001b[?25l');
    expect(said.lastIndexOf('\u001b[?25h')).toBeGreaterThan(said.lastIndexOf('\u001b[?25l'));
    expect(said).toContain(COLOUR);
    expect(said.trimEnd().endsWith('goodbye')).toBe(true);
  });

  test('paints nothing where NO_COLOR is set', () => {
    const said = under({ NO_COLOR: '1' });
    expect(said).toContain('simulated  N-0001');
    expect(said).not.toContain(COLOUR);
  });

  test('is plain lines on a terminal that can do nothing', () => {
    const said = under({ TERM: 'dumb' });
    expect(said).not.toContain('\u001b');
    expect(said).toMatch(/E-\d{4} improved/);
  });
});
