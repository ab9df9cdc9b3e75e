import { describe, expect, test } from 'vitest';
import { compose } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { memoryNotebook, type Cell, type Tables } from './notebook.ts';
import { CONFIRMED } from './nights.ts';
import { told } from './told.ts';

/** What the Reporter tells of work of the plan's own. */

const BASE = 'beef'.repeat(10);
const experiments = [
  { name: 'audit', command: 'true', needs: [], success_criteria: [], experiments: [] },
  {
    name: 'long',
    command: 'true',
    needs: [],
    success_criteria: [],
    timeout: 1000,
    experiments: [],
  },
];
const PLAN = {
  run: { command: 'node train.mjs', shell: false, timeout: 60, env: {} },
  workspace: { directory: '.' },
  budget: { wall_clock: 300 },
  experiments,
};

const piece = (id: string, night: string, name: string): Readonly<Record<string, Cell>> => ({
  ...{ id, night, source: 'plan', line: 'experiments', title: name, because: 'the plan asks' },
  ...{ change: '{}', baseline: id, commit: BASE, planned: name, definition: name },
  ...{ outcome: 'met', outcome_because: 'nothing was asked of its metrics' },
});

async function pages(own: Tables[string] = [], words: Tables = {}, night = {}) {
  const tables = told({ ...CONFIRMED, plan: PLAN, night, words });
  const all = { ...tables, experiments: [...(tables['experiments'] ?? []), ...(own ?? [])] };
  const record = await gather(await memoryNotebook(all), 'N-0002');
  const documents = compose(record, wordFindings(record));
  return (path: string): string => documents.find((one) => one.path === path)?.text ?? '';
}

describe('work of the plan’s own', () => {
  test('that was not begun is told of with its timeout', async () => {
    const page = (await pages())('FINDINGS.md');
    expect(page).toContain('audit was not run: the budget had no run for it.');
    expect(page).toMatch(
      /long was not run: the budget had no run of up to 16 min 40 s, its timeout, beside dawn’s share/,
    );
  });

  test('shows on its page what was said of it and of its run, and its tags', async () => {
    const time = '2026-11-21T08:01:00Z';
    const page = await pages([piece('E-0042', 'N-0002', 'audit')], {
      notes: [{ id: 'note-1', target: 'E-0042', text: 'look *again*', who: 'Ada', time }],
      decisions: [],
      tags: [{ target: 'E-0042', tag: 'keep', who: 'Ada', time }],
    });
    const said = page('experiments/E-0042/FINDINGS.md').split('## Your words\n')[1] ?? '';
    expect(said).toContain('E-0042 is tagged `keep`');
    expect(said).toContain('look \\*again\\*');
    expect(said).toContain('— Ada, 21 November 2026, 08:01 UTC on E-0042');
    expect(page('FINDINGS.md')).toContain('E-0042 is tagged `keep`');
  });

  test('stands where the notebook says so, and only there', async () => {
    const earlier = [piece('E-0040', 'N-0001', 'audit'), piece('E-0041', 'N-0001', 'long')];
    const page = (await pages(earlier, {}, { stands: ['E-0040'] }))('FINDINGS.md');
    expect(page).toMatch(/audit was not repeated: E-0040 of night N-0001 ran the same/);
    expect(page).toContain('long was not run');
  });
});
