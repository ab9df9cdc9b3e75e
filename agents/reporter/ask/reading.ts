import { experimentId, hypothesisId, nightId } from '../../../orchestrator/domain/ids.ts';
import { IDLE, NARROWING, SPEAKING } from './lexicon.ts';
import type { Period } from './sql.ts';

/** What a question says, as far as no model is needed for it: ids, days, names, and plain words. */

export interface Question {
  /** As it was asked. */
  readonly text: string;
  /** In lower case but for ids (`E-0007`), typing errors mended, one space between words. */
  readonly said: string;
  /** Experiments and runs, as they are named: `E-0007`, `E-0007.2`. */
  readonly experiments: readonly string[];
  readonly hypotheses: readonly string[];
  readonly nights: readonly string[];
  /** Runs of one's own: `R-0001`. */
  readonly own: readonly string[];
  readonly periods: readonly Period[];
  /** A metric other than the objective. */
  readonly metric: string | null;
  /** A tag or the label of a flag. */
  readonly label: string | null;
  /** A knob, a line, a title or a word of one. */
  readonly about: string | null;
  /** A number, as it is written. */
  readonly value: string | null;
  /** Words that neither the notebook nor we know. */
  readonly unknown: readonly string[];
}

/** What the notebook calls things. */
export interface Names {
  /** The objective's metric of the newest night; it needs no naming. */
  readonly objective: string | null;
  readonly metrics: readonly string[];
  readonly settings: readonly string[];
  readonly lines: readonly string[];
  readonly titles: readonly string[];
  readonly labels: readonly string[];
}

const ID = /^(?:E-\d{4,}(?:\.\d+)?|[HNR]-\d{4,})$/;

export function readQuestion(text: string, names: Names): Question {
  const known = knownNames(names);
  const spelled = withIds(text);
  const tokens = mended(spelled, known);
  const named = namesIn(tokens, known).filter((name) => name !== names.objective);
  const said = tokens.join(' ');
  const ids = [...new Set(tokens.filter((token) => ID.test(token)))];
  const of = (letter: string) => ids.filter((id) => id.startsWith(letter));
  return {
    ...{ text, said, periods: periodsIn(said) },
    metric: named.find((name) => names.metrics.includes(name)) ?? null,
    label: names.labels.find((name) => ` ${said} `.includes(` ${plainly(name)} `)) ?? null,
    about:
      named.find((name) => !names.metrics.includes(name) && !names.labels.includes(name)) ?? null,
    value: tokens.find((token) => /^\d+(?:\.\d+)?(?:e-?\d+)?$/.test(token)) ?? null,
    ...{ experiments: of('E'), hypotheses: of('H'), nights: of('N'), own: of('R') },
    unknown: tokens.filter(
      (token, i) => !understood(token, [...named, names.objective ?? '']) && !inPhrase(tokens, i),
    ),
  };
}

const understood = (token: string, named: readonly string[]): boolean =>
  ID.test(token) ||
  /^[\d.,%-]+$/.test(token) ||
  IDLE.has(token) ||
  SPEAKING.includes(token) ||
  named.some((name) => plainly(name).split(' ').includes(token));

/** Words that would narrow a question down, but for such phrases. */
const inPhrase = (tokens: readonly string[], i: number): boolean =>
  (tokens[i] === 'over' && /^(?:the|its) base ?line/.test(tokens.slice(i + 1).join(' '))) ||
  (tokens[i] === 'more' && tokens[i + 1] === 'seeds');

/** `learning_rate` and `learning rate` are one. */
const plainly = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[_\s/-]+/g, ' ')
    .trim();

const NUMBERS: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4, five: 5, ten: 10 };
const placeOf = (word: string): number =>
  ['first', 'second', 'third'].indexOf(word.toLowerCase()) + 1;

