/**
 * What the search believes of a change: most changes do nothing, some help or harm by a few noise
 * units, few by much more. A spike at 0 and a slab (Mitchell & Beauchamp 1988, "Bayesian variable
 * selection in linear regression", Journal of the American Statistical Association 83), met with a
 * t likelihood, since the noise is an estimate. The slab is Cauchy: a lighter one never believes a
 * large effect while the noise is known on few degrees of freedom (Rouder et al. 2009, "Bayesian t
 * tests", Psychonomic Bulletin & Review 16). It moves the search; it claims nothing.
 */
export interface Belief {
  /** Probability that the change helps: a gain above 0. */
  readonly better: number;
  /** Probability that it harms; the rest of 1 is "does nothing". */
  readonly worse: number;
  /** Expected gain, in units of the objective. */
  readonly gain: number;
}

/** One measurement of a change's gain: positive is good; `error` above 0. */
export interface Measured {
  readonly gain: number;
  readonly error: number;
  readonly df: number;
}

/** Prior probability that a change does anything at all. */
const EFFECTIVE = 0.25;
/** Half of the effects of those that do are larger than this, in noise units. */
const SLAB = 1.5;
/** With more, one measurement far from another would leave no density to compare. */
const MOST_DF = 30;

/** Where the slab is looked at in any case, in noise units: from the unseen to the overwhelming. */
const NODES: readonly number[] = Array.from({ length: 28 }, (_, i) => 0.02 * 2 ** i).flatMap(
  (size) => [-size, size],
);
/** And around each measurement, in its standard errors. */
const NEAR = [-4, -2.5, -1.5, -0.8, -0.25, 0.25, 0.8, 1.5, 2.5, 4];

/** Student's density without its constant, which cancels. */
function kernel(t: number, df: number): number {
  return Math.exp(-((df + 1) / 2) * Math.log1p((t * t) / df));
}

/**
 * The belief after independent measurements of one change, `unit` being one noise unit (a run's
 * standard deviation), above 0. No measurement leaves the prior. The slab is integrated by the
 * trapezoidal rule over the nodes above.
 */
export function belief(measured: readonly Measured[], unit: number): Belief {
  const likelihood = (effect: number): number => {
    let all = 1;
    for (const { gain, error, df } of measured)
      all *= kernel((gain - effect * unit) / error, Math.min(df, MOST_DF));
    return all;
  };
  const near = measured.flatMap(({ gain, error }) => NEAR.map((k) => (gain + k * error) / unit));
  const nodes = [...NODES, ...near].toSorted((a, b) => a - b);
  let [better, worse, moment, prior] = [0, 0, 0, 0];
  for (const [i, effect] of nodes.entries()) {
    const width = (nodes[i + 1] ?? effect) - (nodes[i - 1] ?? effect);
    const weight = width * kernel(effect / SLAB, 1);
    const seen = weight * likelihood(effect);
    prior += weight;
    if (effect > 0) better += seen;
    else worse += seen;
    moment += seen * effect * unit;
  }
  const scale = EFFECTIVE / prior;
  const all = (better + worse) * scale + (1 - EFFECTIVE) * likelihood(0);
  // Measurements that contradict each other beyond all measure leave what was believed before.
  if (!(all > 0)) return { better: EFFECTIVE / 2, worse: EFFECTIVE / 2, gain: 0 };
  return {
    better: (better * scale) / all,
    worse: (worse * scale) / all,
    gain: (moment * scale) / all,
  };
}
