import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Repository } from '../../../orchestrator/domain/ports.ts';
import { openRepository } from '../../../orchestrator/git.ts';
import { checkPlan, findBase, planRemarks } from '../../../orchestrator/plan/check.ts';
import { formatProblem, readPlan } from '../../../orchestrator/plan/file.ts';

const PLAN = `project: p
question: q?
objective: { metric: loss, direction: minimize }
workspace:
  base: main
  directory: lab
  editable: [train.py, "conf/*.yaml"]
  link: [data/corpus]
run:
  command: python train.py
  seed: { file: train.py, match: "manual_seed({value})" }
search_space:
  rate: { file: train.py, match: "lr = {value}", range: [0.01, 0.2] }
  act: { file: train.py, match: "act = '{value}'", values: [relu, gelu] }
  depth: { file: conf/model.yaml, path: model.depth, values: [2, 4] }
  warmup: { arg: "--warmup={value}", default: 100, values: [0, 100] }
  threads: { env: OMP, default: 4, values: [1, 4] }
hypotheses:
  - { title: Slower, change: { rate: 0.05 } }
  - { title: Tied, patch: ideas/tie.diff }
budget: { runs: 20 }
`;

const FILES: Readonly<Record<string, string>> = {
  'research_plan.yaml': PLAN,
  'lab/train.py': "import torch\nmanual_seed(1)\nlr = 0.1  # rate\nact = 'relu'\nbs = 1\nbs = 2\n",
  'lab/evaluate.py': 'x = 1\n',
  'lab/conf/model.yaml': 'model:\n  depth: 4\n',
};

const TIE = `--- a/lab/train.py
+++ b/lab/train.py
@@ -1,2 +1,3 @@
 import torch
+tied = True
 manual_seed(1)
`;

let unchanged = '';
let repository: Repository;
let copy: string | null = null;
/** Where a test may change what it likes: the lab's copy from the first change on. */
function changing(): string {
  if (copy === null) {
    copy = mkdtempSync(join(tmpdir(), 'autolab-plan-'));
    cpSync(unchanged, copy, { recursive: true });
  }
  return copy;
}
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(changing(), path)), { recursive: true });
  writeFileSync(join(changing(), path), text);
};
const git = (...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd: changing(),
    stdio: 'pipe',
  });
};
const commit = (): void => {
  git('add', 'research_plan.yaml', 'lab');
  git('commit', '-qm', 'lab', '--allow-empty');
};

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'autolab-plan-'));
  git('init', '-qb', 'main', '--template=');
  for (const [path, text] of Object.entries(FILES)) put(path, text);
  commit();
  put('data/corpus/a.txt', 'text');
  put('ideas/tie.diff', TIE);
  [unchanged, copy] = [copy, null];
  repository = await openRepository(unchanged);
});
afterEach(() => {
  if (copy !== null) rmSync(copy, { recursive: true, force: true });
  copy = null;
});
afterAll(() => rmSync(unchanged, { recursive: true, force: true }));

/** What checking finds in PLAN with some texts for others, as lines; `commit` it with the change. */
async function problemsWith(...changes: [old: string, young: string][]): Promise<string[]> {
  let text = PLAN;
  for (const [old, young] of changes) {
    expect(text).toContain(old);
    text = text.replace(old, () => young);
  }
  const reading = readPlan(text);
  if (!('plan' in reading)) throw new Error(reading.problems.map(formatProblem).join('\n'));
  const checked = copy === null ? repository : await openRepository(copy);
  const found = await findBase(reading.plan, reading.positions, checked);
  const problems =
    'base' in found
      ? await checkPlan(reading.plan, reading.positions, checked, found.base)
      : found.problems;
  return problems.map(formatProblem);
}

const line = (text: string): string => `research_plan.yaml:${text}`;

describe('a plan that fits its repository', () => {
  test('has no problems', async () => {
    expect(await problemsWith()).toEqual([]);
    expect(await problemsWith(['  base: main\n', ''])).toEqual([]);
  });
});

