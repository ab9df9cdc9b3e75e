/** Which of the names a script prints is the one to judge by, and which way is better. */

export type Direction = 'minimize' | 'maximize';

const WORSE =
  /loss|err(?:or)?s?(?:$|[^a-z])|bpb|bpc|bits|ppl|perplex|nll|mse|mae|rmse|wer(?:$|[^a-z])|cer(?:$|[^a-z])|fid(?:$|[^a-z])|cost|regret|entropy/i;
const BETTER =
  /acc|f1|auc|bleu|rouge|reward|return|score|r2|r\^2|m_?ap(?:$|[^a-z])|iou|dice|precision|recall|psnr|ssim|(?:^|[^a-z])win|likelihood|correct|exact_?match|success/i;
const NO_OBJECTIVE =
  /(?:^|[^a-z])(?:lr|learning_?rate|time|secs?|seconds|ms|tok(?:ens?)?|tokens_per|throughput|mfu|mem(?:ory)?|steps?|epochs?|iters?|grads?|norm|params?|num|n|size|seed|batch|dt|eta|elapsed|examples|samples|peak|gpu|vram|total|runtime|best|speed|per_second|temp|flos)(?:$|[^a-z])/i;
const HELD_OUT =
  /(?:^|[^a-z])(?:val|valid|validation|dev|eval|evaluation|heldout|holdout)(?:$|[^a-z])/i;

const scoreOf = (name: string): number =>
  (HELD_OUT.test(name) ? 40 : /(?:^|[^a-z])test/i.test(name) ? 30 : 0) +
  (WORSE.test(name) || BETTER.test(name) ? 25 : 0) -
  (/(?:^|[^a-z])train/i.test(name) ? 15 : 0) -
  (NO_OBJECTIVE.test(name) ? 60 : 0);

/** What a name says of itself where it says nothing of being an objective, or against it. */
const SILENT = 1;

/**
 * Names that may be an objective, the likeliest first; of equals, what is printed last. Where none
 * looks like one, those that nothing speaks against.
 */
export function objectives(names: readonly string[]): string[] {
  const ranked = names
    .map((name, i) => ({ name, score: scoreOf(name) + i / 1000 }))
    .toSorted((a, b) => b.score - a.score);
  const likely = ranked.filter(({ score }) => score >= SILENT);
  const left = likely.length > 0 ? likely : ranked.filter(({ score }) => score >= 0);
  return left.map(({ name }) => name);
}

/** True where the first says nothing of being an objective, or the second is nearly as likely. */
export const isDoubtful = ([first, second]: readonly string[]): boolean =>
  first !== undefined &&
  (scoreOf(first) < SILENT || (second !== undefined && scoreOf(first) - scoreOf(second) < 10));

/** Which way is better, where the name says so. */
export const directionOf = (metric: string): Direction | null =>
  WORSE.test(metric) ? 'minimize' : BETTER.test(metric) ? 'maximize' : null;
