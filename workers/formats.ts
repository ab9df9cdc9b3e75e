import { flatten, parseLiteral, type Literal, type Scalar } from './literal.ts';
import { looksMeasured, NUMBER, signedPairs, spacedPairs, toNumber, type Pair } from './pairs.ts';
import { withoutPrefix } from './prefix.ts';
import { readBar } from './progress.ts';
import { plain } from './text.ts';

export type Values = readonly (readonly [key: string, value: Scalar])[];

/** What one line of output says. */
export type Reading =
  | { readonly kind: 'nothing' }
  /** `---`: what follows is the summary. */
  | { readonly kind: 'rule' }
  /** `Epoch 3/10` on its own: the step of the lines below. */
  | { readonly kind: 'position'; readonly key: string; readonly step: number }
  /** Said to be a configuration, in so many words. */
  | { readonly kind: 'configuration'; readonly values: Values }
  | {
      readonly kind: 'values';
      readonly step: number | null;
      /** What the step was called: `step`, `iter`, `epoch`…; empty without one. */
      readonly by: string;
      readonly values: Values;
      /** A JSON or Python object: before training it may be a configuration all the same. */
      readonly object: boolean;
      /** Set for a progress bar, which says the same again and again. */
      readonly bar: { readonly name: string; readonly n: number; readonly full: boolean } | null;
    };

const NOTHING: Reading = { kind: 'nothing' };
/** Beyond this, only objects are read: expressions over long lines cost time. */
const LONG = 4096;
const MAX_KEYS = 4096;

const CONFIGURATION =
  /^(?:config(?:uration)?|args|arguments|options|params|parameters|hparams|hyper[-_ ]?param(?:eter)?s|settings|flags)$/i;
