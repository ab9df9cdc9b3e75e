import { NUMBER, signedPairs, toNumber, type Pair } from './pairs.ts';

/** A progress bar with numbers in it. */
export interface ProgressBar {
  readonly description: string;
  /** NaN where it is no number. */
  readonly n: number;
  /** NaN where unknown. */
  readonly total: number;
  readonly values: readonly Pair[];
  /** Keras counts batches of the epoch that a line above names. */
  readonly keras: boolean;
}

/** `Epoch 3:  45%|███▌ | 45/100 [00:01<00:00, 8.1it/s, v_num=0, train_loss=0.12]` (tqdm, Lightning) */
const TQDM = /^(.*?)\d+%\|[^|]*\|\s*([\d.]+[kKMG]?)\/([\d.]+[kKMG]?)\s*\[([^\]]*)\]?(.*)$/s;
/** `450it [00:10, 45.0it/s, loss=0.3]`: a bar without an end. */
const ENDLESS = /^(.*?)\b(\d+)it \[\d\d:\d\d(?::\d\d)?,([^\]]*)\]?(.*)$/s;
/** `Epoch 3/9 ━━━━━━ 10/10 0:00:01 • 0:00:00 8.1it/s train_loss: 0.12` (rich) */
const RICH = /^(.*?)[━╸╺─]{3,}\s*(\d+)\/(\d+)\s+(.*)$/s;
/** `10/10 ━━━━ 1s 5ms/step - accuracy: 0.91 - loss: 0.33`, `10/10 [====>..] - 1s 5ms/step - loss: 0.33` */
const KERAS = /^\s*(\d+)\/(\d+|Unknown)\s+(?:\[[=>.\s]*\]|[━╸╺─]+)\s*(?:-\s*)?(.*)$/s;
const POSTFIX = new RegExp(
  `^\\s*([A-Za-z_][\\w ./@%-]{0,63}?)\\s*[=:]\\s*(${NUMBER})\\s*%?\\s*$`,
  'i',
);

export function readBar(line: string): ProgressBar | null {
  if (!/[|━╸[]/.test(line)) return null;
  const keras = KERAS.exec(line);
  if (keras !== null) {
    const [, n, total, rest = ''] = keras;
    return {
      description: '',
      n: Number(n),
      total: Number(total),
      values: signedPairs(rest),
      keras: true,
    };
  }
  const bar = TQDM.exec(line);
  if (bar !== null) {
    const [, description = '', n, total, inside = '', behind = ''] = bar;
    return counted(description, n, total, [...postfix(inside), ...signedPairs(behind)]);
  }
  const endless = ENDLESS.exec(line);
  if (endless !== null) {
    const [, description = '', n, inside = '', behind = ''] = endless;
    return counted(description, n, 'unknown', [...postfix(inside), ...signedPairs(behind)]);
  }
  const rich = RICH.exec(line);
  if (rich === null) return null;
  const [, description = '', n, total, rest = ''] = rich;
  return counted(description, n, total, signedPairs(rest.replace(/^.*?(?:it\/s|s\/it)\s*/, '')));
}

const counted = (
  description: string,
  n: string | undefined,
  total: string | undefined,
  values: readonly Pair[],
): ProgressBar => ({
  description,
  n: Math.round(countOf(n)),
  total: Math.round(countOf(total)),
  // Lightning's number of the log folder.
  values: values.filter(([key]) => key !== 'v_num'),
  keras: false,
});

const UNITS: ReadonlyMap<string, number> = new Map([
  ['k', 1e3],
  ['K', 1e3],
  ['M', 1e6],
  ['G', 1e9],
]);

/** `45`, and `45.3k` where the bar shortens: 45,300. NaN for anything else. */
const countOf = (text = ''): number =>
  Number(text.replace(/[kKMG]$/, '')) * (UNITS.get(text.slice(-1)) ?? 1);

/** The `k=v` between the commas of `00:01<00:00, 8.1it/s, v_num=0, train_loss=0.12`. */
const postfix = (inside: string): readonly Pair[] =>
  inside.split(',').flatMap((part) => {
    const match = POSTFIX.exec(part);
    return match === null ? [] : [[match[1] as string, toNumber(match[2] as string)] as const];
  });
