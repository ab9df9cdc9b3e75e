import { beforeAll, expect, test } from 'vitest';
import { compose, pagesOf } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { quoted } from '../../../agents/reporter/markdown.ts';
import { unsourcedNumbers } from '../../../agents/reporter/unsourced.ts';
import { memoryNotebook, type Cell } from './notebook.ts';
import { CONFIRMED, NOTHING } from './nights.ts';
import { told, type Told } from './told.ts';

/** The user's words on the Reporter's pages. */

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 21, 8, minute)).toISOString();
const HOSTILE =
  '# no heading\n\n  indented * 3\n---\n> <script>alert(1)</script> [x](http://y) `code` | cell\n1. one\u0007\u202e\r\nloss fell to 1.234 (E-0007.1; [runs]).';

const note = (minute: number, target: string | null, text: string, who = 'Ada') => ({
  ...{ id: `note-${minute}`, target, text, who, time: at(minute) },
});
const decision = (minute: number, text: string, more: Readonly<Record<string, Cell>>) => ({
  ...{ id: `decision-${minute}`, text, because: 'flat\nfrom 1e-3 on', who: 'Bob *B*' },
  ...{ closes: null, opens: null, in_force: null, evidence: [], time: at(minute), ...more },
});
const WORDS = {
  notes: [note(1, null, HOSTILE), note(3, 'E-0003.2', 'odd curve'), note(5, 'H-0009', 'my idea')],
  decisions: [
    decision(2, 'stop it', { closes: 'dropout', in_force: true, evidence: ['E-0009', 'E-0003.1'] }),
    decision(4, 'go on', { opens: 'width' }),
  ],
  tags: [
    { target: 'E-0007', tag: 'keep', who: 'Ada', time: at(6) },
    { target: 'E-0007', tag: 'a|b', who: 'Ada', time: at(7) },
  ],
};

async function pages(words: typeof WORDS, night: Told = CONFIRMED) {
  const notebook = await memoryNotebook(told({ ...night, words }));
  const record = await gather(notebook, 'N-0002');
  const stated = wordFindings(record);
  const all = pagesOf(record, stated);
  const documents = compose(record, stated);
  const under = (path: string): string =>
    documents
      .find((document) => document.path === path)
      ?.text.split('\n## Your words\n')[1]
      ?.split('\n## ')[0]
      ?.trim() ?? '';
  return { all, under, text: documents.find(({ path }) => path === 'FINDINGS.md')?.text ?? '' };
}

let said: Awaited<ReturnType<typeof pages>>;
beforeAll(async () => {
  said = await pages(WORDS);
});

test('words are quoted as they were written, signed, dated, cited, and never markup', () => {
  const { all, under, text } = said;
  expect(under('FINDINGS.md')).toBe(
    [
      '- The line **dropout** is closed: nothing more is proposed on it until a decision opens it, but your own ideas are tried.',
      '- E-0007 is tagged `keep`, a\\|b.',
      '',
      '> \\# no heading',
      '>',
      '> \u00a0\u00a0indented \\* 3\\',
      '> \\---\\',
      '> \\> &lt;script\\>alert(1)&lt;/script\\> \\[x\\](http://y) \\`code\\` \\| cell\\',
      '> 1\\. one\\',
      '> loss fell to 1.234 (E-0007.1; \\[runs\\]).',
      '>',
      '> — Ada, 21 November 2026, 08:01 UTC ([notes])',
      '',
      '> **Decided:** stop it',
      '>',
      '> **Because:** flat\\',
      '> from 1e-3 on',
      '>',
      '> — Bob \\*B\\*, 21 November 2026, 08:02 UTC; closes the line dropout; evidence: E-0009, E-0003.1 ([decisions])',
      '',
      '> odd curve',
      '>',
      '> — Ada, 21 November 2026, 08:03 UTC on E-0003.2 ([notes])',
      '',
      '> **Decided:** go on',
      '>',
      '> **Because:** flat\\',
      '> from 1e-3 on',
      '>',
      '> — Bob \\*B\\*, 21 November 2026, 08:04 UTC; opens the line width ([decisions])',
      '',
      '> my idea',
      '>',
      '> — Ada, 21 November 2026, 08:05 UTC on H-0009 ([notes])',
    ].join('\n'),
  );
  expect(text).toContain('### notes\n\n```sql\nSELECT');
  for (const page of all) expect(unsourcedNumbers(page.text, page.facts), page.path).toEqual([]);
});

test('an experiment’s page has what is said of it, of its runs, its hypothesis and its line', () => {
  const { under } = said;
  const firsts = (id: string) =>
    [...under(`experiments/${id}/FINDINGS.md`).matchAll(/^(?:- |> )(.*)$/gm)]
      .map(([, line = '']) => line)
      .filter((line) => !/^(?:—|\*\*Because|from)/.test(line));
  expect(firsts('E-0007')).toEqual(['E-0007 is tagged `keep`, a\\|b.']);
  expect(firsts('E-0003')).toEqual(['**Decided:** stop it', 'odd curve', '**Decided:** go on']);
  expect(firsts('E-0009')).toEqual(['**Decided:** stop it', 'my idea']);
  expect(firsts('E-0002')).toEqual([]);
});

test('what is on a closed line is not suggested', async () => {
  const next = (page: string) => page.split('## What to try next')[1]?.split('![')[0];
  const open = { ...WORDS, decisions: [] };
  expect(next((await pages(open)).text)).toContain('E-0009');
  expect(next(said.text)).not.toContain('E-0009');
});

test('the newest are quoted where there are many, and a long one is cut with a sign', async () => {
  const notes = Array.from({ length: 30 }, (_, i) => note(i, null, `thought ${i}`));
  const { under } = await pages({ ...WORDS, notes, decisions: [] }, NOTHING);
  const page = under('FINDINGS.md');
  expect(page).not.toContain('thought 9\n');
  expect(page).toContain('thought 10\n');
  expect(page).toContain('Older ones: `autolab query "SELECT * FROM notes"`');
  expect([...quoted('x'.repeat(50), 10)]).toHaveLength(10);
  expect(quoted('xy\n'.repeat(50), 10)).toMatch(/^xy\\\n> xy\\\n> xy\\\n> …$/);
});
