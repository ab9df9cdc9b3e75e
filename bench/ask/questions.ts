import type { Experiment } from '../../orchestrator/domain/experiment.ts';
import { armOf, type State } from '../../orchestrator/domain/state.ts';
import { contrastOf } from '../../orchestrator/lab/contrast.ts';
import { accuracyOf } from './past.ts';

/** Questions whose answers are known from the fold of the journal, which no query of `ask` reads. */

export interface Question {
  readonly ask: string;
  /** `fresh`: answerable too, and worded only after the patterns were written. */
  readonly kind: 'answerable' | 'fresh' | 'narrowed' | 'leading' | 'unanswerable';
  /** Ids that a right answer names. */
  readonly ids?: readonly string[];
  /** Numbers that it holds, to the digits that it writes. */
  readonly near?: readonly number[];
  /** Words that it holds, and words that would make it wrong. */
  readonly says?: RegExp;
  readonly never?: RegExp;
  /** A right answer is also that the notebook does not know. */
  readonly mayRefuse?: boolean;
}

interface Known {
  readonly id: string;
  readonly title: string;
  readonly night: string;
  readonly verdict: string | undefined;
  readonly experiment: Experiment;
  /** Mean over distinct seeds; null without a number. */
  readonly mean: number | null;
  readonly effect: number | null;
  readonly confirmed: boolean;
}

export function questionsOn(state: State): readonly Question[] {
  const all = knownOf(state);
  return [
    ...freshly(state, all),
    ...ofRanking(all),
    ...ofOne(state, all),
    ...ofTwo(state, all),
    ...ofCounts(state, all),
    ...ofLab(state),
    ...leading(all),
    ...narrowed(all),
    ...UNANSWERABLE,
  ];
}

function knownOf(state: State): readonly Known[] {
  const meanOf = (id: Experiment['id']): number | null => {
    const arm = armOf(state, id).map(({ value }) => value);
    return arm.length === 0 ? null : arm.reduce((sum, value) => sum + value, 0) / arm.length;
  };
  return [...state.experiments.values()]
    .filter(({ parent, without }) => parent !== null && !without)
    .map((experiment) => {
      const [mean, base] = [meanOf(experiment.id), meanOf(experiment.baseline)];
      const { id, title, night, judgement } = experiment;
      return {
        ...{ id, title, night, experiment, verdict: judgement?.verdict, mean },
        effect: mean === null || base === null ? null : mean - base,
        confirmed: judgement?.dawn?.confirmed === true,
      };
    });
}

const a = (ask: string, right: Omit<Question, 'ask' | 'kind'>): Question => ({
  ask,
  kind: 'answerable',
  ...right,
});

const ranked = (all: readonly Known[]): readonly Known[] =>
  all
    .filter(({ mean, verdict }) => mean !== null && verdict !== 'failed' && verdict !== 'invalid')
    .toSorted((x, y) => (x.mean ?? 0) - (y.mean ?? 0));

function ofRanking(all: readonly Known[]): readonly Question[] {
  const order = ranked(all);
  const [first, second, third] = order;
  const last = order.at(-1);
  const ofNight = ranked(all.filter(({ night }) => night === 'N-0002'))[0];
  const dropout = ranked(all.filter(({ experiment }) => experiment.line === 'dropout'))[0];
  const of = (...some: readonly (Known | undefined)[]) => ({
    ids: some.map((one) => one?.id ?? ''),
    near: some.map((one) => one?.mean ?? Number.NaN),
  });
  return [
    a('What is the best experiment so far?', of(first)),
    a('whats the bset one', of(first)),
    a('Who won?', of(first)),
    a('Which experiment is the second best?', of(second)),
    a('Show me the top 3', of(first, second, third)),
    a('What was the worst experiment?', of(last)),
    a('What is the best of last night?', of(ofNight)),
    a('What is the best dropout?', of(dropout)),
    a('What was the lowest loss so far?', of(first)),
    a('And the highest loss?', of(last)),
    a('How many experiments beat the baseline?', {
      near: [order.filter(({ effect }) => (effect ?? 0) < 0).length],
    }),
    a('Which experiments had a loss below 1.55?', {
      near: [order.filter(({ mean }) => (mean ?? 0) < 1.55).length],
    }),
    a('What is the best confirmed experiment?', {
      ids: [order.find(({ confirmed }) => confirmed)?.id ?? ''],
    }),
    a('How many experiments did dawn confirm?', {
      near: [all.filter(({ confirmed }) => confirmed).length],
    }),
    a('Which experiment reached the highest accuracy?', {
      ids: [first?.id ?? ''],
      near: [accuracyOf(first?.mean ?? 0)],
    }),
    a('What improved?', {
      ids: all.filter(({ verdict }) => verdict === 'improved').map(({ id }) => id),
    }),
    a('What did dawn confirm?', {
      ids: all.filter(({ confirmed }) => confirmed).map(({ id }) => id),
    }),
  ];
}

