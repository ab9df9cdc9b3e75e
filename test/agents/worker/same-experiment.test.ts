import { diffBetween, hunks } from './support.ts';
import { describe, expect, test } from 'vitest';
import { anotherExperiment } from '../../../agents/worker/same-experiment.ts';
import { planSchema } from '../../../orchestrator/domain/plan.ts';

const PLAN = planSchema.parse({
  project: 'toy',
  question: 'Does it work?',
  objective: { metric: 'val_bpb', direction: 'minimize' },
  workspace: { editable: ['train.py'] },
  run: { command: 'python train.py' },
  search_space: { rate: { file: 'train.py', match: 'rate = {value}', values: [0.1, 0.2] } },
});

const BASE = [
  'rate = 0.1',
  'steps = 1000',
  'for step in range(steps):',
  '    x = layer(batch())',
  '    loss = criterion(x)',
  'print(f"val_bpb: {evaluate():.4f}")',
];
const ORIGINAL = BASE.with(3, '    x = gate(layer(batch())) * scale(batch())').toSpliced(
  4,
  0,
  '    history.append(x.numpy())',
);
const FILES = new Map([['train.py', ORIGINAL.join('\n')]]);
/** The original with lines of it replaced or added. */
const repaired = (change: (lines: string[]) => readonly string[]): readonly string[] =>
  anotherExperiment({
    original: diffBetween('train.py', BASE, ORIGINAL),
    repaired: diffBetween('train.py', BASE, change([...ORIGINAL])),
    plan: PLAN,
    files: FILES,
    traceback: '  File "train.py", line 5',
  });

describe('the same experiment is', () => {
  test('the change with the line mended that crashed', () => {
    expect(repaired((lines) => lines.with(4, '    history.append(x.detach().numpy())'))).toEqual(
      [],
    );
  });

  test('the change with what it was missing', () => {
    expect(repaired((lines) => ['import math', 'history = []', ...lines])).toEqual([]);
  });

  test('the change with an import that may fail by name', () => {
    expect(
      repaired((lines) => [
        'try:',
        '    import fast',
        'except ImportError:',
        '    fast = None',
        ...lines,
      ]),
    ).toEqual([]);
  });
});

describe('to the letter kept, and gone, is the change', () => {
  const BARE = ['def step(x):', '    y = relu(x)', '    return y'];
  const WITH = BARE.toSpliced(2, 0, '    y = gate(y)', '    y = y + shift(y)');
  const found = (lines: readonly string[], traceback = ''): string =>
    anotherExperiment({
      original: diffBetween('train.py', BARE, WITH),
      repaired: diffBetween('train.py', BARE, lines),
      ...{ plan: PLAN, files: new Map([['train.py', WITH.join('\n')]]), traceback },
    }).join('\n');
  const around = (before: string, after: string) =>
    WITH.toSpliced(4, 0, `    ${after}`).toSpliced(2, 0, `    ${before}`);
  const inside = (...head: readonly string[]) =>
    WITH.toSpliced(2, 2, ...head, '        y = gate(y)', '        y = y + shift(y)');

  test.each([
    ['in a text', around('"""', '"""'), 'in a comment or a text'],
    ['in a comment', around('/*', '*/'), 'in a comment or a text'],
    ['behind an end', WITH.toSpliced(2, 0, '    return y.copy()'), 'behind an end'],
    ['in a function', inside('    def later(y):'), 'in later, which nothing calls'],
    ['a function of nothing', ['def gate(y): return y', ...WITH], 'gate returning what'],
    ['one in two lines', ['def gate(y, n=1):', '    return y', ...WITH], 'gate returning what'],
    ['a lambda of nothing', ['gate = lambda y: y', ...WITH], 'gate returning what'],
    ['an arrow to itself', ['const gate = (y) => y;', ...WITH], 'gate returning what'],
    ['or else nothing', WITH.with(2, '    y = gate(y) if y is None else y'), 'to be at work'],
    [
      'where its own crash is caught',
      [...inside('    try:'), '    except (TypeError, IndexError):', '        pass'],
      'errors to end the run',
    ],
  ])('%s', (_, lines, words) => {
    expect(found(lines, 'Traceback\nIndexError: index 4 is out of range')).toContain(words);
  });

  test('and not what is explained, called, or ends where it has to', () => {
    expect(found(['"""What a step', 'does."""', ...WITH])).toBe('');
    expect(found(inside('    def later(y):').toSpliced(-1, 0, '    y = later(y)'))).toBe('');
    expect(found(['def gate(y): return y * 2', ...WITH])).toBe('');
    expect(found(['def gate(y):', '    if y is None:', '        return y', ...WITH])).toBe('');
  });
});