describe('a plan that does not fit its repository', () => {
  test('a base that does not exist is a problem of its own', async () => {
    expect(await problemsWith(['base: main', 'base: mian'])).toEqual([
      line('5:9: expected a branch that exists, found mian'),
    ]);
  });

  test('has all its problems said at once, in order', async () => {
    const problems = await problemsWith(
      ['[train.py, "conf/*.yaml"]', '[train.py, "conf/*.yaml", gone.py]'],
      ['link: [data/corpus]', 'link: [data/corpus, data/none, lab/evaluate.py]'],
      ['lr = {value}', 'learning = {value}'],
      ["act = '{value}'", 'bs = {value}'],
      ['path: model.depth', 'path: model.width'],
      ['rate: 0.05', 'rates: 0.05'],
      ['ideas/tie.diff', 'ideas/none.diff'],
      ['runs: 20', 'runs: 4'],
    );
    expect(problems).toEqual([
      line('7:39: expected a file on main below lab, found none for gone.py'),
      line('8:23: expected a file or folder in your checkout, found none at data/none'),
      line(
        '8:34: expected an untracked path, found lab/evaluate.py in git on main: worktrees have it already',
      ),
      line(
        '13:34: expected exactly one line of lab/train.py to be learning = {value} with one literal for {value}, found none',
      ),
      line(
        '14:33: expected exactly one line of lab/train.py to be bs = {value} with one literal for {value}, found 2: lines 5, 6',
      ),
      line('15:41: expected a value at model.width, found only depth below model'),
      line('19:32: expected a knob of search_space (did you mean rate?), found rates'),
      line('20:27: expected a diff file in your checkout, found none at ideas/none.diff'),
      line(
        '21:17: expected enough runs (3 for the baseline, 1 kept for dawn, 1 for a candidate), found 4',
      ),
    ]);
  });

  test.each<[old: string, young: string, problem: string]>([
    [
      'directory: lab',
      'directory: lap',
      '6:14: expected a folder with files on main, found none at lap',
    ],
    [
      '[train.py, ',
      '["*.toml", train.py, ',
      '7:14: expected a file on main below lab, found none for *.toml',
    ],
    [
      'manual_seed({value})',
      'seed({value})',
      '11:34: expected exactly one line of lab/train.py to be seed({value})',
    ],
    [
      'file: train.py, match: "manual',
      'file: seeds.py, match: "manual',
      '11:17: expected a file on main, found none at lab/seeds.py',
    ],
    [
      'rate: { file: train.py',
      'rate: { file: trian.py',
      '13:17: expected a file on main, found none at lab/trian.py',
    ],
    [
      'rate: { file: train.py',
      'rate: { file: evaluate.py',
      '13:17: expected a file that workspace.editable covers, found evaluate.py',
    ],
    // Promoting what was tried makes it the current value; the plan stays good.
    ['[relu, gelu]', '[relu]', ''],
    [
      '[relu, gelu]',
      `[relu, "it's"]`,
      "14:67: expected one literal that can stand in act = '{value}', found it's",
    ],
    ['[0, 100]', '[100, 100]', ''],
    ['env: OMP', 'env: SEED', ''],
    ['rate: 0.05', 'rate: 0.1', ''],
    [
      'rate: 0.05',
      'rate: 1 + 1',
      '19:38: expected one literal that can stand in lr = {value}, found 1 + 1',
    ],
    ['rate: 0.05', 'warmup: 100', ''],
    [
      'rate: 0.05',
      'zebra: 1',
      '19:32: expected a knob of search_space: rate, act, depth, warmup, threads, found zebra',
    ],
    ['rate: 0.05', 'rate: 0.05, act: gelu', ''],
    [
      'rate: 0.05',
      'rate: fast',
      '19:38: expected a number (the range of rate is 0.01 to 0.2), found fast; give a number, or have search_space list values in place of the range',
    ],
  ])('%s → %s', async (old, young, problem) => {
    const problems = await problemsWith([old, young]);
    if (problem === '') expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringContaining(line(problem))]);
  });

  test('an argument or variable needs the plan committed with the run that stands here', async () => {
    expect(
      await problemsWith(['command: python train.py', 'command: python train.py --fast']),
    ).toEqual([
      line(
        '16:18: expected research_plan.yaml on main with the same run as here (arg and env knobs are changes of it), found run.command: python train.py; commit this one',
      ),
    ]);
    git('rm', '-q', '--cached', 'research_plan.yaml');
    git('commit', '-qm', 'without the plan');
    expect(await problemsWith()).toEqual([
      expect.stringContaining('found none there; commit this one'),
    ]);
    put('research_plan.yaml', 'run: [');
    commit();
    expect(await problemsWith()).toEqual([
      expect.stringContaining('found one that cannot be edited'),
    ]);
  });

  test('a command that needs a shell says so', async () => {
    const changed = ['python train.py\n', 'python train.py | tee log\n'] as [string, string];
    put('research_plan.yaml', PLAN.replace(...changed));
    commit();
    expect(await problemsWith(changed)).toEqual([
      line(
        '10:12: expected one command without |, or shell: true, found python train.py | tee log',
      ),
    ]);
  });

  test('an unclosed quote of a command is found', async () => {
    expect((await problemsWith(['python train.py\n', "python 'train.py\n"])).join('\n')).toContain(
      "10:12: expected a closing ' in the command, found python 'train.py",
    );
  });

  test.each<[name: string, diff: string, problem: string]>([
    ['no diff', 'just words\n', 'expected a unified diff, found just words (ideas/tie.diff:1)'],
    ['an empty file', '', 'expected a unified diff, found nothing (ideas/tie.diff:1)'],
    [
      'a protected file',
      TIE.replaceAll('train.py', 'evaluate.py'),
      'expected a patch of what workspace.editable covers, found lab/evaluate.py in ideas/tie.diff',
    ],
    [
      'the plan',
      TIE.replaceAll('lab/train.py', 'research_plan.yaml'),
      'found research_plan.yaml in ideas/tie.diff',
    ],
    [
      'paths without a/ and b/',
      TIE.replaceAll(/[ab]\/lab/g, 'lab'),
      'expected a path below a/ or b/, found --- lab/train.py (ideas/tie.diff:1)',
    ],
    [
      'hunks of another length',
      TIE.replace('+1,3', '+1,9'),
      'expected hunks whose line counts are right',
    ],
    [
      'a symbolic link',
      `diff --git a/lab/conf/x.yaml b/lab/conf/x.yaml\nnew file mode 120000\n--- /dev/null\n+++ b/lab/conf/x.yaml\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n`,
      'expected a patch of plain files, found a link or a submodule',
    ],
  ])('a patch of %s is refused', async (_, diff, problem) => {
    put('ideas/tie.diff', diff);
    const problems = await problemsWith();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('research_plan.yaml:20:27: expected');
    expect(problems[0]).toContain(problem);
  });

  test('what counts is base’s commit, not what lies in the checkout', async () => {
    put('lab/train.py', 'nothing = 1\n');
    expect(await problemsWith()).toEqual([]);
  });
});

