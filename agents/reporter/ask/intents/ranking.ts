import { say, type Sentence } from '../../fact.ts';
import { at, ranks, saying, scopeOf, skipIn, type Intent } from '../intent.ts';
import type { Question } from '../reading.ts';
import { cell, experimentLine, gainOf, has, listed, matchingOf, valueOf } from '../told.ts';
import type { FactRow, Found } from '../tool.ts';
import type { Call } from '../tools.ts';
import { NO_LIMITS } from '../tools/list.ts';

/** Which is the best, which the worst, of what. */

const worst = ({ said, extreme }: Question): boolean =>
  /\bworst\b/.test(said) || extreme === 'worst';

/** `top 5`, `the 3 best`; 1 where no number is said. */
export const wanted = ({ said }: Question): number => {
  const [, before, behind] =
    /\b(?:top|best|worst|leading|slowest|fastest|longest|shortest|highest|lowest) (\d{1,2})\b|\b(\d{1,2}) (?:top|best|worst|leading|slowest|fastest|longest|shortest|quickest|highest|lowest)\b/.exec(
      said,
    ) ?? [];
  return Math.max(1, Math.min(20, Number(before ?? behind ?? 1)));
};

/** `the best confirmed one`: the best of these, and not whether the best is one. */
export const ofConfirmed = ({ said }: Question): boolean =>
  /\b(?:best|worst|top|leading) (?:\d+ )?confirmed\b/.test(said);

export const bestCall = (question: Question, limit = wanted(question)): Call => ({
  tool: 'best',
  args: {
    ...scopeOf(question),
    worst: worst(question),
    confirmed: ofConfirmed(question),
    about: question.about,
    skip: skipIn(question),
    limit,
  },
});

export const best: Intent = {
  name: 'best and worst',
  like: 'What is the best so far? And the second best? The top 5 of last night?',
  when: (question) => ranks(question) && question.metric === null,
  calls: (question) => [
    bestCall(question),
    {
      tool: 'best',
      args: {
        ...scopeOf(question),
        worst: false,
        confirmed: true,
        about: question.about,
        skip: 0,
        limit: 1,
      },
    },
  ],
  // Its effect on the baseline stands in the answer.
  takes: ({ said, about }) =>
    [
      /\bbase ?line\b/.test(said)
        ? 'compare compared versus vs against difference between than'
        : '',
      about === null ? '' : 'setting settings',
    ].join(' '),
  tells(found, question) {
    const [ranked, confirmed] = [at(found, 0), at(found, 1)];
    const [first] = ranked.rows;
    if (!first)
      return [
        say`Nothing to rank: ${matchingOf(ranked)} experiments ${question.about === null ? 'have a usable number there' : `speak of ${question.about} in title, line or change and have a usable number`}.`,
      ];
    if (ranked.rows.length > 1)
      return [
        say`By the mean of ${cell(first, 'metric')}, ${order(ranked)} first${among(question)}:`,
        ...listed(ranked, experimentLine, 20),
        ...claim(first, confirmed, question),
      ];
    return [
      say`${placeIn(question)} mean of ${cell(first, 'metric')}${among(question)}: ${experimentLine(first)}`,
      ...((gainOf(first) ?? 0) > 0 || worst(question)
        ? []
        : [say`It is no better than the baseline ${cell(first, 'baseline')}.`]),
      ...claim(first, confirmed, question),
    ];
  },
};

const among = (question: Question): string =>
  ofConfirmed(question) ? ', of what dawn confirmed or what is part of that' : '';

const order = ({ ranked }: Found): string => (ranked === 'worst' ? 'the worst' : 'the best');

function placeIn(question: Question): string {
  const place = ['', 'Second ', 'Third ', 'Fourth ', 'Fifth '][skipIn(question)] ?? '';
  const word = worst(question) ? 'worst' : 'best';
  return place === '' ? `${word === 'worst' ? 'Worst' : 'Best'}` : `${place}${word}`;
}

/** A mean is no claim: what dawn said stands beside it. */
function claim(
  first: FactRow,
  { rows: [confirmed] }: Found,
  question: Question,
): readonly Sentence[] {
  if (worst(question)) return [];
  if (valueOf(first, 'dawn_confirmed') === true) return [say`Dawn confirmed it on fresh seeds.`];
  if (!confirmed) return [say`That is no claim: dawn has confirmed nothing there on fresh seeds.`];
  if (valueOf(confirmed, 'id') === valueOf(first, 'id'))
    return [say`It is part of a stack that dawn confirmed on fresh seeds.`];
  return [say`That is no claim. What dawn confirmed on fresh seeds: ${experimentLine(confirmed)}`];
}

const CONFIRMED =
  /\b(?:confirmed|confirms?|improved?|improves|improvements?|gains?|helped|helps?|beat|worked|works?)\b/;
/** Words that make another question of it. */
const OTHERWISE =
  /\b(?:how many|why|should i|can i|sure|certain|significant|real|noise|it|which (?:line|knob|parameter|setting)s?)\b/;

