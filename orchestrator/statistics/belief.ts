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

/** Where the slab is looked at in any case, in noise units: from the unseen to the overwhelming, */
const [LEAST, MOST] = [0.02, 0.02 * 2 ** 27];
/** and around each measurement, in its standard errors. */
const NEAR = [-4, -2.5, -1.5, -0.8, -0.25, 0.25, 0.8, 1.5, 2.5, 4];

/** The logarithm of Student's density, without its constant, which cancels. */
const logKernel = (t: number, df: number): number => {
  const squared = (t * t) / df;
  // The square of a training that exploded has no number: far out, one more or less is nothing.
  return (
    (-(df + 1) / 2) *
    (squared < Infinity ? Math.log1p(squared) : 2 * Math.log(Math.abs(t)) - Math.log(df))
  );
};

/** Effects in noise units, ascending. */
function nodesFor(measured: readonly Measured[], unit: number): readonly number[] {
  const near = measured.flatMap(({ gain, error }) => NEAR.map((k) => (gain + k * error) / unit));
  // As far as was measured: a training that exploded is further out than anything else.
  const far = near.reduce((most, effect) => Math.max(most, Math.abs(effect)), MOST);
  const nodes = [...near];
  for (let size = LEAST; size <= far; size *= 2) nodes.push(-size, size);
  return nodes.toSorted((a, b) => a - b);
}

/**
 * The belief after independent measurements of one change, `unit` being one noise unit (a run's
 * standard deviation), above 0. No measurement leaves the prior. The slab is integrated by the
 * trapezoidal rule over the nodes above.
 */
export function belief(measured: readonly Measured[], unit: number): Belief {
  const logLikelihood = (effect: number): number =>
    measured.reduce(
      (sum, { gain, error, df }) =>
        sum + logKernel((gain - effect * unit) / error, Math.min(df, MOST_DF)),
      0,
    );
  const effects = nodesFor(measured, unit);
  const nodes = effects.map((effect, i) => {
    const width = (effects[i + 1] ?? effect) - (effects[i - 1] ?? effect);
    return { effect, log: Math.log(width) + logKernel(effect / SLAB, 1) };
  });
  const seen = nodes.map(({ effect, log }) => log + logLikelihood(effect));
  const spike = logLikelihood(0);
  // What is likeliest counts as 1: far from everything, all densities are too small for a number.
  const top = Math.max(spike, ...seen);
  let [better, worse, moment, prior] = [0, 0, 0, 0];
  for (const [i, { effect, log }] of nodes.entries()) {
    const weight = Math.exp((seen[i] ?? -Infinity) - top);
    prior += Math.exp(log);
    if (effect > 0) better += weight;
    else worse += weight;
    moment += weight * effect * unit;
  }
  const scale = EFFECTIVE / prior;
  const all = (better + worse) * scale + (1 - EFFECTIVE) * Math.exp(spike - top);
  return {
    better: (better * scale) / all,
    worse: (worse * scale) / all,
    gain: (moment * scale) / all,
  };
}
