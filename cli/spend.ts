import type { NightCalls } from '../orchestrator/domain/call.ts';
import type { Tokens } from '../orchestrator/domain/model.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import { short } from './table.ts';
import { counted } from './words.ts';

/** What models cost, in words. */

/** `1234 tokens read, 56 written` */
export const tokensInWords = ({ input, output }: Tokens): string =>
  `${counted(input, 'token')} read, ${output} written`;

/** To the cent, and below one to two digits. */
export const usdInWords = (usd: number): string =>
  `$${usd === 0 || usd >= 0.01 ? usd.toFixed(2) : short(Number(usd.toPrecision(2)))}`;

/** `$0.12`; tokens where nothing has a price. */
export const briefly = ({ total }: NightCalls): string =>
  total.unpriced === 0 || total.usd > 0
    ? usdInWords(total.usd)
    : counted(total.tokens.input + total.tokens.output, 'token');

/** `14 calls of models, 2468 of 100000 tokens, $0.12 of $5, 1 call of unknown price`, or `price unknown` */
export function spendInWords(
  { total }: NightCalls,
  { llm_usd, tokens }: Pick<Plan['budget'], 'llm_usd' | 'tokens'>,
): string {
  const used = total.tokens.input + total.tokens.output;
  // What never went out cost nothing, and says nothing of what the others did.
  const known = total.unpriced === 0 || total.usd > 0;
  return [
    `${counted(total.calls, 'call')} of models`,
    tokens === undefined ? counted(used, 'token') : `${used} of ${tokens} tokens`,
    ...(known
      ? [`${usdInWords(total.usd)}${llm_usd === undefined ? '' : ` of ${usdInWords(llm_usd)}`}`]
      : ['price unknown']),
    ...(known && total.unpriced > 0 ? [`${counted(total.unpriced, 'call')} of unknown price`] : []),
  ].join(', ');
}
