import type {
  RepairAnswer,
  RepairBrief,
  WriteAnswer,
  WriteBrief,
} from '../../orchestrator/domain/brief.ts';
import type { Coded, CodingAgent, CodingOrder } from '../../orchestrator/domain/coding-agent.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { FileChanges } from '../../orchestrator/domain/ports.ts';
import type { Failure } from '../../orchestrator/domain/run.ts';
import type { Account, Written } from '../../orchestrator/domain/writing.ts';
import { ABOUT_DATA_BLOCKS } from '../data-block.ts';
import { systemPrompt } from '../prompt.ts';
import type { Author } from './author.ts';
import { crashInWords, reviewed, workOf } from './repair.ts';
import { hypothesisInWords, rulesOf, settingsInWords } from './question.ts';
import { moreThanOne } from './write.ts';

/** An author that is a coding agent: it edits the files itself, and AutoLab takes what it may change. */
export function codingAuthor({ agent, desk }: Coding): Required<Author> {
  return {
    write: (brief, signal) => write({ agent, desk }, brief, signal),
    repair: (brief, signal) => repair({ agent, desk }, brief, signal),
  };
}

interface Coding {
  readonly agent: CodingAgent;
  readonly desk: Desk;
}

async function write(
  parts: Coding,
  { hypothesis, order }: WriteBrief,
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const { plan, parent } = order;
  const brief = [
    systemPrompt('worker-coding', rulesOf(plan)),
    'Make the change of this hypothesis.',
    hypothesisInWords(hypothesis),
    settingsInWords(order.settings),
  ].join('\n\n');
  const said = { work: `write-${hypothesis.id}`, commit: parent, brief };
  const on = { plan, parent, changed: new Map() };
  const made = await madeOf(parts, said, on, async ({ account }) => moreThanOne(account), signal);
  return 'problems' in made ? { failure: unfit(made.problems) } : made;
}

async function repair(
  parts: Coding,
  { hypothesis, order }: RepairBrief,
  signal: AbortSignal,
): Promise<RepairAnswer> {
  const { plan, parent } = order;
  const { desk } = parts;
  const left = await desk.patched(parent, order.diff);
  if ('problem' in left) return { gave_up: `the patch no longer applies: ${left.problem}` };
  const brief = [
    systemPrompt('worker-coding', rulesOf(plan)),
    systemPrompt('worker-coding-repair').replace(ABOUT_DATA_BLOCKS, '').trim(),
    hypothesisInWords(hypothesis),
    ...crashInWords(order),
  ].join('\n\n');
  const said = { work: workOf(order), commit: left.commit, brief };
  const on = { plan, parent, changed: await desk.changes(parent, left.commit) };
  const review = ({ diff }: Written) => reviewed(desk, order, diff);
  const made = await madeOf(parts, said, on, review, signal);
  if ('problems' in made) return { gave_up: unfit(made.problems).message };
  return 'failure' in made ? { gave_up: made.failure.message } : made;
}

type Ground = Pick<WriteBrief['order'], 'plan' | 'parent'> & { readonly changed: FileChanges };
type Made = Written | { readonly failure: Failure } | { readonly problems: readonly string[] };

/** What an agent makes of a brief; what does not fit goes back to it once, as it does to a model. */
async function madeOf(
  { agent, desk }: Coding,
  said: Pick<CodingOrder, 'work' | 'commit' | 'brief'>,
  on: Ground,
  review: (written: Written) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<Made> {
  const worker = on.plan.worker;
  if (worker === undefined) throw new Error('expected a plan that names a coding agent');
  const tried = async (brief: string): Promise<Made> => {
    const coded = await agent.run({ ...said, brief, plan: on.plan, worker }, signal);
    const written = await taken(desk, on, coded);
    if (!('diff' in written)) return written;
    const problems = await review(written);
    return problems.length === 0 ? written : { problems };
  };
  const first = await tried(said.brief);
  return 'problems' in first ? tried(`${said.brief}\n\n${objection(first.problems)}`) : first;
}

/** Problems name lines of files: they are cut. */
const objection = (problems: readonly string[]): string =>
  [
    'This was tried before, and nothing of it was taken:',
    ...problems.slice(0, 10).map((problem) => `- ${problem.slice(0, 400)}`),
    'Do it again from the beginning: the files are as they were.',
  ].join('\n');

/** What an agent left, as a patch on the parent. */
async function taken(desk: Desk, on: Ground, coded: Coded): Promise<Made> {
  if ('failure' in coded) return coded;
  const { left_out, changes, by } = coded;
  const besides = left_out.length === 0 ? '' : `; left out: ${left_out.slice(0, 5).join(', ')}`;
  if (coded.files.size === 0)
    return {
      failure: { class: 'invalid', message: `the coding agent changed no editable file${besides}` },
    };
  const made = await desk.diffOf(on.plan, on.parent, new Map([...on.changed, ...coded.files]));
  if ('problem' in made) return { problems: [`${made.problem}${besides}`] };
  const account: Account = { changes, ...(left_out.length === 0 ? {} : { left_out }) };
  return { diff: made.diff, account, by };
}

const unfit = (problems: readonly string[]): Failure => ({
  class: 'invalid',
  message: `no patch was written that fits: ${problems.join('; ').slice(0, 600)}`,
});
