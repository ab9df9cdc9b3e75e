import { expect, test } from 'vitest';
import { createMetricsReader, seriesOf, type Point } from '../../workers/metrics.ts';

/** Everything a run's lines come to. */
function read(lines: readonly string[], objective = 'loss') {
  const points: Point[] = [];
  const reader = createMetricsReader({
    objective,
    onPoint: (point) => points.push(point),
    maxKeys: 1000,
    maxPoints: 1e6,
  });
  for (const line of lines) reader.line(line, 0);
  reader.end(0);
  return { points: points.map(({ key, step, value }) => [key, step, value]), reader };
}
const points = (...lines: string[]) => read(lines).points;

test('JSON lines, nested, with NaN as Python writes it', () => {
  expect(
    points('{"step": 10, "loss": 0.5, "val": {"acc": NaN}, "name": "x", "list": [1]}'),
  ).toEqual([
    ['loss', 10, 0.5],
    ['val/acc', 10, Number.NaN],
  ]);
  expect(points('{"epoch": 3, "global_step": 20, "loss": 1e-3}')).toEqual([
    ['epoch', 20, 3],
    ['loss', 20, 0.001],
  ]);
});

test('key: value and key=value lines, with units and bars between', () => {
  expect(
    points('lr: 1.5e-4 | 12.3 tok/s | val loss: 0.4 | acc: 45% | speed: 1,234.5 tok/s'),
  ).toEqual([
    ['lr', null, 0.00015],
    ['val loss', null, 0.4],
    ['acc', null, 45],
    ['speed', null, 1234.5],
  ]);
  expect(points('loss=0.4 acc=.9, task/metric = -3')).toEqual([
    ['loss', null, 0.4],
    ['acc', null, 0.9],
    ['task/metric', null, -3],
  ]);
});

test('Python dict lines as the Hugging Face Trainer prints them', () => {
  expect(
    points(
      `{'loss': 0.4, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 1.0, 'ok': True, 'x': None}`,
    ),
  ).toEqual([
    ['loss', 1, 0.4],
    ['grad_norm', 1, Number.NaN],
    ['learning_rate', 1, 0.00005],
  ]);
  expect(points(`{'loss': tensor(0.4, device='cuda:0'), 'm': np.float64(-inf)}`)).toEqual([
    ['loss', null, 0.4],
    ['m', null, -Infinity],
  ]);
});

test('where one epoch was a fraction, no epoch is a step', () => {
  expect(points(`{'loss': 0.5, 'epoch': 0.5}`, `{'loss': 0.4, 'epoch': 1.0}`)).toEqual([
    ['loss', null, 0.5],
    ['epoch', null, 0.5],
    ['loss', null, 0.4],
    ['epoch', null, 1],
  ]);
});

test('Keras: an epoch’s bar counts once it is full', () => {
  expect(
    points(
      'Epoch 1/2',
      ' 3/10 ━━━━━━━━━━━━━━━━━━━━ 0s 5ms/step - accuracy: 0.5 - loss: 0.9',
      '\u001b[1m10/10\u001b[0m \u001b[32m━━━━━━━━━━\u001b[0m\u001b[37m\u001b[0m \u001b[1m1s\u001b[0m 5ms/step - accuracy: 0.91 - loss: 0.33 - val_loss: 0.4',
      '10/10 ━━━━━━━━━━━━━━━━━━━━ 1s 5ms/step - accuracy: 0.91 - loss: 0.33 - val_loss: 0.4',
      'Epoch 2/2',
      '10/10 [==============================] - 1s 5ms/step - loss: 0.2',
    ),
  ).toEqual([
    ['accuracy', 1, 0.91],
    ['loss', 1, 0.33],
    ['val_loss', 1, 0.4],
    ['loss', 2, 0.2],
  ]);
});

test('Lightning and tqdm bars; one that never filled gives its last state', () => {
  expect(
    points(
      'Epoch 3:  10%|█         | 1/10 [00:00<00:01,  8.1it/s, v_num=0, train_loss=0.9]',
      'Epoch 3: 100%|██████████| 10/10 [00:01<00:00,  8.1it/s, v_num=0, train_loss=0.12]',
      'Epoch 4:  90%|█████████ | 9/10 [00:01<00:00,  8.1it/s, v_num=0, train_loss=0.11]',
    ),
  ).toEqual([
    ['train_loss', 3, 0.12],
    ['train_loss', 4, 0.11],
  ]);
  expect(points('loss: 0.31:  45%|███▌ | 45/100 [00:01<00:00, 8.1it/s]')).toEqual([
    ['loss', 45, 0.31],
  ]);
  expect(points('450it [00:10, 45.0it/s, loss=0.3]')).toEqual([['loss', 450, 0.3]]);
});

