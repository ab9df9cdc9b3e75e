import type {
  RepairAnswer,
  RepairBrief,
  WriteAnswer,
  WriteBrief,
} from '../../orchestrator/domain/brief.ts';
import type { Coded, CodingAgent, CodingOrder } from '../../orchestrator/domain/coding-agent.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
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
  { agent, desk }: Coding,
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
  const coded = await agent.run(ordered(plan, said), signal);
  const written = await taken(desk, { plan, parent, changed: new Map() }, coded);
  if ('failure' in written) return written;
  const problems = moreThanOne(written.account);
  return problems.length === 0 ? written : { failure: unfit(problems) };
}

async function repair(
  { agent, desk }: Coding,
  { hypothesis, order }: RepairBrief,
  signal: AbortSignal,
): Promise<RepairAnswer> {
  const { plan, parent } = order;
  const left = await desk.patched(parent, order.diff);
  if ('problem' in left) return { gave_up: `the patch no longer applies: ${left.problem}` };
  const brief = [
    systemPrompt('worker-coding', rulesOf(plan)),
    systemPrompt('worker-coding-repair').replace(ABOUT_DATA_BLOCKS, '').trim(),
    hypothesisInWords(hypothesis),
    ...crashInWords(order),
  ].join('\n\n');
  const said = { work: workOf(order), commit: left.commit, brief };
  const coded = await agent.run(ordered(plan, said), signal);
  const changed = await desk.changes(parent, left.commit);
  const written = await taken(desk, { plan, parent, changed }, coded);
  if ('failure' in written) return { gave_up: written.failure.message };
  const problems = await reviewed(desk, order, written.diff);
  return problems.length === 0 ? written : { gave_up: unfit(problems).message };
}

function ordered(plan: Plan, said: Omit<CodingOrder, 'plan' | 'worker'>): CodingOrder {
  const { worker } = plan;
  if (worker === undefined) throw new Error('expected a plan that names a coding agent');
  return { ...said, plan, worker };
}

/** What an agent left, as a patch on the parent. */
async function taken(
  desk: Desk,
  on: Pick<WriteBrief['order'], 'plan' | 'parent'> & { readonly changed: FileChanges },
  coded: Coded,
): Promise<Written | { readonly failure: Failure }> {
  if ('failure' in coded) return coded;
  const { left_out, changes, by } = coded;
  const besides = left_out.length === 0 ? '' : `; left out: ${left_out.slice(0, 5).join(', ')}`;
  if (coded.files.size === 0)
    return {
      failure: { class: 'invalid', message: `the coding agent changed no editable file${besides}` },
    };
  const made = await desk.diffOf(on.plan, on.parent, new Map([...on.changed, ...coded.files]));
  if ('problem' in made) return { failure: unfit([`${made.problem}${besides}`]) };
  const account: Account = { changes, ...(left_out.length === 0 ? {} : { left_out }) };
  return { diff: made.diff, account, by };
}

const unfit = (problems: readonly string[]): Failure => ({
  class: 'invalid',
  message: `no patch was written that fits: ${problems.join('; ').slice(0, 600)}`,
});
