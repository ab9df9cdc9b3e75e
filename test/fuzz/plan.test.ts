import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import type { Base } from '../../orchestrator/domain/event.ts';
import { openRepository } from '../../orchestrator/git.ts';
import { checkPlan, type CheckedRepository } from '../../orchestrator/plan/check.ts';
import { readPlan, type PlanReading } from '../../orchestrator/plan/file.ts';
import type { Problem } from '../../orchestrator/plan/problems.ts';
import { makeRepo, type TestRepo } from '../support/repo.ts';
import { broken } from './mutate.ts';
import { PLANS, rewritten, YAML_WORDS, type PlanOfLab } from './plans.ts';
import { holds, holdsInTime } from './settings.ts';

/** What takes time with the square of it would be noticed at a third of the keys, too. */
const MANY = process.env['FULL'] || process.env['FUZZ_RUNS'] ? 30_000 : 10_000;

/** A line for people: what was expected, what was found, nothing that moves a cursor. */
const MESSAGE = /^expected [^\p{Cc}\u2028\u2029]+, found [^\p{Cc}\u2028\u2029]+$/u;
const LONGEST_MESSAGE = 1000;

function expectProblems(text: string, problems: readonly Problem[]): void {
  const lines = text.split('\n');
  for (const { line, column, message } of problems) {
    const where = `${line}:${column}: ${message}`;
    expect(message, where).toMatch(MESSAGE);
    expect(message.length, where).toBeLessThanOrEqual(LONGEST_MESSAGE);
    expect(line >= 1 && line <= lines.length, where).toBe(true);
    expect(column >= 1 && column <= (lines[line - 1] ?? '').length + 1, where).toBe(true);
  }
}

function expectReading(text: string): PlanReading {
  const reading = readPlan(text);
  if ('problems' in reading) {
    expect(reading.problems.length).toBeGreaterThan(0);
    expectProblems(text, reading.problems);
  }
  return reading;
}

const texts = PLANS.map((plan) => plan.text);
const brokenPlan = fc.oneof(broken(texts, YAML_WORDS), rewritten(texts));

