import type { Found } from './knob.ts';

/** What of a found value is worth trying: a knob's values or range, and how promising it is. */

export interface Choices {
  /** Source text of `values` or `range`, as the plan writes it. */
  readonly values?: readonly string[];
  readonly range?: readonly [low: string, high: string];
  /** The smaller, the sooner. */
  readonly rank: number;
}

/** Names that say nothing of how a model learns, or that move the goal posts. */
const NEVER =
  /^device$|(?:^|_)(?:seed|random_state|path|paths|dir|dirs|directory|file|filename|folder|url|uri|name|tag|title|dtype|port|host|rank|local|world|workers?|n_jobs|threads?|process(?:es)?|log|logging|eval|evaluate|test|val|valid|validation|save|print|verbose|interval|every|freq|frequency|ckpt|checkpoint|wandb|project|entity|run|debug|compile|backend|gpus?|cuda|version|resume|init_from|vocab(?:_size)?|classes|outputs?|inputs?|token|id|ids|epochs?|steps|timesteps|iters?|iterations|max_steps|time|timeout|seconds|minutes|budget|patience|split|fraction|ratio|samples|examples|n_train|train_size|num_train|limit|features?|in_channels|out_channels|master|always|only|profile|download|pin_memory|persistent|cache|figsize|dpi|indent|width_px|encoding|mode)(?:_|$)/;
/** Stops above all the same: a warm-up is counted in steps. */
const ALWAYS = /warm_?(?:up|down)|cool_?down|schedul|clip|step_size/;

type Kind =
  | 'rate'
  | 'optimizer'
  | 'schedule'
  | 'width'
  | 'depth'
  | 'batch'
  | 'dropout'
  | 'decay'
  | 'warmup'
  | 'momentum'
  | 'activation'
  | 'heads'
  | 'clip'
  | 'smoothing'
  | 'context'
  | 'scale'
  | 'other';

/** In the order in which a researcher would try them. */
const KINDS: readonly (readonly [Kind, RegExp])[] = [
  ['warmup', /warm_?(?:up|down)|cool_?down/],
  ['schedule', /schedul/],
  [
    'decay',
    /(?:weight_decay|(?:^|_)(?:wd|l1|l2|reg|regulari[sz]ation|reg_lambda|alpha_l2|c)(?:$|_))/,
  ],
  ['rate', /(?:^|_)(?:lr|eta|step_size)(?:$|_)|learning_rate/],
  ['optimizer', /optim/],
  ['batch', /batch|accum/],
  ['dropout', /drop(?:out|_prob|_rate|_path)?(?:$|_)/],
  ['smoothing', /smooth/],
  ['activation', /activation|nonlin|(?:^|_)act(?:$|_)/],
  ['momentum', /momentum|beta_?[12s]?$|(?:^|_)ema(?:$|_)|(?:^|_)gamma$/],
  ['clip', /clip/],
  ['heads', /heads?$|n_kv/],
  ['depth', /depth|layers?$|n_blocks|num_blocks|n_hidden_layers|blocks$/],
  [
    'width',
    /hidden|n_?hid|embd|embed|emb?_?size|(?:^|_)dim(?:$|_)|d_model|d_ff|units|channels|filters|width|size_hidden|n_estimators|num_leaves|expansion|(?:mlp|ffn?)_(?:ratio|mult)/,
  ],
  ['context', /context|block_size|seq_?len|window|max_len|kernel/],
  [
    'scale',
    /scale|std|sigma|(?:^|_)(?:temp|temperature|init|eps|epsilon|alpha|lambda|margin)(?:$|_)/,
  ],
  ['other', /./],
];
const RANK: Readonly<Record<Kind, number>> = {
  rate: 0,
  optimizer: 1,
  schedule: 2,
  width: 3,
  depth: 4,
  batch: 5,
  dropout: 6,
  decay: 7,
  warmup: 8,
  momentum: 9,
  activation: 10,
  heads: 11,
  clip: 12,
  smoothing: 13,
  scale: 14,
  context: 15,
  other: 20,
};

const kindFor = (name: string): Kind => KINDS.find(([, sign]) => sign.test(name))?.[0] ?? 'other';

/** Null where the value is best left alone. `text` is the script's: what it mentions it may know. */
export function choicesFor(found: Found, text: string): Choices | null {
  const { name } = found;
  if (NEVER.test(name) && !ALWAYS.test(name)) return null;
  if (/^(?:min_lr|lr_min|eta_min|lr_decay|decay_(?:steps|iters))/.test(name)) return null;
  const kind = kindFor(name);
  // An argument amid a call is a knob only where its name leaves no doubt.
  if (!found.named && kind === 'other') return null;
  const rank = (found.kind === 'boolean' ? 18 : RANK[kind]) + (found.named ? 0 : 6);
  if (found.choices) return { values: withCurrent(found.choices, found.literal), rank };
  const tried = found.kind === 'number' ? numbers(kind, found.literal) : words(kind, found, text);
  return tried && { ...tried, rank };
}

type Tried = Omit<Choices, 'rank'> | null;