const pick = (all: readonly Known[], verdict: string): Known => {
  const some = all.filter(
    (one) => one.verdict === verdict && (one.mean !== null || verdict === 'failed'),
  );
  const found = some[Math.floor(some.length / 2)];
  if (!found) throw new Error(`expected an experiment that is ${verdict}`);
  return found;
};

function ofOne(state: State, all: readonly Known[]): readonly Question[] {
  const [worse, open, failed] = [
    pick(all, 'worse'),
    pick(all, 'inconclusive'),
    pick(all, 'failed'),
  ];
  const sure = all.find(({ confirmed }) => confirmed) ?? worse;
  const n = String(Number(worse.id.slice(2)));
  const of = (one: Known) => ({ ids: [one.id], near: [one.mean ?? 0, one.effect ?? 0] });
  const { change } = worse.experiment;
  const value = change.kind === 'knobs' ? Object.values(change.values)[0] : '';
  const repeated = [...state.runs.values()].find(({ experiment }) => experiment === worse.id);
  return [
    a(`Tell me about ${worse.id}`, of(worse)),
    a(`what about e${n}?`, of(worse)),
    a(`Did experiment ${n} help?`, of(worse)),
    a(`How sure are we of ${sure.id}?`, of(sure)),
    a(`is ${open.id} signifcant?`, { ...of(open), never: /is (?:statistically )?significant/i }),
    a(`Could ${open.id} be noise?`, of(open)),
    a('Is the best one significant?', { ids: [ranked(all)[0]?.id ?? ''] }),
    a(`Why was ${worse.id} tried?`, { ids: [worse.id], says: /neighbours of/ }),
    a(`Why did ${failed.id} fail?`, {
      ids: [failed.id],
      says: new RegExp(
        String(failed.experiment.judgement?.because ?? '').split(':')[0] || 'fail',
        'i',
      ),
    }),
    a(`What ${worse.experiment.line} did ${worse.id} use?`, {
      says: new RegExp(`\\b${String(value)}\\b`),
    }),
    a(`What accuracy did ${open.id} reach?`, {
      ids: [open.id],
      near: [accuracyOf(open.mean ?? 0)],
    }),
    a(`Run ${n}.1?`, { ids: [`${worse.id}.1`], near: [repeated?.result?.objective ?? Number.NaN] }),
    a('What is E-9999?', { says: /holds no E-9999|no row|not know/ }),
  ];
}

function ofTwo(state: State, all: readonly Known[]): readonly Question[] {
  const order = ranked(all.filter(({ night }) => night === 'N-0001'));
  const pairs = [
    [order[0], order[1]],
    [order[2], order.at(-1)],
    [order[5], order[40]],
  ] as const;
  const asks = ['Compare A with B', 'Is A better than B?', 'difference betwen A and B'];
  return pairs.map(([x, y], i) => {
    const [one, other] = [x?.id ?? 'E-0001', y?.id ?? 'E-0002'] as const;
    const compared = contrastOf(state, one as Experiment['id'], other as Experiment['id']);
    const text = (asks[i] ?? '').replace('A', one).replace('B', other);
    return a(text, { ids: [one, other], near: [compared?.contrast.effect ?? Number.NaN] });
  });
}

