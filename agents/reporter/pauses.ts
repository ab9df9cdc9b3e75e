import { fact, say } from './fact.ts';
import { escaped } from './markdown.ts';
import { paragraph, type Block } from './page.ts';
import type { NightRecord } from './records.ts';

/** Why slots stood still, for whoever wonders at the time a night took: the first reason, and how often. */
export function heldUp({ pauses }: NightRecord): readonly Block[] {
  if (pauses === undefined) return [];
  const often = fact(pauses, 'n', (n) => (n === 1 ? 'once' : `${n} times`));
  const first = pauses.row.n === 1 ? '' : 'first ';
  const why = fact(pauses, 'text', (text) => escaped(text, 300));
  return [
    paragraph(say`It paused ${often}, ${first}at ${fact(pauses, 'since', String)} UTC: ${why}.`),
  ];
}
