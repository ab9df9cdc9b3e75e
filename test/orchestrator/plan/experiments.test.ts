import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plannedWork } from '../../../orchestrator/domain/planned-work.ts';
import { definitionOf } from '../../../orchestrator/domain/planned-definition.ts';
import { PlanChecking } from '../../../orchestrator/plan/check-context.ts';
import { checkExperiments } from '../../../orchestrator/plan/check-experiments.ts';
import { planRemarks } from '../../../orchestrator/plan/check.ts';
import { formatProblem, readPlan } from '../../../orchestrator/plan/file.ts';

/** `experiments` of the plan: what is refused, and where. */

const HEAD = `project: p
question: q?
objective: { metric: loss, direction: minimize }
workspace: { directory: lab, editable: [train.py] }
run: { command: .venv/bin/python3.11 train.py, timeout: 2m }
gates: [{ after: 2 experiments, require: loss <= 1, otherwise: stop }]
experiments:
`;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'autolab-plan-'));
  writeFileSync(join(root, 'notes.md'), '# Why\n');
  writeFileSync(join(root, 'long.md'), 'x'.repeat(300_000));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What is wrong with these lines under `experiments`, the first of which is line 8. */
async function problemsOf(...lines: readonly string[]): Promise<readonly string[]> {
  const reading = readPlan(`${HEAD}${lines.map((line) => `  ${line}\n`).join('')}`);
  if ('problems' in reading) return reading.problems.map(formatProblem);
  const base = { branch: 'main', commit: 'c' };
  const repository = {
    root,
    readFile: async (_: string, path: string) => (path === 'lab/audit.py' ? 'x' : null),
    listFiles: async () => [],
  };
  const check = new PlanChecking(reading.plan, reading.positions, repository, base, []);
  await checkExperiments(check);
  return check.problems.map(formatProblem);
}

describe('experiments of the plan', () => {
  test('that are right are accepted, sub-experiments and all', async () => {
    const found = await problemsOf(
      '- name: audit',
      '  handler: audit.py',
      '  plan: notes.md',
      '  needs: [baseline, gate 1, late]',
      '  success_criteria: [{ metric: coverage, min: 0.99, borderline: 0.01 }]',
      '  timeout: 30s',
      '  experiments: [{ name: deep, command: x, needs: [late/a], experiments: [{ name: er, command: y }] }]',
      '- { name: late, command: z, experiments: [{ name: a, command: z }] }',
    );
    expect(found).toEqual([]);
  });

  test.each([
    ['- { name: a b, command: x }', '8:13', 'expected a name of letters, digits, _ . and -'],
    ['- { name: baseline, command: x }', '8:13', 'expected another name than baseline'],
    ['- { name: a }', '8:5', 'expected either command or handler (a script), found'],
    ['- { name: a, command: x, handler: audit.py }', '8:5', 'expected either command or handler'],
    ['- { name: a, handler: audit.sh }', '8:25', 'expected a script that ends in .py, .js'],
    ['- { name: a, handler: ../audit.py }', '8:25', 'expected a path inside the repository'],
    ['- { name: a, command: x, plan: notes.txt }', '8:34', 'expected a file that ends in .md'],
    ['- { name: a, command: x, timeout: 5 }', '8:37', 'expected a duration'],
    ['- { name: a, command: x, repeats: 3 }', '8:28', 'expected one of the keys name, command,'],
    ['- { name: a, command: x, need: [b] }', '8:28', 'did you mean needs?'],
    [
      '- { name: a, command: x, experiments: [{ name: b, command: y, timout: 5s }] }',
      '8:65',
      'did you mean timeout?',
    ],
    ['- { name: a, command: x, success_criteria: [{ metric: m }] }', '8:47', 'expected min, max'],
    ['- { name: a, command: "x \'" }', '8:25', "expected a closing ' in the command"],
    [
      '- { name: a, handler: gone.py }',
      '8:25',
      'expected a file on main, found none at lab/gone.py',
    ],
    [
      '- { name: a, command: x, plan: gone.md }',
      '8:34',
      'expected a Markdown file in your checkout',
    ],
    ['- { name: a, command: x, plan: long.md }', '8:34', 'expected notes of at most 256 KiB'],
    ['- { name: a, command: x, needs: [gate 2] }', '8:36', 'found gate 2 (the plan has 1)'],
    [
      '- { name: a, command: x, needs: [bass] }',
      '8:36',
      'expected baseline, gate 1 or the name of',
    ],
    ['- { name: abcd, command: x, needs: [abce] }', '8:39', '(did you mean abcd?), found abce'],
    ['- { name: a, command: x, needs: [a] }', '8:36', 'without a circle, found a → a'],
  ])('%s is refused at its place', async (line, at, message) => {
    const found = await problemsOf(line);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`research_plan.yaml:${at}: `);
    expect(found[0]).toContain(message);
  });

  test('that share a name, or wait for each other, are all named', async () => {
    expect(
      await problemsOf(
        '- { name: a, command: x, experiments: [{ name: b, command: x }, { name: b, command: y }] }',
        '- { name: a, command: x }',
      ),
    ).toEqual([
      'research_plan.yaml:8:75: expected a name of its own, found a/b twice',
      'research_plan.yaml:9:13: expected a name of its own, found a twice',
    ]);
    expect(
      await problemsOf(
        '- { name: a, command: x, needs: [c], experiments: [{ name: b, command: x }] }',
        '- { name: c, command: x, needs: [baseline, a/b] }',
        '- { name: d, command: x, needs: [c] }',
      ),
    ).toEqual([
      'research_plan.yaml:8:36: expected needs without a circle, found a → c → a/b → a',
      'research_plan.yaml:9:46: expected needs without a circle, found c → a/b → a → c',
    ]);
  });

  test('are something to do, where there is nothing to try', () => {
    const remarks = (text: string): readonly string[] => {
      const reading = readPlan(text);
      if ('problems' in reading) throw new Error('expected a plan');
      return planRemarks(reading.plan, reading.positions, {}).map(formatProblem);
    };
    expect(remarks(`${HEAD}  - { name: a, command: x }\n`)).toEqual([]);
    expect(remarks(`${HEAD}  []\n`)[0]).toContain('search_space, hypotheses, experiments');
  });
});

test('a definition is what is run and asked, whatever needs it', () => {
  const of = (line: string, head = HEAD): string => {
    const reading = readPlan(`${head}  - ${line}\n`);
    if ('problems' in reading) throw new Error(reading.problems.map(formatProblem).join('\n'));
    const [work] = plannedWork(reading.plan);
    if (!work) throw new Error('expected work');
    return definitionOf(reading.plan, work);
  };
  const plain = of('{ name: a, handler: "audit it.py" }');
  // The plan's own Python has its packages.
  expect(JSON.parse(plain)[1].command).toBe(".venv/bin/python3.11 'audit it.py'");
  expect(of('{ name: a, handler: "audit it.py", needs: [baseline], plan: notes.md }')).toBe(plain);
  for (const other of [
    '{ name: b, handler: "audit it.py" }',
    '{ name: a, handler: audit.mjs }',
    '{ name: a, handler: "audit it.py", timeout: 5s }',
    '{ name: a, handler: "audit it.py", success_criteria: [{ metric: m, min: 1 }] }',
  ])
    expect(of(other)).not.toBe(plain);
  expect(of('{ name: a, handler: "audit it.py" }', HEAD.replace('2m', '3m'))).not.toBe(plain);
});
