import { factsIn } from '../fact.ts';
import { directions } from './direction.ts';
import { sentencesOf, type Draft } from './draft.ts';
import { isNegated, passagesIn, placesAt, type Passage, type Place } from './passage.ts';
import { leavesZeroOut, valueOf } from './told.ts';
import type { Found } from './tool.ts';
import { called, whose } from './whose.ts';

/**
 * What a draft says that its facts do not. Numbers can only come from facts; these rules look at
 * the words between them: numerals, superlatives, claims of certainty, directions, causes, and
 * numbers that stand beside somebody else's name. They trust nothing of how the text was made. What
 * they cannot see is a plain word that means another cell (`the loss is {{…seconds}}`): cells carry
 * their units for that.
 */

type Rule = (passage: Passage) => readonly string[];

/** Every unsupported thing, in words for whoever repairs the draft. Empty: it may be told. */
export function unsupported(draft: Draft, found: readonly Found[]): readonly string[] {
  const problems = draft.unknown.map((one) => `${one} stands for nothing`);
  for (const passage of passagesIn(draft.lines.flatMap(sentencesOf), found))
    problems.push(...RULES.flatMap((rule) => rule(passage)));
  if (draft.lines.every((line) => factsIn(line).length === 0))
    problems.push('no placeholder stands in it');
  return [...new Set(problems)];
}

const NUMERALS =
  /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|dozens?|half|halved?|thirds|quarter|twice|thrice|doubled?|doubles|tripled?|percent|majority|minority|tenfold)\b|%|(?<!(?:this|that|the|no|which|each|every|best|worst|good|bad|better|other|any) )\bone\b(?! of\b)/g;

const numerals: Rule = ({ words }) => [
  ...[...words.matchAll(/\p{N}+(?:[.,]\p{N}+)*/gu)].map(
    ([digits]) => `the number ${digits} stands outside of a placeholder`,
  ),
  ...[...words.matchAll(NUMERALS)].map(
    ([word]) => `“${word}” says a number outside of a placeholder`,
  ),
];

const FITTING: Readonly<Record<string, RegExp>> = {
  best: /^(?:best|top|winner|winning|leading|strongest)$/,
  worst: /^(?:worst|weakest|bottom)$/,
  highest: /^(?:highest|largest|biggest|greatest|most|longest|slowest)$/,
  lowest: /^(?:lowest|smallest|least|shortest|fastest|quickest)$/,
};
const SUPERLATIVE =
  /(?<!at )\b(?:best|top|winner|winning|leading|strongest|worst|weakest|bottom|highest|largest|biggest|greatest|most|longest|slowest|lowest|smallest|least|shortest|fastest|quickest)\b/g;
const PLACES = ['', 'second', 'third', 'fourth', 'fifth'];

/** `best` only of a ranking's first row, `second best` of its second. */
const superlatives: Rule = (passage) =>
  [...passage.words.matchAll(SUPERLATIVE)].flatMap(({ 0: word, index }) => {
    const before = /(\w+) $/.exec(passage.words.slice(0, index))?.[1] ?? '';
    const place = Math.max(0, PLACES.indexOf(before));
    const fits = placesAt(passage, subjectOf(passage, index)).some(
      (one) => one.index !== null && placeIn(one) === place && mayBe(word, one),
    );
    return fits ? [] : [`“${word}” is not what a ranking's row in the sentence says`];
  });

/** Of `the best one, E-0007,` and `the best E-0007` the name behind; else the one before. */
const subjectOf = ({ words, names }: Passage, at: number): number => {
  const behind = names.find((name) => name.at > at);
  const near =
    behind && /^\w+(?: (?:is|was|one|experiment))*$/.test(words.slice(at, behind.at).trim());
  return near ? behind.at + 1 : at;
};

const placeIn = ({ of, index }: Place): number =>
  (index ?? 0) + Number((of.args as { skip?: number }).skip ?? 0);

