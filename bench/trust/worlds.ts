import { normals, uniforms } from '../../test/support/simulate.ts';

/** A world whose truth is known: what each idea does to the objective, and how noisy its runs are. */

export interface WorldKind {
  /** Of 100 ideas: how many help, and how many harm; the rest do nothing. */
  readonly help: number;
  readonly harm: number;
  /**
   * `normal`: sd 1 for every arm. `heavy`: Student's t with 3 degrees of freedom scaled to
   * variance 1, and each change multiplies the sd by a factor that is log-uniform in [0.5, 2].
   */
  readonly noise: 'none' | 'normal' | 'heavy';
  /** Correlation between two arms' noise on the same seed. */
  readonly correlation: number;
  /** How many more help on every other seed, and make the training explode on the rest. */
  readonly explode: number;
}

export interface Idea {
  readonly title: string;
  /** True gain, in standard deviations of the baseline's noise; effects add up along a stack. */
  readonly gain: number;
  readonly spread: number;
  /** What it does on the seeds on which it does not explode; of one that never does, its gain. */
  readonly calm: number;
  readonly explodes: boolean;
}

export interface World {
  readonly ideas: readonly Idea[];
  /** The true gain of these changes together. Throws where a title is not one of the world's. */
  readonly gainOf: (titles: Iterable<string>) => number;
  /**
   * What a run comes to; smaller is better. The same changes on the same seed come to the same
   * number, whoever asks; the `repeat`th time (from 0) with noise of its own again.
   */
  readonly measure: (titles: Iterable<string>, seed: number | null, repeat?: number) => number;
}

const IDEAS = 100;
const [LEAST, MOST] = [0.5, 3];
/** The gain of an idea that explodes on every other seed: its mean has no size of its own. */
const EXPLODED = -10;
/** An explosion, in powers of ten of noise units: from a collapse to chance to no meaning at all. */
const [SMALLEST, LARGEST] = [1, 80];
/** The baseline's true objective. */
const UNCHANGED = 100;

/** The same `seed`, the same world: ideas in the same order and the same noise. */
export function worldOf(kind: WorldKind, seed: number): World {
  const ideas = ideasOf(kind, uniforms(mixed(seed, 1)));
  const byTitle = new Map(ideas.map((idea, i) => [idea.title, i] as const));
  // In one order always: a sum of floats must not depend on who stacked what first.
  const indices = (titles: Iterable<string>): readonly number[] =>
    [...new Set(titles)]
      .map((title) => {
        const found = byTitle.get(title);
        if (found === undefined) throw new Error(`the world knows no change called ${title}`);
        return found;
      })
      .toSorted((a, b) => a - b);
  const calm = (at: readonly number[]) => at.reduce((sum, i) => sum + (ideas[i]?.calm ?? 0), 0);
  const shared = new Map<number, number>();
  const ofSeed = (at: number): number => {
    const known = shared.get(at) ?? noise(kind, mixed(seed, 2, at));
    shared.set(at, known);
    return known;
  };
  const explosion = (at: readonly number[], key: number, repeat: number): number =>
    at.reduce((sum, i) => {
      if (!ideas[i]?.explodes) return sum;
      const uniform = uniforms(mixed(seed, 4, key, repeat, i));
      if (uniform() < 0.5) return sum;
      return sum + 10 ** (SMALLEST + (LARGEST - SMALLEST) * uniform() ** 3);
    }, 0);
  return {
    ideas,
    gainOf: (titles) => indices(titles).reduce((sum, i) => sum + (ideas[i]?.gain ?? 0), 0),
    measure(titles, runSeed, repeat = 0) {
      const at = indices(titles);
      const truth = UNCHANGED - calm(at);
      if (kind.noise === 'none') return truth;
      const key = runSeed ?? 0;
      const own = noise(kind, mixed(seed, 3, key, repeat, ...at));
      const common = kind.correlation > 0 ? ofSeed(key) : 0;
      const sd = at.reduce((product, i) => product * (ideas[i]?.spread ?? 1), 1);
      const { correlation } = kind;
      const noisy = sd * (Math.sqrt(correlation) * common + Math.sqrt(1 - correlation) * own);
      return truth + noisy + explosion(at, key, repeat);
    },
  };
}

function ideasOf(
  { help, harm, explode, noise }: WorldKind,
  uniform: () => number,
): readonly Idea[] {
  const size = () => LEAST + (MOST - LEAST) * uniform();
  const effects = Array.from({ length: IDEAS }, (_, i) => {
    const explodes = i >= help + harm && i < help + harm + explode;
    const calm = i < help || explodes ? size() : i < help + harm ? -size() : 0;
    return { gain: explodes ? EXPLODED : calm, calm, explodes };
  });
  for (let i = IDEAS - 1; i > 0; i -= 1) {
    const j = Math.floor((i + 1) * uniform());
    const [one, other] = [effects[i], effects[j]];
    if (one && other) [effects[i], effects[j]] = [other, one];
  }
  return effects.map((effect, i) => ({
    title: `idea ${i + 1}`,
    ...effect,
    spread: noise === 'heavy' ? 2 ** (2 * uniform() - 1) : 1,
  }));
}

/** One draw of mean 0 and variance 1. */
function noise({ noise }: WorldKind, seed: number): number {
  const normal = normals(uniforms(seed));
  if (noise !== 'heavy') return normal();
  const z = normal();
  const chiSquared = normal() ** 2 + normal() ** 2 + normal() ** 2;
  // t with 3 degrees of freedom is z / √(χ²/3), and its variance is 3.
  return z / Math.sqrt(chiSquared);
}

/** Whole numbers hashed into one of 32 bits (the finaliser of MurmurHash3, once per number). */
export const mixed = (...numbers: readonly number[]): number =>
  numbers.reduce((hash, number) => {
    let h = Math.imul(hash ^ number, 0x9e3779b1) + 0x7f4a7c15;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  }, 0x811c9dc5);
