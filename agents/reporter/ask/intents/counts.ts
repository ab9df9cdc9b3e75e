import { say, type Sentence } from '../../fact.ts';
import { at, saying, scopeOf, VERDICT, type Intent } from '../intent.ts';
import type { Question } from '../reading.ts';
import { cell, experimentLine, has, listed, matchingOf, valueOf, verdictIn } from '../told.ts';
import { wanted } from './ranking.ts';
import type { FactRow, Found } from '../tool.ts';
import type { Call } from '../tools.ts';

/** How many of what there are, and which. */

const REJECTED = /\breject\w*\b|\bturn(?:ed)? down\b/;
const COUNTING =
  /\b(?:how many|count|number of|(?:fraction|percentage|percent|share|proportion) of)\b/;
const LISTING = /\b(?:list|show|which|what|all)\b/;

const verdictOf = ({ said }: Question) => {
  if (/\b(?:crash(?:ed|es)?|broke|broken)\b/.test(said)) return 'failed';
  const [, word] = VERDICT.exec(said) ?? [];
  return (word?.replace(' ', '_') ?? null) as Verdict | null;
};
type Verdict = Extract<Call, { tool: 'experiments' }>['args']['verdict'];

const sourceOf = ({ said }: Question) =>
  /\b(?:mine|my (?:own )?(?:ideas?|hypothes[ie]s|experiments?)|(?:from|by) me|did i (?:have|propose|suggest))\b/.test(
    said,
  )
    ? 'yours'
    : /\bpapers?\b/.test(said)
      ? 'paper'
      : /\b(?:from|by|of) (?:the |a |an )?model\b|\bmodel(?: (?:proposed|suggested|came|have|had|propose|suggest)| 's|'s)/.test(
            said,
          )
        ? 'model'
        : null;

export const experiments: Intent = {
  name: 'experiments, counted and listed',
  like: 'How many experiments were inconclusive last night? Which experiments are promising?',
  when: (question) =>
    question.experiments.length === 0 &&
    (/\b(?:experiments?|candidates?|changes?|tried|tested|ideas?|promoted)\b/.test(question.said) ||
      VERDICT.test(question.said) ||
      THAN_BASELINE.test(question.said) ||
      LIMIT.test(question.said) ||
      sourceOf(question) !== null) &&
    (COUNTING.test(question.said) ||
      LISTING.test(question.said) ||
      /\b(?:experiments|candidates|ideas)\b|\banything\b.*\bpromoted\b/.test(question.said)) &&
    !/\b(?:hypothes[ie]s|runs|(?:which|a|one|any) run)\b/.test(question.said),
  calls: (question) => [
    {
      tool: 'experiments',
      args: {
        // When something was promoted is no matter of its experiment's night.
        ...(PROMOTED.test(question.said) ? { night: null, when: null } : scopeOf(question)),
        verdict: verdictOf(question),
        judged: null,
        tag: tagIn(question),
        source: sourceOf(question),
        about: TAGGED.test(question.said) ? null : question.about,
        confirmed: /\bconfirm(?:ed|s)?\b/.test(question.said) ? true : null,
        promoted: PROMOTED.test(question.said) ? true : null,
        than_baseline: THAN_BASELINE.test(question.said)
          ? /\bworse than\b/.test(question.said)
            ? 'worse'
            : 'better'
          : null,
        ...limitIn(question),
      },
    },
  ],
  takes: (question) =>
    [
      THAN_BASELINE.exec(question.said)?.[0] ?? '',
      LIMIT.exec(question.said)?.[0] ?? '',
      tagIn(question) === null ? '' : 'tag tags tagged',
    ].join(' '),
  tells(found, question) {
    const all = at(found, 0);
    const told = counted(all, question, 'experiments', experimentLine);
    return THAN_BASELINE.test(question.said)
      ? [
          ...told,
          say`A mean is no claim: dawn confirmed ${cell(all.whole ?? {}, 'confirmed')} of them on fresh seeds.`,
        ]
      : told;
  },
};

const PROMOTED = /\bpromoted\b/;
const TAGGED = /\btag(?:ged|s)?\b/;
const tagIn = ({ said, label, about }: Question): string | null =>
  TAGGED.test(said) ? (label ?? about) : null;

const THAN_BASELINE =
  /\b(?:better|worse) than (?:the |its |their |our )?base ?line\b|\bbeat (?:the |its |their |our )?base ?line\b/;
