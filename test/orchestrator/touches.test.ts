import { expect, test } from 'vitest';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import { touches } from '../../orchestrator/touches.ts';
import { aPlan, anIdea, nightStarted, simulate } from '../support/simulate.ts';

const plan = aPlan({
  workspace: { editable: ['train.py'], link: ['corpus'] },
  search_space: {
    rate: { file: 'train.py', match: 'lr = {value}', values: [1] },
    shuffle: { file: 'conf.yaml', path: 'data.random_state', values: [1] },
  },
});
const patch = (...lines: readonly string[]): Change => ({
  ...{ kind: 'patch', file: null },
  diff: ['--- a/train.py', '+++ b/train.py', '@@ -1,9 +1,9 @@', ...lines].join('\n'),
});
const named = (change: Change): string =>
  touches(plan, change)
    .map(({ what }) => what)
    .join(' ');

test.each([
  ['seed', '-torch.manual_seed(args.seed)'],
  ['seed', '+const random = mulberry32(RANDOM_SEED);'],
  ['seed', '+  key = jax.random.PRNGKey(0)'],
  ['time', '+TIME_BUDGET = 600'],
  ['time', '-  if (Date.now() > deadline) break;'],
  ['time', '+max_seconds: 900'],
  ['time', '+STEPS = 4000'],
  ['time', '+STEPS *= 2'],
  ['time', '-const maxSteps = 10;'],
  ['', '+warmup(total_steps=steps)'],
  ['', '+step += 1'],
  ['evaluation', '+    model.eval()'],
  ['evaluation', '+  val_batches: 1'],
  ['evaluation', '-EVAL_TOKENS = 10'],
  ['evaluation', '+console.log("loss: " + 0);'],
  ['data', "+x = np.load('more.npy')"],
  ['data', '+  data_dir: /elsewhere'],
  ['data', "+for line in lines('corpus/more'):"],
  ['', '+loss.backward()'],
  ['', '+  def forward(self, x): return self.norm(x)'],
  ['', '+lr = 3e-4 * warmup(step)'],
  ['', '+seedlings = interval(values)'],
  // Context is no part of the change.
  ['', ' torch.manual_seed(1)'],
])('a change touches %j: %s', (expected, line) => {
  expect(named(patch(line))).toBe(expected);
});

test('files and knobs have names too, and the line that names it is told', () => {
  const moved: Change = {
    ...patch('+x = 1'),
    kind: 'patch',
    file: null,
    diff: '--- a/evaluate.py\n+++ b/evaluate.py\n@@ -1,1 +1,2 @@\n+x = 1\n',
  };
  expect(touches(plan, moved)).toEqual([{ what: 'evaluation', line: 'evaluate.py' }]);
  expect(named({ kind: 'knobs', values: { shuffle: '7' } })).toBe('seed');
  expect(named({ kind: 'knobs', values: { rate: '7' } })).toBe('');
  expect(named({ kind: 'none' })).toBe('');
});

test('a change is marked before its first run, once, and judged as any other', () => {
  const idea = anIdea('seed', { change: patch('+random.seed(3)', '+deadline = 9') });
  const { events, state } = simulate(
    { ideas: [idea], measure: (_, run) => 1 + 0.001 * ((run.seed ?? 0) % 7) },
    nightStarted(plan),
  );
  const of = (type: string) =>
    events.findIndex((event) => event.type === type && 'target' in event);
  expect(state.flags.map(({ label, because, who }) => [label, because, who])).toEqual([
    ['touches:seed', 'words of its change name a seed: random.seed(3)', 'autolab'],
    [
      'touches:time',
      'words of its change name a time limit, a clock or how much is trained: deadline = 9',
      'autolab',
    ],
  ]);
  const first = events.findIndex((e) => e.type === 'run_started' && e.experiment === 'E-0001');
  expect(of('flagged')).toBeLessThan(first);
  expect(events.filter(({ type }) => type === 'flagged')).toHaveLength(2);
  expect(state.experiments.get('E-0001')?.judgement?.verdict).not.toBe('invalid');
});
