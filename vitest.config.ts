import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What sets something that the whole of its own process goes by, or stops servers that others may ask. */
const OWN_PROCESS =
  /process\.env\[[^\]]*\] =|delete process\.env|useFakeTimers|support\/(?:redis|faults)|openQueue|cli\/night/;

const all = readdirSync('test', { encoding: 'utf8', recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`);
const alone = all.filter((file) => OWN_PROCESS.test(readFileSync(file, 'utf8')));
const together = all.filter((file) => !alone.includes(file));

export default defineConfig({
  test: {
    globalSetup: 'test/support/template.ts',
    // Real git, processes and DuckDB on a busy laptop: generous, and never what a test asserts.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // More than there may be cores: half of a night is waiting for processes and disks.
    maxWorkers: 5,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // A process for each file would cost a sixth of the suite's time: every one loads what all load.
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