/** `had a loss below 1.59`; of another number (`3 seeds`, `a width above 12`) it is none. */
const LIMIT =
  /\b(?:had|have|has|got|get|reached|are|is|were|was|came out|loss|losses|objective|score)(?: an?| the)?(?: (?:loss|objective|score))?(?: (?:of|at|is|was))? (better|worse|less|lower|smaller|below|under|more|higher|larger|greater|above|over)(?: than)? (\d+(?:\.\d+)?(?:e-?\d+)?)(?= (?:last|in|on|about|this|today|yesterday|tonight|N-)|$)/;

function limitIn({ said, minimize }: Question) {
  const [, word = '', number = ''] = LIMIT.exec(said) ?? [];
  if (number === '') return { below: null, above: null };
  const isBelow = /better|worse/.test(word)
    ? (word === 'better') === minimize
    : /less|lower|smaller|below|under/.test(word);
  return isBelow ? { below: Number(number), above: null } : { below: null, above: Number(number) };
}

export const hypotheses: Intent = {
  name: 'hypotheses, counted and listed',
  like: 'How many hypotheses were rejected? Which are waiting?',
  when: ({ said, hypotheses: ids }) =>
    ids.length === 0 &&
    (/\bhypothes[ie]s\b/.test(said) ||
      REJECTED.test(said) ||
      /\b(?:waiting|queued|untried)\b/.test(said)),
  calls: (question) => [
    {
      tool: 'hypotheses',
      args: { ...scopeOf(question), standing: standingIn(question), about: question.about },
    },
  ],
  tells: (found, question) =>
    counted(
      at(found, 0),
      question,
      'hypotheses',
      (row) =>
        say`${cell(row, 'id')} “${cell(row, 'title')}” (${cell(row, 'change')}): ${cell(row, 'standing')}${has(row, 'reason') ? say`, ${cell(row, 'reason')}` : ''}`,
    ),
};

function standingIn({ said }: Question) {
  if (REJECTED.test(said)) return 'rejected';
  if (/\buntried\b/.test(said)) return 'untried';
  if (/\b(?:waiting|queued|pending|open)\b/.test(said)) return 'queued';
  if (/\b(?:tested|tried)\b/.test(said)) return 'done';
  return null;
}

export const runs: Intent = {
  name: 'runs, counted and listed',
  like: 'How many runs finished today? What is running?',
  when: ({ said }) =>
    (/\bruns\b/.test(said) &&
      (COUNTING.test(said) || LISTING.test(said) || /\bfinish\b/.test(said))) ||
    /\b(?:is|are) (?:(?:now|anything|something|still) )*running\b/.test(said),
  calls: (question) => [
    {
      tool: 'runs',
      args: {
        ...{
          ...scopeOf(question),
          experiment: question.experiments[0] ?? null,
          status: statusIn(question),
        },
        ...{ sort: null, descending: false, limit: 20 },
      },
    },
  ],
  tells: (found, question) => counted(at(found, 0), question, 'runs', runLine),
};

function statusIn({ said }: Question) {
  const [word] = /\b(?:running|finish(?:ed)?|failed|killed)\b/.exec(said) ?? [];
  return (word === 'finish' ? 'finished' : (word ?? null)) as
    | 'running'
    | 'finished'
    | 'failed'
    | 'killed'
    | null;
}

const runLine = (row: FactRow): Sentence =>
  say`${cell(row, 'id')} ${cell(row, 'name')}: ${cell(row, 'status')}${has(row, 'objective') ? say`, ${cell(row, 'metric')} ${cell(row, 'objective')}` : ''}${has(row, 'seconds') ? say`, ${cell(row, 'seconds')}` : ''}`;

export const longest: Intent = {
  name: 'longest and largest runs',
  like: 'Which run took longest? Which used most memory?',
  when: ({ said, experiments: ids }) =>
    ids.length === 0 &&
    /\b(?:slowest|fastest|longest|shortest|quickest)\b|\bmost memory\b/.test(said),
  calls: (question) => [
    {
      tool: 'runs',
      args: {
        ...{ ...scopeOf(question), experiment: null, status: 'finished', limit: wanted(question) },
        sort: /\bmemory\b/.test(question.said) ? 'memory' : 'seconds',
        descending: !/\b(?:fastest|shortest|quickest)\b/.test(question.said),
      },
    },
  ],
  tells(found) {
    const { rows } = at(found, 0);
    return rows.length > 0
      ? rows.map(
          (row) =>
            say`${runLine(row)}${has(row, 'peak_memory_mb') ? say`, at most ${cell(row, 'peak_memory_mb')}` : ''}.`,
        )
      : [say`No run with such a measurement is recorded.`];
  },
};

