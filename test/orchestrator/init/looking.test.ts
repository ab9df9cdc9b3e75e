import { afterEach, describe, expect, test } from 'vitest';
import { choicesFor } from '../../../orchestrator/lab/init/choices.ts';
import { constantsOf, optionsOf } from '../../../orchestrator/lab/init/constants.ts';
import { initLab, type Asker } from '../../../orchestrator/lab/init/init.ts';
import { searchSpace } from '../../../orchestrator/lab/init/knobs.ts';
import { directionOf, objectives } from '../../../orchestrator/lab/init/metric.ts';
import { printedMetrics } from '../../../orchestrator/lab/init/printed.ts';
import { seedOf } from '../../../orchestrator/lab/init/seed.ts';
import { makeRepo, type TestRepo } from '../../support/repo.ts';
import { ARGPARSE, NANO_GPT } from './scripts.ts';

const python = (text: string) => ({ path: 'train.py', text });
const space = (text: string) => searchSpace(python(text), 'train.py', [], null);
const tried = (line: string) => {
  const [knob] = space(line);
  return knob?.choices.values ?? knob?.choices.range;
};

describe('what is worth trying', () => {
  test.each([
    ['lr = 3e-4', ['3e-5', '3e-3']],
    ['learning_rate = 0.1', ['0.01', '1.0']],
    ['weight_decay = 0.0', ['0.0', '0.0001', '0.001', '0.01', '0.1']],
    ['hidden = 128', ['64', '128', '256']],
    ['n_layers = 1', ['1', '2']],
    ['dropout = 0.25', ['0.0', '0.1', '0.2', '0.25', '0.3', '0.5']],
    ['beta2 = 0.999', ['0.95', '0.99', '0.999']],
    ['batch_size = 1_024', ['512', '1_024', '2048']],
    ['OPTIMIZER = "SGD"', ['SGD', 'Adam', 'AdamW']],
    ['nesterov = True', ['True', 'False']],
    ['    C.trainer.learning_rate = 5e-4 # faster', ['5e-5', '5e-3']],
    ['    n_layer : int = 12', ['6', '12', '24']],
    ['gae_lambda = 0.95', ['0.9', '0.95', '0.99']],
    ['warmdown_iters = 1800', ['900', '1800', '3600']],
  ])('%s', (line, values) => {
    expect(tried(line)).toEqual(values);
  });

  test.each([
    'seed = 1',
    'epochs = 10',
    '    counter = 100',
    'total_timesteps = 500000',
    'out_dir = "out"',
    'eval_interval = 200',
    'num_workers = 4',
    'device = "cuda"',
    'max_steps = 1000',
    'verbose = True',
    'url = "http://x"',
    'val_fraction = 0.1',
    'log_every = 10',
    'lr = get_lr()',
    'if lr == 0.1:',
    'print("lr = 0.1")',
    '# lr = 0.1',
    'def f(lr=0.1):',
  ])('not %s', (line) => {
    expect(space(line)).toEqual([]);
  });

  test.each(['loss += x', 'loss = loss + x', 'self.loss  +=  x'])(
    'what %s adds to is where a sum begins, and no knob',
    (sum) => {
      const names = space(`loss_scale = 2.0\nloss = 2.0\nlr = 0.1\n${sum}\n`).map(({ key }) => key);
      expect(names).toEqual(['lr', 'loss_scale']);
    },
  );

  test('a line that stands twice is no knob', () => {
    expect(space('lr = 0.1\nif big:\n    lr = 0.2\n')).toEqual([]);
  });

  test('one line gives one knob, or the second would lose its place to the first', () => {
    const knobs = space('opt = SGD(params, lr=0.1, momentum=0.9, weight_decay=1e-4)  # plain\n');
    expect(knobs.map(({ key, found }) => [key, found.place])).toEqual([
      [
        'lr',
        {
          at: 'match',
          file: 'train.py',
          match: 'opt = SGD(params, lr={value}, momentum=0.9, weight_decay=1e-4)',
        },
      ],
    ]);
  });

  test('words are tried that the script has beside the current one', () => {
    const text = 'const ACTIVATION = "tanh";\nconst f = { tanh: Math.tanh, relu: (x) => x };\n';
    const script = { path: 'train.mjs', text };
    expect(searchSpace(script, 'train.mjs', [], null)[0]?.choices.values).toEqual(['tanh', 'relu']);
  });

  test('options over several lines are read, switches are not', () => {
    const names = optionsOf(python(ARGPARSE)).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['batch_size', 'lr', 'gamma', 'optimizer', 'hidden']),
    );
    expect(names).not.toContain('no_cuda');
  });

  test('no line of any length or shape makes looking slow or throw', () => {
    const odd = [
      'x'.repeat(100_000),
      '('.repeat(5000),
      '"'.repeat(4999),
      'print(f"{'.repeat(2000),
      'a=1,'.repeat(5000),
    ];
    for (const text of [...odd, odd.join('\n')]) {
      expect(() =>
        constantsOf(python(text), 'train.py').map((found) => choicesFor(found, text)),
      ).not.toThrow();
      expect(() => [
        printedMetrics(python(text)),
        optionsOf(python(text)),
        seedOf(python(text), 'train.py', []),
      ]).not.toThrow();
    }
  });
});

