import { join } from 'node:path';
import { experimentOf } from '../orchestrator/domain/ids.ts';
import type { Pruning } from '../orchestrator/domain/run.ts';
import { attemptFolder, type Attempt } from './attempt.ts';
import { readCurve } from './curves.ts';
import { METRICS_NDJSON } from './points.ts';
import { tidy, type Point } from './metrics.ts';
import { followHopeless, LEAST_CURVES, type Curve, type Hopeless } from './prune.ts';
import { followCourses, isHeldOut, isLoss } from './vitals.ts';

/** Watches one run for what `prune` ends it for: NaN, divergence, a hopeless curve. */
export interface Pruner {
  point(point: Point): void;
  /** Resolves when all that came was looked at. */
  settled(): Promise<void>;
  /** Set once, by the first rule that applied. */
  readonly pruning: Pruning | null;
}

const NOBODY: Pruner = {
  point: () => undefined,
  settled: () => Promise.resolve(),
  pruning: null,
};

/** `end` is called, at most once, when the run is to be ended now. */
export function createPruner(attempt: Attempt, end: () => void): Pruner {
  const { order, workshop } = attempt;
  const { prune, plan } = order;
  if (!prune) return NOBODY;
  const began = workshop.clock.monotonic();
  let pruning: Pruning | null = null;
  const apply = (found: Omit<Pruning, 'seconds' | 'audited'>): void => {
    if (pruning !== null) return;
    const seconds = (workshop.clock.monotonic() - began) / 1000;
    pruning = { ...found, seconds, audited: prune.audited };
    if (!prune.audited) end();
  };
  const courses = followCourses(plan.objective);
  const nan = followNaN((of) => of === key);
  const curve = followCurve(attempt, apply);
  /** Of the objective, of those logged so far. */
  let key: string | null = null;
  const meant = followKey(plan.objective.metric);
  let hasValue = false;
  // Where the best value counts, what comes after it takes nothing away.
  const isSafe = (): boolean => plan.objective.at === 'best' && hasValue;
  return {
    get pruning() {
      return pruning;
    },
    settled: () => curve.settled,
    point(point) {
      if (pruning !== null) return;
      const before = key;
      key = meant(point.key);
      if (key !== before) {
        hasValue &&= key === null;
        curve.restart();
      }
      if (point.key === key) {
        hasValue ||= Number.isFinite(point.value);
        curve.point(point);
      }
      const offCourse = courses(point);
      const isNaN = nan(point);
      if (isSafe()) return;
      if (isNaN) {
        const because = `${point.key} is ${point.value}${atStep(point)}, as at its reading before`;
        apply({ rule: 'not_a_number', because, ...read(point), ...HELD_AGAINST_NONE });
      }
      if (offCourse === null || (point.key !== key && isHeldOut(point.key))) return;
      apply({ rule: 'diverging', because: offCourse, ...read(point), ...HELD_AGAINST_NONE });
    },
  };
}

const HELD_AGAINST_NONE = { mean: null, spread: null, n: 0 } as const;
const read = ({ key, step, value }: Point) => ({ metric: key, step, value });
const atStep = ({ step }: Point): string => (step === null ? '' : ` at step ${step}`);

/**
 * The key that is meant by the metric, of all that came: the exact one, or the only one that is alike,
 * as at the end (keyMeant). Each key is compared once, since a million points pass here.
 */
function followKey(metric: string): (key: string) => string | null {
  const seen = new Set<string>();
  const alike: string[] = [];
  let meant: string | null = null;
  return (key) => {
    if (seen.has(key)) return meant;
    seen.add(key);
    if (tidy(key) !== tidy(metric)) return meant;
    alike.push(key);
    meant = alike.includes(metric) ? metric : alike.length === 1 ? key : null;
    return meant;
  };
}

/** What a loss was lately. */
interface Lately {
  readonly held_out: boolean;
  /** Finite readings in a row; while it is not finite, those before that. */
  finite: number;
  /** The first in a row that was not finite, and how often a training loss had been finite by then. */
  first: { readonly step: number | null; readonly trained: number } | null;
  /** Its script writes NaN for what it did not measure. */
  placeholder: boolean;
}

