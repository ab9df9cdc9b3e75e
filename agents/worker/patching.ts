import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { ExperimentId, HypothesisId } from '../../orchestrator/domain/ids.ts';
import type { Model, ModelFailure } from '../../orchestrator/domain/model.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import type { FileChanges } from '../../orchestrator/domain/ports.ts';
import type { Account, Written } from '../../orchestrator/domain/writing.ts';
import { Annotation, END, START, StateGraph } from '../langgraph.ts';
import { picture } from '../picture.ts';
import { applyEdits } from './edits.ts';

/**
 * A patch from a model, in three steps: ask, apply what it replies, check what came of it. Whatever
 * does not fit goes back to the model once, in words; after that nobody wrote it.
 */

export interface Assignment {
  readonly step: 'write' | 'repair';
  /** The piece of work, such as `write-H-0012`. */
  readonly work: string;
  readonly on: HypothesisId | ExperimentId;
  readonly system: string;
  readonly question: string;
  readonly plan: Plan;
  /** The commit that the patch is to stand on. */
  readonly parent: string;
  /** The files that the edits are made in: the parent's, or those that a patch left. */
  readonly files: ReadonlyMap<string, string>;
  /** What of them differs from the parent already. */
  readonly changed: FileChanges;
  /** What else is wrong with a patch, a sentence each. */
  readonly review: (diff: string, account: Account) => Promise<readonly string[]>;
}

export type Patched =
  | Written
  | { readonly unanswered: ModelFailure }
  /** It said that it cannot be done, and why. */
  | { readonly declined: string }
  /** What was wrong with the last try, a sentence each. */
  | { readonly unfit: readonly string[] };

/** How often a model is asked for one patch: once, and once more with what did not fit. */
const TRIES = 2;

const Draft = Annotation.Root({
  job: Annotation<Assignment>,
  signal: Annotation<AbortSignal>,
  messages: Annotation<readonly { role: 'user' | 'assistant'; content: string }[]>,
  tries: Annotation<number>,
  reply: Annotation<{ readonly text: string; readonly model: string } | null>,
  account: Annotation<Account>,
  diff: Annotation<string | null>,
  problems: Annotation<readonly string[]>,
  unanswered: Annotation<ModelFailure | null>,
});
type Draft = typeof Draft.State;

export type Patching = (job: Assignment, signal: AbortSignal) => Promise<Patched>;

interface PatchingParts {
  readonly model: Model;
  readonly desk: Desk;
}

function build({ model, desk }: PatchingParts) {
  return new StateGraph(Draft)
    .addNode('ask', async ({ job, messages, tries, signal }: Draft) => {
      const { step, work, on, system } = job;
      const reply = await model.ask({ role: 'worker', step, work, on, system, messages }, signal);
      return 'failure' in reply
        ? { unanswered: reply.failure, tries: tries + 1 }
        : { reply: { text: reply.text, model: reply.model }, tries: tries + 1 };
    })
    .addNode('apply', async ({ job, reply }: Draft) => {
      const edited = applyEdits(job.files, reply?.text ?? '');
      if ('problems' in edited) return { problems: edited.problems, diff: null };
      const { account } = edited;
      const files = new Map([...job.changed, ...edited.files]);
      const made = await desk.diffOf(job.plan, job.parent, files);
      return 'problem' in made
        ? { account, problems: [made.problem], diff: null }
        : { account, problems: [], diff: made.diff };
    })
    .addNode('check', async ({ job, diff, account }: Draft) => ({
      problems: await job.review(diff ?? '', account),
    }))
    .addNode('object', ({ messages, reply, problems }: Draft) => ({
      messages: [
        ...messages,
        { role: 'assistant' as const, content: reply?.text ?? '' },
        { role: 'user' as const, content: objection(problems) },
      ],
    }))
    .addEdge(START, 'ask')
    .addConditionalEdges(
      'ask',
      ({ unanswered, reply }: Draft) => (unanswered || declinedIn(reply) ? END : 'apply'),
      ['apply', END],
    )
    .addConditionalEdges(
      'apply',
      (draft: Draft) => (draft.problems.length === 0 ? 'check' : again(draft)),
      ['check', 'object', END],
    )
    .addConditionalEdges(
      'check',
      (draft: Draft) => (draft.problems.length === 0 ? END : again(draft)),
      ['object', END],
    )
    .addEdge('object', 'ask')
    .compile();
}

/** Rejects for bugs, for trouble of the machine and with the signal's reason. */
export function createPatching(parts: PatchingParts): Patching {
  const graph = build(parts);
  return async (job, signal) => {
    const start = {
      ...{ job, signal, tries: 0, reply: null, diff: null, problems: [], unanswered: null },
      messages: [{ role: 'user' as const, content: job.question }],
      account: { changes: [] },
    };
    const { unanswered, problems, diff, account, reply } = await graph.invoke(start);
    // What did not fit before says nothing of the idea.
    if (unanswered) return { unanswered };
    const declined = declinedIn(reply);
    if (declined) return { declined };
    if (problems.length > 0 || diff === null || reply === null) return { unfit: problems };
    return { diff, account, by: reply.model };
  };
}

const again = ({ tries }: Draft): 'object' | typeof END => (tries < TRIES ? 'object' : END);

const declinedIn = (reply: Draft['reply']): string | null =>
  /^\W*GIVE UP:\s*(.+)/.exec(reply?.text ?? '')?.[1]?.trim() ?? null;

/** Problems name lines of files: they are quoted as JSON, and cut. */
const objection = (problems: readonly string[]): string =>
  [
    'None of these edits was used:',
    ...problems.slice(0, 10).map((problem) => `- ${problem.slice(0, 400)}`),
    'Reply again in the same format, with all of the edits, made in the files as they were first shown.',
  ].join('\n');

export const drawPatching = (parts: PatchingParts): Promise<string> => picture(build(parts));
