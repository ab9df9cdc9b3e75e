import { fTail } from './beta.ts';
import { variance, type Noise } from './compare.ts';
import { digamma, trigamma, trigammaInverse } from './gamma.ts';

/**
 * How much runs of one arm differ by chance, where each arm has too few runs to say it alone:
 * every arm's own variance is drawn towards what all arms together show (Smyth 2004, "Linear
 * models and empirical Bayes methods for assessing differential expression in microarray
 * experiments", Statistical Applications in Genetics and Molecular Biology 3(1), section 6.2).
 * An arm that is wild says nothing of the others, nor they of it (Phipson et al. 2016, "Robust
 * hyperparameter estimation protects against hypervariable genes and improves power to detect
 * differential expression", Annals of Applied Statistics 10(2)).
 */
export interface Moderation {
  /** Degrees of freedom that all arms have together, wild ones left out. */
  readonly df: number;
  /** What an arm without replicates of its own is taken to have. */
  readonly typical: Noise;
  /** Of an arm of these values; of a wild one, what its own runs show. */
  noiseOf(values: readonly number[]): Noise;
  /** Whether runs of an arm differ as no chance of a training does: on some seed it came apart. */
  isWild(values: readonly number[]): boolean;
}

/** What one arm's runs show. */
interface Group extends Noise {
  readonly isBaseline: boolean;
}

/**
 * From the values of all arms, one list each, `baseline` one of them; arms without two values say
 * nothing. Null where no arm has two, or where nothing varied anywhere: no spread seen is not no
 * spread.
 */
export function moderate(
  arms: readonly (readonly number[])[],
  baseline?: readonly number[],
): Moderation | null {
  const all = arms.flatMap((arm): Group[] => {
    const own = variance(arm);
    const isBaseline = arm === baseline;
    return own === null ? [] : [{ variance: own, df: arm.length - 1, isBaseline }];
  });
  const wildFrom = leastWild(all);
  const groups = all.filter((group) => group.variance < wildFrom);
  const df = groups.reduce((sum, group) => sum + group.df, 0);
  const pooled = groups.reduce((sum, group) => sum + group.df * group.variance, 0) / df;
  if (!(pooled > 0)) return null;
  const prior = priorOf(groups, pooled);
  // More is never known than all arms together know: six runs know a spread to a factor of two.
  const known = (wanted: number): number => Math.min(wanted, df);
  const isWild = (own: number | null): own is number => own !== null && own >= wildFrom;
  return {
    df,
    typical: { variance: prior.variance, df: known(prior.df) },
    noiseOf(values) {
      const own = variance(values);
      if (own === null) return { variance: prior.variance, df: known(prior.df) };
      const d = values.length - 1;
      if (isWild(own)) return { variance: own, df: d };
      if (prior.df === Infinity) return { variance: prior.variance, df };
      return {
        variance: (prior.df * prior.variance + d * own) / (prior.df + d),
        df: known(prior.df + d),
      };
    },
    isWild: (values) => isWild(variance(values)),
  };
}

/** An arm is wild where its seeds lie more than so many times as far apart as those of the pool … */
const WILD = 30;
/** … and chance does that less often than this, which counts where the pool itself knows little. */
const BY_CHANCE = 1e-3;

/**
 * The variance from which on arms are wild; Infinity where none is. Each arm is held against the
 * pool of all with a smaller variance (after Cochran 1941, "The distribution of the largest of a
 * set of estimated variances as a fraction of their total", Annals of Eugenics 11), where that
 * pool has the baseline in it, or a third of the degrees of freedom: so wild ones cannot hide each
 * other, and a few seeds that happen to agree make no other wild. Arms without any spread know
 * nothing of what is usual among those that have one.
 */
function leastWild(groups: readonly Group[]): number {
  const ascending = groups
    .filter(({ variance: own }) => own > 0)
    .toSorted((a, b) => a.variance - b.variance);
  const all = ascending.reduce((sum, { df }) => sum + df, 0);
  let [pooled, known, counts] = [0, 0, false];
  for (const { variance: own, df, isBaseline } of ascending) {
    counts ||= 3 * known >= all;
    const ratio = counts && known > 0 ? (own * known) / pooled : 0;
    if (ratio > WILD ** 2 && fTail(ratio, df, known) < BY_CHANCE) return own;
    pooled += df * own;
    known += df;
    counts ||= isBaseline;
  }
  return Infinity;
}

/** Share of the pooled variance below which an arm's own counts as this much: its logarithm must exist. */
const FLOOR = 1e-4;

/** Too few arms to tell a spread of spreads from chance: their variances are taken to be one. */
const LEAST_ARMS = 4;

/** The scaled inverse χ² that the arms' variances look drawn from, by the moments of their logarithms. */
function priorOf(groups: readonly Noise[], pooled: number): Noise {
  if (groups.length < LEAST_ARMS) return { variance: pooled, df: Infinity };
  const logs = groups.map(
    ({ variance: own, df }) =>
      Math.log(Math.max(own, FLOOR * pooled)) - digamma(df / 2) + Math.log(df / 2),
  );
  const centre = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const byChance = groups.reduce((sum, { df }) => sum + trigamma(df / 2), 0) / groups.length;
  const excess = (variance(logs) ?? 0) - byChance;
  if (excess <= 0) return { variance: pooled, df: Infinity };
  const df = 2 * trigammaInverse(excess);
  return { variance: Math.exp(centre + digamma(df / 2) - Math.log(df / 2)), df };
}