/**
 * Says of a loss that is not finite for the second time in a row. One such value may be a batch
 * that the script leaves out; and what is no loss may be NaN for want of examples, as may a loss on
 * held-out examples, which counts as the objective only. A script that writes NaN for what it did
 * not measure does so in its baseline, too: such a loss was not finite twice in a row before, or
 * a loss of the training is finite in between. It is believed no further NaN.
 */
function followNaN(isObjective: (key: string) => boolean): (point: Point) => boolean {
  const losses = new Map<string, Lately | null>();
  let trained = 0;
  const latelyOf = (key: string): Lately | null => {
    const known = losses.get(key);
    if (known !== undefined) return known;
    const begun = { held_out: isHeldOut(key), finite: 0, first: null, placeholder: false };
    const made = isLoss(key) ? begun : null;
    losses.set(key, made);
    return made;
  };
  return ({ key, step, value }) => {
    const lately = latelyOf(key);
    if (lately === null) return false;
    if (Number.isFinite(value)) {
      lately.finite = lately.first === null ? lately.finite + 1 : 1;
      lately.first = null;
      if (!lately.held_out) trained++;
      return false;
    }
    const { first } = lately;
    lately.first ??= { step, trained };
    // A summary says what the last step said: that is the end, and no second reading.
    if (first === null || (first.step === null) !== (step === null)) return false;
    lately.placeholder ||= lately.finite < IN_A_ROW || first.trained < trained;
    return !lately.placeholder && (!lately.held_out || isObjective(key));
  };
}

const IN_A_ROW = 2;

interface FollowedCurve {
  point(point: Point): void;
  /** What came before was of another metric. */
  restart(): void;
  readonly settled: Promise<void>;
}

/** Points wait until the curves that they are held against are read, beside the training. */
function followCurve(
  attempt: Attempt,
  apply: (found: Omit<Pruning, 'seconds' | 'audited'>) => void,
): FollowedCurve {
  const { order } = attempt;
  const { objective } = order.plan;
  const { mode = 'cautious', reference = [] } = order.prune ?? {};
  if (reference.length < LEAST_CURVES)
    return { point: () => undefined, restart: () => undefined, settled: Promise.resolve() };
  let curves: readonly Curve[] | null = null;
  let follow: ReturnType<typeof followHopeless> | null = null;
  let waiting: Point[] = [];
  const take = (point: Point): void => {
    if (point.step === null || follow === null) return;
    const found = follow({ step: point.step, value: point.value });
    if (found === null) return;
    const { step, value, mean, spread, n } = found;
    const because = inWords(point.key, found, attempt);
    apply({ rule: 'curve', because, metric: point.key, ...{ step, value, mean, spread, n } });
  };
  const anew = (): void => {
    follow = curves && followHopeless(curves, objective, mode);
  };
  const begin = async (): Promise<void> => {
    curves = await curvesOf(attempt);
    anew();
    for (const point of waiting) take(point);
    waiting = [];
  };
  return {
    settled: begin(),
    restart() {
      waiting = [];
      anew();
    },
    point: (point) => (follow === null ? void waiting.push(point) : take(point)),
  };
}

/** Those of them that have a curve. */
async function curvesOf({ workshop, order }: Attempt): Promise<readonly Curve[]> {
  const curves = await Promise.all(
    (order.prune?.reference ?? []).map(({ run, attempt }) =>
      readCurve(
        join(attemptFolder(workshop.experimentsDir, run, attempt), METRICS_NDJSON),
        order.plan.objective.metric,
      ),
    ),
  );
  return curves.filter((curve) => curve !== null);
}

function inWords(key: string, found: Hopeless, { order }: Attempt): string {
  const { step, value, mean, spread, n, progress, beyond } = found;
  const [first] = order.prune?.reference ?? [];
  const whose = first === undefined ? '' : ` of ${experimentOf(first.run)}`;
  const best = order.plan.objective.at === 'best' ? 'the best ' : '';
  const worse = `${short(beyond)} standard deviations worse than the mean ${short(mean)}`;
  return `at step ${step}, ${Math.floor(100 * progress)}% of the way, ${best}${key} ${short(value)} was ${worse} of ${n} runs${whose} there (standard deviation ${short(spread)}), for the second reading in a row`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
