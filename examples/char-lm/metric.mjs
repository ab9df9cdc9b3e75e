import { CONTEXT_BYTES, VOCABULARY, loadText } from './data.mjs';

/** Targets in the evaluation. A fixed number, so that a larger corpus does not make it slower. */
const QUESTIONS = 8192;

/** Targets in a glance: few, so that a training can be looked at on its way. */
const GLANCE = 1024;

const CALL_SIZE = 256;

/**
 * Bits per byte of a predictor on fixed places of the held-out text, and on as many of the
 * training text.
 *
 * `predict(contexts, count)` gets `count` × CONTEXT_BYTES bytes and returns `count` × VOCABULARY
 * scores. It never sees a target, and scores are normalised here, so that probabilities that sum to more
 * than one win nothing. NaN if any score is.
 */
export function bitsPerByte(predict) {
  return {
    val_bpb: examine(predict, loadText('val')),
    train_bpb: examine(predict, loadText('train')),
  };
}

/** About `val_bpb`, on some of its places: the same ones each time. */
export const glance = (predict) => examine(predict, loadText('val'), GLANCE);

function examine(predict, text, most = QUESTIONS) {
  const { contexts, targets } = questions(text, most);
  let bits = 0;
  for (let from = 0; from < targets.length; from += CALL_SIZE) {
    const to = Math.min(from + CALL_SIZE, targets.length);
    const logits = predict(contexts.slice(from * CONTEXT_BYTES, to * CONTEXT_BYTES), to - from);
    bits += surprise(logits, targets.subarray(from, to));
  }
  return bits / targets.length;
}

/**
 * Contexts and the bytes that follow them. Apart from `surprise` so that, one day, a model may
 * answer in a place where the targets are not.
 */
export function questions(text, most = QUESTIONS) {
  // Contexts must not overlap a target, or one question would give away the answer to another.
  const count = Math.min(most, Math.floor(text.length / (CONTEXT_BYTES + 1)));
  const stride = Math.floor(text.length / count);
  const contexts = new Uint8Array(count * CONTEXT_BYTES);
  const targets = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * stride;
    contexts.set(text.subarray(start, start + CONTEXT_BYTES), i * CONTEXT_BYTES);
    targets[i] = text[start + CONTEXT_BYTES];
  }
  return { contexts, targets };
}

/** Bits that the targets cost under the scores: the sum of log2(Σ exp scores) − the target's score. */
export function surprise(logits, targets) {
  let nats = 0;
  for (let i = 0; i < targets.length; i++) {
    const row = logits.subarray(i * VOCABULARY, (i + 1) * VOCABULARY);
    // Math.max keeps NaN, so a model that diverged can't pass.
    const peak = Math.max(...row);
    let sum = 0;
    for (let j = 0; j < VOCABULARY; j++) sum += Math.exp(row[j] - peak);
    nats += Math.log(sum) + peak - row[targets[i]];
  }
  return nats / Math.LN2;
}
