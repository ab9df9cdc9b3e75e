/**
 * Gaussian process regression (Rasmussen & Williams, "Gaussian Processes for Machine Learning",
 * 2006, chapter 2), on kernel matrices that somebody else fills in. Matrices are row-major.
 */

export interface Fit {
  readonly size: number;
  /** Lower Cholesky factor of the kernel matrix with the noise on its diagonal. */
  readonly factor: Float64Array;
  /** That matrix's inverse times the values. */
  readonly weights: Float64Array;
  /** Log marginal likelihood of the values, without its constant (algorithm 2.1). */
  readonly likelihood: number;
}

/** Null where `matrix` is not positive definite. `matrix` is left as it was. */
export function fitted(matrix: Float64Array, values: Float64Array): Fit | null {
  const size = values.length;
  const factor = cholesky(matrix, size);
  if (factor === null) return null;
  const half = solveLower(factor, size, values);
  const weights = half.slice();
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = weights[i] ?? 0;
    for (let k = i + 1; k < size; k += 1) sum -= (factor[k * size + i] ?? 0) * (weights[k] ?? 0);
    weights[i] = sum / (factor[i * size + i] ?? 1);
  }
  let likelihood = -0.5 * dot(half, half, size);
  for (let i = 0; i < size; i += 1) likelihood -= Math.log(factor[i * size + i] ?? 1);
  return { size, factor, weights, likelihood };
}

/** The lower factor L of a symmetric matrix, L Lᵀ = matrix; only its lower half is read. */
function cholesky(matrix: Float64Array, size: number): Float64Array | null {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * size + j] ?? 0;
      for (let k = 0; k < j; k += 1) sum -= (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      if (i === j && !(sum > 1e-12)) return null;
      lower[i * size + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * size + j] ?? 1);
    }
  }
  return lower;
}

/** The x with L x = b. */
export function solveLower(lower: Float64Array, size: number, b: Float64Array): Float64Array {
  const x = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    let sum = b[i] ?? 0;
    for (let k = 0; k < i; k += 1) sum -= (lower[i * size + k] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (lower[i * size + i] ?? 1);
  }
  return x;
}

/** Of the first `size` entries. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
