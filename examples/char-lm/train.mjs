// A neural n-gram model (Bengio et al., 2003): embed the last bytes, one hidden layer, softmax over
// the next byte. An experiment changes this file and no other: the data, the number of training
// examples and the evaluation are not its business.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTEXT_BYTES, EXAMPLES, VOCABULARY, loadText, trainingBatches } from './data.mjs';
import { addToRows, multiply, sumColumns, transpose } from './matrix.mjs';
import { bitsPerByte, glance } from './metric.mjs';
import { randomStream } from './random.mjs';

const CONTEXT = 8; // bytes
const EMBEDDING = 16;
const HIDDEN = 128;
const ACTIVATION = 'tanh';
const INIT_SCALE = 1;
const DROPOUT = 0;
const LABEL_SMOOTHING = 0;
const OPTIMIZER = 'momentum';
const LEARNING_RATE = 0.3;
const MOMENTUM = 0.9;
const WEIGHT_DECAY = 0;
const SCHEDULE = 'constant';
const WARMUP = 0; // steps
const BATCH = 64;

const SEED = Number(process.env.SEED ?? 1);
const INPUT = CONTEXT * EMBEDDING;
const STEPS = Math.floor(EXAMPLES / BATCH);
const LOG_EVERY = Math.ceil(STEPS / 16);
if (CONTEXT > CONTEXT_BYTES) {
  throw new Error(`CONTEXT: expected at most ${CONTEXT_BYTES} bytes, found ${CONTEXT}`);
}
const STARTED = performance.now();
const seconds = () => (performance.now() - STARTED) / 1000;

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const activation = choose('ACTIVATION', ACTIVATION, {
  tanh: { value: Math.tanh, slope: (x, y) => 1 - y * y },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  relu2: { value: (x) => Math.max(x, 0) ** 2, slope: (x) => 2 * Math.max(x, 0) },
  silu: { value: (x) => x * sigmoid(x), slope: (x, y) => y + sigmoid(x) * (1 - y) },
});
const schedule = choose('SCHEDULE', SCHEDULE, {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
});
const optimize = choose('OPTIMIZER', OPTIMIZER, { momentum, adam });

const SHAPES = {
  embedding: [VOCABULARY, EMBEDDING],
  hidden: [INPUT, HIDDEN],
  hiddenBias: [1, HIDDEN],
  output: [HIDDEN, VOCABULARY],
  outputBias: [1, VOCABULARY],
};
const PARAMETERS = Object.values(SHAPES).reduce((sum, [rows, columns]) => sum + rows * columns, 0);

// All tensors are views of one array, so that the optimizer and the checkpoint need not know them.
const weights = new Float32Array(PARAMETERS);
const gradients = new Float32Array(PARAMETERS);
const weight = tensors(weights);
const gradient = tensors(gradients);

const average = new Float32Array(PARAMETERS);
const averageSquare = new Float32Array(PARAMETERS);

const transposed = new Float32Array(Math.max(INPUT * HIDDEN, HIDDEN * VOCABULARY));
const hiddenGradient = new Float32Array(BATCH * HIDDEN);
const inputGradient = new Float32Array(BATCH * INPUT);

main();

function main() {
  printConfiguration();
  initialize();
  const steps = train();

  const { val_bpb, train_bpb } = bitsPerByte(createPredictor());
  save();
  console.log('---');
  console.log(`val_bpb: ${val_bpb.toFixed(6)}`);
  console.log(`train_bpb: ${train_bpb.toFixed(6)}`);
  console.log(`parameters: ${PARAMETERS}`);
  console.log(`steps: ${steps}`);
  console.log(`seconds: ${seconds().toFixed(2)}`);
}

function createPredictor() {
  let layers;
  return (contexts, count) => {
    if (layers?.size !== count) layers = createLayers(count);
    return forward(layers, contexts);
  };
}

