import type { Repository } from '../../domain/ports.ts';
import { joined, nameOf, type Source } from './source.ts';

/** Which of a repository's files trains. */

const RUNNABLE = /\.(?:py|[cm]?js|ts|sh|bash|r|jl)$/i;
const ELSEWHERE =
  /(?:^|\/)(?:tests?|docs?|node_modules|site-packages|third_party|vendor|dist|build|\.[^/]+)\//;
const NOT_TRAINING =
  /^(?:__init__|setup|conftest|noxfile|.*\.(?:config|test|spec)|test_.*|.*_test|prepare.*|preprocess.*|download.*|sample.*|generate.*|eval.*|export.*|plot.*|utils?|helpers?|install.*|serve.*|deploy.*|convert.*|bench.*|config(?:urator)?)\.\w+$/i;

/** How much a path alone looks like training. */
function pathScore(path: string): number {
  const name = nameOf(path);
  const depth = path.split('/').length - 1;
  const own = /^train(?:ing|er)?\.\w+$/i.test(name)
    ? 50
    : /train|fine_?tune|(?:^|_)fit(?:\.|_)/i.test(name)
      ? 35
      : /^(?:main|run)\.\w+$/i.test(name)
        ? 20
        : 0;
  return own - 3 * depth - (NOT_TRAINING.test(name) ? 40 : 0) - (name.endsWith('.ts') ? 5 : 0);
}

const SIGNS: readonly (readonly [RegExp, number])[] = [
  [
    /^\s*(?:import|from)\s+(?:torch|jax|flax|keras|tensorflow|sklearn|transformers|lightning|pytorch_lightning|xgboost|lightgbm|mlx|tinygrad|numpy)\b/m,
    12,
  ],
  [/__name__\s*==\s*["']__main__["']/, 5],
  [/argparse|parseArgs\(|click\.option|tyro\.cli|hydra\.main/, 4],
  [/(?:print|log|info|echo)\b.*(?:loss|acc|error|bpb|ppl|score|reward)/i, 15],
  [/\.backward\(\)|\.fit\(|optimizer|learning_?rate|\blr\b|epochs?\b/i, 10],
];

function textScore(text: string): number {
  return SIGNS.reduce((sum, [sign, worth]) => sum + (sign.test(text) ? worth : 0), 0);
}

export interface Candidate extends Source {
  readonly score: number;
}

const READ = 40;
const ENOUGH = 15;

/** Scripts below `folder` that look like training, the likeliest first. */
export async function findScripts(
  repository: Pick<Repository, 'readFile'>,
  commit: string,
  files: readonly string[],
  folder: string,
): Promise<Candidate[]> {
  const likely = files
    .filter((path) => RUNNABLE.test(path) && !ELSEWHERE.test(path))
    .filter((path) => folder === '' || path.startsWith(joined(folder, '')))
    .map((path) => ({ path, score: pathScore(path) }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, READ);
  const read = await Promise.all(
    likely.map(async ({ path, score }) => {
      const text = (await repository.readFile(commit, path)) ?? '';
      return { path, text, score: score + textScore(text) };
    }),
  );
  return read.filter(({ score }) => score >= ENOUGH).toSorted((a, b) => b.score - a.score);
}

/** True where another script is nearly as likely as the first. */
export const isClose = ([first, second]: readonly Candidate[]): boolean =>
  first !== undefined && second !== undefined && first.score - second.score < 20;
