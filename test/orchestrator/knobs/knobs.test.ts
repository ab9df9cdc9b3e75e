import { describe, expect, test } from 'vitest';
import { LabError } from '../../../orchestrator/domain/errors.ts';
import type { Knob, Plan } from '../../../orchestrator/domain/plan.ts';
import {
  candidateValues,
  currentLiteral,
  currentRunLiteral,
  knobSettings,
  rewriteKnob,
  rewriteRun,
  runCommand,
  sampleRange,
} from '../../../orchestrator/knobs/knobs.ts';
import { readPlan } from '../../../orchestrator/plan/file.ts';

/** What a call that has to fail says. */
function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).code).toBe('plan');
    return `${(error as LabError).message} @ ${(error as LabError).where}`;
  }
  throw new Error('expected a LabError');
}

const SCRIPT = [
  'import math',
  '',
  'const LEARNING_RATE = 3e-3; // tuned by hand',
  "\tconst ACTIVATION = 'relu';",
  'betas = (0.9, 0.95)  # Adam',
  'name = "a \\"b\\" c"',
  'steps=1_000',
  'scale = 8 * 64',
  'half = 7 // 2',
  '',
].join('\n');

describe('a knob that is a line', () => {
  test.each<[file: string, match: string, current: string, next: string, line: string]>([
    [
      'a.mjs',
      'const LEARNING_RATE = {value};',
      '3e-3',
      '1.0',
      'const LEARNING_RATE = 1.0; // tuned by hand',
    ],
    [
      'a.mjs',
      "const ACTIVATION = '{value}';",
      'relu',
      'relu squared',
      "\tconst ACTIVATION = 'relu squared';",
    ],
    ['a.mjs', 'const ACTIVATION = {value};', "'relu'", "'gelu'", "\tconst ACTIVATION = 'gelu';"],
    ['a.py', 'betas = {value}', '(0.9, 0.95)', '(0.8, [1, 2])', 'betas = (0.8, [1, 2])  # Adam'],
    ['a.py', 'betas = (0.9, {value})', '0.95', '.99', 'betas = (0.9, .99)  # Adam'],
    ['a.py', 'name = {value}', '"a \\"b\\" c"', '"d"', 'name = "d"'],
    ['a.py', 'name = "{value}"', 'a \\"b\\" c', 'd # e', 'name = "d # e"'],
    ['a.py', '  steps={value}  ', '1_000', 'None', 'steps=None'],
    ['a.py', 'scale = {value} * 64', '8', '-16', 'scale = -16 * 64'],
    ['a.py', 'scale = 8 * {value}', '64', 'torch.pi', 'scale = 8 * torch.pi'],
    ['a.py', 'half = {value} // 2', '7', '9', 'half = 9 // 2'],
  ])('in %s: %s', (file, match, current, next, line) => {
    expect(currentLiteral(SCRIPT, file, { match })).toBe(current);
    const edited = rewriteKnob(SCRIPT, file, { match }, next);
    expect(currentLiteral(edited, file, { match })).toBe(next);
    const lines = edited.split('\n');
    expect(lines).toContain(line);
    expect(lines.filter((one, i) => one !== SCRIPT.split('\n')[i])).toEqual([line]);
    expect(rewriteKnob(edited, file, { match }, current)).toBe(SCRIPT);
  });

  test('CRLF line ends, indentation and a comment without a blank stay', () => {
    const text = 'a = 1\r\n    depth = 2# layers\r\nb = 3\r\n';
    const edited = rewriteKnob(text, 'a.py', { match: 'depth = {value}' }, '4');
    expect(edited).toBe('a = 1\r\n    depth = 4# layers\r\nb = 3\r\n');
  });

  test('bare words of configuration files are literals', () => {
    const text = 'model: google/gemma-2b # small\nDEPTH=4\n';
    expect(currentLiteral(text, 'a.yaml', { match: 'model: {value}' })).toBe('google/gemma-2b');
    expect(rewriteKnob(text, 'a.env', { match: 'DEPTH={value}' }, '8')).toContain('DEPTH=8\n');
  });

  test('has to be exactly one line', () => {
    const text = 'lr = 1\nx = 2\nlr = 3\n  lr = 4 # again\nlr = 2 * 3\n';
    expect(complaint(() => currentLiteral(text, 'dir/a.py', { match: 'lr = {value}' }))).toBe(
      'expected exactly one line of dir/a.py to be lr = {value} with one literal for {value}, found 3: lines 1, 3, 4 @ dir/a.py:1',
    );
    expect(complaint(() => currentLiteral(text, 'a.py', { match: 'depth = {value}' }))).toBe(
      'expected exactly one line of a.py to be depth = {value} with one literal for {value}, found none @ a.py',
    );
  });

  test('a line that only begins right is pointed out', () => {
    const text = 'x = 2\nlr = 2 * 3\n';
    expect(complaint(() => currentLiteral(text, 'a.py', { match: 'lr = {value}' }))).toContain(
      'found none (line 2 begins like it: lr = 2 * 3)',
    );
    // What divides in Python is no comment there.
    expect(
      complaint(() => currentLiteral('h = 7 // 2', 'a.py', { match: 'h = {value}' })),
    ).toContain('found none');
    expect(currentLiteral('h = 7 // 2', 'a.js', { match: 'h = {value}' })).toBe('7');
  });

  test.each(['1; import os', '1 # 2', '1\nimport os', '', ' ', '"open', '1 + 1', 'f(x'])(
    'refuses %j, which is not one literal',
    (literal) => {
      const text = 'lr = 1\n';
      expect(
        complaint(() => rewriteKnob(text, 'a.py', { match: 'lr = {value}' }, literal)),
      ).toContain(`expected one literal that can stand in lr = {value}, found ${literal}`);
    },
  );

  test('a quote cannot be closed from within', () => {
    const text = "act = 'relu'\n";
    complaint(() => rewriteKnob(text, 'a.py', { match: "act = '{value}'" }, "x'; evil('"));
    expect(rewriteKnob(text, 'a.py', { match: "act = '{value}'" }, 'say "x"')).toBe(
      'act = \'say "x"\'\n',
    );
  });
});

