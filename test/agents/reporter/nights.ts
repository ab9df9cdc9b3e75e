import type { Told } from './told.ts';

/** Nights of every kind, as `told` takes them. */

const falling = (floor: number) => (step: number) => floor + 2 * Math.exp(-step / 60);
const settled = (floor: number) => (step: number) =>
  floor + 2 * Math.exp(-step / 12) + 0.01 * Math.sin(step);

/** Two changes stacked and confirmed; others of every verdict beside them. */
export const CONFIRMED: Told = {
  night: {
    remarks: [
      'The working tree of main had uncommitted changes; the night ran on commit beefbeef.',
    ],
    data_changed: [],
  },
  rejected: [
    'the same change on the same parent as E-0004',
    'the same change on the same parent as E-0004',
    'changes two knobs at once',
  ],
  waiting: 2,
  plan: {
    constraints: [{ metric: 'peak_memory_mb', max: 600 }],
    success_criteria: [{ metric: 'val_bpb', max: 1.58, borderline: 0.01 }],
    hypotheses: [
      {
        title: 'Warm-up hurts at this length',
        success_criteria: [{ metric: 'train_loss', max: 1 }],
      },
    ],
  },
  earlier: [
    {
      id: 'N-0001',
      started: '2026-11-19T21:00:00',
      ended: '2026-11-19T21:04:00',
      end_reason: 'ideas_spent',
      message: 'there was nothing new left to try',
      base_branch: 'main',
      base_commit: 'a',
      slots: 2,
      candidates: 5,
      runs_started: 12,
      plan_key: 'k',
      plan_changes: '',
      project: 'char-lm',
      question: 'q',
      metric: 'val_bpb',
      direction: 'minimize',
      remarks: [],
      data_changed: [],
      plan: '{}',
    },
  ],
  tried: [
    {
      id: 'E-0000',
      title: 'baseline: the unmodified base commit',
      values: [1.6102, 1.6137, 1.6125],
      dawn: [1.6121, 1.6148, 1.6097, 1.6119],
      curve: settled(1.1),
    },
    {
      id: 'E-0001',
      title: 'Warm-up hurts at this length',
      because: 'two hundred steps leave no time for it',
      source: 'yours',
      change: { warmup_steps: '0' },
      values: [1.6088, 1.6141, 1.6073],
      because_of: '3 seeds did not settle it: the 95% interval includes no effect',
    },
    {
      id: 'E-0002',
      change: { learning_rate: '0.1' },
      values: [1.702],
      verdict: 'worse',
      because_of: 'worse than its parent: the 95% interval (n 1) excludes no effect',
    },
    {
      id: 'E-0003',
      title: 'A wider hidden layer holds more of the context',
      because: 'width was never the bottleneck in the loss curve, but nobody tried',
      change: { width: '64' },
      values: [1.5904, 1.5921, 1.5949],
      verdict: 'promising',
      stack: 'E-0007',
      because_of: 'better than its parent on 3 seeds: the 95% interval excludes no effect',
      seconds: 9.9,
      memory: 210,
      artifacts: ['model.bin'],
    },
    {
      id: 'E-0004',
      change: { activation: 'relu' },
      values: [1.6131, 1.6112, 1.6118],
      verdict: 'no_difference',
      because_of: 'the 95% interval (n 3) lies within min_effect of no effect',
    },
    {
      id: 'E-0005',
      change: { learning_rate: '1.0' },
      values: [Number.NaN],
      verdict: 'failed',
      fails: { class: 'not_a_number', message: 'expected a finite val_bpb, found NaN' },
    },
    {
      id: 'E-0006',
      change: { width: '512' },
      values: [1],
      verdict: 'failed',
      fails: { class: 'timeout', message: 'expected an end within 15 s, found it still running' },
    },
    {
      id: 'E-0007',
      title: 'A higher learning rate pays within so few steps',
      because: 'the loss still falls at the end',
      change: { learning_rate: '0.03' },
      parent: 'E-0003',
      values: [1.5722, 1.5741, 1.5765],
      dawn: [1.5739, 1.5751, 1.5718, 1.5749],
      verdict: 'improved',
      confirmed: true,
      because_of: 'confirmed at dawn on 4 fresh seeds against 4 of the baseline',
      curve: falling(1),
    },
    {
      id: 'E-0008',
      change: { depth: '4' },
      parent: 'E-0003',
      values: [1.585],
      verdict: 'inconclusive',
      because_of:
        'one seed did not look better, and the night’s noise does not settle that it is worse',
    },
    {
      id: 'E-0009',
      change: { dropout: '0.1' },
      parent: 'E-0003',
      values: [1.5812, 1.5849, 1.5831],
      verdict: 'promising',
      because_of: 'better than its parent on 3 seeds: the 95% interval excludes no effect',
      flag: { label: 'borderline', because: 'close to min_effect' },
    },
    {
      id: 'E-0010',
      change: { batch_size: '64' },
      parent: 'E-0007',
      values: [1.5718, 1.5746, 1.5701],
      because_of: '3 seeds did not settle it: the 95% interval includes no effect',
    },
    {
      id: 'E-0011',
      change: { init_scale: '3.0' },
      parent: 'E-0007',
      values: [1.688],
      verdict: 'worse',
      because_of: 'worse than its parent: the 95% interval (n 1) excludes no effect',
    },
    {
      id: 'E-0012',
      change: { optimizer: 'sgd' },
      parent: 'E-0007',
      values: [5.91],
      verdict: 'worse',
      because_of: 'worse than its parent: the 95% interval (n 1) excludes no effect',
    },
    {
      id: 'E-0013',
      title: 'swish',
      change: { activation: 'swish' },
      parent: 'E-0007',
      values: [1],
      verdict: 'failed',
      fails: {
        class: 'idea',
        message: 'exit code 1: Error: no activation called swish',
        traceback:
          'file:///w/train.mjs:7\n  throw new Error("no activation called swish")\n        ^\nError: no activation called swish\n    at train.mjs:7:1',
      },
    },
  ],
};

