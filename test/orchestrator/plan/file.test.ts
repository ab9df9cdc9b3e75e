import { describe, expect, test } from 'vitest';
import { planMeaning, type Plan } from '../../../orchestrator/domain/plan.ts';
import { formatProblem, readPlan } from '../../../orchestrator/plan/file.ts';

const GOOD = `# The lab of these tests
project: char-lm
question: Which single changes lower validation bits per byte?
objective: { metric: val_bpb, direction: minimize, min_effect: 0.005 }
workspace:
  directory: examples/char-lm
  editable: [train.mjs]
run:
  command: node train.mjs
  timeout: 1m30s
  seed: { env: SEED }
  env: { OMP_NUM_THREADS: "1", FLAG: True }
search_space:
  rate: { file: train.mjs, match: "const RATE = {value};", range: [1e-4, 1e-1], scale: log }
  depth: { file: config.yaml, path: model.depth, values: [1.0, True, 1e-4, 'x y', "null", 0x10] }
hypotheses:
  - { title: A warmer start, change: { rate: 1.0e-3 } }
budget: { runs: 20 }
`;

const problemsOf = (text: string): string[] => {
  const reading = readPlan(text);
  return 'problems' in reading ? reading.problems.map(formatProblem) : [];
};

function planOf(text: string): Plan {
  const reading = readPlan(text);
  if (!('plan' in reading)) throw new Error(reading.problems.map(formatProblem).join('\n'));
  return reading.plan;
}

/** The good plan with one text for another; the old one has to be there. */
const with_ = (...changes: [old: string, young: string][]): string =>
  changes.reduce((text, [old, young]) => {
    expect(text).toContain(old);
    return text.replace(old, () => young);
  }, GOOD);

describe('a plan that is right', () => {
  test('comes with defaults, durations in seconds and shares as fractions', () => {
    const plan = planOf(GOOD);
    expect(plan.run.timeout).toBe(90);
    expect(plan.budget).toEqual({ experiments: 24, runs: 20, parallel: 'auto', verification: 0.2 });
    expect(plan.objective.at).toBe('last');
    expect(plan.queue).toBe('embedded');
    expect(planOf(with_(['  timeout: 1m30s\n', ''])).run.timeout).toBe(3600);
  });

  test('keeps the characters of literals', () => {
    const plan = planOf(GOOD);
    expect(plan.search_space['depth']?.values).toEqual([
      '1.0',
      'True',
      '1e-4',
      'x y',
      'null',
      '0x10',
    ]);
    expect(plan.hypotheses[0]?.change).toEqual({ rate: '1.0e-3' });
    expect(plan.run.env).toEqual({ OMP_NUM_THREADS: '1', FLAG: 'True' });
    const argument = 'w: { arg: "--w={value}", default: 1.50, values: [yes, ~, 1_000] }';
    const knob = planOf(with_(['  depth:', `  ${argument}\n  depth:`])).search_space['w'];
    expect(knob).toMatchObject({ default: '1.50', values: ['yes', '~', '1_000'] });
  });

  test('tells ranges between whole numbers from others by how they are written', () => {
    const wholeness = (range: string): unknown =>
      planOf(with_(['[1e-4, 1e-1], scale: log', range])).search_space['rate'];
    expect(wholeness('[1, 100]')).toMatchObject({ range: [1, 100], whole: true });
    expect(wholeness('[1.0, 100]')).toMatchObject({ range: [1, 100], whole: false });
    expect(wholeness('[1e-4, 0.1]')).toMatchObject({ range: [0.0001, 0.1], whole: false });
  });

  test('says where its values and keys stand', () => {
    const reading = readPlan(GOOD);
    if (!('positions' in reading)) throw new Error('expected a plan');
    const { positions } = reading;
    expect(positions(['project'])).toEqual({ line: 2, column: 10 });
    expect(positions(['project'], 'key')).toEqual({ line: 2, column: 1 });
    expect(positions(['search_space', 'depth', 'values', 1])).toEqual({ line: 15, column: 64 });
    expect(positions(['hypotheses', 0, 'change', 'rate'], 'key')).toEqual({ line: 17, column: 40 });
    // What is not there is said of the mapping that lacks it.
    expect(positions(['workspace', 'base'])).toEqual({ line: 6, column: 3 });
    expect(positions(['budget', 'nothing', 'deeper'])).toEqual({ line: 18, column: 9 });
  });

  test('may use anchors, and CRLF line ends', () => {
    const aliased = with_(['rate: {', 'rate: &r {'], ['depth:', 'other: *r\n  depth:']);
    expect(planOf(aliased).search_space['other']).toEqual(planOf(GOOD).search_space['rate']);
    expect(planOf(GOOD.replaceAll('\n', '\r\n'))).toEqual(planOf(GOOD));
  });
});

