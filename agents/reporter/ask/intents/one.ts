import { say, type Sentence } from '../../fact.ts';
import { at, saying, type Intent } from '../intent.ts';
import type { Question } from '../reading.ts';
import {
  called,
  cell,
  experimentLine,
  gainOf,
  has,
  leavesZeroOut,
  listed,
  measuredIn,
  valueOf,
  verdictIn,
  wayOf,
} from '../told.ts';
import type { FactRow, Found } from '../tool.ts';
import { ofConfirmed } from './ranking.ts';

/** Questions about one experiment. */

export const first = ({ experiments, own }: Question): string => experiments[0] ?? own[0] ?? '';
export const missing = (id: string): readonly Sentence[] => [say`The notebook holds no ${id}.`];
export const experimentIn = (id: string): string => id.split('.')[0] ?? id;

/** The first row of a call about one experiment; a sentence where it holds none. */
export function of(
  found: readonly Found[],
  i: number,
  question: Question,
  tell: (row: FactRow) => readonly Sentence[],
) {
  const [row] = at(found, i).rows;
  return row ? tell(row) : missing(first(question));
}

const SURE =
  /\b(?:sure|certain|confident|confidence|trust|significant|significance|significantly|real|noise|luck|chance|reliable|evidence|robust|interval|confirmed|confirm|replicated?)\b/;

/** Of all runs, and not of one effect. */
export const NOISE = /\bhow (?:noisy|much noise)\b|\bnoise (?:level|of the runs)\b/;

/** `how many were confirmed` is of all. */
const isCount = ({ said, experiments }: Question): boolean =>
  experiments.length === 0 && /\bhow many\b/.test(said);

/** `should I promote it?` asks how sure it is. */
const mayPromote = ({ said }: Question): boolean =>
  /\b(?:should|can|may|could) (?:i|we) (?:promote|publish|merge)\b/.test(said) &&
  !/\b(?:promote|publish|merge) (?:next|now)\b/.test(said);

export const sure: Intent = {
  name: 'how sure',
  like: 'How sure are we of E-0007? Is the best one significant? Could it be noise?',
  needs: 1,
  when: (question) =>
    (saying(SURE)(question) &&
      !NOISE.test(question.said) &&
      !ofConfirmed(question) &&
      !isCount(question)) ||
    mayPromote(question),
  calls: (question) => [{ tool: 'show', args: { id: experimentIn(first(question)) } }],
  takes: ({ said }) =>
    `${/\bbase ?line\b/.test(said) ? 'than' : ''} ${/\b95 interval\b/.test(said) ? '95' : ''}`,
  tells: (found, question) =>
    of(found, 0, question, (row) => [experimentLine(row), certainty(row), ...confidence(row)]),
};

/** What may be said: dawn's word where there is one, else that the night's numbers claim nothing. */
function certainty(row: FactRow): Sentence {
  if (valueOf(row, 'id') === valueOf(row, 'baseline'))
    return say`It is what others are measured against; nothing is claimed of it.`;
  const fresh = say`${cell(row, 'dawn_effect')}, ${cell(row, 'dawn_interval')}, ${cell(row, 'dawn_n')}`;
  if (valueOf(row, 'dawn_confirmed') === true)
    return say`Dawn confirmed it on fresh seeds: ${fresh}.`;
  if (valueOf(row, 'dawn_confirmed') === false)
    return say`Dawn tested it on fresh seeds and did not confirm it: ${fresh}; ${cell(row, 'verdict_because')}.`;
  const out = leavesZeroOut(row);
  const night =
    out === null
      ? 'how much of its effect is chance is not known'
      : out
        ? 'the interval leaves zero out, but it was looked at among many others'
        : 'the interval holds zero: the effect could be chance';
  return say`Dawn did not test ${cell(row, 'id')} on fresh seeds, so that nothing may be claimed of it; at night ${night}.`;
}