export const history: Intent = {
  name: 'history of an idea',
  like: 'Have we tried dropout? Why was H-0012 rejected?',
  when: ({ said, about, hypotheses: ids, experiments: tested }) =>
    ids.length > 0 ||
    (about !== null &&
      (!COUNTING.test(said) || /\bhow many times\b/.test(said)) &&
      tested.length === 0 &&
      /^(?:what|how|tell (?:me|us)) about\b|\b(?:often|tried|try|tries|tested|tests?|history|happened|became|become|ever|attempted|why|reject\w*)\b/.test(
        said,
      )) ||
    (tested.length > 0 && /\b(?:history|happened|became|become|reject\w*)\b/.test(said)),
  calls: ({ hypotheses: [id], experiments: [tested], about, value }) => [
    {
      tool: 'history',
      args: {
        id: id ?? tested ?? null,
        about: id || tested ? null : about,
        value: id || tested ? null : value,
      },
    },
  ],
  tells(found, { said, hypotheses: [id], about, experiments: [tested] }) {
    const all = at(found, 0);
    const whole = all.whole ?? {};
    const what = id ?? tested ?? about ?? '';
    const { value } = all.args as { readonly value: string | null };
    if (all.rows.length === 0 && value !== null)
      return [
        say`None of ${cell(whole, 'of')} hypotheses sets ${what} to ${value}; ${cell(whole, 'about')} of them speak of ${what}.`,
      ];
    if (all.rows.length === 0)
      return [
        say`Never: of ${cell(whole, 'of')} hypotheses none is ${about === null ? what : `about ${what}`}.`,
      ];
    const rejected = all.rows.filter((row) => valueOf(row, 'standing') === 'rejected');
    const lead =
      /\breject/.test(said) && rejected.length === 0 ? [say`Nothing of it was rejected.`] : [];
    const line = (row: FactRow): Sentence =>
      /\b(?:why|reasons?)\b/.test(said) && has(row, 'reason')
        ? say`${historyLine(row)}; proposed because ${cell(row, 'reason')}`
        : historyLine(row);
    return [...lead, say`${matchingOf(all)} hypotheses:`, ...listed(all, line, 12)];
  },
};

function historyLine(row: FactRow): Sentence {
  const idea = say`${cell(row, 'id')} “${cell(row, 'title')}” (${cell(row, 'change')}), ${cell(row, 'night')}`;
  if (valueOf(row, 'standing') === 'rejected')
    return say`${idea}: rejected: ${has(row, 'message') ? cell(row, 'message') : 'nobody recorded why'}`;
  if (!has(row, 'experiment')) return say`${idea}: ${cell(row, 'standing')}, no experiment`;
  const effect = has(row, 'effect')
    ? say`, ${cell(row, 'effect')}${has(row, 'interval') ? say`, ${cell(row, 'interval')}` : ''} (${cell(row, 'n')})`
    : say``;
  return say`${idea}: tested by ${cell(row, 'experiment')}, ${verdictIn(row)}${effect}`;
}

/** The count first: nothing found is an answer too. */
function counted(
  found: Found,
  question: Question,
  many: string,
  line: (row: FactRow) => Sentence,
): readonly Sentence[] {
  const end = saying(COUNTING)(question) || found.rows.length === 0 ? '.' : ':';
  const lead = say`${matchingOf(found)} ${many}${filterIn(found)}${end}`;
  return saying(COUNTING)(question) ? [lead] : [lead, ...listed(found, line)];
}

/** What was counted, as the call asked for it. */
function filterIn({ args, whole }: Found): Sentence {
  const { verdict, standing, status, source, about, tag, ...more } = args as Readonly<
    Record<string, string | boolean | number | null | undefined>
  >;
  const first = verdict ?? standing ?? status;
  const in_words = (of: unknown): string => String(of).replaceAll('_', ' ');
  const said = [
    first ? ` ${in_words(first)}` : '',
    more['confirmed'] ? ' confirmed by dawn' : '',
    more['promoted'] ? ' promoted' : '',
    source ? ` whose source is ${in_words(source)}` : '',
    about ? ` about ${in_words(about)}` : '',
    tag ? ` tagged ${in_words(tag)}` : '',
    more['than_baseline']
      ? ` with a mean ${in_words(more['than_baseline'])} than the baseline’s`
      : '',
  ].join('');
  const beyond = (['below', 'above'] as const).flatMap((end) =>
    whole && has(whole, end) ? [say` with a mean ${end} ${cell(whole, end)}`] : [],
  );
  return say`${said}${beyond.flat()}`;
}
