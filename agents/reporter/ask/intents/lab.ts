import { say, type Sentence } from '../../fact.ts';
import { at, saying, scopeOf, type Intent } from '../intent.ts';
import type { Question } from '../reading.ts';
import {
  called,
  cell,
  experimentLine,
  has,
  listed,
  matchingOf,
  measuredIn,
  valueOf,
} from '../told.ts';
import type { FactRow } from '../tool.ts';
import { failureLine, NOISE, quoteLine } from './one.ts';

/** Questions about the lab as a whole. */

export const timeline: Intent = {
  name: 'days beside each other',
  like: 'Today against last week? How did this week compare to last week?',
  when: ({ periods }) => periods.length > 1,
  calls: ({ periods }) => [{ tool: 'timeline', args: { periods: [...periods] } }],
  tells: (found) => at(found, 0).rows.map(periodLine),
};

function periodLine(row: FactRow): Sentence {
  const counts = say`${cell(row, 'experiments')}, ${cell(row, 'run_count')}, ${cell(row, 'hours')} of training; ${cell(row, 'improved')} improved, ${cell(row, 'promising')} promising, ${cell(row, 'worse')} worse, ${cell(row, 'failed')} failed`;
  const best = has(row, 'best')
    ? say`; best mean: ${cell(row, 'best')}, ${cell(row, 'effect')} on its baseline`
    : say``;
  return say`${cell(row, 'period')}: ${counts}${best}.`;
}

const FAILING =
  /\b(?:fail|failed|fails|failing|failure|failures|crash|crashed|crashes|broke|broken|errors?|timeouts?|time out|timed out|nan|out of memory|oom)\b/;

export const failures: Intent = {
  name: 'what failed',
  like: 'What failed last night? How many runs ran out of memory?',
  when: (question) =>
    FAILING.test(question.said) &&
    question.experiments.length === 0 &&
    (classIn(question) !== null || !/\b(?:experiments?|candidates?|ideas?)\b/.test(question.said)),
  calls: (question) => [
    {
      tool: 'failures',
      args: { ...scopeOf(question), experiment: null, class: classIn(question) },
    },
  ],
  tells(found, question) {
    const all = at(found, 0);
    const kind = classIn(question)?.replaceAll('_', ' ');
    if (all.rows.length === 0)
      return [say`${matchingOf(all)} runs failed${kind ? `: ${kind}` : ''}.`];
    const whole = all.whole ?? {};
    const lead = say`${matchingOf(all)} runs failed (${cell(whole, 'classes')})`;
    return /\bhow many\b/.test(question.said)
      ? [say`${lead}.`]
      : [say`${lead}:`, ...listed(all, failureLine)];
  },
};

function classIn({ said }: Question) {
  if (/\b(?:out of memory|memory|oom)\b/.test(said)) return 'out_of_memory';
  if (/\btimeouts?\b|\btimed? out\b/.test(said)) return 'timeout';
  return /\bnan\b/.test(said) ? 'not_a_number' : null;
}

export const flags: Intent = {
  name: 'flags',
  like: 'What is flagged? Why is E-0007 suspicious?',
  when: ({ said, label, experiments }) =>
    (/\b(?:flags?|flagged|marks?|marked|suspicious|publish|borderline)\b/.test(said) &&
      !/\b(?:should|can|may|could) (?:i|we) publish\b/.test(said)) ||
    (label !== null && experiments.length > 0),
  calls: ({ said, experiments, label }) => [
    {
      tool: 'flags',
      args: {
        target: experiments[0] ?? null,
        label: /\b(suspicious|publish|borderline)\b/.exec(said)?.[1] ?? label,
      },
    },
  ],
  tells(found) {
    const all = at(found, 0);
    return [
      say`${matchingOf(all)} flags${all.rows.length === 0 ? '.' : ':'}`,
      ...listed(
        all,
        (row) =>
          say`${cell(row, 'id')} ${cell(row, 'label')}: ${cell(row, 'reason')} — ${cell(row, 'who')}, ${cell(row, 'when')}`,
      ),
    ];
  },
};

