import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTEXT_BYTES, VOCABULARY } from './data.mjs';
import { addToRows, multiply } from './matrix.mjs';

// A model as a training leaves it: model.json says its shape, model.bin holds its weights, and
// nothing of either is code. The arithmetic here is the evaluator's own, and an experiment cannot
// change it.

const ACTIVATIONS = {
  linear: (x) => x,
  tanh: Math.tanh,
  relu: (x) => Math.max(x, 0),
  relu2: (x) => Math.max(x, 0) ** 2,
  silu: (x) => x / (1 + Math.exp(-x)),
};

/**
 * The predictor that `<folder>/model.json` and `model.bin` describe: an embedding of the last
 * `context` bytes, newest first, and layers `{ units, activation }`, the last one the scores.
 * Weights are 32-bit floats: the embedding, then each layer's matrix (inputs × units) and bias.
 */
export function loadModel(folder) {
  const { context, embedding, layers } = JSON.parse(readFileSync(join(folder, 'model.json')));
  expect('context', isSize(context) && context <= CONTEXT_BYTES, context);
  expect('embedding', isSize(embedding), embedding);
  expect('layers', Array.isArray(layers) && layers.length > 0, layers);
  for (const { units, activation } of layers) {
    expect('units', isSize(units), units);
    expect('activation', Object.hasOwn(ACTIVATIONS, activation), activation);
  }
  const scores = layers.at(-1).units;
  expect('the last layer', scores === VOCABULARY, `${scores} units`);

  const file = readFileSync(join(folder, 'model.bin'));
  const weights = new Float32Array(new Uint8Array(file).buffer);
  let offset = 0;
  const take = (count) => weights.subarray(offset, (offset += count));
  const table = take(VOCABULARY * embedding);
  let inputs = context * embedding;
  const dense = layers.map(({ units, activation }) => {
    const layer = { inputs, units, matrix: take(inputs * units), bias: take(units) };
    inputs = units;
    return { ...layer, activation: ACTIVATIONS[activation] };
  });
  expect('model.bin', offset === weights.length, `${weights.length} weights, not ${offset}`);
  return (contexts, count) =>
    dense.reduce(
      (values, layer) => forward(values, layer, count),
      embed(contexts, count, context, table, embedding),
    );
}

function embed(contexts, count, context, table, embedding) {
  const values = new Float32Array(count * context * embedding);
  for (let slot = 0; slot < count * context; slot++) {
    const example = Math.floor(slot / context);
    const byte = contexts[(example + 1) * CONTEXT_BYTES - 1 - (slot % context)];
    values.set(table.subarray(byte * embedding, (byte + 1) * embedding), slot * embedding);
  }
  return values;
}

function forward(values, { inputs, units, matrix, bias, activation }, count) {
  const out = new Float32Array(count * units);
  multiply(out, values, matrix, count, inputs, units);
  addToRows(out, bias, count);
  return out.map(activation);
}

const isSize = (value) => Number.isInteger(value) && value > 0 && value <= 65_536;

function expect(what, holds, found) {
  if (holds) return;
  throw new Error(
    `model.json: ${what}: expected what model.mjs can compute, found ${JSON.stringify(found)}`,
  );
}
