import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What sets something that the whole of its own process goes by, or stops servers that others may ask. */
const OWN_PROCESS =
  /process\.env\[[^\]]*\] =|delete process\.env|useFakeTimers|support\/(?:redis|faults)|openQueue|cli\/night/;

const all = readdirSync('test', { encoding: 'utf8', recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`);
const alone = all.filter((file) => OWN_PROCESS.test(readFileSync(file, 'utf8')));
const together = all.filter((file) => !alone.includes(file));

const root = import.meta.dirname;
const OURS = /^(agents|cli|notebook|orchestrator|workers)\/.*\.ts$/;

/**
 * `npm test` has just built what users get, and tests that: ours are then imported as they lie in
 * dist/, by Node. To make them anew from their sources takes a tenth of the suite's time.
 */
const built = {
  name: 'autolab:built',
  enforce: 'pre' as const,
  resolveId(source: string, importer: string | undefined) {
    if (!importer || !source.startsWith('.')) return null;
    const path = relative(root, resolve(dirname(importer), source));
    return OURS.test(path) ? join(root, 'dist', path.replace(/\.ts$/, '.js')) : null;
  },
};

/** Whole nights first: they take longest, and the last to begin is what all others wait for. */
class NightsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isNight = ({ moduleId }: TestSpecification) => moduleId.includes('/test/night/');
    // oxlint-disable-next-line unicorn/no-array-sort -- no array's
    const sorted = await super.sort(files);
    return [...sorted.filter(isNight), ...sorted.filter((file) => !isNight(file))];
  }
}

export default defineConfig({
  plugins: process.env['npm_lifecycle_event'] === 'test' ? [built] : [],
  test: {
    server: { deps: { external: [/\/dist\/(?:agents|cli|notebook|orchestrator|workers)\//] } },
    globalSetup: 'test/support/template.ts',
    // Real git, processes and DuckDB on a busy laptop: generous, and never what a test asserts.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    sequence: { sequencer: NightsFirst },
    // More than there may be cores: half of a night is waiting for processes and disks.
    maxWorkers: 5,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // A process for each file would cost a sixth of the suite's time: every one loads what all load.
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