const CONFIG = `# the model
model:
  depth: 4   # layers
  "a.b": &w 0.5
  kind: 'small'
  name: "big"
  layers:
    - { width: 64, act: relu }
    - { width: 128, act: gelu }
  empty:
  alias: *w
text: |
  two
  lines
`;

describe('a knob that is a path in YAML', () => {
  test.each<[path: string, current: string, next: string, line: string]>([
    ['model.depth', '4', '1e-4', '  depth: 1e-4   # layers'],
    ['model.depth', '4', 'True', '  depth: True   # layers'],
    ['model.depth', '4', 'a: b', '  depth: "a: b"   # layers'],
    ['model.depth', '4', '', '  depth: ""   # layers'],
    ['model.depth', '4', '8 # x', '  depth: "8 # x"   # layers'],
    ['model.a.b', '0.5', '0.25', '  "a.b": &w 0.25'],
    ['model.kind', 'small', "it's", "  kind: 'it''s'"],
    ['model.name', 'big', '7', '  name: "7"'],
    ['model.layers.1.width', '128', '256', '    - { width: 256, act: gelu }'],
    ['model.layers.0.act', 'relu', 'a, b', '    - { width: 64, act: "a, b" }'],
  ])('%s: %s becomes %s', (path, current, next, line) => {
    expect(currentLiteral(CONFIG, 'c.yaml', { path })).toBe(current);
    const edited = rewriteKnob(CONFIG, 'c.yaml', { path }, next);
    expect(currentLiteral(edited, 'c.yaml', { path })).toBe(next);
    const changed = edited.split('\n').filter((one, i) => one !== CONFIG.split('\n')[i]);
    expect(changed).toEqual([line]);
  });

  test.each([
    [
      'model.width',
      'expected a value at model.width, found only depth, a.b, kind, name, layers, empty, alias below model',
    ],
    ['nothing', 'expected a value at nothing, found only model, text'],
    [
      'model.layers.2.width',
      'expected a value at model.layers.2.width, found no such key below model.layers',
    ],
    ['model.layers', 'expected one value at model.layers, found a list'],
    ['model', 'expected one value at model, found a mapping'],
    ['model.empty', 'expected a value at model.empty, found nothing'],
    ['model.alias', 'expected one value at model.alias, found an alias'],
  ])('%s is refused', (path, message) => {
    expect(complaint(() => currentLiteral(CONFIG, 'c.yaml', { path }))).toBe(`${message} @ c.yaml`);
  });

  test('a block of text can be replaced, and broken YAML is said to be', () => {
    const edited = rewriteKnob(CONFIG, 'c.yaml', { path: 'text' }, 'one');
    expect(edited).toBe(CONFIG.replace('|\n  two\n  lines\n', '"one"\n'));
    expect(complaint(() => currentLiteral('a: [1\nb', 'c.yaml', { path: 'a' }))).toMatch(
      /^expected YAML, found text that is none \(.*\) @ c\.yaml:\d$/,
    );
  });
});