function numbers(kind: Kind, literal: string): Tried {
  const value = Number(literal.replaceAll('_', ''));
  const whole = /^[-+]?[\d_]+$/.test(literal);
  if (!Number.isFinite(value) || value < 0 || value > 1e9) return null;
  const listed = (...others: number[]): Tried => ({
    values: numerically(withCurrent(others.map(whole ? String : asFloat), literal)),
  });
  if (kind === 'dropout') return value >= 1 ? null : listedFloats([0, 0.1, 0.2, 0.3, 0.5], literal);
  if (kind === 'smoothing') return value >= 1 ? null : listedFloats([0, 0.05, 0.1], literal);
  if (kind === 'decay' && value === 0) return listedFloats([0.0001, 0.001, 0.01, 0.1], literal);
  if (kind === 'momentum') return momentum(value, literal);
  if (kind === 'clip' && value === 0) return listedFloats([0.5, 1], literal);
  if (kind === 'warmup' && value === 0) return whole ? listed(20, 100, 500) : null;
  if (value === 0) return null;
  if ((kind === 'scale' || kind === 'other') && value >= 0.8 && value < 1)
    return momentum(value, literal);
  if (whole)
    return value === 1 && kind !== 'depth' && kind !== 'heads' && kind !== 'batch'
      ? kind === 'other'
        ? null
        : listed(2)
      : listed(...doubledAndHalved(value));
  if (
    kind === 'rate' ||
    kind === 'decay' ||
    kind === 'scale' ||
    kind === 'clip' ||
    kind === 'other'
  )
    return { range: [like(literal, value / 10), like(literal, value * 10)] };
  return listed(value / 2, value * 2);
}

/** 1 → 2; 3 → 2, 6; 128 → 64, 256. */
const doubledAndHalved = (value: number): number[] =>
  (value === 1 ? [2] : [Math.ceil(value / 2), value * 2]).filter((other) => other !== value);

function momentum(value: number, literal: string): Tried {
  if (value > 1) return null;
  if (value >= 0.99) return listedFloats([0.95, 0.99, 0.999], literal);
  if (value >= 0.95) return listedFloats([0.9, 0.95, 0.99], literal);
  return value >= 0.5 || value === 0 ? listedFloats([0.8, 0.9, 0.95], literal) : null;
}

const listedFloats = (others: readonly number[], literal: string): Tried => ({
  values: numerically(withCurrent(others.map(asFloat), literal)),
});

/** 3 significant digits, and a point or an exponent in it: the script's number was no whole one. */
function asFloat(value: number): string {
  const text = String(Number(value.toPrecision(3)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** As the script writes it: with an exponent where it has one. */
const like = (literal: string, value: number): string =>
  /e/i.test(literal)
    ? Number(value.toPrecision(3)).toExponential().replace('e+', 'e')
    : asFloat(value);

/** The current literal as the script spells it, and what is not the same number. */
function withCurrent(others: readonly string[], literal: string): string[] {
  const same = (other: string): boolean =>
    other === literal || (other.trim() !== '' && Number(other) === Number(literal));
  return [literal, ...others.filter((other) => !same(other))];
}

const numerically = (values: readonly string[]): string[] =>
  values.toSorted((a, b) => Number(a.replaceAll('_', '')) - Number(b.replaceAll('_', '')));

/** Spellings that belong together; a script that has one of them may know the others. */
const FAMILIES: Partial<Record<Kind, readonly (readonly string[])[]>> = {
  optimizer: [
    ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adam', 'adamw', 'nadam', 'lion', 'muon'],
    ['SGD', 'RMSprop', 'Adagrad', 'Adam', 'AdamW', 'NAdam', 'Lion', 'Muon'],
  ],
  schedule: [
    ['none', 'constant', 'linear', 'cosine', 'step', 'exponential', 'polynomial', 'inverse_sqrt'],
  ],
  activation: [
    [
      'tanh',
      'relu',
      'relu2',
      'gelu',
      'silu',
      'swish',
      'elu',
      'selu',
      'leaky_relu',
      'mish',
      'sigmoid',
      'logistic',
      'identity',
    ],
    ['Tanh', 'ReLU', 'GELU', 'SiLU', 'ELU', 'SELU', 'LeakyReLU', 'Mish', 'Sigmoid'],
  ],
};
const SAFE: ReadonlySet<string> = new Set([
  'sgd',
  'adam',
  'adamw',
  'SGD',
  'Adam',
  'AdamW',
  'constant',
  'linear',
  'cosine',
  'tanh',
  'relu',
  'gelu',
  'silu',
  'Tanh',
  'ReLU',
  'GELU',
  'SiLU',
]);

function words(kind: Kind, found: Found, text: string): Tried {
  if (found.kind === 'boolean') return booleans(found);
  const family = FAMILIES[kind]?.find((members) => members.includes(found.literal));
  if (!family) return null;
  const knows = (word: string): boolean =>
    new RegExp(`(?:["'\`.]${word}["'\`]?(?![\\w])|(?:^|[{,\\s])${word}\\s*:)`, 'm').test(text);
  const others = family.filter((word) => word !== found.literal);
  const known = others.filter(knows);
  const tried = known.length > 0 ? known : others.filter((word) => SAFE.has(word));
  return tried.length > 0 ? { values: [found.literal, ...tried.slice(0, 5)] } : null;
}

const SWITCH =
  /bias|norm|nesterov|amsgrad|tie|residual|bidirectional|decay|rotary|rope|augment|flip|gated|swiglu|early|bootstrap|pre_|post_/;

function booleans({ name, literal }: Found): Tried {
  if (!SWITCH.test(name)) return null;
  const other = { True: 'False', False: 'True', true: 'false', false: 'true' }[literal];
  return other === undefined ? null : { values: [literal, other] };
}