function ofCounts(state: State, all: readonly Known[]): readonly Question[] {
  const count = (verdict: string, night?: string): number =>
    all.filter((one) => one.verdict === verdict && (night === undefined || one.night === night))
      .length;
  const runs = [...state.runs.values()];
  const failed = runs.filter(({ status }) => status === 'failed');
  const ideas = [...state.hypotheses.values()];
  const rejected = ideas.filter(({ status }) => status === 'rejected');
  const first = rejected[0];
  const dropouts = ideas.filter(({ line }) => line === 'dropout').length;
  const memory = failed.filter((run) => run.result?.failure?.class === 'out_of_memory').length;
  const inNight = failed.filter(
    ({ experiment }) => state.experiments.get(experiment)?.night === 'N-0002',
  ).length;
  return [
    a('How many experiments are there?', { near: [all.length] }),
    a('How many experiments were inconclusive?', { near: [count('inconclusive')] }),
    a('How many experiments were promising last night?', { near: [count('promising', 'N-0002')] }),
    a('how many expriments got worse?', { near: [count('worse')] }),
    a('How many experiments were pruned?', { near: [0, all.length] }),
    a('Which experiments failed?', {
      ids: all
        .filter(({ verdict }) => verdict === 'failed')
        .map(({ id }) => id)
        .slice(0, 3),
    }),
    a('What failed?', {
      near: [failed.length, runs.length],
      ids: failed.slice(0, 3).map(({ id }) => id),
    }),
    a('How many runs failed last night?', { near: [inNight] }),
    a('How many runs ran out of memory?', { near: [memory] }),
    a('How many hypotheses were rejected?', { near: [rejected.length, ideas.length] }),
    a(`Why was ${first?.id ?? ''} rejected?`, { ids: [first?.id ?? ''], says: /overtaken/ }),
    a('Have we tried dropout?', { near: [dropouts] }),
    a('Did we ever try optimizer 11?', { says: /optimizer to 11/ }),
    a('How many runs are there?', { near: [runs.length] }),
    a('list my ideas', {
      near: [all.filter(({ experiment: { source } }) => source === 'yours').length],
    }),
  ];
}

function ofLab(state: State): readonly Question[] {
  const runs = [...state.runs.values()];
  const hours = (some: typeof runs) =>
    some.reduce((sum, run) => sum + (run.result?.seconds ?? 0), 0) / 3600;
  const before = runs.filter(({ started }) => started < '2026-11-16');
  const baselines = [...state.experiments.values()].filter(({ parent }) => parent === null);
  const [newest, oldest] = [baselines.at(-1), baselines[0]];
  const flagged = state.flags[0];
  return [
    a('What did we spend?', { near: [runs.length, hours(runs)] }),
    a('How many hours of training last week?', { near: [hours(before), before.length] }),
    a('What is the baseline?', { ids: [newest?.id ?? ''] }),
    a('what was teh basline of N-0001', { ids: [oldest?.id ?? ''] }),
    a('What is flagged?', { ids: [flagged?.target ?? ''], says: /too good to be true/ }),
    a(`Why is ${flagged?.target ?? ''} suspicious?`, {
      ids: [flagged?.target ?? ''],
      says: /too good to be true/,
    }),
    a('Is anything flagged for publish?', { near: [0] }),
    a('What notes are there?', { says: /bump at step/ }),
    a('What did we decide about the optimizer?', { says: /Leave the optimizer alone/ }),
    a('Why did we decide to leave the optimizer alone?', { says: /three papers disagree/ }),
    a('Why did we decide to change depth?', { says: /nobody recorded|0 of/i, near: [0] }),
    a('Today against last week', { near: [before.length, runs.length - before.length] }),
    a('What happened last night?', { ids: ['N-0002'] }),
    a('How many nights were there?', { near: [state.nights.size] }),
    a('When did N-0001 end?', { ids: ['N-0001'], says: /11 November 2026/ }),
    a('What should we try next?', { says: /promote/i }),
    a('Which knob helped most?', { says: /lines/ }),
    a('Were the runs sandboxed?', { near: [0, runs.length] }),
    a('What was promoted?', { near: [0] }),
  ];
}

