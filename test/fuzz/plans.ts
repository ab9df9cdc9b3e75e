import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { EDGES, ODD } from './mutate.ts';

const here = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** A plan that is right in its lab, and the files of that lab. */
export interface PlanOfLab {
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
}

const WIDE = `project: wide
question: Does each key survive?
objective: { metric: val loss, direction: maximize, min_effect: 1e-3, at: best, tier: checked }
constraints: [{ metric: memory, max: 600 }]
success_criteria:
  - metric: val loss
    min: 1
    borderline: 0.1
workspace:
  base: main
  directory: lab
  editable: [train.py, "conf/*.yaml", src]
run:
  command: python train.py --warmup=100 'a b'
  timeout: 1h30m
  seed: { file: train.py, match: "seed = {value}" }
  env: { THREADS: "1" }
  env_from: [TOKEN]
search_space:
  warmup: { arg: "--warmup={value}", default: 100, values: [0, 100] }
  depth: { arg: --depth, default: 2, range: [1, 8] }
  threads: { env: THREADS, default: 1, values: [1, 2] }
  rate: { file: train.py, match: "rate = {value}", range: [1e-4, 1e-1], scale: log }
  layers: { file: conf/model.yaml, path: model.layers.0, values: [1, 2] }
  activation: { file: conf/model.yaml, path: model.activation, values: [relu, gelu], line: shape }
hypotheses:
  - { title: No warm-up, because: it is short, line: schedule, change: { warmup: 0 } }
  - { title: Tie the embeddings, patch: ideas/tie.diff, success_criteria: [{ metric: memory, max: 1 }] }
evaluate: { command: python evaluate.py, timeout: 5m }
budget: { experiments: 4, runs: 40, wall_clock: 8h, parallel: auto, verification: 25% }
compute: { gpus_per_run: 0 }
agents: { model: none }
queue: embedded
sandbox: auto
`;

const TIE = `--- a/lab/src/model.py
+++ b/lab/src/model.py
@@ -1,2 +1,2 @@
 a = 1
-tied = False
+tied = True
`;

const EXAMPLE = { 'prepare.mjs': '', 'train.mjs': here('examples/char-lm/train.mjs') };

export const PLANS: readonly PlanOfLab[] = [
  {
    text: here('research_plan.yaml'),
    files: {
      '.gitignore': 'node_modules/\n',
      'examples/char-lm/train.mjs': EXAMPLE['train.mjs'],
      'node_modules/zod/src/index.ts': 'export {};\n',
    },
  },
  {
    text: here('examples/char-lm/research_plan.yaml'),
    files: { ...EXAMPLE, '.gitignore': 'corpus/\n', 'corpus/text.txt': 'text\n' },
  },
  {
    text: WIDE,
    files: {
      'lab/train.py': 'import a\nseed = 1\nrate = 0.01  # of learning\nprint(rate)\n',
      'lab/conf/model.yaml': 'model:\n  layers: [1, 2]\n  activation: relu # cheap\n',
      'lab/src/model.py': 'a = 1\ntied = False\n',
      'ideas/tie.diff': TIE,
    },
  },
];

/** Words that mean something in YAML, or in a plan. */
export const YAML_WORDS: readonly string[] = [
  ...ODD,
  ...EDGES,
  ...['&a ', '*a', '*nobody', '<<: *a', 'a: &a [*a]', '&a &b ', '!!binary ', '!!set ', '!mine '],
  ...['- ', '? ', ': ', '|', '>', '|2-\n', '>+\n  a\n\n', '{', '}', '[', ']', '#', ' # ', ','],
  ...['"', "'", '"\\x00"', '"\\q"', '@', '`', '%', '---\n', '...\n', '%YAML 1.1\n', '%TAG ! a\n'],
  ...['null', '~', 'yes', 'true', '-1', '0', '1.5', '.inf', '.nan', '0o7', '2026-01-01', '100%'],
  ...[
    '{value}',
    '{value}{value}',
    '..',
    '../x',
    '/etc/passwd',
    'a\\b',
    '**',
    '{a,b',
    '[a-',
    '.git',
  ],
  ...[
    'dawn: {}',
    'gates: []',
    'evaluate: x',
    'objectives: 1',
    'metric:',
    '  - ',
    '\n\n',
    '[[[[',
    '{{{{',
  ],
];

/** Any value at all, of YAML's kinds. */
const anything = fc.oneof(
  fc.constantFrom(...YAML_WORDS),
  fc.jsonValue({ maxDepth: 2 }),
  fc.double(),
  fc.constantFrom(null, true, 0, -1, 1.5, 1e300, [], {}, [[]], [null], { a: {} }, 'x'.repeat(5000)),
) as fc.Arbitrary<unknown>;

type Step = string | number;

/** Every path of a value but its root. */
function pathsIn(value: unknown, path: readonly Step[] = []): (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [Step, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, inner]) => [[...path, key], ...pathsIn(inner, [...path, key])]);
}

/** A plan in which one key has another value, is gone, or has a stranger beside it. */
export const rewritten = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(
        fc.record({
          kind: fc.constantFrom('set', 'set', 'set', 'drop', 'add'),
          at: fc.nat(10_000),
          name: fc.oneof(fc.constantFrom(...YAML_WORDS), fc.string({ maxLength: 12 })),
          value: anything,
        }),
        { minLength: 1, maxLength: 3 },
      ),
    )
    .map(([text, edits]) => {
      const plan = parse(text) as object;
      for (const { kind, at, name, value: drawn } of edits) {
        // The same empty list may be drawn again, to be set into itself.
        const value = structuredClone(drawn);
        const paths = pathsIn(plan);
        const path = paths[at % Math.max(1, paths.length)] ?? [];
        let holder = plan as Record<Step, unknown>;
        for (const step of path.slice(0, -1)) holder = holder[step] as Record<Step, unknown>;
        const key = path.at(-1) ?? '';
        const set = (at: Step): unknown =>
          Object.defineProperty(holder, at, {
            value,
            ...{ enumerable: true, configurable: true, writable: true },
          });
        if (kind === 'set') set(key);
        else if (kind === 'add') set(Array.isArray(holder) ? holder.length : name);
        else if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
      }
      return stringify(plan, { lineWidth: 0, aliasDuplicateObjects: false });
    });
