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

test('a change that came apart on a seed is said to, where its interval includes no effect', async () => {
  const notebook = await memoryNotebook(
    told({
      tried: [
        { id: 'E-0000', values: [1.61, 1.62, 1.63] },
        { id: 'E-0001', values: [1.5, 4e78], verdict: 'worse' },
        { id: 'E-0002', values: [1.71, 1.72], verdict: 'worse' },
      ],
    }),
  );
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const page = 'documents' in report ? report.documents[0]?.text : undefined;
  const worse = page?.split('## Worse')[1]?.split('##')[0] ?? '';
  expect(worse).toMatch(
    /E-0001 unchanged: val_bpb 2e\+78 \(2 seeds\), on the baseline .*; at least one of its seeds came apart \(E-/,
  );
  expect(worse).toMatch(/E-0002 unchanged: val_bpb 1\.715 \(2 seeds\), .* to \+[.\d]+ \(E-/);
});

test('a change that was put on one which fell is told by what it showed before', async () => {
  const notebook = await memoryNotebook(
    told({
      tried: [
        { id: 'E-0000', values: [1.61, 1.62, 1.63], dawn: [1.611, 1.622, 1.633] },
        { id: 'E-0001', values: [1.5, 1.51, 9e9], verdict: 'worse', change: { width: '64' } },
        {
          ...{ id: 'E-0002', values: [1.53, 1.54], dawn: [1.531, 1.539, 1.541] },
          ...{ verdict: 'improved', confirmed: true, change: { dropout: '0.1' } },
        },
        {
          ...{ id: 'E-0003', parent: 'E-0001', values: [1.52], verdict: 'inconclusive' },
          ...{ change: { dropout: '0.1' }, row: { reapplies: 'E-0002' } },
        },
        {
          ...{ id: 'E-0004', parent: 'E-0001', values: [1.2], verdict: 'inconclusive' },
          change: { learning_rate: '0.1' },
        },
      ],
    }),
  );
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const page = ('documents' in report ? report.documents[0]?.text : undefined) ?? '';
  expect(page).not.toContain('again as E-0003');
  expect(page.split('## Made no difference')[1]?.split('##')[0]).not.toContain('E-0002');
  expect(page.split('## What to try next')[1]?.split('##')[0]).not.toContain('E-0004');
});