describe('a plan that is wrong', () => {
  test('has all its problems said at once, in the order of the file, each at its place', () => {
    const text = with_(
      ['direction: minimize', 'direction: down'],
      ['directory: examples/char-lm', 'directory: /examples'],
      ['  command:', '  comand:'],
      ['1m30s', '90'],
      ['range: [1e-4, 1e-1]', 'range: [1, 0.1]'],
      ["'x y'", '[4]'],
      ['title: A warmer start, ', ''],
      ['runs: 20', 'runs: 2.5, llm_usd: 0'],
    );
    expect(problemsOf(text)).toEqual([
      'research_plan.yaml:4:42: expected minimize or maximize, found down',
      'research_plan.yaml:6:14: expected a path inside the repository, relative, without .., found /examples',
      'research_plan.yaml:9:3: expected the key command (some text), found none',
      'research_plan.yaml:9:3: expected a known key (did you mean command?), found comand',
      'research_plan.yaml:10:12: expected a duration such as 60s, 15m or 1h30m, found 90',
      'research_plan.yaml:14:67: expected a range [low, high] with low below high, found [1, 0.1]',
      'research_plan.yaml:15:76: expected one literal: a number, a word, true, false or quoted text, found [4]',
      'research_plan.yaml:17:5: expected the key title (some text), found none',
      'research_plan.yaml:18:17: expected a whole number above 0, found 2.5',
      'research_plan.yaml:18:31: expected a number above 0, found 0',
    ]);
  });

  test.each([
    ['questoin', 'question: Which', 'questoin: Which', '3:1', 'did you mean question?'],
    ['metrc', 'metric: val', 'metrc: val', '4:14', 'did you mean metric?'],
    ['edtable', 'editable:', 'edtable:', '7:3', 'did you mean editable?'],
    ['sede', 'seed:', 'sede:', '11:3', 'did you mean seed?'],
    ['mach', 'match:', 'mach:', '14:28', 'did you mean match?'],
    ['chnage', 'change:', 'chnage:', '17:30', 'did you mean change?'],
    ['Runs', 'runs:', 'Runs:', '18:11', 'did you mean runs?'],
    ['zebra', 'runs: 20', 'zebra: 20', '18:11', 'expected one of the keys experiments, runs,'],
    ['budget2', 'budget:', 'budget: {}\nbudget2:', '19:1', 'expected one of the keys project,'],
  ])(
    'an unknown key %s is named at its place, with what may be meant',
    (_, old, young, at, hint) => {
      const problems = problemsOf(with_([old, young]));
      const problem = problems.find(
        (one) => one.startsWith(`research_plan.yaml:${at}: `) && one.includes(hint),
      );
      expect(problem, problems.join('\n')).toBeDefined();
      expect(problem).toContain(`found ${young.split('\n').at(-1)?.split(':')[0]}`);
    },
  );

  test.each([
    ['metric: val_bpb', 'metric: 5', 'expected some text, found 5'],
    ['question: Which single', 'question: [Which] #', 'expected some text, found [Which]'],
    ['min_effect: 0.005', 'min_effect: small', 'expected a number, found small'],
    ['min_effect: 0.005', 'min_effect: 0', 'expected a number above 0, found 0'],
    ['min_effect: 0.005', 'at: first', 'expected last or best, found first'],
    ['min_effect: 0.005', 'target: low', 'expected a number, found low'],
    ['runs: 20', 'runs: 20 }\nprune: true #', 'expected cautious, eager or off, found true'],
    ['runs: 20', 'gpu_hours: 0', 'expected a number above 0, found 0'],
    ['runs: 20', 'plateau: 12', 'expected N experiments, such as 12 experiments, found 12'],
    ['runs: 20', 'plateau: 0 experiments', 'expected N experiments'],
    ['editable: [train.mjs]', 'editable: train.mjs', 'expected a list, found train.mjs'],
    ['editable: [train.mjs]', 'editable: []', 'expected at least one path or glob, found []'],
    ['editable: [train.mjs]', 'editable: [../x]', 'expected a path inside the repository'],
    ['timeout: 1m30s', 'timeout: 0s', 'expected a duration longer than nothing, found 0s'],
    ['timeout: 1m30s', 'timeout: 1 minute', 'expected a duration such as 60s'],
    ['timeout: 1m30s', 'shell: yes', 'expected true or false, found yes'],
    ['seed: { env: SEED }', 'seed: 3', 'expected a mapping, found 3'],
    [
      'seed: { env: SEED }',
      'seed: { env: A, arg: b }',
      'expected exactly one of env, arg, or file with match, found { env: A, arg: b }',
    ],
    ['seed: { env: SEED }', 'seed: { file: a.py }', 'expected file and match together'],
    [
      'seed: { env: SEED }',
      'seed: { file: a.py, match: seed }',
      'expected {value} exactly once in match',
    ],
    ['FLAG: True', 'FLAG: [1]', 'expected one literal'],
    ['[1e-4, 1e-1]', '[a, 1]', 'expected a number, found a'],
    ['[1e-4, 1e-1]', '[1e-4]', 'expected a range [low, high], found [1e-4]'],
    ['[1e-4, 1e-1]', '[0, 1]', 'expected a range above 0 for scale: log, found [0, 1]'],
    ['[1e-4, 1e-1]', '[.inf, 1]', 'expected a number, found .inf'],
    ['scale: log', 'scale: cubic', 'expected linear or log, found cubic'],
    ['scale: log', 'values: [1]', 'expected either values or range, found { file: train.mjs'],
    ['= {value};', '= 3;', 'expected {value} exactly once in match'],
    ['file: config.yaml, ', '', 'expected exactly one place: file, arg or env'],
    [
      'path: model.depth, ',
      '',
      'expected either match (a line) or path (a key in YAML or JSON) beside file',
    ],
    [
      'path: model.depth',
      'path: model.depth, default: 3',
      'expected no default: the file says the current value, found 3',
    ],
    [
      'file: config.yaml, path: model.depth',
      'env: DEPTH',
      'expected default: what the script uses',
    ],
    ['  depth:', '  de pth:', 'expected a name of letters, digits, _ . and -, found de pth'],
    ['change: { rate: 1.0e-3 }', 'change: {}', 'expected at least one knob in change, found {}'],
    [
      'change: { rate: 1.0e-3 }',
      'because: no',
      'expected one of change (a knob and its value), patch (a diff file) and idea (the change in words)',
    ],
    [
      'change: { rate: 1.0e-3 }',
      'change: { rate: }',
      'expected one literal: a number, a word, true, false or quoted text, found nothing',
    ],
    ['runs: 20', 'runs: 0', 'expected a whole number above 0, found 0'],
    ['runs: 20', 'parallel: many', 'expected a whole number above 0, or auto, found many'],
    ['runs: 20', 'verification: 120%', 'expected a share below 100%'],
    [
      'budget: { runs: 20 }',
      'sandbox: locked',
      'expected auto, off, required, or a mapping, found locked',
    ],
    ['budget: { runs: 20 }', 'sandbox: { netwrk: on }', 'did you mean network?'],
    ['budget: { runs: 20 }', 'sandbox: { memory: much }', 'expected a size such as 500MB or 16GB'],
    [
      'budget: { runs: 20 }',
      'sandbox: { mode: off, with: bubblewrap }',
      'expected no with beside mode: off',
    ],
    ['budget: { runs: 20 }', 'sandbox: { with: docker }', 'expected the key image'],
    [
      'budget: { runs: 20 }',
      'sandbox: { file_size: 500GB }',
      'expected a file_size no larger than disk',
    ],
    ['budget: { runs: 20 }', 'sandbox: { read: [../x] }', 'expected a path: absolute, or'],
    [
      'budget: { runs: 20 }',
      'queue: rabbit',
      'expected embedded, or an address such as redis://host:6379',
    ],
    [
      'budget: { runs: 20 }',
      'agents: { base_url: localhost }',
      'expected an address such as http://localhost:11434/v1, found localhost',
    ],
    [
      'budget: { runs: 20 }',
      'agents: { worker: { temperature: 3 } }',
      'expected a number from 0 to 2, found 3',
    ],
    [
      'budget: { runs: 20 }',
      'agents: { prices: { qwen: { input: 1 } } }',
      'expected the key output',
    ],
    [
      'budget: { runs: 20 }',
      'constraints: [{ metric: m, min: 2, max: 1 }]',
      'expected min not above max',
    ],
    ['budget: { runs: 20 }', 'success_criteria: [{ metric: m }]', 'expected min, max or both'],
    ['budget: { runs: 20 }', 'budget:', 'expected a mapping, found nothing'],
  ])('instead of %s, %s', (old, young, message) => {
    const problems = problemsOf(with_([old, young]));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toContain(message);
    const line = GOOD.slice(0, GOOD.indexOf(old)).split('\n').length;
    const shown = problems.find((problem) => problem.includes(message));
    expect(Math.abs(Number(shown?.split(':')[1]) - line)).toBeLessThanOrEqual(1);
  });

  test('rules between keys are looked at even where a key is wrong by itself', () => {
    const problems = problemsOf(
      with_(['match: "const RATE = {value};", range', 'line: 3, vales: 1, ranges']),
    );
    expect(problems.join('\n')).toMatch(/found 3\n.*did you mean values\?/);
    expect(problems.join('\n')).toContain('expected either match (a line) or path');
    expect(problems.join('\n')).toContain('expected either values or range');
  });

  test('a value that is found is cut to one short line', () => {
    const problems = problemsOf(with_(['node train.mjs', `[${'x, '.repeat(60)}]`]));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^research_plan\.yaml:9:12: expected some text, found \[x, .{40,56}…$/,
    );
    expect(problemsOf(with_(['{ env: SEED }', '\n    - a\n    - b']))[0]).toBe(
      'research_plan.yaml:12:5: expected a mapping, found - a …',
    );
  });
});

