import type { Plan } from '../../orchestrator/domain/plan.ts';
import { namesIn } from '../planner/names.ts';
import { AMOUNT, SETS, SETS_AMOUNT } from '../../orchestrator/domain/training-amount.ts';

/** A way to end a crash that is no repair, by the words of one line. */
export interface Shortcut {
  readonly pattern: RegExp;
  /** Expected, found. */
  readonly is: string;
  /** Also where the original itself has such words. */
  readonly anywhere?: true;
  /** Where it counts; absent: everywhere. */
  readonly file?: string;
}

const SWALLOWS = 'expected errors to end the run, found one caught';
const ENDS = 'expected the run to go its way, found it ended or skipped';
const SWITCHED_OFF = 'expected the change to be at work, found it switched off';
const AMOUNT_SET = 'expected the same amount of training, found it set anew';
const SEED = 'expected the same seeds, found one set';

export const SHORTCUTS: readonly Shortcut[] = [
  // A handler for a named error, such as ImportError, is how a missing library is met.
  {
    pattern:
      /\bexcept\s*:|\bexcept\s+\(?\s*(?:Base)?Exception\b|\bexcept\s+\(?\s*(?:Runtime|Lookup|Arithmetic)Error\b/,
    is: SWALLOWS,
  },
  {
    pattern: /\bcatch\s*[({]|\.catch\s*\(|\buncaughtException\b|\bunhandledRejection\b/,
    is: SWALLOWS,
  },
  { pattern: /\bsuppress\s*\(|\bsys\.excepthook\b|\bsignal\.signal\s*\(/, is: SWALLOWS },
  {
    pattern: /\b(?:sys\.|os\._?)?exit\s*\(|\bquit\s*\(|process\.exit\b|process\.exitCode|os\.abort/,
    is: ENDS,
  },
  { pattern: /^\s*(?:\}?\s*else\s*)?(?:if\b.*[:)]\s*)?(?:break|continue)\s*;?\s*$/, is: ENDS },
  {
    pattern: /\b(?:if|while)\s*\(?\s*(?:False|false|0)\s*(?:\)|:|and\b|else\b|&&)/,
    is: SWITCHED_OFF,
    anywhere: true,
  },
  {
    pattern: /\*\s*0(?:\.0*)?(?![\w.])|(?<![\w.])0(?:\.0*)?\s*\*/,
    is: SWITCHED_OFF,
    anywhere: true,
  },
  // What the change makes of a value, or else the value as it was.
  {
    pattern: /^\s*([\w.]+)\s*=(?!=).*(?:\belse|\?.*:)\s*\1\s*;?$/,
    is: SWITCHED_OFF,
  },
  {
    pattern:
      /\b\w*(?:steps?|epochs?|iters?|iterations?)\s*(?:[=:]\s*(?:int\()?\d|(?:\/\/?|-|>>)=\s*\d)/i,
    is: AMOUNT_SET,
    anywhere: true,
  },
  {
    pattern: new RegExp(`\\b${AMOUNT}\\s*[=:]\\s*(?:int\\()?\\d`, 'i'),
    is: AMOUNT_SET,
    anywhere: true,
  },
  { pattern: SETS_AMOUNT, is: AMOUNT_SET },
  // Twice the steps by any other name: in a loop's bound, or handed on.
  {
    pattern: new RegExp(
      `\\b${AMOUNT}\\s*(?:\\*|//?|<<|>>)\\s*[\\w(.]|[\\w).]\\s*\\*\\s*${AMOUNT}\\b`,
      'i',
    ),
    is: AMOUNT_SET,
  },
  {
    pattern: new RegExp(`\\brange\\([^)]*\\b${AMOUNT}\\b|\\bfor\\s*\\(.*<=?\\s*${AMOUNT}\\b`, 'i'),
    is: AMOUNT_SET,
  },
  { pattern: /\brange\(\s*\d+\s*\)|\bfor\s*\(.*<\s*\d+\s*;/, is: AMOUNT_SET },
  {
    pattern: new RegExp(
      `\\b\\w*seed(?!ling)\\w*(?:\\s*\\(|${SETS})|\\brandom_?state${SETS}|\\bPRNGKey\\(|\\bdefault_rng\\(|\\bMath\\.random\\s*=`,
      'i',
    ),
    is: SEED,
  },
];

/** A handler for the very error that the run crashed with; a library that is missing may be done without. */
export function catching(traceback: string): readonly Shortcut[] {
  const errors = traceback.match(/^(?:\w+\.)*\w*(?:Error|Exception|StopIteration)\b/gm) ?? [];
  const name = errors.at(-1)?.split('.').at(-1);
  if (name === undefined || /^(?:Import|ModuleNotFound)Error$/.test(name)) return [];
  return [{ pattern: new RegExp(`\\bexcept\\b.*\\b${name}\\b`), is: SWALLOWS }];
}

/** A repair that turns a knob tests two changes: its own name, and the one that it has in the code. */
export const knobsIn = (knobs: Plan['search_space']): readonly Shortcut[] =>
  Object.entries(knobs).flatMap(([name, { match, path, file }]) => {
    const is = `expected the knob ${name} as it was, found it set`;
    const before = match?.split('{value}')[0]?.trim() ?? '';
    const called = /([\w$]+)["'\])]*\s*[:=]?\s*["'(]*$/.exec(before)?.[1];
    const key = path?.split('.').at(-1);
    const named = [name, called].filter((one) => one !== undefined && one.length > 1);
    return [
      ...(before.length < 3
        ? []
        : [{ pattern: new RegExp(`^\\s*${verbatim(before)}`), is, anywhere: true as const }]),
      ...named.map((one) => ({ pattern: setting(one ?? ''), is })),
      ...(key === undefined
        ? []
        : [{ pattern: setting(key), is, ...(file === undefined ? {} : { file }) }]),
    ];
  });

/** Sets a name to anything but itself: `lr=lr` and `lr=args.lr` hand it on. */
const setting = (name: string): RegExp =>
  new RegExp(
    `(?<![\\w$])${verbatim(name)}${SETS}(?!\\s*(?:[\\w.]+[.[]["']?)?${verbatim(name)}["'\\]]*\\s*[,)}])`,
    'i',
  );

/** A line that says the metric and a number says one that nobody computed. */
export const literalOf = (metric: string): Shortcut => ({
  pattern: new RegExp(`${verbatim(metric)}(?:["']?\\s*[:=]\\s*["'({]{0,3}|["']\\s*,\\s*)-?\\.?\\d`),
  is: `expected ${metric} to be computed, found it written`,
  anywhere: true,
});

const PRINTS = /print|log|write|emit|dump|send/i;
const MEASURES =
  /(?:^|[^a-z])(?:val|valid|validation|eval|evaluate\w*|metrics?|accuracy|test_?(?:set|loader|data|split)|hold_?out)(?![a-z])/i;

/**
 * What says or computes the metric: lines that name it and print, lines that set what those print,
 * and words of measuring. `files` are those that the original leaves, path → text.
 */
export function measuring(metric: string, files: ReadonlyMap<string, string>): readonly Shortcut[] {
  const is = `expected ${metric} to be computed and said as it was, found that changed`;
  const named = `(?<![\\w$])${verbatim(metric)}(?![\\w$])`;
  const says = new RegExp(`(?:${PRINTS.source}).*${named}|${named}.*(?:${PRINTS.source})`, 'i');
  return [
    { pattern: says, is },
    { pattern: MEASURES, is },
    ...[...files].flatMap(([file, text]) => {
      const said = text.split('\n').filter((line) => says.test(line));
      return [...namesIn(said)].map((name) => ({
        pattern: new RegExp(`^\\s*(?:(?:const|let|var)\\s+)?${verbatim(name)}${SETS}`),
        ...{ is, file },
      }));
    }),
  ];
}

const verbatim = (text: string): string => text.replace(/[\\^$+.*?()|[\]{}]/g, '\\$&');
