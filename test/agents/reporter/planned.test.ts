import { describe, expect, test } from 'vitest';
import { compose } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { memoryNotebook } from './notebook.ts';
import { CONFIRMED } from './nights.ts';
import { told } from './told.ts';

/** What the Reporter tells of work of the plan's own. */

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

async function pages() {
  const record = await gather(await memoryNotebook(told({ ...CONFIRMED, plan: PLAN })), 'N-0002');
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
});