describe('an evaluator', () => {
  const evaluated = (command: string): [string, string] => [
    'search_space:',
    `evaluate: { command: ${command} }\nsearch_space:`,
  ];

  test('is one command, and committed', async () => {
    expect(await problemsWith(evaluated('python evaluate.py --split val'))).toEqual([]);
    expect(await problemsWith(evaluated('python evaluate.py | tail'))).toEqual([
      line(
        '12:22: expected one command without |, or shell: true, found python evaluate.py | tail',
      ),
    ]);
    put('lab/other.py', '');
    expect(await problemsWith(evaluated('python other.py'))).toEqual([
      line('12:22: expected lab/other.py on main, found it in your checkout only: commit it first'),
    ]);
  });

  test('within editable is remarked on', () => {
    const remarksOn = (command: string): string[] => {
      const reading = readPlan(PLAN.replace(...evaluated(command)));
      if (!('plan' in reading)) throw new Error('expected a plan');
      return planRemarks(reading.plan, reading.positions, {}).map(formatProblem);
    };
    expect(remarksOn('python evaluate.py')).toEqual([]);
    expect(remarksOn("python 'evaluate.py")).toEqual([]);
    expect(remarksOn('python ./train.py --evaluate')).toEqual([
      expect.stringContaining(
        '12:22: expected an evaluator that experiments may not change, found lab/train.py, which workspace.editable covers',
      ),
    ]);
  });
});

