import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { planMeaning, planSchema, type Plan } from '../../../orchestrator/domain/plan.ts';
import type { RunResult } from '../../../orchestrator/domain/run.ts';
import { openLab, readLabPlan, type Lab } from '../../../orchestrator/lab/lab.ts';
import { planKey } from '../../../orchestrator/opening.ts';
import { estimate, measuredIn } from '../../../orchestrator/lab/probe/estimate.ts';
import { judgeGit } from '../../../orchestrator/lab/probe/git.ts';
import { gpuProbes } from '../../../orchestrator/lab/probe/gpu.ts';
import type { Probe } from '../../../orchestrator/lab/probe/probe.ts';
import { pythonProbes } from '../../../orchestrator/lab/probe/python.ts';
import { inTime } from '../../../orchestrator/lab/probe/quantities.ts';
import type { Choice } from '../../../workers/local.ts';
import {
  interpreterProbe,
  sandboxProbes,
  sandboxRemarks,
} from '../../../orchestrator/lab/probe/sandbox.ts';
import { seedStage } from '../../../orchestrator/lab/stub/seed.ts';
import { smokeCommand } from '../../../orchestrator/lab/stub/watched.ts';
import { aResult } from '../../support/events.ts';
import { makeLab, type FixtureLab } from '../../support/lab.ts';
import { anIdea, nightStarted, simulate } from '../../support/simulate.ts';

const made: FixtureLab[] = [];
afterEach(() => {
  for (const lab of made.splice(0)) lab.remove();
});

const aPlan = (more: Record<string, unknown> = {}, run: Record<string, unknown> = {}): Plan =>
  planSchema.parse({
    ...{ project: 'p', question: 'q?', objective: { metric: 'loss', direction: 'minimize' } },
    workspace: { editable: ['train.py'] },
    run: { command: 'python3 train.py', timeout: '1h', seed: { env: 'SEED' }, ...run },
    ...more,
  });

describe('an estimate', () => {
  const budget = { experiments: 24, runs: 60, wall_clock: '8h' };

  test('says the upper bound, by the timeout, where nothing was measured', () => {
    const found = estimate(aPlan({ budget }, { timeout: '4m' }), 2, null);
    expect(found).toMatchObject({ seconds: 7200, runs: 60, slots: 2, measured: null });
    expect(found.text).toMatch(
      /^at most 2 h: up to 24 experiments, 60 runs of at most 4 min, 2 at once; at most 8 h/,
    );
  });

  test('counts the evaluator’s timeout, too', () => {
    const [own, runs] = [{ command: 'x', timeout: '1m' }, { command: 'x' }].map((evaluate) =>
      estimate(aPlan({ budget, evaluate }, { timeout: '4m' }), 2, null),
    );
    expect([own?.seconds, runs?.seconds]).toEqual([30 * 300, 30 * 480]);
  });

  test('says about how long where runs were measured', () => {
    const seconds = [250, 270, 260];
    const found = estimate(aPlan({ budget }), 2, { by: 'notebook', seconds });
    expect(found.text).toBe(
      'about 2 h 10 min: up to 24 experiments, 60 runs of about 4 min (measured in 3 runs), 2 at once; at most 8 h',
    );
  });

  test('goes by the runs of base as it is, and says so where there are but older ones', () => {
    const plan = aPlan({ budget });
    const night = nightStarted(plan, { plan_key: planKey(plan) });
    const { state } = simulate(
      { ideas: [anIdea('a')], measure: () => 1, secondsPerRun: 60 },
      night,
    );
    expect(measuredIn(state, plan, 'base')).toMatchObject({ by: 'notebook' });
    expect(measuredIn(state, aPlan({}, { command: 'other' }), 'base')).toBeNull();
    const said = (commit: string): string =>
      estimate(plan, 2, measuredIn(state, plan, commit)).text;
    expect(said('base')).toMatch(/\(measured in \d+ runs\)/);
    expect(said('moved')).toMatch(/\(measured in \d+ runs, before base moved\)/);
  });

  test('is cut by the wall clock, and says how many runs fit', () => {
    const found = estimate(aPlan({ budget }), 1, { by: 'stub', seconds: [3600] });
    expect(found.seconds).toBe(8 * 3600);
    expect(found.text).toContain('about 8 h, when budget.wall_clock ends it: some 8 runs');
  });

  test('counts the fresh seeds that dawn’s share of the clock has room for', () => {
    const of = (seconds: number) =>
      estimate(aPlan({ budget: { experiments: 8, wall_clock: '20m' } }), 2, {
        ...{ by: 'stub', seconds: [seconds] },
      }).runs;
    // Three of each and of the baseline, and then four arms of twenty, or two of four.
    expect([of(1), of(300)]).toEqual([27 + 80, 27 + 8]);
  });

  test.each([
    [0.42, '0.4 s'],
    [59, '59 s'],
    [240, '4 min'],
    [3590, '1 h'],
    [7800, '2 h 10 min'],
    [200_000, '56 h'],
  ])('%f seconds are %s', (seconds, words) => {
    expect(inTime(seconds)).toBe(words);
  });
});

