import type { Intent } from './intent.ts';
import { compare } from './intents/compare.ts';
import * as counts from './intents/counts.ts';
import * as lab from './intents/lab.ts';
import * as one from './intents/one.ts';
import * as ranking from './intents/ranking.ts';
import * as runs from './intents/run.ts';

/** Every kind of question that is understood without a model; the first that fits answers. */
export const INTENTS: readonly Intent[] = [
  lab.timeline,
  lab.next,
  lab.words,
  runs.whose,
  runs.took,
  one.whyFailed,
  runs.detail,
  lab.sandbox,
  lab.flags,
  compare,
  ranking.confirmed,
  one.sure,
  one.metric,
  one.settings,
  counts.history,
  one.why,
  ranking.lines,
  ranking.extreme,
  ranking.best,
  counts.longest,
  lab.spend,
  lab.failures,
  counts.hypotheses,
  counts.runs,
  counts.experiments,
  lab.baseline,
  lab.nights,
  runs.run,
  one.show,
];
