import { mixed, type WorldKind } from './worlds.ts';

/** The kinds of night that are simulated. */

export interface Setting extends WorldKind {
  /** `condition/budget`, such as `heavy/200`. */
  readonly name: string;
  readonly condition: string;
  /** Runs that the night may start. */
  readonly runs: number;
  readonly slots: number;
  readonly min_effect: number | null;
}

type Condition = Omit<Setting, 'name' | 'condition' | 'runs'>;

const USUAL: Condition = {
  ...{ help: 5, harm: 10, noise: 'normal', correlation: 0, explode: 0 },
  ...{ slots: 2, min_effect: null },
};

const CONDITIONS: Readonly<Record<string, Condition>> = {
  usual: USUAL,
  none: { ...USUAL, help: 0 },
  heavy: { ...USUAL, noise: 'heavy' },
  'none-heavy': { ...USUAL, help: 0, noise: 'heavy' },
  correlated: { ...USUAL, correlation: 0.7 },
  'none-correlated': { ...USUAL, help: 0, correlation: 0.7 },
  'heavy-correlated': { ...USUAL, noise: 'heavy', correlation: 0.7 },
  'none-heavy-correlated': { ...USUAL, help: 0, noise: 'heavy', correlation: 0.7 },
  deterministic: { ...USUAL, noise: 'none' },
  'one-slot': { ...USUAL, slots: 1 },
  'min-effect': { ...USUAL, min_effect: 0.5 },
  explosive: { ...USUAL, explode: 10 },
  'none-explosive': { ...USUAL, help: 0, explode: 10 },
};

const BUDGETS = [24, 60, 200];

/** 200 runs are what the aims of power are set for. */
export const FULL_BUDGET = 200;

export const SETTINGS: readonly Setting[] = BUDGETS.toReversed().flatMap((runs) =>
  Object.entries(CONDITIONS).map(([condition, kind]) => ({
    ...kind,
    ...{ name: `${condition}/${runs}`, condition, runs },
  })),
);

/** Those named, by condition or in full, and of that budget. Throws where there are none. */
export function chosen(names: readonly string[], budget: number | null): readonly Setting[] {
  const unknown = names.find((one) => !SETTINGS.some((s) => s.name === one || s.condition === one));
  if (unknown !== undefined)
    throw new Error(
      `--only: expected a setting (${Object.keys(CONDITIONS).join(', ')}; with a budget: usual/200), found ${unknown}`,
    );
  if (budget !== null && !BUDGETS.includes(budget))
    throw new Error(`--budget: expected ${BUDGETS.join(', ')}, found ${budget}`);
  const found = SETTINGS.filter(
    ({ name, condition, runs }) =>
      (budget === null || runs === budget) &&
      (names.length === 0 || names.includes(name) || names.includes(condition)),
  );
  if (found.length > 0) return found;
  throw new Error(`expected a setting, found none of ${names.join(', ')} with ${budget} runs`);
}

/** The seed of a night's world: another for each setting, so that nights may be pooled. */
export const seedOf = (seed: number, { name }: Setting, night: number): number =>
  mixed(seed, night, ...Buffer.from(name));
