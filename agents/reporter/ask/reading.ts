import { experimentId, hypothesisId, nightId } from '../../../orchestrator/domain/ids.ts';
import { IDLE, MENDED, SPEAKING } from './lexicon.ts';
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
  /** Every name of the notebook that it holds, but for the objective's. */
  readonly named: readonly string[];
  /** The first number, as it is written. */
  readonly value: string | null;
  /** Typing errors that were mended: `bset`, `best`. */
  readonly mended: readonly (readonly [from: string, to: string])[];
  /** The words that mean the objective, and whether less of it is better. */
  readonly objective: readonly string[];
  readonly minimize: boolean;
  /** `the lowest loss`: which end of the ranking that is; null where it is not asked so. */
  readonly extreme: 'best' | 'worst' | null;
  /** Words that neither the notebook nor we know. */
  readonly unknown: readonly string[];
}

/** What the notebook calls things. */
export interface Names {
  /** The objective's metric of the newest night; it needs no naming. */
  readonly objective: string | null;
  /** Whether less of it is better. */
  readonly minimize: boolean;
  readonly metrics: readonly string[];
  readonly settings: readonly string[];
  readonly lines: readonly string[];
  readonly titles: readonly string[];
  readonly labels: readonly string[];
}

const ID = /^(?:E-\d{4,}(?:\.\d+)?|[HNR]-\d{4,})$/;

export function readQuestion(text: string, names: Names): Question {
  const known = knownNames(names);
  const words = mended(withIds(text), known);
  const tokens = words.map(({ word }) => word);
  const named = namesIn(tokens, known).filter((name) => name !== names.objective);
  const said = tokens.join(' ');
  const ids = [...new Set(tokens.filter((token) => ID.test(token)))];
  const of = (letter: string) => ids.filter((id) => id.startsWith(letter));
  const objective = objectiveIn(names);
  return {
    ...{ text, said, named, periods: periodsIn(said) },
    metric: named.find((name) => names.metrics.includes(name)) ?? null,
    label: names.labels.find((name) => ` ${said} `.includes(` ${plainly(name)} `)) ?? null,
    about:
      named.find((name) => !names.metrics.includes(name) && !names.labels.includes(name)) ?? null,
    value: tokens.find((token) => NUMBER.test(token)) ?? null,
    ...{ experiments: of('E'), hypotheses: of('H'), nights: of('N'), own: of('R') },
    extreme: extremeIn(said, objective, names),
    ...{ objective, minimize: names.minimize },
    mended: words.flatMap(({ word, from }) =>
      from !== word && SPEAKING.has(word) && !IDLE.has(word) ? [[from, word] as const] : [],
    ),
    unknown: tokens.filter(
      (token) =>
        !(ID.test(token) || NUMBER.test(token) || IDLE.has(token) || SPEAKING.has(token)) &&
        !objective.includes(token) &&
        !named.some((name) => wordsOf(name).includes(token)),
    ),
  };
}

export const NUMBER = /^\d+(?:\.\d+)?(?:e-?\d+)?$/;

/** What people call the objective: by its name, and `loss` or `score` where no other metric is one. */
function objectiveIn({ objective, metrics }: Names): readonly string[] {
  const taken = new Set(metrics.filter((name) => name !== objective).flatMap(wordsOf));
  return [
    ...wordsOf(objective ?? ''),
    ...['loss', 'losses', 'score', 'scores', 'scored'].filter((word) => !taken.has(word)),
  ];
}

/** `the highest loss` is the worst where less is better; null where no such end is asked for. */
function extremeIn(said: string, objective: readonly string[], { minimize }: Names) {
  const own = [...objective, 'objective', 'metric'].join('|');
  const [, word] =
    new RegExp(`\\b(highest|lowest|largest|smallest) (?:validation )?(?:${own})\\b`).exec(said) ??
    [];
  if (word === undefined || /scor/.test(said)) return null;
  return /lowest|smallest/.test(word) === minimize ? 'best' : 'worst';
}

/** `learning_rate` and `learning rate` are one. */
const plainly = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[_\s/-]+/g, ' ')
    .trim();

export const wordsOf = (name: string): readonly string[] =>
  plainly(name)
    .split(' ')
    .filter((word) => word !== '');

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
    .replaceAll('’', "'")
    .replace(/(?<=\w)'s\b/g, '')
    .replace(/\bbase[- ]line\b/gi, 'baseline')
    .replace(/\b(?:so far|(?:can|could|would|will) you|would like)\b/gi, ' ')
    .replace(/,? *\b(?:(?:is|was|did|does)n't it|right|correct)\W*$/i, ' ')
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

interface Word {
  readonly word: string;
  /** As it was typed. */
  readonly from: string;
}

/** Words in lower case, ids and numbers apart; what is a slip away from a word we look for becomes it. */
function mended(text: string, known: ReadonlySet<string>): readonly Word[] {
  const parts =
    text.match(
      /(?:[EHNR]-\d{4,}(?:\.\d+)?)|(?<![\p{L}\p{N}_.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\p{L}\p{N}_])|[\p{L}\p{N}_']+(?:[.][\p{N}]+)*/giu,
    ) ?? [];
  const held = new Set([...known].flatMap(wordsOf));
  return parts.flatMap((part) => {
    if (ID.test(part)) return [{ word: part, from: part }];
    return wordsOf(part).map((word) => ({
      from: word,
      word: held.has(word) || IDLE.has(word) || SPEAKING.has(word) ? word : nearest(word),
    }));
  });
}

/** The word of the patterns that it was meant to be; itself where none is near. */
function nearest(word: string): string {
  if (word.length < 3 || /\d/.test(word)) return word;
  const idle = [...IDLE].find((one) => one[0] === word[0] && letters(one) === letters(word));
  if (idle !== undefined) return idle;
  // Few people miss a word's first letter; so `rest` stays no `best`.
  const near = MENDED.filter((one) => one.length >= 3 && one[0] === word[0]).map(
    (one) => [one, slips(word, one)] as const,
  );
  const [first, second] = near
    .filter(([one, n]) => n <= (word.length >= 9 ? 2 : 1) && isSlip(word, one))
    .toSorted((a, b) => a[1] - b[1]);
  // `bet` may be `best` or `beat`.
  return first && first[1] !== second?.[1] ? first[0] : word;
}

/** Letters left out or swapped; another letter makes another word (`beat`, `node`), unless it is long. */
const isSlip = (word: string, meant: string): boolean =>
  word.length >= 7 ||
  word.length < meant.length ||
  letters(word) === letters(meant) ||
  word.replace(/(.)\1/g, '$1') === meant.replace(/(.)\1/g, '$1');

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
    if (SPEAKING.has(plain)) continue;
    whole.push(name);
    left = left.replace(` ${plain} `, ' | ');
  }
  const inTitles = new Set(byPlain.flatMap((name) => plainly(name).split(' ')));
  const single = left
    .split(' ')
    .filter(
      (word) => word.length >= 3 && inTitles.has(word) && !(IDLE.has(word) || SPEAKING.has(word)),
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