export const confirmed: Intent = {
  name: 'what is confirmed',
  like: 'What improved? What did dawn confirm?',
  when: (question) =>
    question.experiments.length + question.hypotheses.length === 0 &&
    (CONFIRMED.test(question.said) ||
      (question.about !== null && /\bmatters?\b/.test(question.said))) &&
    !OTHERWISE.test(question.said) &&
    question.said !== 'help' &&
    !ranks(question),
  calls: (question) => [
    {
      tool: 'best',
      args: {
        ...scopeOf(question),
        worst: false,
        confirmed: true,
        about: question.about,
        skip: 0,
        limit: 20,
      },
    },
    {
      tool: 'experiments',
      args: {
        ...scopeOf(question),
        verdict: question.about === null ? 'promising' : null,
        judged: null,
        tag: null,
        source: null,
        about: question.about,
        ...NO_LIMITS,
      },
    },
  ],
  tells(found, { about }) {
    const [sure, promising] = [at(found, 0), at(found, 1)];
    if (about !== null)
      return [
        sure.rows.length === 0
          ? say`Dawn confirmed nothing about ${about} on fresh seeds. What was tried, ${matchingOf(promising)} experiments:`
          : say`What was tried about ${about}, ${matchingOf(promising)} experiments, ${cell(sure.whole ?? {}, 'matching')} of them confirmed by dawn, or part of what was:`,
        ...listed(promising, experimentLine),
      ];
    const rest = say`${matchingOf(promising)} experiments are promising: replicated at night, not confirmed by themselves.`;
    return sure.rows.length === 0
      ? [say`Dawn confirmed nothing on fresh seeds: ${matchingOf(sure)} experiments.`, rest]
      : [
          say`Confirmed by dawn on fresh seeds, or part of what was:`,
          ...listed(sure, experimentLine),
          rest,
        ];
  },
};

/** Of a metric that is no objective nobody said which way is better. */
export const extreme: Intent = {
  name: 'highest and lowest of a metric',
  like: 'Which experiment has the highest accuracy?',
  when: ({ said, metric, experiments, extreme: ofObjective }) =>
    metric !== null &&
    ofObjective === null &&
    experiments.length === 0 &&
    /\b(?:highest|lowest|largest|smallest|most|least|best|worst|top)\b/.test(said),
  calls: (question) => [
    {
      tool: 'metrics',
      args: {
        ...scopeOf(question),
        key: question.metric ?? '',
        experiment: null,
        descending: !/\b(?:lowest|smallest|least)\b/.test(question.said),
        limit: wanted(question),
      },
    },
  ],
  tells(found, { said, metric }) {
    const all = at(found, 0);
    const [first] = all.rows;
    if (!first) return [say`No finished run recorded ${metric ?? ''}.`];
    if (/\b(?:best|worst|top)\b/.test(said))
      return [
        say`The plan does not say which way ${cell(first, 'metric')} is better: ask for the highest or the lowest.`,
      ];
    const of = (row: FactRow) =>
      say`${cell(row, 'value')} (${cell(row, 'run_count')}), of ${cell(row, 'id')} “${cell(row, 'title')}”.`;
    if (all.rows.length > 1)
      return [
        say`By the mean of ${cell(first, 'metric')}, the ${all.ranked ?? ''} first:`,
        ...listed(all, of, 20),
      ];
    const word = all.ranked === 'highest' ? 'Highest' : 'Lowest';
    return [say`${word} mean of ${cell(first, 'metric')}: ${of(first)}`];
  },
};

const MATTERS =
  /\b(?:lines?|knobs?|(?:hyper)?parameters?|settings?)\b.*\b(?:matters?|help|helps|helped|best|most|gains?|tried|inquiry)\b|\blist\b.*\blines?\b|\blines of inquiry\b|\bwhat matters\b|\bpromising (?:direction|line|knob)s?\b/;

export const lines: Intent = {
  name: 'lines of inquiry',
  like: 'Which knob helped most? What lines of inquiry are there?',
  when: (question) =>
    saying(MATTERS)(question) && question.experiments.length === 0 && question.about === null,
  calls: (question) => [{ tool: 'lines', args: { ...scopeOf(question), limit: 20 } }],
  tells(found) {
    const all = at(found, 0);
    if (all.rows.length === 0) return [say`No line of inquiry was worked on there.`];
    return [
      say`${cell(all.whole ?? {}, 'matching')} lines of inquiry, first what dawn attributed a gain to, then by the largest gain of one change on what it was built on (which one look can flatter):`,
      ...listed(all, lineLine),
    ];
  },
};

function lineLine(row: FactRow): Sentence {
  const tried = say`${cell(row, 'id')}: ${cell(row, 'experiments')}, ${cell(row, 'promising')} promising or improved, ${cell(row, 'failed')} failed`;
  const best = has(row, 'best')
    ? say`; its best change is ${cell(row, 'best')}’s, ${cell(row, 'effect_on_parent')} ${cell(row, 'metric')} on its parent ${cell(row, 'parent')}${has(row, 'parent_interval') ? say`, ${cell(row, 'parent_interval')}` : ''}`
    : say`; no change of it has a usable number`;
  return has(row, 'attributed')
    ? say`${tried}${best}; dawn attributes ${cell(row, 'attribution_effect')} of a confirmed stack to ${cell(row, 'attributed')}`
    : say`${tried}${best}`;
}