describe('a scorer', () => {
  const scored = (rest: string): [string, string] => [
    'search_space:',
    `score: { command: python evaluate.py, ${rest} }\nsearch_space:`,
  ];

  test('has labels of its own, in git or beside it', async () => {
    put('own/labels.csv', 'a');
    expect(await problemsWith(scored('labels: [lab/evaluate.py, own]'))).toEqual([]);
  });

  test.each([
    ['labels: [lab/train.py]', '48: expected labels that no experiment may change, found lab/tr'],
    ['labels: [lab/conf]', '48: expected labels that no experiment may change, found lab/conf/m'],
    ['labels: [data/corpus/a.txt]', '48: expected labels that no worktree is shown, found them in'],
    ['labels: [data]', '48: expected labels that no worktree is shown, found them in what'],
    ['labels: [alias]', '48: expected labels that no worktree is shown, found them in what'],
    ['labels: [none]', '48: expected files on main or in your checkout, found none at none'],
    ['labels: [.]', '48: expected labels that are a part of the repository'],
    [
      'labels: [lab/evaluate.py], predictions: ../data/corpus/p.csv',
      '79: expected a path inside the repository',
    ],
  ])('%s is refused', async (rest, problem) => {
    const root = changing();
    symlinkSync(join(root, 'data/corpus'), join(root, 'alias'));
    const found = await problemsWith(scored(rest)).catch(({ message }: Error) => [message]);
    expect(found).toEqual([expect.stringContaining(`research_plan.yaml:12:${problem}`)]);
  });

  test('has labels that lie apart', async () => {
    put('own/a.csv', 'a');
    const apart = (found: string) => [
      expect.stringContaining(`expected labels that lie apart, found ${found}, which is named too`),
    ];
    expect(await problemsWith(scored('labels: [own/a.csv, own]'))).toEqual(
      apart('own/a.csv in own'),
    );
    expect(await problemsWith(scored('labels: [own, ./own/]'))).toEqual(apart('own in own'));
  });

  test('is given predictions that a run leaves, and nothing that is there without it', async () => {
    put('lab/p.csv', 'a');
    git('add', 'lab/p.csv');
    commit();
    expect(await problemsWith(scored('labels: [lab/evaluate.py], predictions: p.csv'))).toEqual([
      expect.stringContaining('expected a file that runs make, found lab/p.csv in git on main'),
    ]);
  });
});

test('a dawn that undoes a knob is refused', async () => {
  const dawn = (text: string) => problemsWith(['budget:', `dawn: ${text}\nbudget:`]);
  expect(await dawn('{ args: --steps 5, env: { STEPS: 5 } }')).toEqual([]);
  expect(await dawn('{ command: python long.py }')).toEqual([
    line(
      '21:18: expected dawn to leave the knob warmup alone, found another command: say args, which adds to it',
    ),
  ]);
  expect(await dawn('{ args: --warmup=5, env: { OMP: 2 } }')).toEqual([
    line('21:15: expected dawn to leave the knob warmup alone, found --warmup=5'),
    line('21:32: expected dawn to leave the knob threads alone, found OMP'),
  ]);
});

test('a dawn of its own leaves the search every run of the budget', async () => {
  const budget = (text: string) => problemsWith(['budget: { runs: 20 }', text]);
  expect(await budget('budget: { runs: 4 }')).toHaveLength(1);
  expect(await budget('dawn: { args: --steps 5 }\nbudget: { runs: 4 }')).toEqual([]);
});

test('a link within another is refused: it would be put among the user’s own files', async () => {
  expect(await problemsWith(['[data/corpus]', '[data/corpus, data/corpus/a.txt]'])).toEqual([
    line('8:23: expected a path of its own, found it in data/corpus, which is linked already'),
  ]);
});

test('what is odd is remarked on, and refused nowhere', () => {
  const reading = readPlan(PLAN.replace('  seed:', '  env_from: [HF_TOKEN, HOME]\n  seed:'));
  if (!('plan' in reading)) throw new Error('expected a plan');
  expect(planRemarks(reading.plan, reading.positions, { HOME: '/' }).map(formatProblem)).toEqual([
    line('11:14: expected HF_TOKEN in your environment, found it is not set'),
  ]);
  const bare = readPlan(PLAN.slice(0, PLAN.indexOf('search_space')));
  if (!('plan' in bare)) throw new Error('expected a plan');
  expect(planRemarks(bare.plan, bare.positions, {}).map(formatProblem)).toEqual([
    expect.stringContaining('1:1: expected something to try'),
  ]);
});

test('what is said of models where there is none is remarked on', () => {
  const remarksOn = (agents: string) => {
    const text = PLAN.replace(/^budget: .*\n/m, '');
    const reading = readPlan(`${text}budget: { llm_usd: 2 }\n${agents}`);
    if (!('plan' in reading)) throw new Error(reading.problems.map(formatProblem).join('\n'));
    return planRemarks(reading.plan, reading.positions, {}).map(({ message }) => message);
  };
  const unbound = 'expected agents.model, whose calls llm_usd bounds, found none: ';
  expect(remarksOn('agents: { base_url: http://h/v1, worker: { temperature: 0 } }\n')).toEqual([
    `${unbound}it bounds nothing`,
    'expected agents.model beside base_url, found none: the agents think without one',
    'expected agents.model beside temperature, found none: the agents think without one',
  ]);
  expect(remarksOn('worker: { command: claude -p }\n')).toEqual([
    `${unbound}what worker.command takes is not counted`,
  ]);
  expect(remarksOn('agents: { worker: { model: m } }\n')).toEqual([]);
});
