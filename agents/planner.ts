import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import {
  plannerAnswer,
  type PlannerAnswer,
  type PlannerBrief,
} from '../orchestrator/domain/brief.ts';
import { changeInWords, changeKey, type Hypothesis } from '../orchestrator/domain/hypothesis.ts';
import { closureOf } from '../orchestrator/domain/words.ts';

/**
 * The Planner keeps the queue: screen → rank → answer. It decides what is worth a slot by rules
 * that anybody can check, and says why it turned something down.
 */

type Rejection = PlannerAnswer['rejected'][number];

const Thought = Annotation.Root({
  brief: Annotation<PlannerBrief>,
  /** What passed, in the order it came: waiting before newly proposed. */
  accepted: Annotation<readonly Hypothesis[]>,
  rejected: Annotation<readonly Rejection[]>,
  ranked: Annotation<readonly Hypothesis[]>,
  reply: Annotation<PlannerAnswer>,
});
type Thought = typeof Thought.State;

let compiled: ReturnType<typeof build> | undefined;

function build() {
  return (
    new StateGraph(Thought)
      .addNode('screen', ({ brief }: Thought) => screen(brief))
      // The place of a model: it may order what passed the screen, it cannot let anything through.
      .addNode('rank', ({ brief, accepted }: Thought) => ({ ranked: rank(brief, accepted) }))
      .addNode('answer', ({ ranked, rejected }: Thought) => ({
        reply: plannerAnswer.parse({ queue: ranked.map(({ id }) => id), rejected }),
      }))
      .addEdge(START, 'screen')
      .addEdge('screen', 'rank')
      .addEdge('rank', 'answer')
      .addEdge('answer', END)
      .compile()
  );
}

/**
 * Every hypothesis that waits or was proposed is in exactly one of `queue` (the order to try them
 * in) and `rejected` (with a reason for people). All of them are judged as changes of
 * `brief.incumbent`, since that is what they would be tried on.
 *
 * Memory is taken at its word: it cannot tell a failure of the machine from one of the idea, so a
 * change that should be tried again must not be in it.
 */
export async function plan(brief: PlannerBrief): Promise<PlannerAnswer> {
  compiled ??= build();
  return (await compiled.invoke({ brief })).reply;
}

function screen(brief: PlannerBrief): Pick<Thought, 'accepted' | 'rejected'> {
  const all = [...new Map([...brief.waiting, ...brief.proposed].map((h) => [h.id, h])).values()];
  const accepted = new Map<string, Hypothesis>();
  const rejected: Rejection[] = [];
  // By rank, so that of two twins the one stays that would be tried first.
  for (const hypothesis of inClasses(all)) {
    // What is wanted once more is nobody's twin.
    const once = hypothesis.asked?.again ? `\n${hypothesis.id}` : '';
    const key = changeKey(hypothesis.change) + once;
    const because = objection(hypothesis, key, accepted.get(key), brief);
    if (because === null) accepted.set(key, hypothesis);
    else rejected.push({ id: hypothesis.id, because });
  }
  const passed = new Set(accepted.values());
  return { accepted: all.filter((hypothesis) => passed.has(hypothesis)), rejected };
}

/** Why not, or null. */
function objection(
  hypothesis: Hypothesis,
  key: string,
  twin: Hypothesis | undefined,
  { incumbent, settings, memory, closed = [] }: PlannerBrief,
): string | null {
  const { source, parent, change, asked } = hypothesis;
  const closure = closureOf(closed, hypothesis);
  if (closure !== null) return closure.because;
  if (change.kind === 'none') return 'it changes nothing';
  if (change.kind === 'knobs') {
    const knobs = Object.entries(change.values);
    const unknown = knobs.find(([name]) => !Object.hasOwn(settings, name));
    if (unknown) return `the search space has no knob ${unknown[0]}`;
    if (knobs.every(([name, value]) => settings[name] === value))
      return `${incumbent} has ${changeInWords(change)} already`;
    // Last night's best may be several changes: it was measured as one. The search may join knobs.
    if (knobs.length > 1 && source !== 'incumbent' && source !== 'search_space')
      return `expected one change, found ${knobs.length} (${changeInWords(change)}): propose them one by one`;
  }
  // The user's own and last night's best were not thought up for a parent: they move along.
  if (parent !== incumbent && source !== 'yours' && source !== 'incumbent')
    return `it was thought up for ${parent}, and the search has moved on to ${incumbent}`;
  const tried = memory.find((m) => m.parent === incumbent && changeKey(m.change) === key);
  // Last night's best is tried again on purpose: nobody promoted it, and its gain should not be lost.
  if (tried && source !== 'incumbent' && !asked?.again) {
    const outcome = tried.verdict === null ? 'under way' : tried.verdict.replaceAll('_', ' ');
    return `the same change as ${tried.experiment} on ${incumbent} (${outcome})`;
  }
  return twin ? `the same change as ${twin.id} (“${twin.title}”)` : null;
}

/** What you ask for while it matters, then yours in the plan, last night's best, the rest; each as it came. */
const inClasses = (hypotheses: readonly Hypothesis[]): readonly Hypothesis[] =>
  hypotheses.toSorted((a, b) => classOf(a) - classOf(b));

const classOf = ({ source, asked }: Hypothesis): number =>
  asked ? 0 : source === 'yours' ? 1 : source === 'incumbent' ? 2 : REST;
const REST = 3;

/**
 * The rest take turns by knob, so that two moves of one do not run side by side while others
 * wait: the second is better chosen once the first is known. A knob that is under way on this
 * incumbent, or stands earlier in the queue, has had its turn.
 */
function rank({ incumbent, memory }: PlannerBrief, accepted: readonly Hypothesis[]) {
  const rest = accepted.filter((h) => classOf(h) === REST);
  const first = inClasses(accepted.filter((h) => classOf(h) < REST));
  const underWay = memory.filter((m) => m.parent === incumbent && m.verdict === null);
  const turns = new Map<string, number>();
  const take = (lane: string): number => {
    const turn = turns.get(lane) ?? 0;
    turns.set(lane, turn + 1);
    return turn;
  };
  for (const { change } of [...underWay, ...first]) take(laneOf(change));
  const turned = rest.map((hypothesis) => ({ hypothesis, turn: take(laneOf(hypothesis.change)) }));
  return [
    ...first,
    ...turned.toSorted((a, b) => a.turn - b.turn).map(({ hypothesis }) => hypothesis),
  ];
}

/** The knobs that a change sets; each patch is a lane of its own. */
const laneOf = (change: Hypothesis['change']): string =>
  change.kind === 'knobs' ? Object.keys(change.values).toSorted().join(' ') : changeKey(change);