test('nanoGPT, llm.c, modded-nanogpt and the PyTorch examples', () => {
  expect(
    points(
      'step 250: train loss 2.4975, val loss 2.5046',
      'iter 250: loss 2.4000, time 123.45ms, mfu 1.20%',
      'step 1/100 | loss 4.512 | lr 1.00e-04 | 123.4 ms | 1000 tok/s',
      'step:125/1750 val_loss:4.1234 train_time:21000ms',
      'Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.30',
      'Epoch: [0][  10/5005]\tTime  0.321 ( 0.952)\tLoss 6.9e+00 (7.01e+00)',
      'Test set: Average loss: 0.0512, Accuracy: 9836/10000 (98%)',
      'Epoch [3/10], Step [100/200], Loss: 0.3123',
    ),
  ).toEqual([
    ['train loss', 250, 2.4975],
    ['val loss', 250, 2.5046],
    ['loss', 250, 2.4],
    ['time', 250, 123.45],
    ['mfu', 250, 1.2],
    ['loss', 1, 4.512],
    ['lr', 1, 0.0001],
    ['val_loss', 125, 4.1234],
    ['train_time', 125, 21000],
    ['Loss', 1, 2.3],
    ['Time', 0, 0.321],
    ['Loss', 0, 6.9],
    ['Average loss', null, 0.0512],
    ['Accuracy', null, 0.9836],
    ['epoch', 100, 3],
    ['Loss', 100, 0.3123],
  ]);
});

test('what follows a --- line is the summary, texts too', () => {
  const { points: found, reader } = read(
    [
      'Epoch 3/3',
      'loss: 0.5',
      '---',
      'val_bpb:          0.997900',
      'peak_vram_mb: 123',
      'model: small one',
    ],
    'val_bpb',
  );
  expect(found).toEqual([
    ['loss', 3, 0.5],
    ['val_bpb', null, 0.9979],
    ['peak_vram_mb', null, 123],
  ]);
  expect(reader.texts.get('model')).toBe('small one');
});

test('log prefixes are not part of a name', () => {
  for (const line of [
    '2026-11-21 12:00:00,123 - INFO - loss: 0.3',
    '2026-11-21 12:00:00,123 - root - INFO - loss: 0.3',
    '[2026-11-21T12:00:00Z] INFO train: loss: 0.3',
    'INFO:root:loss: 0.3',
    'INFO     | module:func:12 - loss: 0.3',
    'I1121 12:00:00.123456 4242 train.py:12] loss: 0.3',
    '[rank0] loss=0.3',
    '[rank0]: loss=0.3',
    '[1,0]<stdout>:loss: 0.3',
    '12:00:01 loss: 0.3',
  ]) {
    expect([line, points(line)]).toEqual([line, [['loss', null, 0.3]]]);
  }
  expect(points('INFO:root:step 3 loss 0.5')).toEqual([['loss', 3, 0.5]]);
});

test('prose, addresses, clock times, calls and paths give nothing', () => {
  expect(
    points(
      'Loading data: 3 files',
      '12:30:45',
      'time: 12:30:45',
      'http://localhost:8080',
      'Listening on localhost:8080',
      'Using device: cuda:0',
      '+ python train.py --lr=0.1 --seed=3',
      '(0): Linear(in_features=784, out_features=10, bias=True)',
      'foo.py:42: UserWarning: the value is 3',
      '  File "x.py", line 42, in <module>',
      'Saved model at step=5 to path with loss=0.2 and more',
      'Epoch 00012: val_loss improved from 0.3 to 0.2, saving model',
      'W&B run: https://wandb.ai/x/y',
      'Step 3: wrote 5 files',
      '{not: json',
      '}{',
      '-----',
      'a'.repeat(70_000),
    ),
  ).toEqual([]);
});

test('a configuration printed before training is no measurement', () => {
  const { points: found, reader } = read([
    '{"config": {"lr": 0.1, "model": {"depth": 4}}}',
    `args: {'batch': 32}`,
    `Namespace(epochs=3, name='x')`,
    '{"dropout": 0.1, "layers": 2}',
    '{"step": 1, "loss": 0.5}',
    '{"dropout": 0.2}',
  ]);
  expect(Object.fromEntries(reader.printed)).toEqual({
    lr: 0.1,
    'model/depth': 4,
    batch: 32,
    epochs: 3,
    name: 'x',
    dropout: 0.1,
    layers: 2,
  });
  expect(found).toEqual([
    ['loss', 1, 0.5],
    ['dropout', null, 0.2],
  ]);
});

test('the objective is found under a name that differs in blanks and case only', () => {
  const { reader } = read(['step 1: val loss 0.5']);
  expect(seriesOf(reader.series, 'val_loss')?.last).toBe(0.5);
  expect(seriesOf(reader.series, 'train_loss')).toBeNull();
});

test('a thousand keys are enough, and a remark says that there were more', () => {
  const { reader } = read(Array.from({ length: 1200 }, (_, i) => `metric_${i}: 1`));
  expect(reader.series.size).toBe(1000);
  expect(reader.remarks[0]).toContain('metric_1000');
});

test('no line takes long to read', () => {
  const hostile = [
    'a '.repeat(2000),
    'a: '.repeat(1300),
    '1,'.repeat(2000),
    'x=1 '.repeat(1000),
    'Epoch '.repeat(600),
    '{'.repeat(4000),
    `${'['.repeat(30_000)}`,
    `{${'"a":{'.repeat(8000)}`,
    `${'loss '.repeat(800)}1`,
    '1/'.repeat(2000),
    '((((('.repeat(800),
    `k=${'9'.repeat(4000)}`,
    ' - '.repeat(1300),
    '━'.repeat(4000),
    `${'1%|'.repeat(1300)}[`,
    'INFO - '.repeat(500),
    `a${' '.repeat(4000)}=1x`,
    `${'a_'.repeat(2000)}:`,
  ];
  const begin = performance.now();
  for (const line of hostile) points(line);
  // Milliseconds each on any machine; an expression that backtracks takes minutes.
  expect(performance.now() - begin).toBeLessThan(10_000);
});
