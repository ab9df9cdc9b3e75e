import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What starts a process, or sets something that the whole of its own process goes by. */
const OWN_PROCESS =
  /child_process|execa|duckdb|openNotebook|process\.(?:env|chdir|kill|on|exit)|globalThis|useFakeTimers|support\/(?:lab|repo|own|redis|faults|template)|cli\/night/;

const all = readdirSync('test', { encoding: 'utf8', recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`);
const alone = all.filter((file) => OWN_PROCESS.test(readFileSync(file, 'utf8')));
const together = all.filter((file) => !alone.includes(file));

export default defineConfig({
  test: {
    globalSetup: 'test/support/template.ts',
    // Real git, processes and DuckDB on a busy laptop: generous, and never what a test asserts.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there may be cores: half of a night is waiting for processes and disks.
    maxWorkers: 4,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // Half of the files: a process for each would cost a third of their time.
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
