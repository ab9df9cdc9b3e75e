import { expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import { memoryNotebook } from './notebook.ts';
import { told } from './told.ts';

async function findings(...sandboxes: readonly (string | null)[]): Promise<string> {
  const tables = told({
    tried: [{ id: 'E-0000', values: sandboxes.map((_, i) => 1.61 + i / 1000) }],
  });
  const runs = (tables['runs'] ?? []).map((run, i) => ({ ...run, sandbox: sandboxes[i] }));
  const notebook = await memoryNotebook({ ...tables, runs });
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const documents = 'documents' in report ? report.documents : [];
  return documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
}

test('what shut the runs in is told with its query', async () => {
  const page = await findings('bubblewrap', 'bubblewrap', null);
  expect(page).toContain(
    'All of 2 runs were shut in (bubblewrap) and saw of your home only programs and what the plan names, and of other runs nothing ([sandboxes]).',
  );
  expect(page).toContain('### sandboxes\n');
});

test('runs that nothing shut in are told, too, be it some of them or all', async () => {
  expect(await findings('none', 'none', 'none')).toContain(
    'None of 3 runs was shut in: each had your rights on the machine ([sandboxes]).',
  );
  expect(await findings('none', 'bubblewrap', 'bubblewrap')).toContain(
    'Of 3 runs, 2 were shut in (bubblewrap) and saw of your home only programs and what the plan names, and of other runs nothing; the others had your rights',
  );
});

test('a night of which no run says what it was shut in claims nothing', async () => {
  expect(await findings(null, null)).not.toContain('shut in');
});
