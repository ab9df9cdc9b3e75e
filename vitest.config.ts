import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/template.ts',
    // Real git, processes and DuckDB on a busy laptop: generous, and never what a test asserts.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there may be cores: half of a night is waiting for processes and disks.
    maxWorkers: 4,
  },
});