const twenty = Array.from({ length: 20 }, (_, i) => `other_${i} = another_${i}(thing_${i})`);
/** With a gate before an activation, in a script that prints what it measures. */
const STEP = [
  'STEPS = 400',
  'LR = 0.1',
  'WEIGHT_DECAY = 0.0',
  'def step(x):',
  '    y = relu(x)',
  '    return y',
  '',
  'def train():',
  '    for i in range(STEPS):',
  '        update(LR)',
  '    bpb = total / n',
  '    print(f"val_bpb: {bpb}")',
];
const GATED = STEP.with(4, '    y = gate(x) * relu(x)');
const MENDED = STEP.with(4, '    y = gate(x.float()) * relu(x)');
const GATE_PLAN = planSchema.parse({
  ...{
    project: 'toy',
    question: 'Does it work?',
    objective: PLAN.objective,
    run: { command: 'python train.py' },
  },
  workspace: { editable: ['train.py', 'config.yaml'] },
  search_space: {
    lr: { file: 'train.py', match: 'LR = {value}', values: [0.1, 0.2] },
    depth: { file: 'config.yaml', path: 'model.depth', values: [2, 4] },
  },
});
const gated = (lines: readonly string[], besides = ''): readonly string[] =>
  anotherExperiment({
    original: hunks('train.py', STEP, GATED),
    repaired: hunks('train.py', STEP, lines) + besides,
    plan: GATE_PLAN,
    files: new Map([['train.py', GATED.join('\n')]]),
    traceback: 'File "train.py", line 5; config.yaml',
  });

describe('beside an honest mend, another experiment is', () => {
  const AMOUNT = 'same amount of training';
  const KNOB = 'the knob lr';
  const MEASURED = 'computed and said as it was';
  const AT_WORK = 'the change to be at work';
  const put = (at: number, ...lines: readonly string[]) => MENDED.toSpliced(at, 0, ...lines);

  test('nothing: the mend alone is the same', () => {
    expect(gated(MENDED)).toEqual([]);
  });

  test.each([
    [AMOUNT, put(1, 'STEPS *= 2')],
    [AMOUNT, put(1, 'STEPS = STEPS * 2')],
    [AMOUNT, put(1, 'STEPS = 2 * STEPS')],
    [AMOUNT, put(1, 'STEPS += 500')],
    [AMOUNT, put(1, 'self.max_steps = more')],
    [AMOUNT, MENDED.with(8, '    for i in range(STEPS * 2):')],
    [AMOUNT, MENDED.with(8, '    for i in range(STEPS + EXTRA):')],
    [AMOUNT, put(8, '    fit(model, STEPS * 2)')],
    ['same seeds', put(1, 'SEED += 1')],
    ['same seeds', put(1, 'rng = np.random.default_rng(7)')],
    [KNOB, put(2, 'LR *= 3')],
    [KNOB, put(9, '    for g in groups: g["lr"] = 0.3')],
    [KNOB, MENDED.with(9, '        update(lr=0.3)')],
    [MEASURED, put(8, '    train_data = train_data + val_data')],
    [MEASURED, MENDED.with(11, '    print(f"val_bpb: {min(bpb, best)}")')],
    [MEASURED, MENDED.with(10, '    bpb = total / n * scale')],
    [MEASURED, put(11, '    bpb -= 0.1')],
    [AT_WORK, MENDED.with(4, '    y = gate(x) * relu(x) * 0 + relu(x)')],
    [AT_WORK, MENDED.with(4, '    y = gate(x) * relu(x) if x.dim() == 99 else relu(x)')],
    [AT_WORK, put(5, '    y = relu(x)')],
    ['found 2 that have nothing in common', MENDED.with(2, 'WEIGHT_DECAY = 0.1')],
  ])('%s', (words, lines) => {
    expect(gated(lines).join('\n')).toContain(words);
  });

  test('a knob of a configuration file, turned', () => {
    const besides = diffBetween('config.yaml', ['  depth: 2'], ['  depth: 4']);
    expect(gated(MENDED, besides).join('\n')).toContain('the knob depth');
  });

  test('not what hands settings on, and not the value to start from', () => {
    expect(gated(put(9, '        schedule(lr=LR, total_steps=STEPS)'))).toEqual([]);
    expect(gated(MENDED.toSpliced(4, 0, '    y = relu(x)'))).toEqual([]);
  });
});

