import { mean } from '../orchestrator/statistics/compare.ts';
import { moderate } from '../orchestrator/statistics/moderate.ts';
import { pointKey, type Point, type Table } from './table.ts';

/**
 * A table as a world of which any number of seeds can be drawn, though few were recorded: a run is
 * its point's mean, plus what its seed does to every point (normal, of the standard deviation that
 * the recorded seeds show), plus the point's own standard deviation times one of all the points'
 * residuals. Lower is better, and the unit is the pooled standard deviation of a run.
 */
export interface Arms {
  readonly points: readonly {
    readonly index: number;
    readonly point: Point;
    /** NaN where any run failed. */
    readonly mean: number;
    /** Without what a seed does to all points; drawn towards that of the others. */
    readonly sd: number;
    /** Of the fastest run: others show what else the machine was doing. */
    readonly seconds: number;
  }[];
  /** The points by `pointKey`. */
  readonly at: ReadonlyMap<string, Arms['points'][number]>;
  /** Standard deviation of what a seed does to every point alike. */
  readonly shared: number;
  /** Of mean 0 and variance 1. */
  readonly residuals: readonly number[];
}

/** Takes the seeds that every point has. Throws where those are fewer than two, or nothing varies. */
export function arms({ runs, direction, knobs }: Table): Arms {
  const size = Object.values(knobs).reduce((product, values) => product * values.length, 1);
  const count = new Map<number, number>();
  for (const { seed } of runs) count.set(seed, (count.get(seed) ?? 0) + 1);
  const seeds = [...count].flatMap(([seed, n]) => (n === size ? [seed] : []));
  if (seeds.length < 2)
    throw new Error(`expected a table with two seeds of all ${size} points, found ${seeds.length}`);
  const sign = direction === 'minimize' ? 1 : -1;
  const groups = new Map<string, Table['runs'][number][]>();
  for (const run of runs.filter(({ seed }) => seeds.includes(seed))) {
    const key = pointKey(run.point);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const raw = [...groups.values()].map((group) => {
    const values = new Map(group.map(({ seed, value }) => [seed, sign * (value ?? Number.NaN)]));
    const centre = mean([...values.values()]);
    const residuals = seeds.map((seed) => (values.get(seed) ?? Number.NaN) - centre);
    return { point: (group[0] as (typeof group)[number]).point, centre, residuals, group };
  });
  const whole = raw.filter(({ centre }) => !Number.isNaN(centre));
  const ofSeed = seeds.map((_, s) => mean(whole.map(({ residuals }) => residuals[s] ?? 0)));
  const own = whole.map(({ residuals }) => residuals.map((one, s) => one - (ofSeed[s] ?? 0)));
  const moderation = moderate(own);
  if (!moderation) throw new Error('expected a table whose seeds differ, found none');
  const freedom = seeds.length / (seeds.length - 1);
  const square = (some: readonly number[]): number => mean(some.map((one) => one ** 2));
  const ownVariance = square(own.flat()) * freedom;
  // The seeds' means hold a little of the points' own noise.
  const shared = Math.sqrt(Math.max(0, square(ofSeed) * freedom - ownVariance / whole.length));
  const unit = Math.sqrt(ownVariance + shared ** 2);
  const sds = own.map((some) => Math.sqrt(moderation.noiseOf(some).variance));
  const standard = own.flatMap((some, i) => some.map((one) => one / (sds[i] ?? 1)));
  const scale = Math.sqrt(square(standard));
  const spread = new Map(whole.map(({ point }, i) => [pointKey(point), sds[i] ?? 0]));
  const points = raw.map(({ point, centre, group }, index) => ({
    ...{ index, point, mean: centre / unit },
    sd: (spread.get(pointKey(point)) ?? 0) / unit,
    seconds: Math.min(...group.map(({ seconds }) => seconds)),
  }));
  return {
    points,
    at: new Map(points.map((one) => [pointKey(one.point), one])),
    shared: shared / unit,
    residuals: standard.map((one) => one / scale),
  };
}