describe('a knob that is a path in JSON', () => {
  const json =
    '{\n\t"model": { "depth":4, "act": "relu", "on": true },\r\n\t"list": [1, 2.50 ]\n}\n';
  test.each<[path: string, current: string, next: string, edited: string]>([
    ['model.depth', '4', '6', json.replace(':4', ':6')],
    ['model.depth', '4', '1e-4', json.replace(':4', ':1e-4')],
    ['model.depth', '4', 'auto', json.replace(':4', ':"auto"')],
    ['model.act', 'relu', 'say "x"', json.replace('"relu"', '"say \\"x\\""')],
    ['model.act', 'relu', '3', json.replace('"relu"', '"3"')],
    ['model.on', 'true', 'false', json.replace('true', 'false')],
    ['list.1', '2.50', '3', json.replace('2.50', '3')],
  ])('%s: %s becomes %s', (path, current, next, edited) => {
    expect(currentLiteral(json, 'c.json', { path })).toBe(current);
    expect(rewriteKnob(json, 'c.json', { path }, next)).toBe(edited);
    expect(() => JSON.parse(edited) as unknown).not.toThrow();
    expect(currentLiteral(edited, 'c.json', { path })).toBe(next);
  });
});

const planText = (run: string): string =>
  `# my lab\nproject: p # name\nrun:\n${run}\nbudget: { runs: 20 } # enough\n`;
const warmup: Knob = { arg: '--warmup={value}', default: '100', values: ['0'] };
const omp: Knob = { env: 'OMP', default: '4', values: ['1'] };

describe('a knob that is an argument', () => {
  test.each<[name: string, run: string, arg: string, literal: string, after: string]>([
    [
      'is appended',
      '  command: node t.mjs # go',
      '--w={value}',
      '5',
      '  command: node t.mjs --w=5 # go',
    ],
    ['is replaced', '  command: t --w=1 --x', '--w={value}', '5', '  command: t --w=5 --x'],
    [
      'is replaced as two words',
      '  command: t --w 1 --x',
      '--w={value}',
      '5',
      '  command: t --w 5 --x',
    ],
    ['may be two words', '  command: t', '--w', '-5', '  command: t --w -5'],
    [
      'may be two words with a blank',
      '  command: t --w  1',
      '--w {value}',
      '5',
      '  command: t --w 5',
    ],
    ['may be written with =', '  command: t --w=1', '--w', '5', '  command: t --w=5'],
    [
      'may be no flag',
      '  command: t model.depth=2',
      'model.depth={value}',
      '4',
      '  command: t model.depth=4',
    ],
    [
      'may follow a word',
      '  command: t -o a=2 -o b=3',
      '-o b={value}',
      '4',
      '  command: t -o a=2 -o b=4',
    ],
    ['is quoted for the command', '  command: t', '--w={value}', 'a b', "  command: t '--w=a b'"],
    ['is quoted for YAML', '  command: t', '--w={value}', 'a: #b', `  command: "t '--w=a: #b'"`],
    ['leaves quotes', "  command: 't --w=1' # go", '--w={value}', '5', "  command: 't --w=5' # go"],
    [
      'fits a flow mapping',
      '  { command: t, timeout: 5s }',
      '--w={value}',
      '5',
      '  { command: t --w=5, timeout: 5s }',
    ],
    [
      'fits a folded block',
      '  command: >-\n    t\n    --x 1\n  timeout: 5s',
      '--w={value}',
      '5',
      '  command: "t --x 1 --w=5"\n  timeout: 5s',
    ],
    [
      'has its place in shell text',
      '  shell: true\n  command: t --w=1|tee log',
      '--w={value}',
      '5',
      '  shell: true\n  command: t --w=5|tee log',
    ],
  ])('%s', (_, run, arg, literal, after) => {
    const knob: Knob = { arg, default: '7', values: [literal] };
    const before = planText(run);
    const { text, command } = rewriteRun(before, knob, literal);
    expect(text).toBe(planText(after));
    expect(runCommand(text)).toEqual(command);
    expect(currentRunLiteral(command, knob, run.includes('shell'))).toBe(literal);
  });

  test('that is not given has its default', () => {
    expect(currentRunLiteral({ command: 'node t.mjs', env: {} }, warmup)).toBe('100');
    expect(currentRunLiteral({ command: 'node t.mjs --warmup 3', env: {} }, warmup)).toBe('3');
    expect(currentRunLiteral({ command: 'node t.mjs --warmup-steps=3', env: {} }, warmup)).toBe(
      '100',
    );
  });

  test.each([
    [
      't --warmup=1 --warmup=2',
      false,
      'expected --warmup={value} once in run.command, found it 2 times',
    ],
    ['t --warmup', false, 'expected a value behind --warmup, found the end of run.command'],
    ["t 'open", false, "expected a closing ' in the command, found t 'open"],
    [
      't | tee log',
      true,
      'expected --warmup={value} in run.command (with shell: true AutoLab cannot tell where it goes), found t | tee log',
    ],
  ])('cannot be set in %s', (command, shell, message) => {
    const text = planText(`  command: ${command}\n  shell: ${shell}`);
    expect(complaint(() => rewriteRun(text, warmup, '5'))).toContain(message);
  });
});

