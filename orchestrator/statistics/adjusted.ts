import { mean, satterthwaite, type Difference, type Noise } from './compare.ts';
import type { Seeded } from './seeds.ts';

/**
 * How `candidate` differs from `parent`, both of at least one value. On the seeds they share, the
 * parent's deviation from its own mean predicts `correlation` times as much in the candidate
 * (control variates: Lavenberg & Welch 1981, Management Science 27(3)); with correlation 0 this is
 * the plain difference of means. Variances are each arm's moderated one; degrees of freedom after
 * Satterthwaite 1946, at most what the better known arm has. The correlation is an estimate too:
 * this moves the search, and claims nothing.
 */
export function adjustedDifference(
  candidate: Seeded,
  parent: Seeded,
  noise: { readonly candidate: Noise; readonly parent: Noise },
  correlation: number,
): Difference {
  const [n, m] = [candidate.size, parent.size];
  const sc = Math.sqrt(noise.candidate.variance);
  const sp = Math.sqrt(noise.parent.variance);
  const slope = (correlation * sc) / sp;
  const centre = mean([...parent.values()]);
  let [shared, luck] = [0, 0];
  for (const [seed, value] of parent) {
    if (!candidate.has(seed)) continue;
    shared++;
    luck += value - centre;
  }
  const effect = mean([...candidate.values()]) - centre - (slope * luck) / n;
  // The estimate as one sum: 1/n of each candidate run, less these weights of the parent's runs.
  const alone = (1 - (slope * shared) / n) / m;
  const matched = alone + slope / n;
  const ofCandidate = noise.candidate.variance / n;
  const ofParent = noise.parent.variance * ((m - shared) * alone ** 2 + shared * matched ** 2);
  const together = (2 * shared * matched * correlation * sc * sp) / n;
  // Where nearly everything cancels, what is left is how well the correlation is known.
  const least = 0.05 * (ofCandidate + ofParent);
  const squared = Math.max(ofCandidate + ofParent - together, least);
  const df = satterthwaite(
    { variance: ofCandidate, df: noise.candidate.df },
    { variance: ofParent, df: noise.parent.df },
  );
  return {
    effect,
    error: Math.sqrt(squared),
    df: Math.min(df, Math.max(noise.candidate.df, noise.parent.df)),
  };
}