const SPLIT = /^(?:train(?:ing)?|val(?:id(?:ation)?)?|test|eval(?:uation)?|dev)$/i;
const LABELLED = /^([A-Za-z_][\w ./-]{0,40}?)\s*[:=]\s*(?=\{)/;
const CALL =
  /^(?:\w+\s*[:=]\s*)?(?:Namespace|\w*Config|\w*Args|\w*Arguments|Params|HParams)\(.*\)$/s;
const CELLS = new RegExp(
  `^[│┃|]\\s*([A-Za-z_][\\w ./@%-]{0,63}?)\\s*[│┃|]\\s*(${NUMBER})\\s*[│┃|]$`,
  'i',
);

/** In the order in which they are believed. */
export const STEP_KEYS = ['global_step', '_step', 'step', 'iter', 'iteration', 'it', 'epoch'];
const RANKS: ReadonlyMap<string, number> = new Map(STEP_KEYS.map((key, rank) => [key, rank]));
const STEP = '(global[_ ]?step|step|iter(?:ation)?|it|epoch|batch)';
const MARKER = new RegExp(
  `^[\\s([*=#>|-]*(?:end of )?(?:(?:train(?:ing)?|val(?:id(?:ation)?)?|test|eval(?:uation)?)[ /])?${STEP}` +
    `\\s*[:=#]?\\s*\\[?\\s*(\\d+)(?:\\s*(?:/|of)\\s*\\d+)?\\s*[\\])]*` +
    `(?:\\s*\\[\\s*\\d+\\s*/\\s*\\d+[^\\]]*\\])?(?=$|[\\s:,;|=-])[\\s:,;|=-]*`,
  'i',
);

/** What a line of output says, colours and log prefixes aside. Never throws. */
export function readLine(raw: string): Reading {
  // Most lines of a flood end here, before anything costs time.
  if (raw.length < 3 || !/[\d:={│|-]|nan|inf/i.test(raw)) return NOTHING;
  const line = withoutPrefix(plain(raw).trim()).trim();
  if (/^-{3}$/.test(line)) return { kind: 'rule' };
  const object = readObject(line);
  if (object !== null) return object;
  if (line.length > LONG) return NOTHING;
  const bar = readBar(line);
  if (bar !== null) {
    const desc = markers(bar.description);
    const values = [...signedPairs(desc.rest.replace(/:\s*$/, '')), ...bar.values];
    if (values.length === 0) return NOTHING;
    const under = desc.step !== null;
    return {
      kind: 'values',
      step: desc.step ?? (bar.keras || !Number.isSafeInteger(bar.n) ? null : bar.n),
      by: desc.key,
      values,
      object: false,
      bar: {
        name: under ? `${desc.key} ${desc.step}` : bar.keras ? 'keras' : '',
        n: bar.n,
        full: bar.n === bar.total,
      },
    };
  }
  return readText(line);
}

function readObject(line: string): Reading | null {
  const label = line.endsWith('}') ? LABELLED.exec(line) : null;
  const body = label === null ? line : line.slice(label[0].length);
  if (!(body.startsWith('{') && body.endsWith('}'))) {
    if (!line.endsWith(')') || !CALL.test(line)) return null;
    const call = parseLiteral(line.replace(/^\w+\s*[:=]\s*/, ''));
    return isRecord(call) ? configuration(call) : null;
  }
  const value = parseLiteral(body);
  if (!isRecord(value)) return null;
  const name = label?.[1]?.trim() ?? '';
  const [only, ...others] = Object.keys(value);
  if (CONFIGURATION.test(name)) return configuration(value);
  const inner = only === undefined || others.length > 0 ? undefined : value[only];
  if (only !== undefined && CONFIGURATION.test(only) && isRecord(inner)) {
    return configuration(inner);
  }
  return readRecord(SPLIT.test(name) ? { [name]: value } : value);
}

const configuration = (value: Literal): Reading => ({
  kind: 'configuration',
  values: flatten(value, MAX_KEYS, true),
});

/** Values of a JSON object, such as a line of metrics.jsonl, with its step taken out. */
export function readRecord(record: Literal): Reading & { kind: 'values' } {
  const { step, key, values } = withStep(flatten(record, MAX_KEYS));
  return { kind: 'values', step, by: key, values, object: true, bar: null };
}

function readText(line: string): Reading {
  const cells = /^[│┃|]/.test(line) ? CELLS.exec(line) : null;
  if (cells !== null)
    return plainValues(null, '', [[cells[1] as string, toNumber(cells[2] as string)]]);
  const { step, key, rest, others } = markers(line);
  const body = rest.replace(/\s*[:|]\s*$/, '');
  const pairs = signedPairs(body);
  const spaced = spacedPairs(body, step === null);
  const found = withStep([...pairs, ...spaced]);
  if (found.values.length > 0)
    return plainValues(step ?? found.step, step === null ? found.key : key, [
      ...others,
      ...found.values,
    ]);
  if (found.step !== null && /^\W*\w+\s*[:=]\s*\d+\W*$/.test(body)) {
    return { kind: 'position', key: found.key, step: found.step };
  }
  // What is left of `==== Epoch 3 ====`.
  return step !== null && !/\w/.test(rest) ? { kind: 'position', key, step } : NOTHING;
}

const plainValues = (
  step: number | null,
  by: string,
  values: readonly Pair[] | Values,
): Reading => ({
  kind: 'values',
  step,
  by,
  values,
  object: false,
  bar: null,
});

/** `Epoch 3/10 | Step 100:` at the front of a line; the finest of them is the step. */
function markers(line: string): {
  readonly step: number | null;
  readonly key: string;
  readonly rest: string;
  readonly others: readonly Pair[];
} {
  const found: Pair[] = [];
  let rest = line;
  for (let i = 0; i < 4; i++) {
    const match = MARKER.exec(rest);
    if (match === null) break;
    rest = rest.slice(match[0].length);
    const key = (match[1] as string).toLowerCase().replace(' ', '_');
    if (key !== 'batch') found.push([key, Number(match[2])]);
  }
  const { step, key, values } = withStep(found);
  return { step, key, rest, others: values as readonly Pair[] };
}

/** Takes the step out; an epoch that is a fraction, or beside a step, stays a value. */
function withStep(all: Values): {
  readonly step: number | null;
  readonly key: string;
  readonly values: Values;
} {
  let best: Values[number] | null = null;
  let rank = STEP_KEYS.length;
  for (const pair of all) {
    const found = rankOf(pair[0]);
    if (found >= rank || !Number.isSafeInteger(pair[1]) || (pair[1] as number) < 0) continue;
    best = pair;
    rank = found;
  }
  if (best === null) return { step: null, key: '', values: all };
  const step = best[1] as number;
  return { step, key: STEP_KEYS[rank] ?? '', values: all.filter((pair) => pair !== best) };
}

/** Place in STEP_KEYS, its length for none; `train/global_step` and `Global Step` are `global_step`. */
export function rankOf(key: string): number {
  if (!/(?:step|it|iter|iteration|epoch)$/i.test(key)) return STEP_KEYS.length;
  const name = key
    .slice(key.lastIndexOf('/') + 1)
    .toLowerCase()
    .replace(/[ -]/g, '_');
  return RANKS.get(name === 'globalstep' ? 'global_step' : name) ?? STEP_KEYS.length;
}

/**
 * Before training has begun, an object of settings and one of measurements look alike: it measures
 * where it has a step or a name that says so.
 */
export const measures = (step: number | null, values: Values, objective: string): boolean =>
  step !== null ||
  values.some(
    ([key, value]) => typeof value === 'number' && (key === objective || looksMeasured(key)),
  );

const isRecord = (value: Literal | undefined): value is { readonly [key: string]: Literal } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