describe('a knob that is a variable', () => {
  test.each<[name: string, run: string, literal: string, after: string]>([
    [
      'is replaced',
      '  command: t\n  env: { A: x, OMP: "2" } # e',
      '8',
      '  command: t\n  env: { A: x, OMP: "8" } # e',
    ],
    [
      'is added in braces',
      '  command: t\n  env: { A: x } # e',
      '8',
      '  command: t\n  env: { OMP: 8, A: x } # e',
    ],
    ['is added in empty braces', '  command: t\n  env: {}', '8', '  command: t\n  env: { OMP: 8 }'],
    [
      'is added to lines',
      '  command: t\n  env:\n    # one\n    A: x # y',
      'a: b',
      '  command: t\n  env:\n    # one\n    OMP: "a: b"\n    A: x # y',
    ],
    [
      'is added to a key without value',
      '  command: t\n  env: # none\n  shell: false',
      '8',
      '  command: t\n  env: { OMP: 8 } # none\n  shell: false',
    ],
    [
      'is added where run has no env',
      '  command: t # go',
      '8',
      '  env: { OMP: 8 }\n  command: t # go',
    ],
    [
      'is added where run is in braces',
      '  { command: t }',
      '8',
      '  { env: { OMP: 8 }, command: t }',
    ],
  ])('%s', (_, run, literal, after) => {
    const { text, command } = rewriteRun(planText(run), omp, literal);
    expect(text).toBe(planText(after));
    expect(command.env['OMP']).toBe(literal);
    expect(runCommand(text)).toEqual(command);
    const crlf = rewriteRun(planText(run).replaceAll('\n', '\r\n'), omp, literal).text;
    expect(crlf).toBe(planText(after).replaceAll('\n', '\r\n'));
  });

  test('that is not given has its default, whatever its name', () => {
    expect(currentRunLiteral({ command: 't', env: {} }, omp)).toBe('4');
    expect(currentRunLiteral({ command: 't', env: {} }, { ...omp, env: 'constructor' })).toBe('4');
    expect(currentRunLiteral({ command: 't', env: { OMP: '' } }, omp)).toBe('');
  });
});

test('any literal that can be written at all reads back, and leaves the rest alone', () => {
  const pieces = [
    'a',
    '1',
    '.',
    '-',
    ' ',
    "'",
    '"',
    '\\',
    ':',
    '#',
    ',',
    '{',
    ']',
    '$',
    '\n',
    '\t',
    '%',
    '&',
    '*',
    '😀',
    '|',
  ];
  let state = 3;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const run = planText('  command: "t --w=1" # go\n  env: { OMP: 1 }');
  const argument: Knob = { arg: '--w={value}', default: '1', values: ['1'] };
  // Each of these texts is read and written a dozen times.
  for (let round = 0; round < (process.env['FULL'] ? 400 : 60); round += 1) {
    const literal = Array.from({ length: 1 + random(6) }, () => pieces[random(pieces.length)]).join(
      '',
    );
    for (const path of ['model.depth', 'model.kind', 'model.name', 'model.layers.0.act']) {
      const edited = rewriteKnob(CONFIG, 'c.yaml', { path }, literal);
      expect(currentLiteral(edited, 'c.yaml', { path }), JSON.stringify(literal)).toBe(literal);
      const old = currentLiteral(CONFIG, 'c.yaml', { path });
      const back = rewriteKnob(edited, 'c.yaml', { path }, old);
      expect(back.split('\n').length).toBe(CONFIG.split('\n').length);
    }
    for (const knob of [argument, omp]) {
      const { text, command } = rewriteRun(run, knob, literal);
      expect(currentRunLiteral(command, knob), JSON.stringify(literal)).toBe(literal);
      expect(text.startsWith('# my lab\nproject: p # name\n')).toBe(true);
      expect(text.endsWith('\nbudget: { runs: 20 } # enough\n')).toBe(true);
    }
  }
});