describe('git', () => {
  test.each([
    ['git version 2.39.5', 'ok'],
    ['git version 2.45.1 (Apple Git-1)', 'ok'],
    ['git version 2.34.1', 'odd'],
    ['git version 2.17.1', 'bad'],
    [null, 'bad'],
  ])('%s is %s', (answer, result) => {
    expect(judgeGit(answer).result).toBe(result);
  });
});

describe('the sandbox', () => {
  const none = { sandbox: null, because: 'bubblewrap: it is not installed' } as const;
  const works = {
    sandbox: {
      ...({ kind: 'bubblewrap', holds: ['memory'], ownPrograms: true } as const),
      shutIn: () => Promise.reject(new Error('not asked to')),
    },
  };
  const probed = (sandbox: unknown, choice: Choice, run = {}) =>
    sandboxProbes(aPlan({ sandbox }, run), choice);

  test.each([
    ['auto', 'odd'],
    ['required', 'bad'],
    ['off', 'ok'],
  ])('where none works, %s is %s', (sandbox, result) => {
    const [probe] = probed(sandbox, none);
    expect(probe?.result).toBe(result);
    if (sandbox === 'off') expect(probe?.text).toContain('a run has your rights');
    else expect(probe?.text).toContain('bubblewrap: it is not installed');
  });

  test('that works says what it holds, and what is only watched', () => {
    const [probe] = probed('auto', works);
    expect(probe?.result).toBe('ok');
    expect(probe?.text).toContain('memory held by the kernel, processes watched, best effort');
  });

  test('does not show an interpreter of the checkout that is neither linked nor activated', () => {
    const lab = makeLab();
    made.push(lab);
    const tools = join(lab.root, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'python3'), '#!/bin/sh\n', { mode: 0o755 });
    const place = { root: lab.root, cacheDir: join(lab.folder, 'cache') };
    const repository = { gitDir: join(lab.root, '.git') } as Lab['repository'];
    const user = { PATH: `${tools}:/usr/bin:/bin`, HOME: lab.folder };
    const probe = (link: readonly string[], choice: Choice = works) => {
      const plan = aPlan({ workspace: { editable: ['train.py'], link } });
      return interpreterProbe({ ...place, repository }, plan, choice, user);
    };
    expect(probe([])).toMatchObject([{ result: 'bad' }]);
    expect(probe([])[0]?.text).toContain('name tools under workspace.link');
    expect(probe(['tools'])).toEqual([]);
    expect(probe([], none)).toEqual([]);
  });

  test('without a network is worth a word where setup is likely to want it', () => {
    const setup = { setup: 'npm ci' };
    expect(probed('auto', works, setup)[1]?.text).toContain('sandbox: { network: setup }');
    expect(probed({ network: 'setup' }, works, setup)).toHaveLength(1);
    expect(probed('auto', works, { setup: 'python3 prepare.py' })).toHaveLength(1);
  });

  test('is a remark of the night where there is none, and its end where the plan insists', () => {
    expect(sandboxRemarks(aPlan(), none)[0]).toContain('no sandbox works here');
    expect(sandboxRemarks(aPlan(), works)).toEqual([]);
    const installs = aPlan({ run: { command: 'x', setup: 'pip install x' } });
    expect(sandboxRemarks(installs, works)[0]).toContain('network: setup');
    expect(sandboxRemarks(aPlan({ sandbox: 'off' }), none)).toEqual([]);
    expect(() => sandboxRemarks(aPlan({ sandbox: 'required' }), none)).toThrow(
      expect.objectContaining({ code: 'plan', exit: 2 }),
    );
  });
});