const confidence = (row: FactRow): readonly Sentence[] =>
  has(row, 'confidence')
    ? [say`Confidence ${cell(row, 'confidence')}: ${cell(row, 'confidence_because')}.`]
    : [];

export const whyFailed: Intent = {
  name: 'why it failed',
  like: 'Why did E-0012 fail?',
  needs: 1,
  when: ({ said, experiments }) =>
    experiments.length > 0 &&
    /\b(?:fail|failed|fails|failing|failure|crash|crashed|crashes|broke|broken|break|error|errors|timed out|out of memory)\b/.test(
      said,
    ),
  calls: (question) => [
    { tool: 'show', args: { id: experimentIn(first(question)) } },
    {
      tool: 'failures',
      args: { night: null, when: null, experiment: first(question), class: null },
    },
  ],
  tells: (found, question) =>
    of(found, 0, question, (row) => {
      const failed = at(found, 1);
      const whole = failed.whole ?? {};
      const own =
        failed.rows.length === 0 && has(row, 'message')
          ? [say`${cell(row, 'id')} failed (${cell(row, 'failure')}): ${cell(row, 'message')}.`]
          : [];
      if (failed.rows.length === 0 && own.length === 0)
        return [
          say`No run of ${cell(row, 'id')} failed: ${cell(whole, 'matching')} of ${cell(whole, 'of')}. ${experimentLine(row)}`,
        ];
      return [
        ...own,
        ...(failed.rows.length === 0
          ? []
          : [
              say`${cell(whole, 'matching')} of ${cell(whole, 'of')} runs of ${called(row)} failed:`,
            ]),
        ...listed(failed, failureLine),
      ];
    }),
};

export const failureLine = (row: FactRow): Sentence =>
  say`${cell(row, 'id')} ${cell(row, 'failure')}: ${cell(row, 'message')}`;

const UP = /\b(?:improve|improved|improves|better|help|helped|helps|gain|gains|good|win|won)\b/;
const DOWN = /\b(?:worse|hurt|hurts|bad|lost|degrade|degraded|fail)\b/;

export const why: Intent = {
  name: 'why it came out so',
  like: 'Why did E-0007 improve? Why was E-0007 tried?',
  needs: 1,
  when: ({ said, hypotheses, experiments, nights }) =>
    hypotheses.length === 0 &&
    /\b(?:why|reason|how come)\b/.test(said) &&
    !(
      experiments.length === 0 &&
      (nights.length > 0 || /\bnights?\b|\bfail|\bcrash|\bmemory\b/.test(said))
    ) &&
    !/\breject/.test(said) &&
    !/\b(?:decide|decided|decision)\b/.test(said),
  calls: (question) => [
    { tool: 'show', args: { id: experimentIn(first(question)) } },
    { tool: 'words', args: { kind: null, about: experimentIn(first(question)) } },
  ],
  tells: (found, question) =>
    of(found, 0, question, (row) => [
      ...premise(row, question),
      experimentLine(row),
      ...(has(row, 'verdict_because')
        ? [say`What the verdict rests on: ${cell(row, 'verdict_because')}.`]
        : []),
      has(row, 'reason')
        ? say`Why it was tried: ${cell(row, 'reason')} (source: ${cell(row, 'source')}).`
        : say`Nobody recorded why it was tried.`,
      ...cause(at(found, 1)),
    ]),
};

/** A question that takes for granted what is not so is told so first. */
function premise(row: FactRow, { said }: Question): readonly Sentence[] {
  const gain = gainOf(row);
  if (gain === null)
    return UP.test(said) || DOWN.test(said)
      ? [say`No effect of ${cell(row, 'id')} is recorded.`]
      : [];
  if (UP.test(said) && gain <= 0) return [say`It did not improve: it came out ${wayOf(row)}.`];
  if (DOWN.test(said) && gain >= 0 && valueOf(row, 'verdict') !== 'failed')
    return [say`It did not come out worse: it came out ${wayOf(row)}.`];
  if (UP.test(said) && valueOf(row, 'dawn_confirmed') !== true)
    return [say`Its mean came out better, which is no confirmed improvement.`];
  return [];
}

