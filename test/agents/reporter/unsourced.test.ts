import { describe, expect, test } from 'vitest';
import { pagesOf } from '../../../agents/reporter/compose.ts';
import { wordFindings } from '../../../agents/reporter/findings.ts';
import type { Fact } from '../../../agents/reporter/fact.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import type { Page } from '../../../agents/reporter/page.ts';
import { unsourcedNumbers } from '../../../agents/reporter/unsourced.ts';
import type { Json } from '../../../orchestrator/domain/ports.ts';
import { notebookOf } from './kept.ts';
import * as nights from './nights.ts';
import type { Told } from './told.ts';

const NIGHTS = Object.entries(nights);

async function pages(night: Told): Promise<readonly Page[]> {
  const record = await gather(await notebookOf(night), 'N-0002');
  return pagesOf(record, wordFindings(record));
}

test.each(NIGHTS)('every number of %s has a query and its runs', async (_, night) => {
  for (const page of await pages(night))
    expect(unsourcedNumbers(page.text, page.facts), page.path).toEqual([]);
});

test.each(NIGHTS)('every fact of %s is a cell of the query it names', async (_, night) => {
  const notebook = await notebookOf(night);
  for (const { facts } of await pages(night)) {
    for (const fact of facts) {
      const { rows } = await notebook.query(fact.source.sql);
      const found = rows.some((row) => Object.values(row).some((cell) => same(cell, fact)));
      expect(found, `${fact.shown} of ${fact.source.name}`).toBe(true);
    }
  }
});

/** Cells as the Reporter reads them: numbers from text, JSON columns parsed. */
function same(cell: Json, { value }: Fact): boolean {
  const canonical = (one: unknown): string =>
    Array.isArray(one)
      ? one.map(canonical).join('\n')
      : typeof one === 'object' && one !== null
        ? Object.entries(one)
            .filter(([, inner]) => !Array.isArray(inner) || inner.length > 0)
            .map(([key, inner]) => key + canonical(inner))
            .join('\n')
        : String(one);
  const read = typeof cell === 'string' && cell.startsWith('{') ? JSON.parse(cell) : cell;
  if (typeof read === 'object' && read !== null && !Array.isArray(read) && 'constraints' in read)
    return typeof value === 'object';
  return canonical(read) === canonical(value);
}

describe('a page that somebody tampered with', () => {
  const body = (page: Page) => page.text.split('\n## Sources\n')[0] ?? '';
  const rest = (page: Page) => page.text.slice(body(page).length);

  test('is found out for each single number that is changed', async () => {
    const [page] = await pages(nights.CONFIRMED);
    if (!page) throw new Error('no page');
    const numbers = [...body(page).matchAll(/\d+/g)];
    expect(numbers.length).toBeGreaterThan(300);
    // A third of them in `npm test`: each is the whole page searched once more.
    const tried = numbers.filter((_, i) => process.env['FULL'] || i % 3 === 0);
    const missed = tried.filter(({ 0: digits, index }) => {
      const last = index + digits.length - 1;
      const changed = String((Number(digits.at(-1)) + 1) % 10);
      const forged = body(page).slice(0, last) + changed + body(page).slice(last + 1);
      return unsourcedNumbers(forged + rest(page), page.facts).length === 0;
    });
    const where = missed.map(({ index }) => body(page).slice(index - 20, index + 12));
    // The level of an interval is a turn of phrase, no measurement.
    expect(where.filter((text) => !text.includes('95 % inter'))).toEqual([]);
  });

  test('is found out for a sign that is turned', async () => {
    const [page] = await pages(nights.CONFIRMED);
    if (!page) throw new Error('no page');
    const forged = page.text.replace('−0.0382', '+0.0382');
    expect(unsourcedNumbers(forged, page.facts).map(({ number }) => number)).toContain('+0.0382');
  });

  test('is found out when a sentence loses its query or its runs', async () => {
    const [page] = await pages(nights.CONFIRMED);
    if (!page) throw new Error('no page');
    const citations = [...body(page).matchAll(/ \((?:E-[^;)]*; )?(?:\[\w+\](?:, )?)+\)/g)].map(
      (match) => match[0],
    );
    expect(citations.length).toBeGreaterThan(15);
    for (const citation of citations) {
      const without = page.text.replace(citation, '');
      expect(unsourcedNumbers(without, page.facts).length, citation).toBeGreaterThan(0);
      const runless = page.text.replace(citation, citation.replace(/\(.*; /, '('));
      if (runless !== page.text)
        expect(unsourcedNumbers(runless, page.facts).length, citation).toBeGreaterThan(0);
    }
  });

  test('is found out when the sources are stripped', async () => {
    for (const page of (await pages(nights.CONFIRMED)).filter(({ facts }) => facts.length > 0))
      expect(unsourcedNumbers(body(page), page.facts).length, page.path).toBeGreaterThan(0);
  });

  test('is found out for a sentence that brings its own numbers', async () => {
    const [page] = await pages(nights.NOTHING);
    if (!page) throw new Error('no page');
    const forged = page.text.replace(
      '## What to merge',
      'It should gain 3 % more.\n\n## What to merge',
    );
    expect(unsourcedNumbers(forged, page.facts)).toMatchObject([
      { number: '3', because: 'no query gave this number' },
    ]);
  });

  test('is found out for a run that nobody made', async () => {
    const [page] = await pages(nights.CONFIRMED);
    if (!page) throw new Error('no page');
    const forged = page.text.replace('E-0007.4–7', 'E-0007.4–9');
    expect(unsourcedNumbers(forged, page.facts).length).toBeGreaterThan(0);
  });
});