/** However people write an id: `e7`, `E 7`, `exp. 7`, `experiment #7`, `run 7.2`, `night 2`. */
function withIds(text: string): string {
  const id = (kind: string, number: string, run = ''): string => {
    const n = Number(number);
    const letter = kind[0]?.toUpperCase();
    if (letter === 'H') return ` ${hypothesisId(n)} `;
    return letter === 'N' ? ` ${nightId(n)} ` : ` ${experimentId(n)}${run} `;
  };
  return text
    .normalize('NFKC')
    .replace(
      /\b(first|second|third) night\b/gi,
      (_, place: string) => ` ${nightId(placeOf(place))} `,
    )
    .replace(/\b(?:two|three|four|five|ten)\b/gi, (word) => String(NUMBERS[word.toLowerCase()]))
    .replace(
      /\b(e|h|n|exp(?:eriments?)?|hyp(?:othes[ie]s)?|nights?|runs?)(?:\s*[-.#]\s*|\s+#?|)0*(\d{1,9})((?:\.[1-9]\d*)?)(?![\d%])/gi,
      (_, kind: string, number: string, run: string) => id(kind, number, run),
    );
}

/** Words in lower case, ids apart; what is one or two slips away from a word we look for becomes it. */
function mended(text: string, known: ReadonlySet<string>): readonly string[] {
  const parts = text.match(/(?:[EHNR]-\d{4,}(?:\.\d+)?)|[\p{L}\p{N}_']+(?:[.][\p{N}]+)*/gu) ?? [];
  const held = new Set([...known].flatMap((name) => plainly(name).split(' ')));
  return parts.flatMap((part) => {
    if (ID.test(part)) return [part];
    return plainly(part.replaceAll('’', "'"))
      .split(' ')
      .map((word) =>
        held.has(word) || IDLE.has(word) || NARROWING.has(word) ? word : nearest(word),
      );
  });
}

/** The word of the patterns that it was meant to be; itself where none is near. */
function nearest(word: string): string {
  if (word.length < 3 || SPEAKING.includes(word) || /\d/.test(word)) return word;
  const most = word.length >= 8 ? 2 : 1;
  const idle = [...IDLE].find((one) => one[0] === word[0] && letters(one) === letters(word));
  if (idle !== undefined) return idle;
  // Few people miss a word's first letter; so `rest` stays no `best`.
  const near = SPEAKING.filter((one) => one.length >= 3 && one[0] === word[0]).map(
    (one) => [one, slips(word, one)] as const,
  );
  const [first] = near.filter(([, n]) => n <= most).toSorted((a, b) => a[1] - b[1]);
  return first?.[0] ?? word;
}

const letters = (word: string): string => [...word].toSorted().join('');

/** Optimal string alignment distance: letters missing, added, changed, or swapped with a neighbour. */
function slips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => d[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      (d[i] as number[])[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + same,
        swapped,
      );
    }
  return at(a.length, b.length);
}

const knownNames = (names: Names): ReadonlySet<string> => {
  const { objective, metrics, settings, lines, titles, labels } = names;
  return new Set([objective ?? '', ...metrics, ...settings, ...lines, ...labels, ...titles]);
};

/** Names that stand in the question whole, the longest first; then single words of titles. */
function namesIn(tokens: readonly string[], known: ReadonlySet<string>): readonly string[] {
  const text = ` ${tokens.join(' ')} `;
  const byPlain = [...known].toSorted((a, b) => b.length - a.length);
  const whole: string[] = [];
  let left = text;
  for (const name of byPlain) {
    const plain = plainly(name);
    if (plain === '' || IDLE.has(plain) || !left.includes(` ${plain} `)) continue;
    if (SPEAKING.includes(plain)) continue;
    whole.push(name);
    left = left.replace(` ${plain} `, ' | ');
  }
  const inTitles = new Set(byPlain.flatMap((name) => plainly(name).split(' ')));
  const single = left
    .split(' ')
    .filter(
      (word) =>
        word.length >= 3 &&
        inTitles.has(word) &&
        !(IDLE.has(word) || NARROWING.has(word) || SPEAKING.includes(word)),
    );
  return [...new Set([...whole, ...single])];
}

const PERIODS: readonly (readonly [RegExp, Period])[] = [
  [/\btoday\b/, 'today'],
  [/\byesterday\b/, 'yesterday'],
  [/\bthis week\b/, 'this_week'],
  [/\b(?:last|previous|past) week\b/, 'last_week'],
];

/** In the order in which they are named. */
const periodsIn = (said: string): readonly Period[] =>
  PERIODS.flatMap(([pattern, period]) => {
    const at = said.search(pattern);
    return at < 0 ? [] : [{ at, period }];
  })
    .toSorted((a, b) => a.at - b.at)
    .map(({ period }) => period);
