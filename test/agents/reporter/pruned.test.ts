import { expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import { memoryNotebook } from './notebook.ts';
import { told, type Tried } from './told.ts';

const BECAUSE =
  'at step 60, 60% of the way, val_bpb 2.167 was 8.7 standard deviations worse than the mean 1.182 of 4 runs of E-0000 there (standard deviation 0.01291), for the second reading in a row';
const BASELINE: Tried = { id: 'E-0000', values: [1.61, 1.612, 1.614, 1.611] };
const ENDED: Tried = {
  ...{ id: 'E-0001', change: { width: '8' }, values: [2.1], verdict: 'pruned' },
  because_of: `E-0001.1 was ended early: ${BECAUSE}`,
  prunes: { because: BECAUSE, audited: false },
};
const audited = (verdict: string, value: number): Tried => ({
  ...{ id: 'E-0002', change: { width: '64' }, values: [value], verdict },
  prunes: { because: BECAUSE, audited: true },
});

async function documentsOf(...tried: readonly Tried[]): Promise<(path: string) => string> {
  const notebook = await memoryNotebook(told({ tried: [BASELINE, ...tried] }));
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const documents = 'documents' in report ? report.documents : [];
  return (path) => documents.find((document) => document.path === path)?.text ?? '';
}
const section = (page: string): string =>
  page.split('\n## Ended early\n')[1]?.split('\n## ')[0] ?? '';

test('what was ended early is told with its numbers, and what the audit can say of it', async () => {
  const page = await documentsOf(ENDED);
  const told = section(page('FINDINGS.md'));
  expect(told).toContain(`- E-0001 \`width=8\`: pruned (E-0001.1 was ended early: ${BECAUSE})`);
  expect(told).toContain('this night cannot tell how such runs end');
  expect(page('experiments/E-0001/FINDINGS.md')).toContain(
    'nobody knows what it would have come to',
  );
  expect(page('experiments/E-0001/results.yaml')).toContain('pruning: at step 60');
});

test('an audited run is told with how it ended, and a winner among them aloud', async () => {
  const worse = section((await documentsOf(ENDED, audited('worse', 1.9)))('FINDINGS.md'));
  expect(worse).toContain('no winner was among them:');
  expect(worse).toContain(
    `- E-0002.1: ${BECAUSE}; it came to val_bpb 1.9000, and E-0002 \`width=64\` was judged worse`,
  );
  const won = section((await documentsOf(ENDED, audited('promising', 1.5)))('FINDINGS.md'));
  expect(won).toContain('**E-0002 came out better all the same: `prune` would have lost it**');
});

test('a night in which nothing was hopeless says nothing of it', async () => {
  const page = await documentsOf({ id: 'E-0002', values: [1.9], verdict: 'worse' });
  expect(page('FINDINGS.md')).not.toContain('Ended early');
});
