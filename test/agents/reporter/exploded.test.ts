import { expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import { memoryNotebook } from './notebook.ts';
import { told } from './told.ts';

test('a training that exploded, and printed a number all the same, leaves a report', async () => {
  const notebook = await memoryNotebook(
    told({
      tried: [
        { id: 'E-0000', values: [1.61, 1.62, 1.63] },
        { id: 'E-0001', values: [4e256, 7e164, 1e200], verdict: 'worse' },
      ],
    }),
  );
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const documents = 'documents' in report ? report.documents : [];
  const page = documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
  expect(page).toContain('| baseline | 1.6200 ± 0.0100 | 3 |');
  // Of numbers that no square can hold there is a mean, and no spread.
  expect(page).toContain('| worse | 1.333e+256 | 3 |');
});