describe('a plan that was broken', () => {
  test('is a plan all the same, or has problems with place, expected and found', () => {
    expect.hasAssertions();
    holds(0.6, brokenPlan, (text) => void expectReading(text));
  });

  test('is no plan where it is any text or bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((all) => Buffer.from(all).toString());
    const words = fc.array(fc.constantFrom(...YAML_WORDS)).map((all) => all.join(''));
    const any = fc.oneof(fc.string({ unit: 'binary' }), bytes, words);
    holds(0.1, any, (text) => {
      expect(expectReading(text)).toHaveProperty('problems');
    });
  });

  test.each([
    ['aliases of aliases', aliases(30)],
    ['aliases of aliases beside a plan', `${texts[0]}\n${aliases(12)}`],
    ['merged mappings of merged mappings', merges(30)],
    ['thousands of open brackets', `project: ${'['.repeat(50_000)}`],
    ['thousands of closed brackets', `project: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['thousands of nested keys', nested(3000)],
    ['thousands of indented lists', '- '.repeat(20_000)],
    ['tens of thousands of keys', keys(MANY, '')],
    ['tens of thousands of knobs', `${texts[0]}\n${keys(MANY, '  ').replace(/^/, 'extra:\n')}`],
    [
      'tens of thousands of keys in one line',
      `project: {${keys(MANY, ' ').replaceAll('\n', ',')}}`,
    ],
    ['a megabyte of a key', `${'k'.repeat(1 << 20)}: 1\n`],
    ['a megabyte of a value', `project: ${'v'.repeat(1 << 20)}\n`],
    ['a megabyte of quotes', `project: "${'\\"'.repeat(1 << 19)}"\n`],
    ['a megabyte of spaces', `project:${' '.repeat(1 << 20)}x: y\n`],
    ['thousands of documents', '---\na: 1\n'.repeat(5000)],
    [
      'thousands of anchors',
      Array.from({ length: MANY / 2 }, (_, i) => `- &a${i} ${i}`).join('\n'),
    ],
  ])('of %s is refused, and soon', (_, text) => {
    expect(expectReading(text)).toHaveProperty('problems');
  });

  test('stays the plan it was under comments, blank lines and other line ends', () => {
    const comment = fc.tuple(fc.nat(1000), fc.constantFrom('', '# a', '  # b: c', '   ', '#'));
    const changes = fc.tuple(
      fc.constantFrom(...texts),
      fc.array(comment, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom('', '\ufeff'),
    );
    holds(0.1, changes, ([text, comments, end, mark]) => {
      const lines = text.split('\n');
      for (const [at, words] of comments) lines.splice(at % lines.length, 0, words);
      const before = expectReading(text);
      const after = expectReading(mark + lines.join(end));
      if (!('plan' in before) || !('plan' in after)) throw new Error(JSON.stringify(after));
      expect(after.plan).toEqual(before.plan);
    });
  });
});

describe('a plan that was broken, in its lab', () => {
  interface Checked {
    readonly lab: TestRepo;
    readonly plan: PlanOfLab;
    readonly real: CheckedRepository;
    /** The same files without a git process for each question. */
    readonly read: CheckedRepository;
    readonly base: Base;
  }
  const labs: Checked[] = [];

  beforeAll(async () => {
    for (const plan of PLANS) {
      const lab = makeRepo({ files: { ...plan.files, 'research_plan.yaml': plan.text } });
      const real = await openRepository(lab.root, lab.env);
      const base = await real.resolveBase(undefined);
      const files = await real.listFiles(base.commit);
      const all = new Map<string, string | null>();
      for (const file of files) all.set(file, await real.readFile(base.commit, file));
      const read: CheckedRepository = {
        root: real.root,
        listFiles: async () => files,
        readFile: async (_, path) => all.get(path) ?? null,
      };
      labs.push({ lab, plan, real, read, base });
    }
  });
  afterAll(() => {
    for (const { lab } of labs) lab.remove();
  });

  const problemsIn = async (text: string, checked: Checked, repository: CheckedRepository) => {
    const reading = expectReading(text);
    if (!('plan' in reading)) return null;
    const { plan, positions } = reading;
    const problems = await checkPlan(plan, positions, repository, checked.base);
    expectProblems(text, problems);
    return problems;
  };
  const inLab = fc
    .nat(PLANS.length - 1)
    .chain((n) =>
      fc.tuple(
        fc.constant(n),
        fc.oneof(broken([texts[n] ?? ''], YAML_WORDS, 2), rewritten([texts[n] ?? ''])),
      ),
    );

  test('has no problems before it was broken', async () => {
    for (const checked of labs)
      expect(await problemsIn(checked.plan.text, checked, checked.real)).toEqual([]);
  });

  test('has problems with place, expected and found, or none', async () => {
    expect.hasAssertions();
    await holdsInTime(0.2, inLab, async ([n, text]) => {
      const checked = labs[n] as Checked;
      await problemsIn(text, checked, checked.read);
    });
  });

  test('has the same ones where git answers each question', async () => {
    await holdsInTime(0.01, inLab, async ([n, text]) => {
      const checked = labs[n] as Checked;
      expect(await problemsIn(text, checked, checked.real)).toEqual(
        await problemsIn(text, checked, checked.read),
      );
    });
  });
});

/** A list of lists of lists, each ten times the one above. */
function aliases(levels: number): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < levels; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  return lines.join('\n');
}

function merges(levels: number): string {
  const lines = ['a0: &a0 { x: 1 }'];
  for (let i = 1; i < levels; i += 1)
    lines.push(`a${i}: &a${i} { <<: [*a${i - 1}, *a${i - 1}], y: *a${i - 1}, z: *a${i - 1} }`);
  return lines.join('\n');
}

function nested(levels: number): string {
  return Array.from({ length: levels }, (_, i) => `${' '.repeat(i)}k:`).join('\n');
}

function keys(count: number, indent: string): string {
  return Array.from({ length: count }, (_, i) => `${indent}key${i}: ${i}`).join('\n');
}
