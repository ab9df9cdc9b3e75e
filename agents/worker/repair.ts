import type { RepairAnswer, RepairBrief, RepairOrder } from '../../orchestrator/domain/brief.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import { changeKey } from '../../orchestrator/domain/hypothesis.ts';
import { knownError } from '../../orchestrator/domain/known-errors.ts';
import { dataBlock } from '../data-block.ts';
import { systemPrompt } from '../prompt.ts';
import type { Patched, Patching } from './patching.ts';
import { filesInWords, hypothesisInWords, rulesOf } from './question.ts';
import { anotherExperiment } from './same-experiment.ts';

/** A patch that crashed becomes one that does not, and still is the same experiment. */
export async function repair(
  desk: Desk,
  patching: Patching,
  brief: RepairBrief,
  signal: AbortSignal,
): Promise<RepairAnswer> {
  const { hypothesis, order } = brief;
  const left = await desk.patched(order.parent, order.diff);
  if ('problem' in left) return { gave_up: `the patch no longer applies: ${left.problem}` };
  const [files, changed] = await Promise.all([
    desk.editable(order.plan, left.commit),
    desk.changes(order.parent, left.commit),
  ]);
  return repairedOr(
    await patching(
      {
        ...{ step: 'repair', work: workOf(order), on: order.experiment },
        ...{ plan: order.plan, parent: order.parent, files },
        changed,
        system: systemPrompt('worker-repair', rulesOf(order.plan)),
        question: repairQuestion({ hypothesis, order }, files),
        review: (diff) => reviewed(desk, order, diff),
      },
      signal,
    ),
  );
}

/** What is wrong with a repaired patch besides that it applies and parses. */
export async function reviewed(
  desk: Desk,
  order: RepairOrder,
  diff: string,
): Promise<readonly string[]> {
  const key = (of: string): string => changeKey({ kind: 'patch', file: null, diff: of });
  const tried = [order.diff, ...order.earlier.map((one) => one.diff)].some(
    (one) => key(one) === key(diff),
  );
  const { original, plan, failure, parent } = order;
  const [first, now] = await Promise.all([original, diff].map((one) => desk.patched(parent, one)));
  const at = first === undefined || 'problem' in first ? parent : first.commit;
  const files = await desk.editable(plan, at);
  const turned =
    now === undefined || 'problem' in now ? [] : await turnedKnobs(desk, plan, at, now.commit);
  return [
    ...(tried ? ['expected another patch than those that crashed, found one of them again'] : []),
    ...anotherExperiment({
      ...{ original, plan, files, repaired: diff },
      traceback: failure.traceback ?? '',
    }),
    ...turned,
  ];
}

/** Knobs that a repair leaves at another value, however it is spelt. */
async function turnedKnobs(
  desk: Desk,
  plan: RepairOrder['plan'],
  original: string,
  repaired: string,
): Promise<readonly string[]> {
  const [before, now] = await Promise.all([
    desk.settings(plan, original),
    desk.settings(plan, repaired),
  ]);
  return Object.entries(before ?? {}).flatMap(([name, value]) =>
    now?.[name] === value
      ? []
      : [`expected the knob ${name} at ${value}, found ${now?.[name] ?? 'none that can be read'}`],
  );
}

export const workOf = ({ experiment, run, attempt, number }: RepairOrder): string =>
  `repair-${experiment}-${run.split('.')[1]}-${attempt}-${number}`;

const MOST = { diff: 20_000, traceback: 6000, account: 600 };

/** What a model is told of a crash. Deterministic. */
function repairQuestion(
  { hypothesis, order }: Pick<RepairBrief, 'hypothesis' | 'order'>,
  files: ReadonlyMap<string, string>,
): string {
  const words = [hypothesisInWords(hypothesis), ...crashInWords(order)];
  return [
    `Mend the crash of this patch. This is try ${order.number} of ${order.most}.`,
    ...words,
    filesInWords(files, words.join('\n')),
  ].join('\n\n');
}

/** The patch, how it crashed, what is known of such crashes, and what was tried. */
export function crashInWords({ failure, diff, earlier }: RepairOrder): readonly string[] {
  const known = knownError(failure);
  const crash = [failure.message, failure.traceback ?? ''].join('\n');
  return [
    dataBlock('patch', diff, MOST.diff),
    dataBlock('crash', crash, MOST.traceback),
    ...(known ? [`Crashes like this are known: ${known.cause} What mends them: ${known.fix}`] : []),
    ...earlier.map((one, i) =>
      dataBlock(
        `earlier-try-${i + 1}`,
        [...one.account.changes, `It crashed: ${one.failure.message}`].join('\n'),
        MOST.account,
      ),
    ),
  ];
}

function repairedOr(patched: Patched): RepairAnswer {
  if ('unanswered' in patched)
    return { gave_up: `nobody repaired it: ${patched.unanswered.message}` };
  if ('declined' in patched)
    return { gave_up: `its author gave it up: ${patched.declined.slice(0, 300)}` };
  return 'unfit' in patched
    ? { gave_up: `no repair was written that fits: ${patched.unfit.join('; ').slice(0, 600)}` }
    : patched;
}
