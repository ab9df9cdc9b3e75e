import { beforeAll, describe, expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import type { Report } from '../../../orchestrator/domain/ports.ts';
import { notebookOf } from './kept.ts';
import {
  ALL_FAILED,
  ATTRIBUTED,
  BEGUN,
  CONFIRMED,
  GOING,
  HOSTILE,
  MARKED,
  NO_BASELINE,
  NOTHING,
  REFUTED,
} from './nights.ts';
import type { Told } from './told.ts';

async function reported(night: Told): Promise<Report> {
  const report = createReporter({ notebook: await notebookOf(night) });
  return (await report({ task: 'report', night: 'N-0002' })) as Report;
}

const textOf = (report: Report, path: string): string =>
  report.documents.find((document) => document.path === path)?.text ?? '';
const firstScreen = (report: Report): string => textOf(report, 'FINDINGS.md').split('![')[0] ?? '';
/** What stands under a heading, up to the next one. */
const under = (page: string, heading: string): string =>
  page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

describe('a night that confirmed something', () => {
  let report: Awaited<ReturnType<typeof reported>>;
  beforeAll(async () => {
    report = await reported(CONFIRMED);
  });

  test('begins with both means, the effect, its interval and the fresh seeds', () => {
    expect(firstScreen(report)).toContain(
      '**val_bpb 1.6121 → 1.5739: −0.0382, 95 % interval −0.0414 to −0.0350, 4 fresh seeds each: improved.** (E-0007.4–7, E-0000.4–7; [experiments])',
    );
  });

  test('answers the five questions, in their order, before the picture', () => {
    const headings = [...firstScreen(report).matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    expect(headings).toEqual([
      'What improved',
      'Is it real?',
      'What to merge',
      'What failed, and why',
      'What to try next',
    ]);
    expect(firstScreen(report).split('\n').length).toBeLessThan(50);
  });

  test('shows the whole stack, and what each change brought on the one before', () => {
    const improved = under(firstScreen(report), 'What improved');
    expect(improved).toMatch(/\*\*E-0003\*\* `width=64` .*−0\.0197/);
    expect(improved).toMatch(/\*\*E-0007\*\* `learning_rate=0.03` .*−0\.0184/);
  });

  test('says of the change on its parent only the runs of the night, not dawn’s', () => {
    expect(under(firstScreen(report), 'What improved')).toContain('E-0007.1–3, E-0003.1–3;');
  });

  test('gives each fresh seed’s value and a ± that says what it is', () => {
    const real = under(firstScreen(report), 'Is it real?');
    expect(real).toContain('1.5739, 1.5751, 1.5718, 1.5749 | 1.5739 ± 0.0015');
    expect(real).toContain('mean ± standard deviation');
    expect(real).toContain('102001, 102002, 102003, 102004');
  });

  test('gives the command that merges it', () => {
    expect(under(firstScreen(report), 'What to merge')).toContain('`autolab promote E-0007`');
  });

  test('sorts failures by class and says what a class means', () => {
    const failed = under(firstScreen(report), 'What failed, and why');
    expect(failed).toMatch(/\*\*timeout\*\* — .*E-0006/);
    expect(failed).toMatch(/\*\*not a number\*\* — training diverged: E-0005/);
    expect(failed).toMatch(/\*\*idea\*\* — .*E-0013/);
  });

  test('suggests what is promising beside the stack, and what more seeds could settle', () => {
    const next = under(firstScreen(report), 'What to try next');
    expect(next).toContain('Try E-0009 `dropout=0.1` on top of the best');
    expect(next).toContain('more seeds');
  });

  test('suggests no other value of a knob that the best has set, and patches on patches', async () => {
    const promising = { parent: 'E-0003', values: [1.581, 1.582, 1.583], verdict: 'promising' };
    const tried = CONFIRMED.tried.map(({ curve: _, ...one }) => {
      if (one.id === 'E-0003') return { ...one, change: { patch: 'wider.diff' } };
      return one.id === 'E-0009' ? { ...one, change: { patch: 'tie.diff' } } : one;
    });
    const alternative = { ...promising, id: 'E-0014', change: { learning_rate: '0.05' } };
    const next = under(
      firstScreen(await reported({ tried: [...tried, alternative] })),
      'What to try next',
    );
    expect(next).toContain('Try E-0009 `patch=tie.diff` on top of the best');
    expect(next).not.toContain('E-0014');
  });

  test('does not suggest again what was tried again on something newer', async () => {
    const again: Told = {
      tried: [
        ...CONFIRMED.tried.map(({ curve: _, ...one }) => one),
        {
          id: 'E-0014',
          change: { dropout: '0.1' },
          parent: 'E-0007',
          values: [1.58],
          verdict: 'worse',
        },
      ],
    };
    expect(under(firstScreen(await reported(again)), 'What to try next')).not.toContain('E-0009');
  });

  test('lists every experiment, best first, and failed ones last with their class', () => {
    const table = under(textOf(report, 'FINDINGS.md'), 'All experiments');
    const rows = [...table.matchAll(/^\| \[(E-\d+)\]/gm)].map((match) => match[1]);
    expect(rows).toHaveLength(14);
    expect(rows.indexOf('E-0007')).toBeLessThan(rows.indexOf('E-0000'));
    expect(rows.slice(-3)).toEqual(['E-0005', 'E-0006', 'E-0013']);
    expect(table).toContain('failed: timeout');
  });

  test('says why hypotheses were rejected, what is flagged, and how the slots were used', () => {
    const page = textOf(report, 'FINDINGS.md');
    expect(under(page, 'Rejected before running')).toContain('2 hypotheses (H-0100, H-0101)');
    expect(under(page, 'Remarks')).toContain('E-0009 is flagged **borderline** by you');
    expect(under(page, 'Remarks')).toContain('uncommitted changes');
    expect(under(page, 'The night')).toMatch(/which trained \d+ % of the time/);
    expect(under(page, 'Earlier nights')).toContain('N-0001, 19 November 2026');
  });

  test('writes a page and a results.yaml for the baseline and each judged experiment', () => {
    const paths = report.documents.map(({ path }) => path);
    expect(paths).toContain('experiments/E-0000/FINDINGS.md');
    expect(paths).toContain('experiments/E-0013/results.yaml');
    expect(paths).toContain('experiments/progress.svg');
    expect(paths).toHaveLength(2 + 2 * 14);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('tells on an experiment’s page what changed, the metrics beside parent and baseline, and the criteria', () => {
    const page = textOf(report, 'experiments/E-0007/FINDINGS.md');
    expect(under(page, 'What was changed')).toContain('`learning_rate`: `0.01` → `0.03` on E-0003');
    expect(under(page, 'Metrics')).toContain('1.5741 ± 0.0016 | 1.5925 ± 0.0023 | 1.6121 ± 0.0018');
    expect(under(page, 'Criteria')).toContain('**met**: val_bpb at most 1.58');
    expect(under(page, 'What was unexpected')).toContain('still falling at the end');
    const wider = textOf(report, 'experiments/E-0003/FINDINGS.md');
    expect(under(wider, 'Criteria')).toContain('**not met**');
    expect(under(wider, 'What was unexpected')).toMatch(/a run took 10\.0 s/);
    expect(under(wider, 'What was unexpected')).toContain('peak_memory_mb moved from');
  });

  test('names for a verdict of the night no run of dawn, the baseline’s neither', () => {
    const page = textOf(report, 'experiments/E-0004/FINDINGS.md');
    expect(page).toMatch(/no difference \(.*\(E-0004\.1–3, E-0000\.1–3;/);
    const finding = report.findings.find(({ experiment }) => experiment === 'E-0004');
    expect(finding?.runs).not.toContain('E-0000.4');
  });

  test('keeps the criteria of a user’s own hypothesis', () => {
    const page = textOf(report, 'experiments/E-0001/FINDINGS.md');
    expect(under(page, 'Criteria')).toContain('train_loss at most 1 (criterion of the hypothesis)');
  });

  test('hands over a finding per judged experiment with runs and query', () => {
    expect(report.findings[0]).toMatchObject({
      experiment: 'E-0007',
      runs: [4, 5, 6, 7]
        .flatMap((n) => `E-0007.${n}`)
        .concat([4, 5, 6, 7].map((n) => `E-0000.${n}`)),
    });
    expect(report.findings.map(({ experiment }) => experiment)).toContain('E-0013');
    for (const finding of report.findings) expect(finding.query).toMatch(/^(WITH|SELECT)/);
  });

  test('asks as many queries for many experiments as for few', async () => {
    const asked = async (night: Told): Promise<number> => {
      await reported(night);
      return (await notebookOf(night)).asked();
    };
    const [many, few] = [await asked({ ...CONFIRMED }), await asked({ ...NOTHING })];
    expect(many).toBe(few);
    expect(many).toBeGreaterThan(0);
  });

  test('says the same when asked twice', async () => {
    // Another object, so that its notebook is made and asked anew.
    expect((await reported({ ...CONFIRMED })).documents).toEqual(report.documents);
  });
});

describe('a knob that the best changed', () => {
  /** Its value, what the plan allows, and at which end of that it lies. */
  const ENDS: Readonly<Record<string, readonly [value: string, knob: object, end: string | null]>> =
    {
      'a list': ['0.03', { values: ['0.01', '0.3e-1', '1e-3'] }, 'largest'],
      'a range': ['0.03', { range: [0.001, 0.03] }, 'largest'],
      'the smallest': ['0.1', { values: ['0.1', '0.2'] }, 'smallest'],
      'a range that goes on': ['0.03', { range: [0.001, 0.1] }, null],
      'a list that goes on': ['0.03', { values: ['0.01', '0.03', '0.1'] }, null],
      words: ['0.03', { values: ['0.01', '0.03', 'auto'] }, null],
      'nothing known': ['0.03', {}, null],
      'a switch': ['1', { values: ['0', '1'] }, null],
      'nothing below zero': ['0', { values: ['0', '0.1', '0.2'] }, null],
    };
  let next = '';
  beforeAll(async () => {
    const of = (part: 0 | 1) =>
      Object.fromEntries(Object.entries(ENDS).map(([name, end]) => [name, end[part]]));
    const tried = CONFIRMED.tried.map((one) =>
      one.id === 'E-0007' ? { ...one, change: of(0) as Record<string, string> } : one,
    );
    const plan = { ...(CONFIRMED.plan as object), search_space: of(1) };
    const report = await reported({ ...CONFIRMED, plan, tried });
    next = under(firstScreen(report), 'What to try next');
  });

  test.each(Object.entries(ENDS))(
    'has more room suggested at its end: %s',
    (name, [value, , end]) => {
      const beyond = end === 'largest' ? 'larger' : 'smaller';
      const widen = `Widen \`${name}\` in the plan, if ${beyond} values make sense: it is best at \`${value}\`, the ${end} that was allowed`;
      if (end !== null) expect(next).toContain(widen);
      expect(next.includes(`Widen \`${name}\``)).toBe(end !== null);
    },
  );
});

describe('a confirmed best that rests on a change which names the evaluation', () => {
  test('names the mark wherever it would be recommended, and what to do', async () => {
    const report = await reported(MARKED);
    const screen = firstScreen(report);
    expect(screen).toContain(
      'improved by the script’s own word, but E-0003 is flagged `touches:evaluation`.**',
    );
    expect(report.findings[0]?.text).toContain('E-0003 is flagged');
    expect(under(screen, 'Is it real?')).toMatch(
      /^\n\*\*Read the diff first:\*\* E-0003 is flagged .*loss \/ 2/,
    );
    expect(under(screen, 'What to merge')).toMatch(
      /^\nNothing yet: read the diff \(`autolab show E-0003`\) .*`autolab unflag E-0003 touches:evaluation`/,
    );
    expect(under(screen, 'What to try next')).toContain('Before anything is built on E-0007, read');
    expect(under(textOf(report, 'experiments/E-0007/FINDINGS.md'), 'Next step')).toContain(
      'First read the diff',
    );
  });

  test('says nothing of it there where the numbers were measured outside of the script', async () => {
    const tried = MARKED.tried.map((one) => ({ ...one, row: { tier: 'checked' } }));
    const screen = firstScreen(await reported({ ...MARKED, tried }));
    expect(screen).not.toContain('touches:evaluation');
    expect(screen).toContain('Promote E-0007, then launch again');
  });
});

describe('a night that confirmed nothing', () => {
  test('says so first, and never calls anything improved', async () => {
    const report = await reported(REFUTED);
    expect(firstScreen(report)).toContain(
      '**Nothing was confirmed: E-0001 `width=48` looked promising at night, and fresh seeds did not bear it out.**',
    );
    expect(textOf(report, 'FINDINGS.md')).not.toContain('improved**');
    expect(under(firstScreen(report), 'Is it real?')).toContain(
      '−0.001, 95 % interval −0.006 to +0.004',
    );
    expect(under(firstScreen(report), 'What to merge')).toContain('Nothing is ready');
  });

  test('says of what dawn looked at and is invalid why it is no candidate, and asks for no more seeds of it', async () => {
    const because_of = 'no training was seen: E-0001.4 logged no step in 0.1 s';
    const tried = REFUTED.tried.map((one) =>
      one.id === 'E-0001' ? { ...one, verdict: 'invalid', because_of } : one,
    );
    const screen = firstScreen(await reported({ ...REFUTED, tried }));
    expect(screen).toContain(
      '**Nothing was confirmed: E-0001 `width=48` looked promising at night, and is invalid.**',
    );
    expect(under(screen, 'Is it real?').trim()).toMatch(/^No: no training was seen: E-0001\.4 /);
    expect(under(screen, 'What to merge').trim()).toBe(
      'Nothing is ready, and E-0001 cannot be promoted.',
    );
    expect(screen).not.toContain('more seeds');
  });

  test('says of what was better at dawn, too, what forbids the claim', async () => {
    const because_of = 'looked promising at night; the fresh seed of E-0001.4 failed at dawn';
    const tried = REFUTED.tried.map((one) =>
      one.id === 'E-0001' ? { ...one, dawn: [1.511, 1.5135, 1.5092], because_of } : one,
    );
    const screen = firstScreen(await reported({ ...REFUTED, tried }));
    expect(screen).toContain('was better on fresh seeds, too, and may not be claimed all the same');
    expect(under(screen, 'Is it real?')).toContain(
      'Not to be claimed: looked promising at night; the fresh seed of E-0001.4 failed at dawn.',
    );
    expect(screen).not.toMatch(/did not bear it out|as fresh seeds can tell|offers it first/);
  });

  test('says where the baseline stands when nothing even looked promising', async () => {
    const report = await reported(NOTHING);
    expect(firstScreen(report)).toContain('**Nothing was confirmed: no change beat');
    expect(firstScreen(report)).toContain('1.6121 ± 0.0018 (standard deviation of 3 seeds)');
    expect(under(firstScreen(report), 'What to merge').trim()).toBe('Nothing.');
  });

  test('keeps its head when every experiment failed', async () => {
    const report = await reported(ALL_FAILED);
    expect(firstScreen(report)).toContain('Nothing was confirmed');
    expect(under(firstScreen(report), 'What failed, and why')).toMatch(
      /E-0002 `learning_rate=10` .*and E-0003/s,
    );
    expect(textOf(report, 'FINDINGS.md')).not.toMatch(/NaN(?! \(|\)| and)/);
  });

  test('says what was wrong with the baseline when it failed', async () => {
    const report = await reported(NO_BASELINE);
    expect(firstScreen(report)).toContain('Nothing could be judged');
    expect(firstScreen(report)).toContain('expected val_bpb, found loss, accuracy');
  });
});

describe('a stack whose changes dawn left out one by one', () => {
  let report: Awaited<ReturnType<typeof reported>>;
  beforeAll(async () => {
    report = await reported(ATTRIBUTED);
  });

  test('counts ideas, not experiments: one put on a newer incumbent is one, an arm of dawn none', () => {
    expect(firstScreen(report)).toContain(
      'claims falsely less than one time in twenty: 3 candidates were tried, 2 looked good at night, 2 remained at dawn ([counts]).',
    );
  });

  test('says the smallest gain that could be confirmed, and that min_effect is below it', () => {
    expect(firstScreen(report)).toContain(
      'The smallest gain that this budget can confirm is 0.0041 (four times in five, means of 4 fresh seeds each); min_effect 0.001 is below it',
    );
  });

  test('says of each change what leaving it out cost, and of which the gain may be claimed', () => {
    const improved = under(firstScreen(report), 'What improved');
    expect(improved).toMatch(
      /E-0001\*\* .*worth −0\.0211, 95 % interval −0\.0242 to −0\.0180 in the stack, by leaving it out on 4 fresh seeds: attributed \(.*E-0005\.1–4/,
    );
    expect(improved).toMatch(/E-0004\*\* .*not attributed, since that could be chance/);
  });

  test('shows every fresh seed of every arm, and how they were compared', () => {
    const real = under(firstScreen(report), 'Is it real?');
    expect(real).toContain('(compared seed by seed)');
    expect(real).toContain('1.5879, 1.5900, 1.5861, 1.5882');
    expect(real).toContain(
      '| E-0005: E-0004 without E-0001 | E-0005.1–4 | 102001, 102002, 102003, 102004 | 1.6089,',
    );
    expect(real).toContain('| E-0001 `width=64`: E-0004 without its last change |');
  });

  test('says how sure it is, why, and that a human should look', () => {
    expect(under(firstScreen(report), 'Is it real?')).toMatch(
      /Confidence \*\*low\*\*: a near thing on 4 seeds\. \*\*Borderline: a human should review it/,
    );
    expect(textOf(report, 'experiments/E-0003/FINDINGS.md')).toContain(
      'Confidence **medium**: clear at night',
    );
  });

  test('tells an idea once, by its last word, and has a row for every experiment', () => {
    const page = textOf(report, 'FINDINGS.md');
    expect(page).not.toContain('## Promising, not confirmed');
    const rows = under(page, 'All experiments');
    expect(rows).toContain('`dropout=0.1` (E-0002 again)');
    expect(rows).toMatch(/\[E-0002\].*\*\*promising, again as E-0004\*\*/);
    expect(rows).toMatch(/\[E-0005\].*arm of dawn, without E-0001/);
    expect(textOf(report, 'experiments/progress.svg')).not.toContain('E-0005');
    expect(report.findings.map(({ experiment }) => experiment)).not.toContain('E-0005');
  });

  test('says how many runs it would take to be sure of no difference', () => {
    expect(under(textOf(report, 'FINDINGS.md'), 'Made no difference, or did not settle')).toMatch(
      /less than min_effect 0\.001 either way.* about 31 runs each/,
    );
  });
});

describe('an experiment of one seed beside a baseline of many', () => {
  const falls = (step: number, seed: number) => 0.1 * seed + 2 * Math.exp(-step / 60);
  const baseline = { id: 'E-0000', values: [1.6, 1.64, 1.65], curve: falls };
  const one = { id: 'E-0001', change: { width: '64' }, verdict: 'inconclusive', curve: falls };

  test('is not called still falling where each of the baseline’s falls as much', async () => {
    const report = await reported({ tried: [baseline, { ...one, values: [1.6] }] });
    expect(textOf(report, 'experiments/E-0001/FINDINGS.md')).not.toContain('still falling');
  });

  test('is offered more seeds where it is better on the seed they share, not on the mean alone', async () => {
    const nextAfter = async (value: number) =>
      under(
        firstScreen(await reported({ tried: [baseline, { ...one, values: [value] }] })),
        'What to try next',
      );
    expect(await nextAfter(1.6)).not.toContain('more seeds');
    expect(await nextAfter(1.59)).toContain('Give E-0001 `width=64` more seeds');
  });

  test('says what it moved on as, in a sentence of its own verdict', async () => {
    const again = { ...one, id: 'E-0002', row: { reapplies: 'E-0001' }, values: [1.59] };
    const { findings } = await reported({ tried: [baseline, { ...one, values: [1.59] }, again] });
    const said = findings.find(({ experiment }) => experiment === 'E-0001');
    expect(said?.text).toContain('moved on as E-0002');
  });
});

test('an arm’s numbers have the digits of its own spread, be the baseline’s never so wide', async () => {
  const [base, tip] = [
    [0.31, 0.45, 0.62, 0.38],
    [0.3012, 0.3009, 0.3015, 0.3011],
  ];
  const report = await reported({
    tried: [
      { id: 'E-0000', values: [0.4, 0.7, 0.5], dawn: base },
      {
        ...{ id: 'E-0001', change: { width: '64' }, verdict: 'improved', confirmed: true },
        ...{ values: [0.3012, 0.301], dawn: tip },
      },
    ],
  });
  const fresh = under(firstScreen(report), 'Is it real?');
  expect(fresh).toContain('0.30120, 0.30090, 0.30150, 0.30110');
  expect(fresh).toContain('0.30118 ± 0.00025');
});

describe('a night that has not ended', () => {
  test('is called provisional and claims nothing', async () => {
    const report = await reported(GOING);
    expect(firstScreen(report)).toContain('**Provisional:** night N-0002 has not ended');
    expect(firstScreen(report)).toContain(
      'E-0001 `width=64` is promising, and dawn has still to test it',
    );
    expect(report.documents.map(({ path }) => path)).not.toContain(
      'experiments/E-0002/FINDINGS.md',
    );
  });

  test('can be told of before its baseline is opened', async () => {
    const report = await reported(BEGUN);
    expect(firstScreen(report)).toContain('The baseline is still being measured');
    expect(report.documents.map(({ path }) => path)).toEqual([
      'FINDINGS.md',
      'experiments/progress.svg',
    ]);
  });
});

describe('text that is not ours', () => {
  test('never becomes markup, a heading or a table cell of its own', async () => {
    const page = textOf(await reported(HOSTILE), 'FINDINGS.md');
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('<img');
    for (const unseen of ['\u0007', '\u202e']) expect(page).not.toContain(unseen);
    expect(page).not.toMatch(/^# not a heading/m);
    const rows = under(page, 'All experiments')
      .split('\n')
      .filter((line) => line.startsWith('| ['));
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(10);
  });

  test('stays inside its fence, whatever backticks it holds', async () => {
    const page = textOf(await reported(HOSTILE), 'experiments/E-0002/FINDINGS.md');
    expect(page).toContain('`````text\n```\n# hello 5\n````\n');
    expect(page).not.toContain('\u001b');
  });
});

test('a night or a run that the notebook does not know is an error that names it', async () => {
  const notebook = await notebookOf(NOTHING);
  const report = createReporter({ notebook });
  await expect(report({ task: 'report', night: 'N-0009' })).rejects.toThrow('N-0009');
  await expect(report({ task: 'summarise', run: 'E-0099.1' })).rejects.toThrow('E-0099.1');
  await expect(report({ task: 'report', night: "N-0001' OR 1=1" as 'N-0001' })).rejects.toThrow(
    'expected a night',
  );
});
