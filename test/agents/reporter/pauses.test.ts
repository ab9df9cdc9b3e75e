import { expect, test } from 'vitest';
import { createReporter } from '../../../agents/reporter.ts';
import { memoryNotebook } from './notebook.ts';
import { told } from './told.ts';

async function findings(...pauses: readonly (readonly [time: string, text: string])[]) {
  const alerts = pauses.map(([time, text], i) => ({
    ...{ id: `A-${i + 1}`, time: `2026-01-02 ${time}:00`, kind: 'paused', level: 'warning' },
    ...{ subject: 'N-0002', text: `nothing new is started: ${text}` },
  }));
  const earlier = { ...alerts[0], id: 'A-0', subject: 'N-0001', text: 'another night' };
  const tables = told({ tried: [{ id: 'E-0000', values: [1.61, 1.62, 1.63] }] });
  const notebook = await memoryNotebook({
    ...tables,
    ...(pauses.length > 0 ? { alerts: [earlier, ...alerts] } : {}),
  });
  const report = await createReporter({ notebook })({ task: 'report', night: 'N-0002' });
  const documents = 'documents' in report ? report.documents : [];
  return documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '';
}

test('a night that paused says how often, since when and why first', async () => {
  expect(await findings(['03:10', '300 MB are free'])).toContain(
    'It paused once, at 03:10 UTC: nothing new is started: 300 MB are free ([pauses]).',
  );
  expect(await findings(['03:10', '300 MB are free'], ['04:20', '200 MB are free'])).toContain(
    'It paused 2 times, first at 03:10 UTC: nothing new is started: 300 MB are free ([pauses]).',
  );
});

test('a night that did not says nothing of it', async () => {
  expect(await findings()).not.toContain('paused');
});