/** Worded in one go when the patterns stood; the first figure that they gave is in bench/README.md. */
function freshly(state: State, all: readonly Known[]): readonly Question[] {
  const order = ranked(all);
  const [top, runnerUp] = order;
  const [worse, open, failed] = [
    pick(all, 'worse'),
    pick(all, 'inconclusive'),
    pick(all, 'failed'),
  ];
  const sure = all.find(({ confirmed }) => confirmed) ?? worse;
  const runs = [...state.runs.values()];
  const broken = runs.filter(({ status }) => status === 'failed');
  const rejected = [...state.hypotheses.values()].filter(({ status }) => status === 'rejected');
  const f = (ask: string, right: Omit<Question, 'ask' | 'kind'>): Question => ({
    ask,
    kind: 'fresh',
    ...right,
  });
  const firstNight = all.filter(({ night }) => night === 'N-0001');
  return [
    f("What's our current best validation loss?", { ids: [top?.id ?? ''], near: [top?.mean ?? 0] }),
    f('Which experiment gave us the biggest improvement?', { ids: [top?.id ?? ''] }),
    f('Give me the two leading experiments', { ids: [top?.id ?? '', runnerUp?.id ?? ''] }),
    f('Which change lowered the loss the most?', { ids: [top?.id ?? ''] }),
    f(`Can I trust ${open.id}?`, { ids: [open.id], near: [open.effect ?? 0] }),
    f(`What was the outcome of ${worse.id}?`, { ids: [worse.id], near: [worse.effect ?? 0] }),
    f(`How much did ${sure.id} improve over the baseline?`, {
      ids: [sure.id],
      near: [sure.effect ?? 0],
    }),
    f(`What exactly was changed in ${worse.id}?`, {
      ids: [worse.id],
      says: new RegExp(worse.experiment.line),
    }),
    f(`How many seeds does ${sure.id} have?`, { ids: [sure.id], says: /\d+ seeds/ }),
    f(`Did ${failed.id} crash?`, { ids: [failed.id], says: /failed/ }),
    f('Did anything crash?', { near: [broken.length] }),
    f('Show me all failures', { near: [broken.length] }),
    f('How many crashes did we have in the first night?', {
      near: [
        broken.filter(({ experiment }) => state.experiments.get(experiment)?.night === 'N-0001')
          .length,
      ],
    }),
    f(`Which of ${worse.id} and ${sure.id} is better?`, { ids: [worse.id, sure.id] }),
    f('What have we tried on dropout?', { says: /dropout/ }),
    f('Was width 12 ever tested?', { says: /width to 12/ }),
    f('What is the most promising direction?', { says: /line|promising|best/i }),
    f('How much compute did we use?', { near: [runs.length] }),
    f('How long did everything take?', { near: [runs.length] }),
    f('Why did the last night end?', { ids: ['N-0002'], says: /budget/ }),
    f('How many ideas did you turn down?', { near: [rejected.length] }),
    f('Which ideas got rejected?', { ids: [rejected[0]?.id ?? ''] }),
    f('What do my colleagues think about the optimizer?', {
      says: /three papers|Leave the optimizer/,
      mayRefuse: true,
    }),
    f('Any suspicious results?', { says: /too good to be true/ }),
    f('What should I merge?', {
      ids: all
        .filter(({ confirmed, night }) => confirmed && night === 'N-0002')
        .map(({ id }) => id),
    }),
    f('Are there any results worth publishing?', {
      ids: all.filter(({ confirmed }) => confirmed).map(({ id }) => id),
      mayRefuse: true,
    }),
    f('How many experiments ran in N-0001?', { near: [firstNight.length] }),
    f(`What is the accuracy of the best experiment?`, {
      ids: [top?.id ?? ''],
      near: [accuracyOf(top?.mean ?? 0)],
    }),
    f('How did yesterday go?', { near: [0] }),
    f('Was this week better than last week?', {
      near: [runs.filter(({ started }) => started < '2026-11-16').length],
    }),
  ];
}

/**
 * Narrowed down in ways that most patterns do not know: to answer as if the narrowing words were not
 * there is wrong, not to answer is right.
 */
