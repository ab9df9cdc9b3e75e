import { ASKED, ID, POLITE } from './mark.ts';

/**
 * A sentence that orders what `ask` does not do: `promote E-0007`, `stop the night`. It is answered
 * by the verb that does it, never by something that reads as if it had been done.
 */

const IT = String.raw`(?:(?:the )?(?:experiment|run)s? )?(?:${ID}|it|this|that|them|all|everything|the (?:best|winner|leader|last)\b)`;
const NIGHT = String.raw`(?:it|now|this|(?:the |a |an |another )?(?:night|search|launch|runs?|training)|$)`;

/** What people say, with its object: `run 7.2` and `test accuracy` order nothing. Null: no command does it. */
const ORDERS: readonly (readonly [said: string, command: string | null])[] = [
  [`(?:promote|merge|publish)(?: ${IT}|$)`, 'promote'],
  [`(?:rerun|repeat|reproduce)(?: ${IT}|$)|run ${IT}.* (?:again|once more)`, 'rerun'],
  [`retry(?: ${IT}|$)`, 'retry'],
  [`(?:stop|abort|cancel|kill|end|drain|pause) ?(?:${NIGHT}|${IT})`, 'stop'],
  [`(?:launch|start|resume|continue) ?${NIGHT}|run (?:a|another|more)\\b`, 'launch'],
  ['(?:try|propose|queue|explore) ', 'propose'],
  [`untag ${IT}`, 'untag'],
  [`tag ${IT}`, 'tag'],
  ['note (?:that|down)\\b|write down|remember ', 'note'],
  ['decide (?:to|that)\\b|(?:close|open) the line\\b', 'decide'],
  [`export (?:the|a|${IT})`, 'export'],
  [
    `(?:delete|erase|discard|undo|revert|remove|change|edit|fix) (?:the |${IT})(?!.*\\bflags?\\b)`,
    null,
  ],
];

/** The answer to an order; null where the text is none. Orders begin with their verb and ask nothing. */
export function orderIn(text: string, experiment: string | null): string | null {
  const asked = text.trim();
  const order = ORDERS.find(([said]) => new RegExp(`${POLITE}(?:${said})`, 'iu').test(asked));
  if (!order || (asked.includes('?') && !ASKED.test(asked))) return null;
  const [, command] = order;
  const by =
    command === null
      ? 'No command does that; `autolab --help` lists what there is.'
      : `That is \`autolab ${command}${experiment !== null && OF_ONE.has(command) ? ` ${experiment}` : ''}\`.`;
  return `Nothing was done: ask answers questions, and sets or takes away flags. ${by}`;
}

/** Commands that are told of one experiment. */
const OF_ONE = new Set(['promote', 'rerun', 'retry', 'tag', 'untag', 'note']);
