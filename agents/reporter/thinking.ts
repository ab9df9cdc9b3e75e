import { fact, joined, say, type Sentence, type Sourced } from './fact.ts';
import { code, escaped } from './markdown.ts';
import { counted, plain } from './numbers.ts';
import { paragraph, type Block } from './page.ts';
import type { CallsRow, NightRecord, WithoutRow } from './records.ts';

/** What models were asked in a night, what that cost, and when it went on without one. */
export function thinking({ calls, without }: NightRecord): readonly Block[] {
  return [
    ...(calls.length === 0
      ? []
      : [paragraph(say`Models were asked ${joined(calls.map(asked), '; ')}.`)]),
    ...without.map((one) => paragraph(absent(one))),
  ];
}

/** `14 times by the researcher (gpt-5-mini, 51,200 tokens, 0.12 US dollars)` */
function asked(one: Sourced<CallsRow>): Sentence {
  const times = fact(one, 'calls', (n) => counted(n, 'time'));
  const tokens = fact(one, 'tokens', (n) => counted(n, 'token'));
  const about = say`${fact(one, 'model', code)}, ${fact(one, 'estimated', (yes) => (yes ? 'about ' : ''))}${tokens}`;
  return say`${times} by the ${fact(one, 'role', String)} (${about}, ${priced(one)})`;
}

function priced(one: Sourced<CallsRow>): Sentence {
  const { unpriced, usd: known } = one.row;
  if (unpriced > 0 && known === 0) return say`price unknown`;
  const usd = say`${fact(one, 'usd', dollars)} US dollars`;
  return unpriced === 0
    ? usd
    : say`${usd} and the unknown price of ${fact(one, 'unpriced', (n) => counted(n, 'call'))}`;
}

/** To the cent, and below one to two digits. */
const dollars = (usd: number): string =>
  usd === 0 || usd >= 0.01 ? usd.toFixed(2) : plain(Number(usd.toPrecision(2)));

function absent(one: Sourced<WithoutRow>): Sentence {
  const [role, model] = [fact(one, 'role', String), fact(one, 'model', code)];
  const why = fact(one, 'message', (text) => escaped(text, 300));
  if (one.row.away)
    return say`From ${fact(one, 'since', String)} UTC the ${role} had to go on without ${model}, ${fact(one, 'n', (n) => (n === 1 ? 'once' : `${n} times`))}: ${why}.`;
  const outcome = fact(one, 'outcome', (text) => text.replaceAll('_', ' '));
  return say`The ${role} could not use ${fact(one, 'n', (n) => counted(n, 'answer'))} of ${model} (${outcome}; the first: ${why}).`;
}