describe('GPUs', () => {
  const gpus = (n: number) => ({
    gpus: Array.from({ length: n }, (_, index) => ({ index, name: 'H100', memory_mb: 80_000 })),
  });
  const looked = async (n: number, slots: number, gpus_per_run: number | 'auto', text = '') => {
    const lab = makeLab({ 'train.py': text });
    made.push(lab);
    const opened = await openLab(lab.root);
    const base = await opened.repository.resolveBase(undefined);
    const plan = aPlan({ compute: { gpus_per_run } });
    return gpuProbes(opened, { plan, base, text: '', remarks: [] }, gpus(n), slots);
  };

  test('none and none wanted is no matter', async () => {
    expect(await looked(0, 2, 'auto')).toEqual([]);
  });
  test('slots that would share one are named, with how many would not', async () => {
    const [probe] = await looked(4, 3, 2);
    expect(probe).toMatchObject({ result: 'odd' });
    expect(probe?.text).toContain('budget.parallel: 2');
  });
  test('a set for each slot is fine', async () => {
    expect((await looked(4, 2, 2))[0]?.result).toBe('ok');
  });
  test('hidden from a script that uses CUDA are worth a word', async () => {
    const [cuda] = await looked(1, 1, 0, 'device = "cuda"\n');
    expect(cuda).toMatchObject({ result: 'odd' });
    expect((await looked(1, 1, 0, 'print(1)\n'))[0]?.result).toBe('ok');
  });
  test('wanted where there are none are worth a word', async () => {
    expect((await looked(0, 1, 1))[0]?.result).toBe('odd');
  });
});

describe.skipIf(spawnSync('python3', ['--version']).error !== undefined)(
  'a linked environment with an editable install',
  () => {
    /** A venv in the lab whose site-packages points at a folder of the checkout. */
    async function looked(code: string, points: string, env = ''): Promise<readonly Probe[]> {
      const lab = makeLab({
        'train.py': 'import pkg\nprint("loss: 1")\n',
        [`${code}/__init__.py`]: 'X = 1\n',
        '.gitignore': '.venv\n',
        'research_plan.yaml': `project: p
question: q?
objective: { metric: loss, direction: minimize }
workspace: { editable: [train.py, '${code}'], link: [.venv] }
run: { command: .venv/bin/python train.py${env} }
`,
      });
      made.push(lab);
      execFileSync('python3', ['-m', 'venv', '--without-pip', '.venv'], { cwd: lab.root });
      const lib = join(lab.root, '.venv', 'lib');
      const site = join(lib, readdirSync(lib)[0] ?? '', 'site-packages');
      const name = points.startsWith('MAPPING') ? '__editable___pkg_1_0_finder' : 'pkg';
      if (name === 'pkg') writeFileSync(join(site, 'pkg.pth'), `${join(lab.root, points)}\n`);
      else {
        const place = join(lab.root, code);
        writeFileSync(join(site, 'pkg.pth'), `import ${name}; ${name}.install()\n`);
        writeFileSync(join(site, `${name}.py`), finder(place));
      }
      mkdirSync(join(lab.folder, 'cache'), { recursive: true });
      process.env['XDG_CACHE_HOME'] = lab.environment['XDG_CACHE_HOME'];
      const opened = await openLab(lab.root);
      const found = await pythonProbes(opened, await readLabPlan(opened));
      expect(lab.git(['worktree', 'list']).split('\n')).toHaveLength(1);
      return found;
    }

    test('is fine in a flat layout and in src: the worktree comes first', async () => {
      const flat = await looked('pkg', '.');
      expect(flat.map(({ name, result }) => [name, result])).toEqual([
        ['python', 'ok'],
        ['imports', 'ok'],
      ]);
      expect((await looked('src/pkg', 'src'))[1]?.result).toBe('ok');
    });

    test('imports the checkout from any other folder, until PYTHONPATH names it', async () => {
      const [, found] = await looked('lib/pkg', 'lib');
      expect(found?.result).toBe('bad');
      expect(found?.text).toContain('import it from your checkout (lib/pkg/__init__.py)');
      expect(found?.text).toContain('run.env: { PYTHONPATH: lib }');
      expect((await looked('lib/pkg', 'lib', ', env: { PYTHONPATH: lib }'))[1]?.result).toBe('ok');
    });

    test('is found where a finder of setuptools stands for the path', async () => {
      expect((await looked('lib/pkg', 'MAPPING'))[1]?.result).toBe('bad');
    });
  },
);