/** The same, where a part of what was confirmed names what it is measured by. */
export const MARKED: Told = {
  ...CONFIRMED,
  tried: CONFIRMED.tried.map((one) =>
    one.id === 'E-0003'
      ? {
          ...one,
          flag: {
            label: 'touches:evaluation',
            because: 'words of its change name the evaluation: print(loss / 2)',
          },
        }
      : one,
  ),
};

const CLEAR = { confidence: 'medium', confidence_because: 'clear at night', borderline: false };

/** A stack of two, the second an idea put on a newer incumbent; dawn left each of them out. */
export const ATTRIBUTED: Told = {
  night: {
    ...{ min_effect: 0.001, smallest_confirmable: 0.00412, confirmable_seeds: 4 },
    ...{ runs_for_no_difference: 31, candidates: 3 },
  },
  tried: [
    {
      id: 'E-0000',
      values: [1.6102, 1.6137, 1.6125],
      dawn: [1.6121, 1.6148, 1.6097, 1.6119],
    },
    {
      id: 'E-0001',
      change: { width: '64' },
      values: [1.5904, 1.5921, 1.5949],
      dawn: [1.5911, 1.5938, 1.5899, 1.5917],
      verdict: 'promising',
      stack: 'E-0004',
      row: {
        ...{ attributed: true, attribution_effect: -0.0211, attribution_n: 4 },
        ...{ attribution_low: -0.0242, attribution_high: -0.018, attribution_p: 0.0002 },
      },
    },
    {
      id: 'E-0002',
      change: { dropout: '0.1' },
      values: [1.6093, 1.6072],
      verdict: 'promising',
      row: { ...CLEAR, confidence: 'low' },
    },
    {
      id: 'E-0003',
      change: { depth: '4' },
      values: [1.6124, 1.6131],
      verdict: 'no_difference',
      row: CLEAR,
    },
    {
      id: 'E-0004',
      change: { dropout: '0.1' },
      parent: 'E-0001',
      values: [1.5872, 1.5889],
      dawn: [1.5879, 1.59, 1.5861, 1.5882],
      verdict: 'improved',
      confirmed: true,
      because_of: 'confirmed at dawn on 4 fresh seeds against 4 of the baseline',
      row: {
        ...{ reapplies: 'E-0002', dawn_test: 'paired', attributed: false },
        ...{ attribution_effect: -0.0036, attribution_n: 4, attribution_p: 0.08 },
        ...{ attribution_low: -0.0075, attribution_high: 0.0003 },
        ...{ confidence: 'low', confidence_because: 'a near thing on 4 seeds', borderline: true },
      },
    },
    {
      id: 'E-0005',
      title: 'E-0004 without E-0001: wider',
      source: 'attribution',
      change: { dropout: '0.1' },
      values: [],
      dawn: [1.6089, 1.6112, 1.6071, 1.6093],
      verdict: 'inconclusive',
      row: {
        ...{ left_out: 'E-0001', hypothesis: null },
        ...{ effect: null, interval_low: null, interval_high: null },
        ...{ effect_on_parent: null, parent_interval_low: null, parent_interval_high: null },
      },
    },
  ],
};

/** Promising at night, refuted on fresh seeds. */
export const REFUTED: Told = {
  tried: [
    { id: 'E-0000', values: [1.6102, 1.6137, 1.6125], dawn: [1.6121, 1.6148, 1.6097] },
    {
      id: 'E-0001',
      change: { width: '48' },
      values: [1.604, 1.606, 1.605],
      dawn: [1.611, 1.6135, 1.6092],
      verdict: 'inconclusive',
      confirmed: false,
      because_of: 'looked promising at night; fresh seeds at dawn did not confirm it',
    },
    {
      id: 'E-0002',
      change: { dropout: '0.3' },
      values: [1.65],
      verdict: 'worse',
      because_of: 'worse than its parent: the 95% interval (n 1) excludes no effect',
    },
  ],
};