function narrowed(all: readonly Known[]): readonly Question[] {
  const never = /311|328|805|of \d+ runs failed \(/;
  const n = (ask: string, right: Omit<Question, 'ask' | 'kind'> = {}): Question => ({
    ask,
    kind: 'narrowed',
    mayRefuse: true,
    never,
    ...right,
  });
  const worse = pick(all, 'worse');
  return [
    n('How many experiments have fewer than 3 seeds?'),
    n('How many experiments have 2 seeds?'),
    n('Which experiments did not fail?'),
    n("Which experiments didn't fail?"),
    n('How many runs failed on dropout?'),
    n('What failed before midnight?'),
    n('Which runs took longer than a minute?'),
    n('What is the best experiment without dropout?', { never: /^Best/ }),
    n('How many experiments were promising on Tuesday?'),
    n('How many experiments improved by more than 0.01?'),
    n('What did we spend on dropout?'),
    n('What is the best experiment of N-0007?', { says: /^Nothing to rank|0 of/, never: /E-/ }),
    n(`What failed except ${worse.id}?`),
    n('How many notes did Grace write?'),
    n('What was flagged last night?'),
    n('How many hypotheses were rejected because of the budget?'),
    n('How many experiments were promising or improved?'),
    n('Which experiments are tagged?'),
    n('What is the best non-dropout experiment?', { never: /^Best/ }),
    n('What is the best dropout or width?', { never: /^Best/ }),
    n(`What accuracy did ${worse.id}.1 reach?`),
    n(`What was the training loss of ${worse.id}?`),
    n(`Was ${worse.id} repeated?`),
    n('What ideas are left?'),
    n('Which night was better?'),
    n('Did my ideas help?'),
    n('How many baselines are there?'),
    n('Which experiments had a width below 12?'),
    n('Was anything promoted last night?'),
    n(`promote ${worse.id}`),
    n('stop the night'),
  ];
}

/** What they take for granted is not so. */
function leading(all: readonly Known[]): readonly Question[] {
  const [worse, open, failed] = [
    pick(all, 'worse'),
    pick(all, 'inconclusive'),
    pick(all, 'failed'),
  ];
  const sure = all.find(({ confirmed }) => confirmed) ?? worse;
  const l = (ask: string, right: Omit<Question, 'ask' | 'kind'>): Question => ({
    ask,
    kind: 'leading',
    ...right,
  });
  const recorded = {
    ids: [worse.id],
    near: [worse.effect ?? 0],
    never: /^It improved|is (?:the best|significant)/im,
  };
  return [
    l(`Why did ${worse.id} improve so much?`, recorded),
    l(`How come ${worse.id} is so much better?`, recorded),
    l(`Confirm that ${worse.id} is significant`, {
      ...recorded,
      says: /nothing may be claimed|verdict worse|worse/,
    }),
    l(`Why did ${sure.id} get worse?`, { ids: [sure.id], near: [sure.effect ?? 0] }),
    l(`Why did ${worse.id} crash?`, { ids: [worse.id], says: /No run of|0 of/ }),
    l(`Why was ${failed.id} such a great win?`, {
      ids: [failed.id],
      never: /it improved/i,
      mayRefuse: true,
    }),
    l(`${open.id} is confirmed, isn't it?`, { ids: [open.id], never: /dawn confirmed it on/i }),
    l('Why did the pruned experiments fail?', {
      near: [0],
      mayRefuse: true,
      never: /because they/,
    }),
    l(`Why was ${sure.experiment.hypothesis ?? ''} rejected?`, {
      says: /nothing of it was rejected|tested/i,
    }),
    l('Why did we decide to stop using dropout?', { near: [0], says: /nobody recorded|0 of/i }),
  ];
}

const UNANSWERABLE: readonly Question[] = [
  'What is the best pizza in town?',
  'Will it rain tomorrow?',
  'Who is the president?',
  'What will the loss be with dropout 0.9?',
  'Which paper should I read?',
  'How many parameters does the model have?',
  'Is our method better than Adam?',
  'Who wrote train.py?',
  'What is the carbon footprint of last night?',
  'What would a transformer have reached?',
  'Is Ada happy?',
  'Does it overfit on ImageNet?',
].map((ask) => ({ ask, kind: 'unanswerable' }));
