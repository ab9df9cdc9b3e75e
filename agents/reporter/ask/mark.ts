import { oneLine } from '../markdown.ts';

/**
 * A question that asks for a mark: `flag E-0007 as suspicious because …`, `remove the publish flag
 * from E-0007`. Read from the user's own words alone: no model, log or paper has a say in it.
 */
export interface MarkRequest {
  readonly kind: 'flag' | 'unflag';
  /** Ids; none where `it`, or `the best`, stands for one. */
  readonly targets: readonly string[];
  readonly label: string | null;
  /** Says who asked, and how. */
  readonly because: string;
}

export const POLITE = String.raw`^(?:(?:please|ok(?:ay)?|now|then|and|also|hey|autolab)[,\s]+|(?:can|could|would|will) you (?:please )?)*`;
export const ASKED =
  /^\W*(?:(?:hey|ok(?:ay)?|autolab|please)[,\s]+)*(?:can|could|would|will) you\b/i;
const VERBS = {
  flag: '(?:flag|mark|set (?:an?|the) .* flag)',
  unflag: String.raw`(?:unflag|unmark|(?:remove|clear|take away|drop) (?:the )?.*\bflag)`,
};
export const ID = String.raw`(?:[ehnr]|exp(?:eriments?)?|hyp(?:othes[ie]s)?|nights?|runs?)[\s.#-]*\d+(?:\.\d+)?`;
const MEANT = String.raw`it|that(?: one)?|this(?: one)?|(?:the )?(?:(?:second|third|fourth|fifth) )?(?:best|worst|winner|leader)(?: one| experiment| run)?`;
const TARGETS = String.raw`(?:(?:the )?(?:experiments?|runs?|nights?|hypothes[ie]s) )?((?:${ID}|${MEANT})(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?:${ID}|${MEANT}))*)`;
const LABEL = String.raw`([\p{L}\p{N}][\p{L}\p{N}_.-]*)`;
const END = String.raw`(?:\s+(?:please|now|too))?[\s.!]*$`;
/** Labels that need no `as` before them; the lab's own are known besides. */
const KNOWN = ['suspicious', 'publish', 'borderline'];
/** Words that are no label, whatever stands around them. */
const NO_LABEL =
  /^(?:the|an?|it|that|this|one|best|worst|flag|not|never|no|if|unless|and|or|please|[ehnr]-?\d+(?:\.\d+)?)$/i;

/** What a question asks to be marked; null where it asks for no mark. `idsIn` reads the ids of a text. */
export function markIn(
  text: string,
  labels: readonly string[],
  idsIn: (text: string) => readonly string[],
): MarkRequest | null {
  const asked = text.trim();
  const kind = (['unflag', 'flag'] as const).find((one) =>
    new RegExp(`${POLITE}${VERBS[one]}\\b`, 'iu').test(asked),
  );
  if (kind === undefined || (asked.includes('?') && !ASKED.test(asked))) return null;
  const because = `asked: "${oneLine(asked, 300)}"`;
  // What stands behind these is a reason: its ids are not to be marked.
  const [head = ''] = asked.split(/[,;]?\s*\b(?:because|since)\b/i);
  const read = readHead(kind, head.replace(/\?+\s*$/, ''), labels);
  return read === null
    ? { kind, because, targets: [], label: null }
    : { kind, because, targets: idsIn(read.targets), label: read.label };
}

interface Head {
  readonly targets: string;
  readonly label: string;
}

/** Whole forms alone: whoever says `unless`, `not` or more than this is asked to say it plainly. */
function readHead(kind: MarkRequest['kind'], head: string, labels: readonly string[]): Head | null {
  const known = [...KNOWN, ...labels].map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const behind = String.raw`(?:an?\s+|the\s+)?${LABEL}${END}`;
  const forms: readonly (readonly [string, labelFirst: boolean])[] =
    kind === 'flag'
      ? [
          [String.raw`(?:flag|mark)\s+${TARGETS}\s+(?:as|for)\s+${behind}`, false],
          [String.raw`(?:flag|mark)\s+${TARGETS}\s+(${known.join('|')})${END}`, false],
          [
            String.raw`set\s+(?:an?|the)\s+${LABEL}\s+flag\s+(?:on|for|of)\s+${TARGETS}${END}`,
            true,
          ],
        ]
      : [
          [String.raw`(?:unflag|unmark)\s+${TARGETS}\s+(?:as\s+|for\s+)?${behind}`, false],
          [
            String.raw`(?:remove|clear|take away|drop)\s+(?:the\s+)?${LABEL}\s+flag\s+(?:from|of|on|off)\s+${TARGETS}${END}`,
            true,
          ],
        ];
  for (const [form, labelFirst] of forms) {
    const [, one = '', two = ''] = new RegExp(`${POLITE}${form}`, 'iu').exec(head) ?? [];
    const [label, targets] = labelFirst ? [one, two] : [two, one];
    if (label !== '' && !NO_LABEL.test(label)) return { targets, label: labelOf(label) };
  }
  return null;
}

const labelOf = (word: string): string =>
  /^(?:publication|publishing)$/i.test(word) ? 'publish' : word.replace(/\.$/, '').toLowerCase();