/** Leaves the model where evaluate.mjs looks for it, in the form that model.mjs can compute. */
function save() {
  const run = process.env.AUTOLAB_RUN_DIR;
  const folder = run === undefined ? join(import.meta.dirname, 'out') : join(run, 'artifacts');
  mkdirSync(folder, { recursive: true });
  const layers = [
    { units: HIDDEN, activation: ACTIVATION },
    { units: VOCABULARY, activation: 'linear' },
  ];
  const shape = { context: CONTEXT, embedding: EMBEDDING, layers };
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify(shape)}\n`);
  writeFileSync(join(folder, 'model.bin'), weights);
}

/** Until the examples are spent or the loss is not finite; returns the steps done. */
function train() {
  const layers = createLayers(BATCH);
  const dropout = randomStream(SEED, 'dropout');
  const predict = createPredictor();
  let step = 0;
  let recent = [];
  for (const { contexts, targets } of trainingBatches(loadText('train'), SEED, BATCH)) {
    if (DROPOUT > 0) drop(layers.mask, dropout);
    const rate = LEARNING_RATE * schedule(step / STEPS) * Math.min(1, (step + 1) / (WARMUP + 1));
    const logits = forward(layers, contexts);
    const loss = crossEntropy(logits, targets);
    backward(layers, contexts, logits);
    optimize(rate, ++step);

    recent.push(loss);
    const diverged = !Number.isFinite(loss);
    if (step % LOG_EVERY === 0 || diverged) {
      report(step, recent, rate, diverged ? null : glance(predict));
      recent = [];
    }
    if (diverged) break;
  }
  return step;
}

function report(step, losses, rate, val_bpb) {
  const loss = (losses.reduce((sum, one) => sum + one, 0) / losses.length).toFixed(4);
  const speed = Math.round((step * BATCH) / seconds());
  const lr = rate.toPrecision(4);
  const seen = val_bpb === null ? '' : `val_bpb: ${val_bpb.toFixed(4)} | `;
  console.log(
    `step ${step} | train_loss: ${loss} | ${seen}lr: ${lr} | tokens_per_second: ${speed}`,
  );
}

function tensors(array) {
  let offset = 0;
  const views = {};
  for (const [name, [rows, columns]] of Object.entries(SHAPES)) {
    views[name] = array.subarray(offset, (offset += rows * columns));
  }
  return views;
}

/** Normal weights that keep the variance of what passes through; biases start at 0. */
function initialize() {
  for (const name of ['embedding', 'hidden', 'output']) {
    const random = randomStream(SEED, name);
    const inputs = name === 'embedding' ? 1 : SHAPES[name][0];
    const scale = INIT_SCALE / Math.sqrt(inputs);
    for (let i = 0; i < weight[name].length; i++) weight[name][i] = scale * random.normal();
  }
}

function createLayers(size) {
  return {
    size,
    inputs: new Float32Array(size * INPUT),
    hidden: new Float32Array(size * HIDDEN),
    slopes: new Float32Array(size * HIDDEN),
    mask: new Float32Array(size * HIDDEN).fill(1),
    logits: new Float32Array(size * VOCABULARY),
  };
}

function forward({ size, inputs, hidden, slopes, mask, logits }, contexts) {
  for (let slot = 0; slot < size * CONTEXT; slot++) {
    const from = byteOf(contexts, slot) * EMBEDDING;
    for (let e = 0; e < EMBEDDING; e++) inputs[slot * EMBEDDING + e] = weight.embedding[from + e];
  }
  multiply(hidden, inputs, weight.hidden, size, INPUT, HIDDEN);
  addToRows(hidden, weight.hiddenBias, size);
  for (let i = 0; i < size * HIDDEN; i++) {
    const value = activation.value(hidden[i]);
    slopes[i] = activation.slope(hidden[i], value) * mask[i];
    hidden[i] = value * mask[i];
  }
  multiply(logits, hidden, weight.output, size, HIDDEN, VOCABULARY);
  addToRows(logits, weight.outputBias, size);
  return logits;
}

/** The byte in an input slot; the first slot of each example holds the newest byte. */
function byteOf(contexts, slot) {
  const example = Math.floor(slot / CONTEXT);
  return contexts[(example + 1) * CONTEXT_BYTES - 1 - (slot % CONTEXT)];
}

/** The mean cross-entropy in nats; leaves in `logits` the gradient of the smoothed one. */
function crossEntropy(logits, targets) {
  const size = targets.length;
  let total = 0;
  for (let i = 0; i < size; i++) {
    const row = logits.subarray(i * VOCABULARY, (i + 1) * VOCABULARY);
    const score = row[targets[i]];
    let peak = -Infinity;
    for (let j = 0; j < VOCABULARY; j++) peak = Math.max(peak, row[j]);
    let sum = 0;
    for (let j = 0; j < VOCABULARY; j++) sum += row[j] = Math.exp(row[j] - peak);
    for (let j = 0; j < VOCABULARY; j++) {
      row[j] = (row[j] / sum - LABEL_SMOOTHING / VOCABULARY) / size;
    }
    row[targets[i]] -= (1 - LABEL_SMOOTHING) / size;
    total += Math.log(sum) + peak - score;
  }
  return total / size;
}

function backward({ size, inputs, hidden, slopes }, contexts, logitGradient) {
  multiply(gradient.output, hidden, logitGradient, HIDDEN, size, VOCABULARY, 1, HIDDEN);
  sumColumns(gradient.outputBias, logitGradient, size, VOCABULARY);

  transpose(transposed, weight.output, HIDDEN, VOCABULARY);
  multiply(hiddenGradient, logitGradient, transposed, size, VOCABULARY, HIDDEN);
  for (let i = 0; i < size * HIDDEN; i++) hiddenGradient[i] *= slopes[i];
  multiply(gradient.hidden, inputs, hiddenGradient, INPUT, size, HIDDEN, 1, INPUT);
  sumColumns(gradient.hiddenBias, hiddenGradient, size, HIDDEN);

  transpose(transposed, weight.hidden, INPUT, HIDDEN);
  multiply(inputGradient, hiddenGradient, transposed, size, HIDDEN, INPUT);
  gradient.embedding.fill(0);
  for (let slot = 0; slot < size * CONTEXT; slot++) {
    const to = byteOf(contexts, slot) * EMBEDDING;
    for (let e = 0; e < EMBEDDING; e++) {
      gradient.embedding[to + e] += inputGradient[slot * EMBEDDING + e];
    }
  }
}

function drop(mask, random) {
  for (let i = 0; i < mask.length; i++) {
    mask[i] = random.uniform() < DROPOUT ? 0 : 1 / (1 - DROPOUT);
  }
}

function momentum(rate) {
  for (let i = 0; i < PARAMETERS; i++) {
    average[i] = MOMENTUM * average[i] + (1 - MOMENTUM) * gradients[i];
    weights[i] -= rate * (average[i] + WEIGHT_DECAY * weights[i]);
  }
}

/** Loshchilov and Hutter, 2019. */
function adam(rate, step) {
  const bias = 1 - MOMENTUM ** step;
  const squareBias = 1 - 0.999 ** step;
  // The rates that suit Adam are about a hundredth of those that suit momentum: scaled, the two can
  // be swapped as one change.
  const size = rate / 100;
  for (let i = 0; i < PARAMETERS; i++) {
    average[i] = MOMENTUM * average[i] + (1 - MOMENTUM) * gradients[i];
    averageSquare[i] = 0.999 * averageSquare[i] + 0.001 * gradients[i] ** 2;
    const direction = average[i] / bias / (Math.sqrt(averageSquare[i] / squareBias) + 1e-8);
    weights[i] -= size * (direction + WEIGHT_DECAY * weights[i]);
  }
}

function choose(name, choice, options) {
  if (Object.hasOwn(options, choice)) return options[choice];
  throw new Error(`${name}: expected ${Object.keys(options).join(', ')}, found ${choice}`);
}

function printConfiguration() {
  const config = {
    context: CONTEXT,
    embedding: EMBEDDING,
    hidden: HIDDEN,
    activation: ACTIVATION,
    init_scale: INIT_SCALE,
    dropout: DROPOUT,
    label_smoothing: LABEL_SMOOTHING,
    optimizer: OPTIMIZER,
    learning_rate: LEARNING_RATE,
    momentum: MOMENTUM,
    weight_decay: WEIGHT_DECAY,
    schedule: SCHEDULE,
    warmup: WARMUP,
    batch: BATCH,
    seed: SEED,
  };
  console.log(JSON.stringify({ config }));
}
