import * as fc from 'fast-check';

/**
 * How much is tried. `npm test` takes a small sample with one seed, so that it says the same every
 * time; `npm run test:fuzz` takes 10,000 cases of each family with a new seed, which it prints.
 * FUZZ_RUNS and FUZZ_SEED say otherwise: the seed of a failure finds it again.
 */
const RUNS = numberOf('FUZZ_RUNS', 100);
const SEED = numberOf('FUZZ_SEED', 1);

function numberOf(name: string, usual: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return usual;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`expected a whole number in ${name}, found ${text}`);
  return Number(text);
}

/**
 * The cases of a property that has a share of its family's; never less than one. What costs a git
 * or a process has a small share.
 */
const casesOf = (share: number): number => Math.max(1, Math.round(RUNS * share));

/** Tries a property that asks for nothing to be awaited. Throws with the smallest case that breaks it. */
export const holds = <Case>(
  share: number,
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => void,
): void => fc.assert(fc.property(cases, check), { seed: SEED, numRuns: casesOf(share) });

/** The same for what is awaited. */
export const holdsInTime = <Case>(
  share: number,
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => Promise<void>,
): Promise<void> =>
  fc.assert(fc.asyncProperty(cases, check), {
    seed: SEED,
    numRuns: casesOf(share),
    // Each step of making a case smaller is a case again: a git or a process.
    ...(share < 0.1 && { endOnFailure: true }),
  });
