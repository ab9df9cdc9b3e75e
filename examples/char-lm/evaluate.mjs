// The plan's evaluator: AutoLab runs it from a clean checkout of base on the model that a training
// left, and its val_bpb counts, whatever the training printed.
//
// The model comes as data and is computed here (model.mjs), by none of the experiment's code. An
// evaluator that calls the experiment's own loader gives it the last word: such ones were fooled in
// 4 of 10 attacks. So this one catches a training that prints a number its model does not reach,
// edits the metric, or looks at the bytes it is to predict. It cannot catch a training that learnt
// from the held-out text, which lies beside it on the disk. And a model that model.json cannot
// describe, say a recurrent one, has no number: teach model.mjs its arithmetic on base first.

import { join } from 'node:path';
import { bitsPerByte } from './metric.mjs';
import { loadModel } from './model.mjs';

const run = process.env.AUTOLAB_RUN_DIR;
const folder = run === undefined ? join(import.meta.dirname, 'out') : join(run, 'artifacts');
const { val_bpb, train_bpb } = bitsPerByte(loadModel(folder));
console.log('---');
console.log(`val_bpb: ${val_bpb.toFixed(6)}`);
console.log(`train_bpb: ${train_bpb.toFixed(6)}`);