describe('a text that is no plan', () => {
  const KEYS = 'project, question, objective, workspace and run';
  test.each([
    ['', `1:1: expected a mapping with ${KEYS}, found an empty file`],
    ['# nothing but a comment\n', `1:1: expected a mapping with ${KEYS}, found an empty file`],
    ['- a\n- b\n', '1:1: expected a mapping, found - a …'],
    ['just text', '1:1: expected a mapping, found just text'],
    ['a: 1\n---\nb: 2', '2:1: expected one document, found another one'],
    ['%YAML 1.1\n---\nproject: yes', '1:1: expected YAML 1.2, found 1.1'],
    ['project: !!binary x', '1:10: expected a value without a tag, found !!binary x'],
    [
      'project: *nobody',
      '1:10: expected the name of a finished anchor, found one that is not set above',
    ],
    [
      'project: &a [*a]',
      '1:14: expected the name of a finished anchor, found one inside its own value',
    ],
    ['? [a]\n: 1', '1:3: expected a key that is plain text, found [a]'],
    ['__proto__: 1', '1:1: expected another name, found __proto__'],
    ['['.repeat(20_000), '1:1: expected a few levels of nesting, found too many to read'],
    ['{a: '.repeat(20_000), '1:1: expected a few levels of nesting, found too many to read'],
  ])('such as %j', (text, problem) => {
    expect(problemsOf(text)).toContain(`research_plan.yaml:${problem}`);
  });

  test('broken YAML has all its errors said', () => {
    const problems = problemsOf(
      with_(['project: char-lm', 'project: a: b'], ['  timeout', '\ttimeout']),
    );
    expect(problems[0]).toMatch(/^research_plan\.yaml:2:10: expected YAML \(.*\), found a: b$/);
    expect(problems).toContain(
      'research_plan.yaml:10:1: expected spaces as indentation, found a tab',
    );
    expect(problemsOf('project: "open')[0]).toMatch(
      /^research_plan\.yaml:1:15: expected .*, found the end$/,
    );
  });

  test('a key that stands twice is named beside everything else that is wrong', () => {
    expect(problemsOf(with_(['  timeout: 1m30s', '  timeout: 90\n  timeout: 60s']))).toEqual([
      'research_plan.yaml:10:12: expected a duration such as 60s, 15m or 1h30m, found 90',
      'research_plan.yaml:11:3: expected each key once, found another timeout',
    ]);
  });

  test('aliases that multiply are stopped', () => {
    const lines = [...'bcdefghij'].map((key, i) => {
      const above = `*${'abcdefghi'[i]}`;
      return `${key}: &${key} [${Array.from({ length: 9 }, () => above).join(', ')}]`;
    });
    const started = performance.now();
    const problems = problemsOf(['a: &a [x, x, x]', ...lines].join('\n'));
    expect(problems.join('\n')).toContain(
      'expected at most 100000 values, found more through aliases',
    );
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

/** Small and seeded, so that a failure can be had again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const SCRAPS = [
  ...'{}[]:,"\'\t\n#|%&*!-?0~ '.split(''),
  ...': ;\r\n;&a ;*a;!x ;>-\n;- ;? ;-1;1e999;.nan;null;true;{value};\u0000;\uFEFF;😀;\u2028'.split(
    ';',
  ),
  ...'---\n;...\n;<<: ;__proto__: 1\n;constructor: {}\n;toString: 1\n;  '.split(';'),
];

describe('whatever is done to a plan', () => {
  test('reading it never throws, and each problem has its place and says what was expected', () => {
    const random = randomOf(7);
    const pick = (n: number): number => Math.floor(random() * n);
    for (let round = 0; round < (process.env['FULL'] ? 1500 : 250); round += 1) {
      let text = GOOD;
      for (let edits = 1 + pick(4); edits > 0; edits -= 1) {
        const at = pick(text.length);
        const cut = random() < 0.5 ? 0 : pick(12);
        const scrap = random() < 0.2 ? '' : (SCRAPS[pick(SCRAPS.length)] ?? '');
        text = text.slice(0, at) + scrap + text.slice(at + cut);
      }
      const reading = readPlan(text);
      if ('plan' in reading) continue;
      expect(reading.problems.length, text).toBeGreaterThan(0);
      const lines = text.split('\n').length;
      let last = 0;
      for (const problem of reading.problems) {
        expect(formatProblem(problem), text).toMatch(
          /^research_plan\.yaml:[1-9]\d*:[1-9]\d*: expected [^\n]*, found \S/,
        );
        expect(problem.line, text).toBeLessThanOrEqual(lines);
        expect(problem.line, text).toBeGreaterThanOrEqual(last);
        last = problem.line;
      }
    }
  });
});

describe('an evaluator', () => {
  test('has a command, and its own time or that of a run', () => {
    expect(planOf(`${GOOD}evaluate: { command: node evaluate.mjs }\n`).evaluate).toEqual({
      command: 'node evaluate.mjs',
    });
    expect(planOf(`${GOOD}evaluate: { command: x, timeout: 2m }\n`).evaluate?.timeout).toBe(120);
  });

  test.each([
    ['evaluate: node evaluate.mjs', '19:11: expected a mapping'],
    ['evaluate: {}', '19:11: expected the key command (some text), found none'],
    ['evaluate: { command: x, timeout: 5 }', '19:34: expected a duration such as 60s'],
    ['evaluate: { command: x, comand: x }', '19:25: expected'],
    ['agents: { base_url: h/v1 }', '19:21: expected an address such as'],
    [
      'agents: { base_url: "http://me:secret@h/v1" }',
      '19:21: expected an address without password',
    ],
    [
      'agents: { base_url: "http://h/v1?version=2" }',
      '19:21: expected an address without password',
    ],
    ['agents: { api_key_env: sk-proj-1 }', '19:24: expected the name of a variable'],
    ['worker: { command: "" }', '19:20: expected some text, found ""'],
    ['worker: { command: x, timeout: soon }', '19:32: expected a duration such as 60s'],
  ])('%s is one problem, at its place', (text, problem) => {
    expect(problemsOf(`${GOOD}${text}\n`)).toEqual([
      expect.stringContaining(`research_plan.yaml:${problem}`),
    ]);
  });

  test('is needed where objective.tier demands what only it can measure', () => {
    const demanding = with_(['min_effect: 0.005', 'min_effect: 0.005, tier: checked']);
    expect(problemsOf(demanding)).toEqual([
      'research_plan.yaml:4:77: expected evaluate or score beside tier: checked, as nothing else measures it, found checked',
    ]);
    expect(problemsOf(`${demanding}evaluate: { command: x }\n`)).toEqual([]);
    const verified = demanding.replace('checked', 'verified');
    expect(problemsOf(`${verified}evaluate: { command: x }\n`)).toEqual([
      expect.stringContaining('expected score beside tier: verified, as nothing else measures it'),
    ]);
    const scored = 'score: { command: x, labels: [y] }\n';
    expect([demanding, verified].flatMap((text) => problemsOf(`${text}${scored}`))).toEqual([]);
  });
});

describe('a scorer, what is held out, and dawn', () => {
  test('have defaults that are said', () => {
    const plan = planOf(
      `${GOOD}score: { command: x, labels: [y] }\nholdout: { command: z, metric: m }\ndawn: { seeds: 6 }\n`,
    );
    expect(plan.score).toEqual({
      ...{ command: 'x', labels: ['y'], predictions: 'predictions.jsonl', max_size: 64e6 },
    });
    expect(plan.holdout).toEqual({ command: 'z', metric: 'm', labels: [] });
    expect(plan.dawn).toEqual({ seeds: 6 });
  });

  test.each([
    ['score: { command: x }', '19:8: expected the key labels (a list), found none'],
    ['score: { command: x, labels: [] }', '19:30: expected at least one path'],
    ['score: { command: x, labels: [/etc/y] }', '19:31: expected a path inside the repository'],
    [
      'score: { command: x, labels: [y], predictions: p.pkl }',
      '19:48: expected a file that ends in .json, .jsonl, .csv, .txt, .npy, found p.pkl',
    ],
    ['score: { command: x, labels: [y], max_size: 2TB }', '19:45: expected a size such as'],
    ['score: { command: x, labels: [y], max_size: 2GB }', '19:45: expected a size of a byte'],
    ['holdout: { command: x }', '19:10: expected the key metric (some text), found none'],
    ['dawn: {}', '19:7: expected at least one of command, args, env, timeout and seeds'],
    ['dawn: { seeds: 2 }', '19:16: expected a whole number from 3 to 1000'],
  ])('%s is a problem at its place', (text, problem) => {
    expect(problemsOf(`${GOOD}${text}\n`)[0]).toContain(`research_plan.yaml:${problem}`);
  });
});

describe('what a plan means', () => {
  const meaning = (text: string): string => planMeaning(planOf(text));

  test('is another with an evaluator, and the same whatever promote demands', () => {
    const one = `${GOOD}evaluate: { command: node evaluate.mjs }\n`;
    const meanings = [GOOD, one, one.replace('evaluate.mjs', 'exam.mjs')].map(meaning);
    expect(new Set(meanings).size).toBe(3);
    expect(meaning(one.replace('min_effect', 'tier: checked, min_effect'))).toBe(meanings[1]);
  });

  test('is another with a scorer, and the same however dawn trains and whatever is held out', () => {
    const scored = `${GOOD}score: { command: x, labels: [y] }\n`;
    expect(meaning(scored)).not.toBe(meaning(GOOD));
    expect(meaning(scored.replace('[y]', '[z]'))).not.toBe(meaning(scored));
    for (const text of ['dawn: { args: --long }', 'holdout: { command: x, metric: m }'])
      expect(meaning(`${GOOD}${text}\n`)).toBe(meaning(GOOD));
    const hiding = `${GOOD}holdout: { command: x, metric: m, labels: [y] }\n`;
    expect(meaning(hiding)).not.toBe(meaning(GOOD));
  });

  test('is the same for the same objective, workspace and run, however written', () => {
    const other = with_(
      [
        '{ metric: val_bpb, direction: minimize, min_effect: 0.005 }',
        '\n  min_effect: 0.005 # small\n  direction: minimize\n  metric: val_bpb',
      ],
      ['runs: 20', 'experiments: 3'],
      ['title: A warmer start', 'title: A colder start'],
      ['1m30s', '90s'],
    );
    expect(meaning(other)).toBe(meaning(GOOD));
    const editable = (list: string): string => meaning(with_(['[train.mjs]', list]));
    expect(editable('[a, b]')).toBe(editable('[b, a]'));
  });

  test('is another with another command, base or metric', () => {
    const meanings = [
      GOOD,
      with_(['node train.mjs', 'node train.mjs --fast']),
      with_(['workspace:', 'workspace:\n  base: main']),
      with_(['val_bpb', 'loss']),
      with_(['"1"', '"2"']),
    ].map(meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
  });
});
