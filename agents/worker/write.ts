import type { WriteAnswer, WriteBrief } from '../../orchestrator/domain/brief.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import type { Account } from '../../orchestrator/domain/writing.ts';
import { systemPrompt } from '../prompt.ts';
import type { Patched, Patching } from './patching.ts';
import { filesInWords, hypothesisInWords, rulesOf, settingsInWords } from './question.ts';

/** A hypothesis in words becomes a patch on its parent, or nobody wrote it. */
export async function write(
  desk: Desk,
  patching: Patching,
  { hypothesis, order }: WriteBrief,
  signal: AbortSignal,
): Promise<WriteAnswer> {
  const files = await desk.editable(order.plan, order.parent);
  return writtenOr(
    await patching(
      {
        ...{ step: 'write', work: `write-${hypothesis.id}`, on: hypothesis.id },
        ...{ plan: order.plan, parent: order.parent, files, changed: new Map() },
        system: systemPrompt('worker-write', rulesOf(order.plan)),
        question: writeQuestion({ hypothesis, order }, files),
        review: async (_, account) => moreThanOne(account),
      },
      signal,
    ),
  );
}

/** What a model is told of a change that it is to write. Deterministic. */
function writeQuestion(
  { hypothesis, order }: Pick<WriteBrief, 'hypothesis' | 'order'>,
  files: ReadonlyMap<string, string>,
): string {
  const words = hypothesisInWords(hypothesis);
  return [
    'Write the change of this hypothesis.',
    words,
    settingsInWords(order.settings),
    filesInWords(files, words),
  ].join('\n\n');
}

/** An experiment is one change, by its author's own account too. */
export const moreThanOne = ({ changes }: Account): readonly string[] =>
  changes.length <= 1
    ? []
    : [
        `expected one change, found ${changes.length} named below CHANGES: make the hypothesis' own alone, and name its steps in one line`,
      ];

function writtenOr(patched: Patched): WriteAnswer {
  if ('unanswered' in patched) {
    const message = `no patch was written: ${patched.unanswered.message}`;
    return { failure: { class: 'infrastructure', message } };
  }
  if ('declined' in patched)
    return invalid(`its author gave it up: ${patched.declined.slice(0, 300)}`);
  return 'unfit' in patched
    ? invalid(`no patch was written that fits: ${patched.unfit.join('; ').slice(0, 600)}`)
    : patched;
}

const invalid = (message: string): WriteAnswer => ({ failure: { class: 'invalid', message } });