describe('the metric', () => {
  test.each([
    ['print(f"val_loss: {loss:.4f}")', 'val_loss'],
    [`print("epoch %d: train_loss=%.3f val_acc=%.3f" % (e, t, v))`, 'val_acc'],
    [`print('val_f1:', f1)`, 'val_f1'],
    [`print({'loss': l, 'eval_bleu': b})`, 'eval_bleu'],
    [`print(json.dumps({"step": s, "val_ppl": p}))`, 'val_ppl'],
    [`logger.info("step {} | loss: {:.3f} | lr: {:.2e}".format(s, l, lr))`, 'loss'],
    [NANO_GPT, 'val loss'],
    ['model.fit(x, y, validation_data=(a, b))  # keras', 'val_loss'],
    ['print("lr:", lr, "zorp:", z)', 'zorp'],
    ['self.log("val/acc", acc, prog_bar=True)', 'val/acc'],
  ])('of %s', (text, metric) => {
    expect(objectives(printedMetrics(python(text)))[0]).toBe(metric);
  });

  test('of JavaScript with templates, sums and JSON', () => {
    const text =
      'console.log(`step ${i} | loss: ${l}`);\nconsole.log("val_bpb: " + (a + b));\nconsole.log(JSON.stringify({ step: i, accuracy: a }));';
    expect(objectives(printedMetrics({ path: 'train.mjs', text }))).toEqual([
      'val_bpb',
      'accuracy',
      'loss',
    ]);
  });

  test.each([
    ['val_loss', 'minimize'],
    ['bpb', 'minimize'],
    ['error_rate', 'minimize'],
    ['perplexity', 'minimize'],
    ['accuracy', 'maximize'],
    ['f1', 'maximize'],
    ['mean_reward', 'maximize'],
    ['BLEU', 'maximize'],
    ['zorp', null],
  ])('%s is to be %sd', (metric, direction) => {
    expect(directionOf(metric)).toBe(direction);
  });
});

describe('the seed', () => {
  test.each([
    ['parser.add_argument("--seed", type=int, default=0)', { at: 'arg', arg: '--seed={value}' }],
    ['seed = int(os.environ.get("SEED", 0))', { at: 'env', env: 'SEED' }],
    ['const seed = Number(process.env.MY_SEED ?? 1);', { at: 'env', env: 'MY_SEED' }],
    ['SEED = 42  # of everything\nnp.random.seed(SEED)', { at: 'file', match: 'SEED = {value}' }],
    ['torch.manual_seed(1337)', { at: 'file', match: 'torch.manual_seed({value})' }],
    ['key = jax.random.PRNGKey(0)', { at: 'file', match: 'key = jax.random.PRNGKey({value})' }],
    [
      'rng = np.random.default_rng(7)',
      { at: 'file', match: 'rng = np.random.default_rng({value})' },
    ],
    ['C.system.seed = 1337', { at: 'file', match: 'C.system.seed = {value}' }],
    ['seed: int = 3', { at: 'file', match: 'seed: int = {value}' }],
  ])('of %s', (text, seed) => {
    expect(seedOf(python(text), 'train.py', [])).toMatchObject(seed);
  });

  test('is none where no place stands exactly once', () => {
    expect(seedOf(python('random.seed(0)\nx = 1\nrandom.seed(0)\n'), 'train.py', [])).toBeNull();
    expect(seedOf(python('# torch.manual_seed(1)\nprint("seed")\n'), 'train.py', [])).toBeNull();
  });
});

describe('on a terminal', () => {
  let repo: TestRepo | undefined;
  afterEach(() => repo?.remove());

  const answering = (answers: readonly string[]) => {
    const asked: string[] = [];
    const left = [...answers];
    const asker: Asker = {
      choose: (question, options) => {
        asked.push(question);
        return Promise.resolve(left.shift() ?? options[0] ?? '');
      },
      confirm: () => Promise.resolve(false),
    };
    return { asker, asked };
  };

  test('what the repository shows is not asked', async () => {
    repo = makeRepo({ files: { 'train.py': 'lr = 0.1\nprint(f"val_loss: {v}")\n' } });
    const { asker, asked } = answering([]);
    const { draft } = await initLab(repo.root, { asker });
    expect(asked).toEqual([]);
    expect(draft).toMatchObject({ metric: 'val_loss', direction: 'minimize' });
  });

  test('which script, which metric and which direction are asked where they are open', async () => {
    const text = 'import torch\nlr = 0.1\nprint("zorp:", z)\n';
    repo = makeRepo({ files: { 'train_a.py': text, 'train_b.py': text } });
    const { asker, asked } = answering(['train_b.py', 'zorp', 'maximize']);
    const { draft } = await initLab(repo.root, { asker });
    expect(asked).toEqual([
      'Which script trains?',
      'Which number is a run judged by?',
      'Which way is zorp better?',
    ]);
    expect(draft).toMatchObject({
      command: 'python3 train_b.py',
      metric: 'zorp',
      direction: 'maximize',
    });
  });
});