/** As setuptools writes one, shortened. */
const finder = (place: string): string => `
import importlib.util, sys
MAPPING: dict[str, str] = {'pkg': '${place}'}
class _Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return importlib.util.spec_from_file_location(name, MAPPING[name] + '/__init__.py', submodule_search_locations=[MAPPING[name]])
def install():
    sys.meta_path.append(_Finder)
`;

describe('two seeds', () => {
  const gave = (objective: number, loss = objective): RunResult =>
    aResult('E-0000.1', { objective, summary: [{ key: 'loss', number: loss, text: null }] });
  const said = (plan: Plan, ...runs: [RunResult, RunResult, RunResult]) =>
    seedStage(plan, { one: runs[0], again: runs[1], other: runs[2] });

  test('that differ show that the seed arrives', () => {
    expect(said(aPlan(), gave(1), gave(1), gave(2)).result).toBe('ok');
  });
  test('that give one number, and other metrics that differ, show it too', () => {
    const text = said(aPlan(), gave(1, 5), gave(1, 5), gave(1, 6)).text;
    expect(text).toContain('loss differs between two seeds');
  });
  test('that give one number show that it does not', () => {
    const probe = said(aPlan(), gave(1), gave(1), gave(1));
    expect(probe).toMatchObject({ result: 'odd' });
    expect(probe.text).toContain('inconclusive');
  });
  test('of which the same gives two numbers show chance beyond the seed', () => {
    const probe = said(aPlan(), gave(1), gave(1.1), gave(2));
    expect(probe).toMatchObject({ result: 'ok' });
    expect(probe.text).toContain('chance beyond the seed');
  });
  test('contradict a plan that calls the script deterministic', () => {
    const plan = aPlan({}, { deterministic: true });
    expect(said(plan, gave(1), gave(1.1), gave(1)).result).toBe('odd');
    expect(said(plan, gave(1), gave(1), gave(1)).result).toBe('ok');
  });
  test('that were not set are asked for', () => {
    const plan = aPlan({}, { seed: undefined });
    expect(said(plan, gave(1), gave(2), gave(3)).text).toContain('run.seed is not set');
  });
});

describe('run.smoke', () => {
  test('adds its words and variables to the command', () => {
    const { run } = aPlan({}, { smoke: { args: "--max-steps 2 --name 'a b'", env: { N: 1 } } });
    expect(smokeCommand(run, { command: 'python3 train.py', env: { M: '2' } })).toEqual({
      command: "python3 train.py --max-steps 2 --name 'a b'",
      env: { M: '2', N: '1' },
    });
  });

  test('is no part of what makes numbers comparable', () => {
    const smoke = { args: '--max-steps 2' };
    expect(planMeaning(aPlan({}, { smoke }))).toBe(planMeaning(aPlan()));
  });

  test.each([
    [{}, 'expected args, env or both'],
    [{ args: '' }, 'expected some text'],
    [{ env: {} }, 'expected at least one variable'],
    [{ steps: 2 }, 'steps'],
  ])('%o is refused', (smoke, why) => {
    expect(() => aPlan({}, { smoke })).toThrow(why);
  });
});