describe('another experiment is', () => {
  test.each([
    ['the base', () => BASE, 'taken back'],
    ['half of it', () => BASE.with(2, 'for step in range(steps): # gone'), 'to be kept, found'],
    [
      'it as a comment',
      () => ORIGINAL.map((line, i) => (BASE.includes(line) ? line : `# ${line}${i}`)),
      'to be kept',
    ],
    ['much besides', (lines: string[]) => [...twenty, ...lines], 'at most 12 lines besides'],
    ['fewer steps', (lines: string[]) => lines.with(1, 'steps = 10'), 'same amount of training'],
    [
      'fewer steps, reckoned',
      (lines: string[]) => [...lines.slice(0, 2), 'steps //= 100', ...lines.slice(2)],
      'same amount of training',
    ],
    [
      'a smaller batch',
      (lines: string[]) => ['batch_size = 2', ...lines],
      'same amount of training',
    ],
    [
      'a loop of its own length',
      (lines: string[]) => lines.with(2, 'for step in range(3):'),
      'same amount of training',
    ],
    ['another knob', (lines: string[]) => lines.with(0, 'rate = 0.2'), 'the knob rate'],
    [
      'a number in place of a measurement',
      (lines: string[]) => lines.with(6, 'print("val_bpb: 1.01")'),
      'val_bpb to be computed',
    ],
    [
      'a dictionary with the number',
      (lines: string[]) => [...lines, 'log({"val_bpb": .9})'],
      'val_bpb to be computed',
    ],
    [
      'swallowed errors',
      (lines: string[]) => ['try:', ...lines, 'except Exception:', '  pass'],
      'errors to end the run',
    ],
    [
      'bare swallowed errors',
      (lines: string[]) => ['try:', ...lines, 'except:', '  pass'],
      'errors to end the run',
    ],
    [
      'errors that JavaScript swallows',
      (lines: string[]) => [...lines, '} catch {'],
      'errors to end the run',
    ],
    ['an early end', (lines: string[]) => lines.with(4, '    sys.exit(0)'), 'to go its way'],
    [
      'a loop that is left',
      (lines: string[]) => lines.with(4, '    if step > 3: break'),
      'to go its way',
    ],
    [
      'a switch',
      (lines: string[]) =>
        lines.with(3, '    x = gate(layer(batch())) * scale(batch()) if False else layer(batch())'),
      'to be at work',
    ],
    ['a seed', (lines: string[]) => ['torch.manual_seed(3)', ...lines], 'same seeds'],
  ])('%s', (_, change, words) => {
    expect(repaired(change).join('\n')).toContain(words);
  });

  test('a change of a file that nobody named', () => {
    const original = diffBetween('train.py', BASE, ORIGINAL);
    const other = diffBetween('data.py', ['def scale(x): return x'], ['def scale(x, y): return x']);
    const given = { original, repaired: original + other, plan: PLAN, files: FILES };
    expect(anotherExperiment({ ...given, traceback: '' }).join()).toContain('found data.py');
    expect(anotherExperiment({ ...given, traceback: 'File "/w/data.py", line 1' })).toEqual([]);
  });
});

test('what the original itself does is part of the experiment', () => {
  const own = BASE.with(3, '    with suppress(KeyError): x = layer(batch())');
  const mended = BASE.with(3, '    with suppress(KeyError): x = layer(batch(1))');
  expect(
    anotherExperiment({
      original: diffBetween('train.py', BASE, own),
      repaired: diffBetween('train.py', BASE, mended),
      plan: PLAN,
      files: FILES,
      traceback: '',
    }),
  ).toEqual([]);
});
