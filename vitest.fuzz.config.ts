import { defineConfig } from 'vitest/config';

/** The properties of test/fuzz at length; `npm test` tries a few cases of the same. */
const seed = process.env['FUZZ_SEED'] ?? String(Date.now() % 1_000_000_000);
const runs = process.env['FUZZ_RUNS'] ?? '10000';
// Other tools load this file, too.
if (process.argv.includes('vitest.fuzz.config.ts'))
  process.stdout.write(`FUZZ_RUNS=${runs} FUZZ_SEED=${seed}\n`);

export default defineConfig({
  test: {
    include: ['test/fuzz/**/*.test.ts'],
    globalSetup: 'test/support/template.ts',
    env: { FUZZ_RUNS: runs, FUZZ_SEED: seed },
    testTimeout: 30 * 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
