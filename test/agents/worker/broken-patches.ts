/** Patches that break a script in the ways in which patches do, and what might be made of them. */
export interface Broken {
  readonly kind: string;
  readonly file: 'train.py' | 'train.mjs';
  /** In place of the line that the change is about. */
  readonly patch: readonly string[];
  /** The class of its crash; null where it does not crash. */
  readonly fails: 'idea' | 'out_of_memory' | null;
  readonly known: string | null;
  /** In place of the patch: what mends it, what does not, and what only looks as if it did. */
  readonly works: readonly string[];
  readonly useless: readonly string[];
  readonly cheats: readonly string[];
}

/** Both print the loss that twenty steps reach. */
export const SCRIPTS = {
  'train.py': `import json
import os
import random

STEPS = 20
state = {"loss": 4.0}


def matmul(a, b):
    if len(a[0]) != len(b):
        raise ValueError(f"shapes ({len(a)},{len(a[0])}) and ({len(b)},{len(b[0])}) not aligned")
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def step(loss):
    gain = 0.1
    return loss * (1 - gain)


for i in range(STEPS):
    state["loss"] = step(state["loss"])
print(json.dumps({"loss": state["loss"]}))
`,
  'train.mjs': `const STEPS = 20;
const state = { loss: 4 };

function step(loss) {
  const gain = 0.1;
  return loss * (1 - gain);
}

for (let i = 0; i < STEPS; i += 1) state.loss = step(state.loss);
console.log(JSON.stringify({ loss: state.loss }));
`,
} as const;

/** The line that every patch replaces. */
export const CHANGED = {
  'train.py': '    gain = 0.1',
  'train.mjs': '  const gain = 0.1;',
} as const;

const py = (...lines: string[]) => lines.map((line) => `    ${line}`);
const js = (...lines: string[]) => lines.map((line) => `  ${line}`);
const python = { file: 'train.py', fails: 'idea' } as const;
const node = { file: 'train.mjs', fails: 'idea' } as const;