function mayBe(word: string, { of: { ranked }, row }: Place): boolean {
  if (ranked === null) return false;
  if (FITTING[ranked]?.test(word)) return true;
  if (ranked !== 'best' && ranked !== 'worst') return false;
  const up = (valueOf(row, 'direction') === 'maximize') === (ranked === 'best');
  return (up ? FITTING['highest'] : FITTING['lowest'])?.test(word) ?? false;
}

/** `without doubt` says as much as `certainly`, and its negation is none. */
const CERTAIN =
  /\b(?:without|no|beyond)(?: \w+){0,2} (?:doubt\w*|question)\b|\b(?:significan\w*|statistically|proven?|proves|certain\w*|definite\w*|undoubted\w*|doubtless|undeniabl\w*|unquestionabl\w*|genuin\w*|real|truly|surely|confirm\w*|guarantee\w*|reliabl\w*|clearly|obvious\w*|evidently|conclusive\w*|robust\w*|established)\b/g;

/** Only dawn's fresh seeds confirm; that they did not is a statement too. */
const certainty: Rule = (passage) =>
  [...passage.words.matchAll(CERTAIN)].flatMap(({ 0: word, index }) => {
    const { cells } = passage;
    const rows = placesAt(passage, index).filter(({ row }) => row['dawn_confirmed'] !== undefined);
    const confirmed = rows.some(
      ({ row }) =>
        valueOf(row, 'dawn_confirmed') === true && leavesZeroOut(row, 'interval') !== false,
    );
    const open = rows.some(({ row }) => valueOf(row, 'dawn_confirmed') !== true);
    const empty = cells.some(({ of }) => of.rows.length === 0);
    const cited = cells.some(
      ({ column }) =>
        column === 'confidence' || column === 'confidence_because' || column === 'verdict_because',
    );
    return (isNegated(passage, index) ? open || empty : confirmed) || cited
      ? []
      : [`no fact in the sentence supports “${word}”`];
  });

const VERDICTS =
  /\b(?:promising|inconclusive|failed|rejected|pruned|invalid|promoted|suspicious)\b/g;

/** A verdict is a cell of the sentence's rows, what was asked for, or a count's column. */
const verdicts: Rule = ({ words, cells }) =>
  [...words.matchAll(VERDICTS)].flatMap(([word]) => {
    const said = cells.some(
      ({ row, column, of }) =>
        column.startsWith(word) ||
        Object.values(row).some(({ value }) => value === word) ||
        Object.values(of.args as object).includes(word) ||
        (of.tool === 'failures' && word === 'failed'),
    );
    return said ? [] : [`no fact in the sentence says “${word}”`];
  });

const CAUSE =
  /\b(?:because|due to|thanks to|caus\w*|owing to|as a result|le(?:ads?|d) to|explains?|explained|therefore|which is why)\b/g;
const REASONS = new Set([
  'reason',
  'message',
  'verdict_because',
  'confidence_because',
  'note',
  'classes',
  'failure',
  'end_reason',
]);

const causes: Rule = ({ words, cells }) =>
  cells.some(({ column }) => REASONS.has(column))
    ? []
    : [...words.matchAll(CAUSE)].map(
        ([word]) => `“${word}” gives a reason that no fact in the sentence records`,
      );

const TOTAL = /\b(?:all|every|everything|always)\b/g;
const NOTHING = /\b(?:none|nothing|nobody|zero|never|neither)\b/g;

const wholes: Rule = ({ words, cells }) => [
  ...(cells.some(
    ({ of }) => of.whole !== null && valueOf(of.whole, 'matching') === valueOf(of.whole, 'of'),
  )
    ? []
    : [...words.matchAll(TOTAL)].map(
        ([word]) => `“${word}” is not what a count in the sentence says`,
      )),
  ...(cells.some(({ of, fact }) => of.rows.length === 0 || fact.value === 0)
    ? []
    : [...words.matchAll(NOTHING)].map(
        ([word]) => `“${word}” is not what a count in the sentence says`,
      )),
];

const RULES: readonly Rule[] = [
  ...[numerals, superlatives, certainty, directions, verdicts, causes, wholes, whose, called],
];
