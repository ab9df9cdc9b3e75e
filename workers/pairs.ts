/**
 * `key: value` and `key=value` in a line of text, and `key value` where the line says that it
 * reports numbers. Conservative: prose, addresses, clock times and calls give nothing.
 */
export type Pair = readonly [key: string, value: number];

export const NUMBER =
  '[-+]?(?:\\d{1,3}(?:,\\d{3})+(?![\\d,])(?:\\.\\d+)?|\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?|[-+]?(?:nan|inf(?:inity)?)\\b';
const UNIT =
  '(?:%|[µu]s|[mn]?s|sec(?:s|onds?)?|min(?:s|utes?)?|m|h(?:rs?|ours?)?|[KMGTP]i?B(?:/s)?|B|[kKMGBT]|' +
  '[kKMGTP]?FLOPS?|[xWC]|Hz|dB|bits?|nats?|bytes?|(?:[A-Za-z]+/(?:s|sec|second|step|it|iter|token|batch|epoch|sample)))';
const WORD = '[A-Za-z_][\\w./@%+()-]*';
const KEY = `${WORD}(?: [A-Za-z_(\\d][\\w./@%+()-]*){0,3}`;

/** A value may be a count out of a total (`9836/10000 (98%)`) or drag its average along (`0.4 (0.5)`). */
const VALUE = `(?:(\\d+)/(\\d+)\\s*\\(\\s*[\\d.]+%\\s*\\)|(${NUMBER})( ?${UNIT})?(?![\\w:/%-])(?:\\s*\\(\\s*(?:${NUMBER})\\s*%?\\s*\\))?)`;
const FOLLOWS = `(?=\\s*$|\\s*[,;|)\\]}│]|\\s+[-–—•·]\\s|\\t|\\s{2,}|\\s+\\(|\\s+${KEY}\\s*[:=]|\\.(?:\\s|$))`;
const SIGNED = new RegExp(`(\\s*)([:=])(\\s*)${VALUE}${FOLLOWS}`, 'gi');
const SPACED = new RegExp(
  `\\s*(${WORD}(?: [A-Za-z_(][\\w./@()+-]*){0,3})\\s+${VALUE}(?=\\s|$)`,
  'giy',
);

const SEPARATOR = /[,;|\t\])}>│]|\s[-–—•·]\s|:\s|\s{2,}/g;
const BULLET = /^(?:[-*•>#=]+\s+|[\s*•>#([{"'=-]+(?=[A-Za-z_]))/;
const METRIC_WORD =
  /loss|acc|bpb|bpc|ppl|perplexity|err(?:or)?\b|score|f1|auc|bleu|rouge|reward|return|mse|mae|rmse|nll|elbo|iou|map\b|dice|fid|wer|cer\b|precision|recall|metric/i;
/** Words of sentences, and what progress bars say of themselves. */
const PROSE = /(?:^|\s)(?:from|to|in|of|at|and|is|was|with|for|after|by|on|the|eta|v_num)(?:\s|$)/i;
const MAX_KEY = 64;

/** A key whose name alone says that it is a measurement. */
export const looksMeasured = (key: string): boolean => METRIC_WORD.test(key);

export const toNumber = (text: string): number => {
  const sign = text.startsWith('-') ? -1 : 1;
  if (/nan/i.test(text)) return Number.NaN;
  if (/inf/i.test(text)) return sign * Number.POSITIVE_INFINITY;
  return Number(text.replaceAll(',', ''));
};

const WHOLE_KEY = new RegExp(`^${KEY}$`);
const isKey = (text: string): boolean =>
  text.length <= MAX_KEY &&
  !PROSE.test(text) &&
  WHOLE_KEY.test(text) &&
  text.split('(').length === text.split(')').length;

/** All `key: value` and `key=value` pairs of a line. */
export function signedPairs(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  let cursor = 0;
  for (const match of text.matchAll(SIGNED)) {
    const [whole, before, sign, after, part, total, number = '', unit] = match;
    const head = text.slice(cursor, match.index);
    cursor = match.index + whole.length;
    // `Linear(in_features=784)` describes an object, it measures nothing.
    if (/\w\([^()]*$/.test(text.slice(0, match.index))) continue;
    const key = keyOf(head, sign === '=' && before === '');
    if (key === null) continue;
    // `localhost:8080`, `cuda:0`: a colon within a word, and a bare whole number.
    if (
      sign === ':' &&
      after === '' &&
      unit === undefined &&
      /^\d+$/.test(number) &&
      !looksMeasured(key)
    )
      continue;
    pairs.push([key, part === undefined ? toNumber(number) : Number(part) / Number(total)]);
  }
  return pairs;
}

/** The name at the end of what stands before a sign; null where there is none. */
function keyOf(head: string, oneWord: boolean): string | null {
  const segment = (head.split(SEPARATOR).at(-1) ?? '').trim();
  const name = segment.replace(BULLET, '').trim();
  const last = name.split(/\s+/).at(-1) ?? '';
  if (segment.startsWith('--')) return null;
  if (!oneWord && isKey(name)) return name;
  if (!isKey(last)) return null;
  // Behind prose only a name that looks like one: `saved with val_loss: 0.3`.
  return oneWord || looksMeasured(last) || /[_/]/.test(last) ? last : null;
}

/**
 * `train loss 2.4975, val loss 2.5046`: pairs without a sign. Each part between separators must
 * be nothing but pairs; with `measuredOnly` every key must look like a measurement.
 */
export function spacedPairs(text: string, measuredOnly: boolean): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const part of text.split(/[,;|\t│]\s*|\s[-–—]\s/)) {
    const found = /[:=]/.test(part) ? [] : wholly(part.trim().replace(/^[*>#•]+\s+/, ''));
    if (measuredOnly && !found.every(([key]) => looksMeasured(key))) return [];
    pairs.push(...found);
  }
  return pairs;
}

function wholly(part: string): readonly Pair[] {
  const pairs: Pair[] = [];
  SPACED.lastIndex = 0;
  let at = 0;
  while (at < part.length) {
    const match = SPACED.exec(part);
    if (match === null) return [];
    at = SPACED.lastIndex;
    const [, key = '', done, total, number = ''] = match;
    if (!isKey(key)) return [];
    pairs.push([key, done === undefined ? toNumber(number) : Number(done) / Number(total)]);
  }
  return pairs;
}