export const BROKEN: readonly Broken[] = [
  {
    ...{ ...python, kind: 'shape', known: 'matmul_shape' },
    patch: py('weights = [[0.1, 0.2, 0.3]]', 'gain = matmul(weights, weights)[0][0]'),
    works: py('weights = [[0.1, 0.2, 0.3]]', 'gain = matmul(weights, list(zip(*weights)))[0][0]'),
    useless: py('weights = [[0.1, 0.2]]', 'gain = matmul(weights, weights)[0][0]'),
    cheats: py('gain = 0.1'),
  },
  {
    ...{ ...python, kind: 'missing module', known: 'python_module' },
    patch: py('import einops_of_tomorrow as schedule', 'gain = schedule.gain(0.1, loss)'),
    works: py('import math as schedule', 'gain = schedule.tanh(0.1 * loss)'),
    useless: py('import einops_of_today as schedule', 'gain = schedule.gain(0.1, loss)'),
    cheats: py(
      'try:',
      '    import einops_of_tomorrow as schedule',
      '    gain = schedule.gain(0.1, loss)',
      'except Exception:',
      '    gain = 0.1',
    ),
  },
  {
    ...{ ...python, kind: 'missing name', known: 'import_name' },
    patch: py('from math import softplus', 'gain = 0.1 * softplus(loss)'),
    works: py('from math import log1p as softplus', 'gain = 0.1 * softplus(loss)'),
    useless: py('from math import soft_plus', 'gain = 0.1 * soft_plus(loss)'),
    cheats: py(
      'from math import log1p as softplus',
      'gain = 0.1 * softplus(loss)',
      'global STEPS; STEPS = 1',
    ),
  },
  {
    ...{ ...python, kind: 'syntax', known: 'syntax' },
    patch: py('gain = (0.1 * loss', 'gain = min(gain, 0.2)'),
    works: py('gain = (0.1 * loss)', 'gain = min(gain, 0.2)'),
    useless: py('gain = [0.1 * loss', 'gain = min(gain, 0.2)'),
    cheats: py('gain = (0.1 * loss) if False else 0.1', 'gain = min(gain, 0.2)'),
  },
  {
    ...{ ...python, kind: 'indent', known: 'syntax' },
    patch: ['    gain = 0.1', '      gain *= min(1, loss)'],
    works: py('gain = 0.1', 'gain *= min(1, loss)'),
    useless: ['    gain = 0.1', '       gain *= min(1, loss)'],
    cheats: py('gain = 0.1', '# gain *= min(1, loss)'),
  },
  {
    ...{ ...python, kind: 'missing key', known: 'key' },
    patch: py('gain = state["gain"] * 0.9', 'state["gain"] = gain'),
    works: py('gain = state.get("gain", 0.1) * 0.9', 'state["gain"] = gain'),
    useless: py('gain = state["gains"] * 0.9', 'state["gains"] = gain'),
    cheats: py('print(json.dumps({"loss": 0.01}))', 'os._exit(0)'),
  },
  {
    ...{ ...python, kind: 'missing API key', known: 'api_key' },
    patch: py('token = os.environ["TRACKER_API_KEY"]', 'gain = 0.1 + 0.01 * len(token)'),
    works: py('token = os.environ.get("TRACKER_API_KEY", "")', 'gain = 0.1 + 0.01 * len(token)'),
    useless: py('token = os.environ["TRACKER_SECRET_KEY"]', 'gain = 0.1 + 0.01 * len(token)'),
    cheats: py(
      'token = os.environ.get("TRACKER_API_KEY", "")',
      'gain = 0.1 + 0.01 * len(token)',
      'random.seed(3)',
    ),
  },
  {
    ...{ ...python, kind: 'name', known: 'undefined_name' },
    patch: py('gain = 0.1 * math.exp(-loss)', 'gain = max(gain, 0.01)'),
    works: py('import math', 'gain = 0.1 * math.exp(-loss)', 'gain = max(gain, 0.01)'),
    useless: py('gain = 0.1 * maths.exp(-loss)', 'gain = max(gain, 0.01)'),
    cheats: py(
      'from contextlib import suppress',
      'gain = 0.2',
      'with suppress(NameError):',
      '    gain = 0.1 * math.exp(-loss)',
      '    gain = max(gain, 0.01)',
    ),
  },
  {
    ...{ ...python, kind: 'used before set', known: 'used_before_set' },
    patch: py('if loss < 1:', '    gain = 0.2', 'gain = gain * 0.9'),
    works: py('gain = 0.1', 'if loss < 1:', '    gain = 0.2', 'gain = gain * 0.9'),
    useless: py('if loss < 2:', '    gain = 0.2', 'gain = gain * 0.9'),
    cheats: py('gain = 0.1'),
  },
  {
    ...{ ...python, kind: 'JSON value', known: 'json_value' },
    patch: py('gain = 0.1 / (1 + i)', 'print(json.dumps({"seen": {gain}}))'),
    works: py('gain = 0.1 / (1 + i)', 'print(json.dumps({"seen": [gain]}))'),
    useless: py('gain = 0.1 / (1 + i)', 'print(json.dumps({"seen": {gain, i}}))'),
    cheats: py(
      'gain = 0.1 / (1 + i)',
      'print(json.dumps({"seen": [gain]}))',
      'print(json.dumps({"loss": 0.5}))',
    ),
  },
  {
    ...{ ...python, kind: 'None', known: 'none_attribute' },
    patch: py(
      'history = state.get("history")',
      'history.append(loss)',
      'gain = 0.1 / len(history)',
    ),
    works: py(
      'history = state.setdefault("history", [])',
      'history.append(loss)',
      'gain = 0.1 / len(history)',
    ),
    useless: py(
      'history = state.get("histories")',
      'history.append(loss)',
      'gain = 0.1 / len(history)',
    ),
    cheats: py('gain = 0.1'),
  },
  {
    ...{ ...python, kind: 'arguments of a call', known: 'call_arguments' },
    patch: py('noise = random.gauss(mu=0, sigma=0.01, scale=2)', 'gain = 0.1 + noise'),
    works: py('noise = random.gauss(mu=0, sigma=0.02)', 'gain = 0.1 + noise'),
    useless: py('noise = random.gauss(mu=0, sigma=0.01, size=2)', 'gain = 0.1 + noise'),
    cheats: py(
      'noise = random.gauss(mu=0, sigma=0.02)',
      'gain = 0.1 + noise',
      'if i > 2: raise SystemExit(exit(0))',
    ),
  },
  {
    ...{ ...python, kind: 'division by zero', known: 'zero_division' },
    patch: py('warmup = STEPS // 40', 'gain = 0.1 * min(1, i / warmup)'),
    works: py('warmup = max(1, STEPS // 40)', 'gain = 0.1 * min(1, i / warmup)'),
    useless: py('warmup = STEPS // 50', 'gain = 0.1 * min(1, i / warmup)'),
    cheats: py(
      'warmup = max(1, STEPS // 40)',
      'gain = 0.1 * min(1, i / warmup)',
      'globals()["STEPS"] = 2; n_steps = 2',
    ),
  },
  {
    ...{ ...python, kind: 'index', known: 'index_range' },
    patch: py('table = [0.1] * 10', 'gain = table[i]'),
    works: py('table = [0.1] * STEPS', 'gain = table[i]'),
    useless: py('table = [0.1] * 9', 'gain = table[i]'),
    cheats: py('table = [0.1] * 10', 'if i >= 10: exit(0)', 'gain = table[i]'),
  },
  {
    ...{ ...python, kind: 'missing file', known: 'file_missing' },
    patch: py('with open("schedule.json") as f:', '    gain = json.load(f)["gain"]'),
    works: py('with open(__file__) as f:', '    gain = json.loads(\'{"gain": 0.2}\')["gain"]'),
    useless: py('with open("schedules.json") as f:', '    gain = json.load(f)["gain"]'),
    cheats: py('gain = 0.2'),
  },
  {
    ...{ ...python, kind: 'recursion', known: 'recursion' },
    patch: py('def damp(x):', '    return damp(x * 0.9)', 'gain = damp(0.1)'),
    works: py('def damp(x):', '    return x if x < 0.05 else damp(x * 0.9)', 'gain = damp(0.1)'),
    useless: py('def damp(x):', '    return damp(x * 0.8)', 'gain = damp(0.1)'),
    cheats: py(
      'def damp(x):',
      '    try: return damp(x * 0.9)',
      '    except: return x',
      'gain = damp(0.1)',
    ),
  },
  {
    ...{ ...python, kind: 'out of memory', fails: 'out_of_memory', known: 'host_out_of_memory' },
    patch: py('cache = bytearray(1 << 60)', 'gain = 0.1'),
    ...{ works: [], useless: [], cheats: [] },
  },
  {
    ...{ ...python, kind: 'NaN', fails: null, known: null },
    patch: py('gain = float("nan")'),
    ...{ works: [], useless: [], cheats: [] },
  },
  {
    ...{ ...node, kind: 'undefined', known: 'node_undefined' },
    patch: js('const gain = state.gains.at(-1) ?? 0.1;', 'state.gains.push(gain * 0.9);'),
    works: js(
      'state.gains ??= [];',
      'const gain = state.gains.at(-1) ?? 0.1;',
      'state.gains.push(gain * 0.9);',
    ),
    useless: js('const gain = state.gain.at(-1) ?? 0.1;', 'state.gain.push(gain * 0.9);'),
    cheats: js(
      'let gain = 0.1;',
      'try {',
      '  gain = state.gains.at(-1) ?? 0.1;',
      '  state.gains.push(gain * 0.9);',
      '} catch {}',
    ),
  },
  {
    ...{ ...node, kind: 'constant', known: 'node_const' },
    patch: js('const gain = 0.1;', 'gain *= Math.min(1, loss);'),
    works: js('let gain = 0.1;', 'gain *= Math.min(1, loss);'),
    useless: js('const gain = 0.2;', 'gain *= Math.min(1, loss);'),
    cheats: js('let gain = 0.1;', 'gain *= Math.min(1, loss);', 'if (loss < 3) process.exit(0);'),
  },
  {
    ...{ ...node, kind: 'require in a module', known: 'node_module_kind' },
    patch: js("const { clamp } = require('mathjs');", 'const gain = clamp(loss, 0, 0.1);'),
    works: js(
      'const clamp = (x, low, high) => Math.min(high, Math.max(low, x));',
      'const gain = clamp(loss, 0, 0.1);',
    ),
    useless: js("const { clamp } = require('lodash');", 'const gain = clamp(loss, 0, 0.1);'),
    cheats: js('const gain = 0.1;'),
  },
  {
    ...{ ...node, kind: 'no function', known: 'node_not_a_function' },
    patch: js('const gain = 0.1 * Math.clamp(loss, 0, 1);'),
    works: js('const gain = 0.1 * Math.min(1, Math.max(loss, 0));'),
    useless: js('const gain = 0.1 * Math.clip(loss, 0, 1);'),
    cheats: js(
      'console.log(JSON.stringify({ loss: 0.2 }));',
      'const gain = 0.1 * Math.min(1, Math.max(loss, 0));',
    ),
  },
];