export const spend: Intent = {
  name: 'what was spent',
  like: 'What did we spend last week? How many hours of training is that?',
  when: saying(
    /\b(?:compute|how long did (?:everything|it all|we)|spend|spent|cost|costs|dollars?|tokens?|money|price|(?:how many|training|run|cpu) hours?)\b/,
  ),
  calls: (question) => [{ tool: 'spend', args: scopeOf(question) }],
  tells(found, { said }) {
    const [row] = at(found, 0).rows;
    if (!row) return [say`Nothing is recorded of what was spent.`];
    const money = modelsLine(row);
    const ofModels = /\b(?:dollars?|tokens?|money|price|models?|llm|api)\b/.test(said);
    if (ofModels) return [money];
    const cpu = has(row, 'cpu_hours') ? say`, ${cell(row, 'cpu_hours')} of processors` : say``;
    const runs = say`${cell(row, 'run_count')} of ${cell(row, 'experiments')} in ${cell(row, 'nights')}`;
    const time = has(row, 'hours') ? say`: ${cell(row, 'hours')} of training${cpu}` : say``;
    return [say`${runs}${time}; ${cell(row, 'failed_runs')} among them.`, money];
  },
};

/** What models cost; a price that nobody knows is said to be unknown. */
function modelsLine(row: FactRow): Sentence {
  if (valueOf(row, 'model_calls') === 0)
    return say`No model was asked: ${cell(row, 'model_calls')}.`;
  const unknown =
    valueOf(row, 'unpriced_calls') === 0
      ? say``
      : say`, the price of ${cell(row, 'unpriced_calls')} not known`;
  return say`${cell(row, 'model_calls')}: ${cell(row, 'tokens')}, ${cell(row, 'usd')}${unknown}.`;
}

export const baseline: Intent = {
  name: 'the baseline',
  like: 'What is the baseline? How noisy are the runs?',
  when: ({ said, experiments }) =>
    (/\b(?:base ?line|reference)\b/.test(said) || NOISE.test(said)) && experiments.length === 0,
  calls: (question) => [{ tool: 'baseline', args: { night: scopeOf(question).night ?? 'last' } }],
  tells(found) {
    const [row] = at(found, 0).rows;
    if (!row) return [say`No baseline is recorded there.`];
    return [
      say`Baseline of ${cell(row, 'night')}: ${cell(row, 'id')}, ${measuredIn({ ...row, baseline: cell(row, 'id') })}, standard deviation ${cell(row, 'spread')}; the goal is to ${cell(row, 'direction')} it.`,
    ];
  },
};

export const sandbox: Intent = {
  name: 'shut-in runs',
  like: 'Were the runs sandboxed? Was E-0007 sandboxed?',
  when: saying(/\bsandbox\w*\b|\bshut in\b|\bisolat\w+\b|\b(?:bubblewrap|docker|podman)\b/),
  calls: (question) => [
    {
      tool: 'sandbox',
      args: { ...scopeOf(question), experiment: question.experiments[0] ?? null },
    },
  ],
  tells(found) {
    const all = at(found, 0);
    return all.rows.length === 0
      ? [say`${matchingOf(all)} runs are recorded as shut in.`]
      : [
          say`${matchingOf(all)} runs are recorded as shut in:`,
          ...listed(all, (row) => say`${cell(row, 'sandbox')}: ${cell(row, 'run_count')}`),
        ];
  },
};

