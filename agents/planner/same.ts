import { z } from 'zod';
import type { PlannerBrief, Remembered } from '../../orchestrator/domain/brief.ts';
import type { Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import type { Model, ModelCall, ModelReply } from '../../orchestrator/domain/model.ts';
import { dataBlock } from '../data-block.ts';
import { systemPrompt } from '../prompt.ts';
import { holdsHere, lineOf } from './ruled-out.ts';
import { isWritten, outcomeOf, type Rejection } from './screen.ts';

/**
 * The same change in other words, as a model reads it. It can only keep a written patch from being
 * tried twice; without an answer, and where two looks leave it unsure, the patch is tried.
 */

interface Item {
  /** `K3`, `N1` */
  readonly name: string;
  readonly text: string;
  /** As a rejection speaks of it. */
  readonly called: string;
}
interface New extends Item {
  readonly hypothesis: Hypothesis;
}

type Asking = <T>(call: ModelCall<T>) => Promise<ModelReply<T>>;

interface Twins {
  readonly one: New;
  readonly other: Item;
}

export async function sameInOtherWords(
  brief: PlannerBrief,
  accepted: readonly Hypothesis[],
  model: Model,
  signal?: AbortSignal,
): Promise<readonly Rejection[]> {
  const fresh = new Set(brief.proposed.map(({ id }) => id));
  const young = accepted
    // What the user asks for is not a model's to veto.
    .filter((one) => fresh.has(one.id) && isWritten(one) && one.source !== 'yours')
    .map((hypothesis, i): New => ({ ...itemOf(`N${i + 1}`, hypothesis), hypothesis }));
  const others = accepted.filter((one) => !young.some(({ hypothesis }) => hypothesis === one));
  const tried = remembered(brief);
  const known = [
    ...tried.map((one, i) => rememberedItem(`K${i + 1}`, one)),
    ...others.map((one, i) => itemOf(`K${tried.length + i + 1}`, one)),
  ];
  if (young.length === 0 || known.length + young.length < 2) return [];
  const asking: Asking = (call) => model.ask(call, signal);
  const { sure, unsure } = await firstLook(brief, known, young, asking);
  const twins = [...sure, ...(await secondLook(brief, unsure, asking))];
  return twins.map(({ one, other }) => ({
    id: one.hypothesis.id,
    because: `the same change as ${other.called}, in other words`,
  }));
}

/** What this incumbent has, was tried on it, or came out badly where nothing else would come of it here. */
function remembered(brief: PlannerBrief): readonly Remembered[] {
  const { lab, incumbent, memory } = brief;
  const line = lineOf(incumbent, brief);
  return (lab?.remembered ?? []).filter((one) => {
    if (one.parent === incumbent || line.has(one.experiment)) return true;
    const found = memory.find(({ experiment }) => experiment === one.experiment);
    return found?.change.kind === 'patch' && holdsHere(found, found.change.diff, brief);
  });
}

const LONGEST = 2500;

const rememberedItem = (name: string, one: Remembered): Item => ({
  name,
  text: [one.title, one.idea, one.diff ?? ''].join('\n'),
  called: outcomeOf(one),
});

function itemOf(name: string, { id, title, idea, change }: Hypothesis): Item {
  const what = change.kind === 'patch' ? change.diff : JSON.stringify(change);
  return { name, text: [title, idea ?? '', what].join('\n'), called: `${id} (“${title}”)` };
}

const FIRST = z.object({
  answers: z.array(
    z.object({ change: z.string(), same_as: z.string().nullable(), sure: z.boolean() }),
  ),
});

async function firstLook(
  brief: PlannerBrief,
  known: readonly Item[],
  young: readonly New[],
  ask: Asking,
): Promise<{ readonly sure: readonly Twins[]; readonly unsure: readonly Twins[] }> {
  const reply = await ask({
    ...{ role: 'planner', step: 'same', work: workOf(brief), on: brief.incumbent },
    system: systemPrompt('planner-same'),
    messages: [{ role: 'user', content: [...known, ...young].map(block).join('\n\n') }],
    schema: { name: 'same_changes', of: FIRST },
  });
  if ('failure' in reply) return { sure: [], unsure: [] };
  const found = young.flatMap((one, at) => {
    const said = reply.value.answers.find(({ change }) => change === one.name);
    // Of two new ones the first stays.
    const other = [...known, ...young.slice(0, at)].find(({ name }) => name === said?.same_as);
    return said && other ? [{ one, other, sure: said.sure }] : [];
  });
  return { sure: found.filter(({ sure }) => sure), unsure: found.filter(({ sure }) => !sure) };
}

const SECOND = z.object({ pairs: z.array(z.object({ number: z.int(), same: z.boolean() })) });

async function secondLook(
  brief: PlannerBrief,
  unsure: readonly Twins[],
  ask: Asking,
): Promise<readonly Twins[]> {
  if (unsure.length === 0) return [];
  const pairs = unsure.map(
    ({ one, other }, i) => `Pair ${i + 1}:\n\n${block(other)}\n\n${block(one)}`,
  );
  const reply = await ask({
    ...{ role: 'planner', step: 'same-again', work: workOf(brief), on: brief.incumbent },
    system: systemPrompt('planner-same-again'),
    messages: [{ role: 'user', content: pairs.join('\n\n') }],
    schema: { name: 'same_pairs', of: SECOND },
  });
  if ('failure' in reply) return [];
  const same = new Set(reply.value.pairs.filter(({ same }) => same).map(({ number }) => number));
  return unsure.filter((_, i) => same.has(i + 1));
}

const block = ({ name, text }: Item): string => dataBlock(name, text, LONGEST);

const workOf = ({ night, round }: PlannerBrief): string => `compare-${night}-${round}`;