describe('what may be tried', () => {
  test('values without the current one, equal texts once', () => {
    const knob: Knob = { file: 'a', path: 'b', values: ['1', '1.0', '2', '1', '2'] };
    expect(candidateValues(knob, '1')).toEqual(['1.0', '2']);
    expect(candidateValues(knob, '7')).toEqual(['1', '1.0', '2']);
    expect(candidateValues({ file: 'a', path: 'b', range: [0, 1] }, '0')).toEqual([]);
  });

  const range = (low: number, high: number, more: Partial<Knob> = {}): Knob => ({
    file: 'a',
    path: 'b',
    range: [low, high],
    whole: false,
    ...more,
  });

  test.each<[knob: Knob, u: number, literal: string]>([
    [range(0, 1), 0, '0'],
    [range(0, 1), 0.123456, '0.123'],
    [range(0, 1), 0.9999999, '1'],
    [range(1e-4, 1e-1, { scale: 'log' }), 0, '0.0001'],
    [range(1e-4, 1e-1, { scale: 'log' }), 0.5, '0.00316'],
    [range(1e-8, 1e-7), 0, '0.00000001'],
    [range(1e-8, 1e-7), 0.5, '0.000000055'],
    [range(-1, 1), 0.25, '-0.5'],
    [range(1000, 2000), 0.3456, '1350'],
    [range(0.9991, 0.9994), 0.5, '0.9992'],
    [range(0, 3, { whole: true }), 0, '0'],
    [range(0, 3, { whole: true }), 0.999999, '3'],
    [range(1, 1024, { whole: true, scale: 'log' }), 0.5, '32'],
    [range(12_345, 12_346, { whole: true }), 0.7, '12346'],
  ])('%j at %d is %s', (knob, u, literal) => {
    expect(sampleRange(knob, u)).toBe(literal);
  });

  test('samples stay inside, and whole ones are equally frequent', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i += 1) {
      const whole = sampleRange(range(2, 5, { whole: true }), i / 4000);
      counts.set(whole, (counts.get(whole) ?? 0) + 1);
      const value = Number(sampleRange(range(0.0123456, 0.0123999, { scale: 'log' }), i / 4000));
      expect(value >= 0.0123456 && value <= 0.0123999).toBe(true);
    }
    expect([...counts]).toEqual(['2', '3', '4', '5'].map((value) => [value, 1000]));
  });
});

test('the settings of a commit are read from its files and its plan', async () => {
  const text = `project: p
question: q?
objective: { metric: m, direction: minimize }
workspace: { directory: lab, editable: ["*"] }
run: { command: t --warmup=5, env: { OMP: 2 } }
search_space:
  rate: { file: train.py, match: "lr = {value}", values: [1] }
  depth: { file: ./c.yaml, path: depth, values: [1] }
  warmup: { arg: "--warmup={value}", default: 100, values: [0] }
  omp: { env: OMP, default: 1, values: [0] }
`;
  const reading = readPlan(text);
  if (!('plan' in reading)) throw new Error('expected a plan');
  const plan: Plan = reading.plan;
  const files = new Map([
    ['lab/train.py', 'lr = 0.10\n'],
    ['lab/c.yaml', 'depth: 03\n'],
  ]);
  const readFile = (path: string): Promise<string | null> =>
    Promise.resolve(files.get(path) ?? null);
  const settings = { rate: '0.10', depth: '03', warmup: '5', omp: '2' };
  expect(await knobSettings(plan, text, readFile)).toEqual(settings);
  expect(await knobSettings(plan, null, readFile)).toEqual(settings);
  const later = text.replace('--warmup=5', '--warmup 6').replace('{ OMP: 2 }', '{}');
  expect(await knobSettings(plan, later, readFile)).toEqual({ ...settings, warmup: '6', omp: '1' });
  const { warmup: _warmup, omp: _omp, ...ofFiles } = plan.search_space;
  const { rate, depth } = settings;
  expect(await knobSettings({ ...plan, search_space: ofFiles }, 'no: [plan', readFile)).toEqual({
    rate,
    depth,
  });
  files.delete('lab/train.py');
  await expect(knobSettings(plan, text, readFile)).rejects.toThrow(
    'expected the file lab/train.py, found none',
  );
});
