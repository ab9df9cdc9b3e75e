/**
 * Gradient-boosted regression trees (Friedman, "Greedy function approximation: a gradient boosting
 * machine", Annals of Statistics 29, 2001; rows drawn anew for each tree as in "Stochastic gradient
 * boosting", 2002) on Friedman's first problem ("Multivariate adaptive regression splines", Annals
 * of Statistics 19, 1991): ten features, of which five matter, and noise of standard deviation 1.
 * Prints the root mean squared error on rows that no seed trains on. SEED draws the training rows
 * from a fixed pool, and each tree's share of them.
 */

const LEARNING_RATE = 0.1;
const ROUNDS = 120;
const DEPTH = 3;
const SUBSAMPLE = 1;

const SEED = Number(process.env.SEED ?? 1);
const [FEATURES, POOL, TRAIN, VALID, BINS, LEAST_LEAF] = [10, 6000, 400, 6000, 128, 4];

/** mulberry32. */
function uniforms(seed) {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const normal = (uniform) =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Features as bins, row by row, and the targets. */
function rows(count, uniform) {
  const bins = new Uint8Array(count * FEATURES);
  const targets = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const x = Array.from({ length: FEATURES }, uniform);
    for (let f = 0; f < FEATURES; f += 1) bins[i * FEATURES + f] = Math.floor(x[f] * BINS);
    const curve = 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2;
    targets[i] = curve + 10 * x[3] + 5 * x[4] + normal(uniform);
  }
  return { bins, targets };
}

/** `count` of the given rows by lot, without replacement. */
function drawn(from, count, uniform) {
  const all = Int32Array.from(from);
  for (let i = 0; i < count; i += 1) {
    const j = i + Math.floor(uniform() * (all.length - i));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all.subarray(0, count);
}

/** The split with the largest fall of the squared error, or null where none leaves two leaves. */
function bestSplit(bins, residuals, members) {
  let best = null;
  const sum = members.reduce((total, i) => total + residuals[i], 0);
  for (let f = 0; f < FEATURES; f += 1) {
    const sums = new Float64Array(BINS);
    const counts = new Int32Array(BINS);
    for (const i of members) {
      const bin = bins[i * FEATURES + f];
      sums[bin] += residuals[i];
      counts[bin] += 1;
    }
    let [left, count] = [0, 0];
    for (let bin = 0; bin < BINS - 1; bin += 1) {
      left += sums[bin];
      count += counts[bin];
      const others = members.length - count;
      if (count < LEAST_LEAF || others < LEAST_LEAF) continue;
      const gain = left ** 2 / count + (sum - left) ** 2 / others;
      if (best === null || gain > best.gain) best = { f, bin, gain };
    }
  }
  return best;
}

function grown(bins, residuals, members, depth) {
  const split = depth > 0 ? bestSplit(bins, residuals, members) : null;
  if (split === null)
    return { mean: members.reduce((sum, i) => sum + residuals[i], 0) / members.length };
  const { f, bin } = split;
  const goesLeft = (i) => bins[i * FEATURES + f] <= bin;
  return {
    f,
    bin,
    left: grown(bins, residuals, members.filter(goesLeft), depth - 1),
    right: grown(
      bins,
      residuals,
      members.filter((i) => !goesLeft(i)),
      depth - 1,
    ),
  };
}

function predicted(tree, bins, i) {
  let at = tree;
  while (at.mean === undefined) at = bins[i * FEATURES + at.f] <= at.bin ? at.left : at.right;
  return at.mean;
}

const pool = rows(POOL, uniforms(101));
const valid = rows(VALID, uniforms(202));
const luck = uniforms(SEED);
const train = drawn(
  Int32Array.from({ length: POOL }, (_, i) => i),
  TRAIN,
  luck,
);
const mean = train.reduce((sum, i) => sum + pool.targets[i], 0) / TRAIN;
const residuals = pool.targets.map((target) => target - mean);
const guesses = new Float64Array(VALID).fill(mean);
const rmse = () =>
  Math.sqrt(guesses.reduce((sum, guess, i) => sum + (guess - valid.targets[i]) ** 2, 0) / VALID);

for (let round = 1; round <= ROUNDS; round += 1) {
  const members = drawn(train, Math.round(SUBSAMPLE * TRAIN), luck);
  const tree = grown(pool.bins, residuals, members, DEPTH);
  for (const i of train) residuals[i] -= LEARNING_RATE * predicted(tree, pool.bins, i);
  for (let i = 0; i < VALID; i += 1) guesses[i] += LEARNING_RATE * predicted(tree, valid.bins, i);
  if (round % 20 === 0) console.log(JSON.stringify({ step: round, val_rmse: rmse() }));
}
console.log(`---\nval_rmse: ${rmse().toFixed(6)}`);