export const words: Intent = {
  name: 'notes and decisions',
  like: 'What did we decide about dropout? Which notes are on E-0007?',
  when: ({ said }) =>
    /\b(?:notes?|decisions?|decided?|wrote|comments?|written)\b/.test(said) &&
    !/\bwritten by\b|\bwho wrote\b/.test(said),
  calls: ({ said, experiments, hypotheses, nights, about }) => {
    const [decisions, notes] = [/\bdeci/.test(said), /\bnotes?\b/.test(said)];
    const kind = decisions === notes ? null : decisions ? 'decision' : 'note';
    return [
      {
        tool: 'words',
        args: { kind, about: experiments[0] ?? hypotheses[0] ?? nights[0] ?? about },
      },
    ];
  },
  // A note says what it says; a decision has its reason recorded.
  takes: ({ said }) => (/\bdeci/.test(said) ? 'why reason reasons' : ''),
  tells(found, { said, about, experiments: [id] }) {
    const all = at(found, 0);
    const on = id ?? about;
    if (all.rows.length > 0)
      return [say`${matchingOf(all)} notes and decisions:`, ...listed(all, quoteLine)];
    const why = /\bwhy\b/.test(said)
      ? 'Nobody recorded why'
      : 'Nobody recorded anything of the kind';
    return [say`${why}: ${matchingOf(all)} notes and decisions${on ? ` speak of ${on}` : ''}.`];
  },
};

export const next: Intent = {
  name: 'what next',
  like: 'What should we try next?',
  when: ({ said, experiments }) =>
    experiments.length === 0 &&
    /\b(?:next|recommend|suggest|suggestion|todo)\b|\b(?:what|which) should (?:i|we) (?:try|do|run|test|promote|merge)\b|\bwhich\b.*\bshould be promoted\b|\bshould (?:i|we) (?:try|do|run|test)\b/.test(
      said,
    ),
  calls: () => [{ tool: 'next', args: { limit: 8 } }],
  tells(found) {
    const all = at(found, 0);
    const waiting = say`${cell(all.whole ?? {}, 'waiting')} hypotheses wait or were left over.`;
    if (all.rows.length === 0)
      return [say`Nothing of the last night asks to be followed up.`, waiting];
    return [
      ...listed(
        all,
        (row) =>
          say`${ACTIONS[String(valueOf(row, 'action'))] ?? ''} ${called(row)}: ${measuredIn(row)}`,
      ),
      waiting,
    ];
  },
};

const ACTIONS: Readonly<Record<string, string>> = {
  promote: 'Promote, since dawn confirmed it:',
  confirm: 'Give fresh seeds to what is promising:',
  'more seeds': 'Give more seeds to what is unsettled:',
};

export const nights: Intent = {
  name: 'nights',
  like: 'What happened last night? When did the last night end, and why?',
  when: ({ said, nights: ids, periods }) =>
    ids.length + periods.length > 0 ||
    /\b(?:nights?|tonight|overnight|summary|summari[sz]e|overview|status|progress)\b/.test(said),
  calls: (question) => {
    const scope = scopeOf(question);
    const night = scope.night ?? (/\bnights\b/.test(question.said) || scope.when ? null : 'last');
    return [
      { tool: 'nights', args: { ...scope, night, limit: 10 } },
      {
        tool: 'best',
        args: { ...scope, night, worst: false, confirmed: false, about: null, skip: 0, limit: 1 },
      },
    ];
  },
  tells(found, { said }) {
    const all = at(found, 0);
    const [first] = at(found, 1).rows;
    if (all.rows.length === 0) return [say`${matchingOf(all)} nights.`];
    const lead =
      all.rows.length > 1 || /\bhow many\b/.test(said) ? [say`${matchingOf(all)} nights.`] : [];
    if (/\bhow many\b/.test(said)) return lead;
    return [
      ...lead,
      ...listed(all, nightLine),
      ...(first && all.rows.length === 1 ? [say`Best mean: ${experimentLine(first)}`] : []),
    ];
  },
};

function nightLine(row: FactRow): Sentence {
  const end = has(row, 'ended')
    ? say`ended ${cell(row, 'ended')} (${cell(row, 'end_reason')})`
    : say`not ended`;
  const why = has(row, 'message') ? say`: ${cell(row, 'message')}` : say``;
  return say`${cell(row, 'id')}: began ${cell(row, 'started')}, ${end}${why}; ${cell(row, 'candidates')} candidates, ${cell(row, 'run_count')}; ${cell(row, 'improved')} improved, ${cell(row, 'promising')} promising, ${cell(row, 'failed')} failed`;
}
