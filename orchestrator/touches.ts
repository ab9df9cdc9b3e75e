import type { Change } from './domain/hypothesis.ts';
import type { Plan } from './domain/plan.ts';
import { SETS_AMOUNT } from './domain/training-amount.ts';

/** What a change reads like, by its own words: no claim of what it does. Pure. */

/**
 * The lines that a change removes or adds, and the paths of its files; of knobs their names, where
 * they stand, and the new values.
 */
export function changedLines(plan: Plan, change: Change): readonly string[] {
  switch (change.kind) {
    case 'none':
    case 'idea':
      return [];
    case 'stack':
      return change.changes.flatMap((one) => changedLines(plan, one));
    case 'patch':
      return change.diff
        .split('\n')
        .filter((line) => /^[+-]/.test(line))
        .map((line) => line.replace(/^(?:\+\+\+|---) (?:[ab]\/)?|^[+-]/, ''));
    case 'knobs':
      return Object.entries(change.values).map(([name, value]) => {
        const { match, path, arg, env } = plan.search_space[name] ?? {};
        return [name, match, path, arg, env, value].filter((part) => part !== undefined).join(' ');
      });
  }
}

export type Touched = 'seed' | 'time' | 'evaluation' | 'data';

/**
 * What a change may touch that decides how it is measured, by words of Python, JavaScript and YAML
 * in its changed lines; with the first such line. A word proves nothing, and a change without any
 * of them may do it all the same: it is a mark for whoever reads the diff, and moves no verdict.
 */
export function touches(
  plan: Plan,
  change: Change,
): readonly { readonly what: Touched; readonly line: string }[] {
  const lines = changedLines(plan, change);
  const own: Partial<Record<Touched, (line: string) => boolean>> = {
    time: (line) => SETS_AMOUNT.test(line),
    // A loss that is worked with is none that is printed.
    evaluation: (line) => line.includes(plan.objective.metric) && PRINTED.test(line),
    data: (line) =>
      line
        .split(BETWEEN_PATHS)
        .some((word) => plan.workspace.link.some((path) => `${word}/`.startsWith(`${path}/`))),
  };
  return (Object.keys(WORDS) as Touched[]).flatMap((what) => {
    const line = lines.find((each) => WORDS[what].test(each) || own[what]?.(each));
    return line === undefined ? [] : [{ what, line: line.trim() }];
  });
}

const PRINTED = /print|log|write|emit|['"`]/i;
const BETWEEN_PATHS = /[^\w./-]+/;

const WORDS: Readonly<Record<Touched, RegExp>> = {
  seed: /seed(?!ling)|random_?state|PRNGKey|\brng\b/i,
  time: /time[_-]?(?:out|limit|budget)|max[_-]?(?:time|seconds|minutes|hours)|deadline|wall[_-]?(?:clock|time)|perf_counter|monotonic\(|time\.time\(|Date\.now|performance\.now/i,
  evaluation:
    /(?:^|[^a-z])eval|(?:^|[^a-z])val(?:id)?(?:ation)?(?:[^a-z]|$)|test[_-]?(?:set|loader|data|split)|hold[_-]?out|metric|accuracy|(?:^|[^a-z])scor(?:e|ing)/i,
  data: /data[_-]?(?:dir|path|root|set|file|loader|module)|(?:^|[^a-z])open\(|load_dataset|read_(?:csv|parquet|json|table|text)|(?:np|torch|numpy)\.load|load(?:txt|_from_disk)|readFile|(?:train|test)[_-]?split|(?:^|[^a-z])split\s*[:=]|\.(?:csv|tsv|parquet|npz|npy|bin|jsonl|arrow|h5|hdf5|tfrecord|pkl)\b/i,
};