/** REFUTED, had its tip's fresh seeds given these numbers. */
const atDawnOf = (
  dawn: readonly number[],
  because_of: string,
  more: Omit<Told, 'tried'> = {},
): Told => ({
  ...more,
  tried: REFUTED.tried.map((one) => (one.id === 'E-0001' ? { ...one, dawn, because_of } : one)),
});

/** Better on fresh seeds for certain, by less than the plan asks for. */
export const TOO_SMALL: Told = atDawnOf(
  [1.606, 1.6065, 1.6055],
  'looked promising at night; the gain on fresh seeds is below min_effect 0.02',
  { night: { min_effect: 0.02 } },
);

/** Of the tip a single fresh seed finished. */
export const TOO_FEW: Told = atDawnOf(
  [1.59],
  'looked promising at night; only 1 fresh seed of E-0001 finished at dawn, and a claim needs 3',
);

/** Nothing was even promising. */
export const NOTHING: Told = {
  night: { end_reason: 'ideas_spent', message: 'there was nothing new left to try' },
  tried: [
    { id: 'E-0000', values: [1.6102, 1.6137, 1.6125] },
    {
      id: 'E-0001',
      change: { width: '48' },
      values: [1.612, 1.6111, 1.6132],
      verdict: 'no_difference',
      because_of: 'the 95% interval (n 3) lies within min_effect of no effect',
    },
    {
      id: 'E-0002',
      change: { dropout: '0.3' },
      values: [1.65],
      verdict: 'worse',
      because_of: 'worse than its parent: the 95% interval (n 1) excludes no effect',
    },
  ],
};

/** Cut off, or still going: something is promising, something under way. */
export const GOING: Told = {
  night: { ended: null, end_reason: null, message: null, incumbent: 'E-0001' },
  tried: [
    { id: 'E-0000', values: [1.6102, 1.6137, 1.6125] },
    {
      id: 'E-0001',
      change: { width: '64' },
      values: [1.5904, 1.5921, 1.5949],
      verdict: 'promising',
      because_of: 'better than its parent on 3 seeds: the 95% interval excludes no effect',
    },
    { id: 'E-0002', change: { dropout: '0.3' }, parent: 'E-0001', values: [1.589], verdict: null },
    { id: 'E-0003', change: { depth: '4' }, parent: 'E-0001', values: [], verdict: null },
  ],
};

/** The night has only begun. */
export const BEGUN: Told = {
  night: {
    ended: null,
    end_reason: null,
    message: null,
    baseline: null,
    incumbent: null,
    slots: 2,
    candidates: 0,
    runs_started: 0,
  },
  tried: [],
};

/** Every candidate failed. */
export const ALL_FAILED: Told = {
  tried: [
    { id: 'E-0000', values: [1.6102, 1.6137, 1.6125] },
    {
      id: 'E-0001',
      change: { width: '9000' },
      values: [1],
      verdict: 'failed',
      fails: { class: 'out_of_memory', message: 'expected to fit, found exit by SIGKILL' },
    },
    {
      id: 'E-0002',
      change: { learning_rate: '10' },
      values: [Number.NaN],
      verdict: 'failed',
      fails: { class: 'not_a_number', message: 'expected a finite val_bpb, found NaN' },
    },
    {
      id: 'E-0003',
      change: { learning_rate: '20' },
      values: [Number.POSITIVE_INFINITY],
      verdict: 'failed',
      fails: { class: 'not_a_number', message: 'expected a finite val_bpb, found Infinity' },
    },
  ],
};

/** The baseline itself failed. */
export const NO_BASELINE: Told = {
  night: {
    end_reason: 'baseline_failed',
    message:
      'the unchanged baseline E-0000 failed (no_metric): expected val_bpb, found loss, accuracy',
  },
  tried: [
    {
      id: 'E-0000',
      values: [1],
      fails: { class: 'no_metric', message: 'expected val_bpb, found loss, accuracy' },
    },
  ],
};

/** Text that would wreck a page if it were taken for markup. */
export const HOSTILE: Told = {
  metric: 'val|loss `x` <b>',
  tried: [
    { id: 'E-0000', values: [1.61, 1.62, 1.615] },
    {
      id: 'E-0001',
      title:
        '| a | **b** `c`\n# not a heading 42\u0007 <script>alert(1)</script> [x](http://y) 🚀 \u202Eevil\u202C &amp; 3. $x^2$',
      because: '1. first\n\n## second ``` 7',
      change: { 'na|me': '`3`|\n4' },
      values: [1.5, 1.51, 1.505],
      verdict: 'promising',
      because_of: 'better |on 3 seeds',
    },
    {
      id: 'E-0002',
      title: '',
      change: { patch: 'ideas/`tie`.diff' },
      values: [1],
      verdict: 'failed',
      fails: {
        class: 'idea',
        message: 'exit code 1: ``` | <img src=x>',
        traceback: '```\n# hello 5\n````\n\u001b[31mred 6\u001b[0m',
      },
    },
  ],
};
