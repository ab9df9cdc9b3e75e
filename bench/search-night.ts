import { createResearcher } from '../agents/researcher.ts';
import type { ResearcherBrief, Trial } from '../orchestrator/domain/brief.ts';
import { experimentId, nightId, type ExperimentId } from '../orchestrator/domain/ids.ts';
import { candidateValues, sampleRange } from '../orchestrator/knobs/knobs.ts';
import type { Objective, Settings } from './search-objectives.ts';
import { byLot, tpe } from './tpe.ts';

/** A search of one objective by one policy, a run at a time. */

export type PolicyName = 'autolab' | 'tpe' | 'lot';

/**
 * When the night builds on what it found: `single` takes the best single run at its word, as
 * optimisers do; `night` screens with one run, adds two where it looks better than the incumbent,
 * and moves where three say so.
 */
export type Rule = 'single' | 'night';

interface Tried {
  readonly id: ExperimentId;
  readonly parent: ExperimentId;
  readonly settings: Settings;
  readonly set: Settings;
  readonly losses: readonly number[];
  readonly seconds: number;
  readonly verdict: Trial['verdict'];
}

interface Book {
  readonly objective: Objective;
  readonly base: number;
  readonly baseRuns: number;
  readonly tried: readonly Tried[];
  readonly incumbent: ExperimentId;
  readonly settings: Settings;
  readonly asked: ResearcherBrief['proposed'];
}

const BASELINE = experimentId(0);
const average = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The true loss of what the policy would recommend after each run; `prior` runs are not counted. */
export async function search(
  objective: Objective,
  policy: PolicyName,
  rule: Rule,
  options: { runs: number; prior: number; batch: number; luck: () => number; own: () => number },
): Promise<readonly number[]> {
  const { runs, prior, batch, luck, own } = options;
  const measure = (settings: Settings) => objective.run(settings, luck);
  const baseline = [1, 2, 3].map(() => measure(objective.start).loss);
  let book: Book = {
    objective,
    ...{ base: average(baseline), baseRuns: baseline.length, tried: [], asked: [] },
    ...{ incumbent: BASELINE, settings: objective.start },
  };
  let score = book.base;
  const truths: number[] = [];
  let waiting: Settings[] = [];
  const ask = async (): Promise<Settings[]> => {
    if (policy === 'autolab') return askAutolab(book, batch);
    const trials = book.tried.map(({ settings, losses }) => ({ settings, loss: lossOf(losses) }));
    const start = { settings: objective.start, loss: book.base };
    return [
      policy === 'lot'
        ? byLot(objective.space, own)
        : tpe(objective.space, [start, ...trials], own),
    ];
  };
  const spend = () => truths.push(objective.truth(book.settings));
  for (let i = 0; i < prior; i += 1) {
    const settings = oneMove(objective, own);
    const { loss, seconds } = measure(settings);
    book = entered(book, settings, [loss], seconds, Number.isNaN(loss) ? 'failed' : 'inconclusive');
  }
  while (truths.length < runs) {
    if (waiting.length === 0) {
      waiting = await ask();
      const change = (settings: Settings) =>
        ({ kind: 'knobs', values: difference(book.settings, settings) }) as const;
      const said = waiting.map((settings) => ({
        title: '',
        change: change(settings),
        parent: book.incumbent,
        source: 'search_space' as const,
      }));
      book = { ...book, asked: [...book.asked, ...said] };
    }
    const next = waiting.shift();
    if (!next) {
      spend();
      continue;
    }
    const first = measure(next);
    const losses = [first.loss];
    spend();
    const better = (): boolean => average(losses) < score;
    const seeds = rule === 'night' ? 3 : 1;
    while (losses.length < seeds && better() && truths.length < runs) {
      losses.push(measure(next).loss);
      spend();
    }
    const clear = 1.96 * Math.sqrt(1 / 3 + 1 / 3);
    const found =
      rule === 'single' ? better() : losses.length === 3 && average(losses) < score - clear;
    const verdict = Number.isNaN(first.loss) ? 'failed' : found ? 'promising' : 'inconclusive';
    book = entered(book, next, losses, first.seconds, verdict);
    if (found) {
      book = { ...book, incumbent: experimentId(book.tried.length), settings: next };
      score = average(losses);
      waiting = [];
      truths[truths.length - 1] = objective.truth(next);
    }
  }
  return truths;
}

const lossOf = (losses: readonly number[]): number => {
  const mean = average(losses);
  return Number.isNaN(mean) ? Infinity : mean;
};

function entered(
  book: Book,
  settings: Settings,
  losses: readonly number[],
  seconds: number,
  verdict: Trial['verdict'],
): Book {
  const id = experimentId(book.tried.length + 1);
  const set = difference(book.settings, settings);
  const one: Tried = { id, parent: book.incumbent, settings, set, losses, seconds, verdict };
  return { ...book, tried: [...book.tried, one] };
}

const difference = (from: Settings, to: Settings): Settings =>
  Object.fromEntries(Object.entries(to).filter(([name, value]) => from[name] !== value));

const researcher = createResearcher({ candidateValues, sampleRange });

async function askAutolab(book: Book, wanted: number): Promise<Settings[]> {
  const { objective, tried, base, baseRuns, incumbent, settings, asked } = book;
  const known = new Map(tried.map((one) => [one.id, average(one.losses)]));
  const memory = tried.map(({ id, parent, set, settings, losses, seconds, verdict }): Trial => {
    const mean = average(losses);
    const effect = Number.isNaN(mean) ? null : base - mean;
    const gain = Number.isNaN(mean) ? null : (known.get(parent) ?? base) - mean;
    const change = { kind: 'knobs', values: set } as const;
    const measured = { settings, effect, n: losses.length, seconds, baseline: BASELINE };
    return { experiment: id, change, parent, verdict, gain, ...measured };
  });
  const answer = await researcher({
    ...{ night: nightId(1), round: 1, wanted, search_space: objective.space, own: [] },
    objective: { metric: 'loss', direction: 'minimize', at: 'last' },
    ...{ incumbent, settings, memory, proposed: asked },
    baselines: [{ experiment: BASELINE, settings: objective.start, n: baseRuns, seconds: null }],
  });
  return answer.proposals.flatMap(({ change }) =>
    change.kind === 'knobs' ? [{ ...settings, ...change.values }] : [],
  );
}

/** A move of one knob by lot, as an earlier night may have tried it. */
function oneMove({ space, start }: Objective, random: () => number): Settings {
  const names = Object.keys(space);
  const name = names[Math.floor(random() * names.length)] ?? '';
  return { ...start, [name]: byLot(space, random)[name] ?? '' };
}
