import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Files of which `npm test` runs a sample. */
const partly = readdirSync('test', { encoding: 'utf8', recursive: true })
  .map((file) => `test/${file}`)
  .filter(
    (file) =>
      file.endsWith('.test.ts') && /'(?:FULL|KILL_ROUNDS)'/.test(readFileSync(file, 'utf8')),
  );

/** `npm run test:faults`: every kill point, and the faults that take long. An hour and a half on two cores. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts', 'test/faults/full/*.full.ts', ...partly],
    globalSetup: 'test/support/template.ts',
    env: { KILL_ROUNDS: '30', FULL: '1' },
    // A night, killed and launched again, on a busy laptop; never what a test asserts.
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // The work is done by the launches: two labs at a time, and one file.
    fileParallelism: false,
    maxConcurrency: 2,
    pool: 'forks',
  },
});