function cause(words: Found): readonly Sentence[] {
  return words.rows.length === 0
    ? [say`Why it came out so, nobody recorded.`]
    : [say`What people wrote of it:`, ...listed(words, quoteLine)];
}

/** A quotation with author and date. */
export function quoteLine(row: FactRow): Sentence {
  const on = has(row, 'id') ? say` on ${cell(row, 'id')}` : say``;
  const because = has(row, 'reason') ? say`, because ${cell(row, 'reason')}` : say``;
  return say`${cell(row, 'kind')}${on}: ${cell(row, 'note')}${because} — ${cell(row, 'who')}, ${cell(row, 'when')}`;
}

/** `what did the best use`, `the settings of the winner`; not `which setting is best`. */
const OF_THE_BEST =
  /\b(?:best|worst|winner|leader|incumbent)(?: one| experiment| run)? (?:use|used|uses)\b|\b(?:of|did|does) the (?:\w+ )?(?:best|worst|winner|leader|incumbent)\b/;

export const settings: Intent = {
  name: 'settings',
  like: 'What learning rate did E-0007 use?',
  needs: 1,
  when: ({ said, experiments }) =>
    /\b(?:settings?|configuration|config|(?:hyper)?parameters?|value|used?|uses)\b/.test(said) &&
    !/\b(?:memory|time|compute|hours?|seeds?)\b/.test(said) &&
    (experiments.length > 0 || OF_THE_BEST.test(said)),
  calls: (question) => [{ tool: 'settings', args: { id: first(question), key: question.about } }],
  tells(found, question) {
    const all = at(found, 0);
    if (all.rows.length > 0)
      return [
        say`${first(question)} ran with:`,
        ...listed(all, (row) => say`${cell(row, 'key')} = ${cell(row, 'value')}`, 30),
      ];
    return [
      say`${question.about ?? 'No parameter'} is not recorded of ${first(question)}: ${cell(all.whole ?? {}, 'of')} parameters are.`,
    ];
  },
};

export const metric: Intent = {
  name: 'a metric of an experiment',
  like: 'What accuracy did E-0007 reach?',
  needs: 1,
  when: ({ metric: named, experiments, said }) =>
    named !== null &&
    (experiments.length > 0 ||
      /\b(?:of|did|does|has) (?:the|our) (?:\w+ )?(?:best|worst|winner|leader|top)\b/.test(said)),
  calls: (question) => [
    {
      tool: 'metrics',
      args: {
        key: question.metric ?? '',
        ...{ night: null, when: null },
        experiment: experimentIn(first(question)),
        descending: true,
        limit: 1,
      },
    },
  ],
  tells(found, question) {
    const [row] = at(found, 0).rows;
    return row
      ? [
          say`${cell(row, 'id')} “${cell(row, 'title')}”: ${cell(row, 'metric')} ${cell(row, 'value')}, the mean of ${cell(row, 'run_count')}.`,
        ]
      : [say`No finished run of ${first(question)} recorded ${question.metric ?? ''}.`];
  },
};

export const show: Intent = {
  name: 'one experiment',
  like: 'What about E-0007? Did E-0007 help?',
  needs: 1,
  when: ({ experiments }) => experiments.length === 1,
  calls: (question) => [{ tool: 'show', args: { id: experimentIn(first(question)) } }],
  tells: (found, question) =>
    of(found, 0, question, (row) => [
      ...premise(row, question),
      say`${called(row)}: ${measuredIn(row)}; ${verdictIn(row)}.`,
      ...(has(row, 'verdict_because')
        ? [say`What the verdict rests on: ${cell(row, 'verdict_because')}.`]
        : []),
      certainty(row),
    ]),
};
