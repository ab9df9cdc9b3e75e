import { digamma, trigamma, trigammaInverse } from './gamma.ts';
import { variance, type Noise } from './compare.ts';

/**
 * How much runs of one arm differ by chance, where each arm has too few runs to say it alone:
 * every arm's own variance is drawn towards what all arms together show (Smyth 2004, "Linear
 * models and empirical Bayes methods for assessing differential expression in microarray
 * experiments", Statistical Applications in Genetics and Molecular Biology 3(1), section 6.2).
 */
export interface Moderation {
  /** Degrees of freedom that all arms have together. */
  readonly df: number;
  /** What an arm without replicates of its own is taken to have. */
  readonly typical: Noise;
  /** Of an arm of these values. */
  noiseOf(values: readonly number[]): Noise;
}

/**
 * From the values of all arms, one list each; arms without two values say nothing. Null where no
 * arm has two, or where nothing varied anywhere: no spread seen is not no spread.
 */
export function moderate(arms: readonly (readonly number[])[]): Moderation | null {
  const groups = arms.flatMap((arm): Noise[] => {
    const own = variance(arm);
    return own === null ? [] : [{ variance: own, df: arm.length - 1 }];
  });
  const df = groups.reduce((sum, group) => sum + group.df, 0);
  const pooled = groups.reduce((sum, group) => sum + group.df * group.variance, 0) / df;
  if (!(pooled > 0)) return null;
  const prior = priorOf(groups, pooled);
  // More is never known than all arms together know: six runs know a spread to a factor of two.
  const known = (wanted: number): number => Math.min(wanted, df);
  return {
    df,
    typical: { variance: prior.variance, df: known(prior.df) },
    noiseOf(values) {
      const own = variance(values);
      if (own === null) return { variance: prior.variance, df: known(prior.df) };
      if (prior.df === Infinity) return { variance: prior.variance, df };
      const d = values.length - 1;
      return {
        variance: (prior.df * prior.variance + d * own) / (prior.df + d),
        df: known(prior.df + d),
      };
    },
  };
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
