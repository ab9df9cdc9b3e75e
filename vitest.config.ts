import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What sets something that the whole of its own process goes by, makes it large, or stops servers that others may ask. */
const OWN_PROCESS =
  /process\.env\[[^\]]*\] =|delete process\.env|useFakeTimers|support\/(?:redis|faults)|openQueue|cli\/night|ballast = Array/;

const all = readdirSync('test', { encoding: 'utf8', recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`);
const alone = all.filter((file) => OWN_PROCESS.test(readFileSync(file, 'utf8')));
const together = all.filter((file) => !alone.includes(file));

const root = import.meta.dirname;
const OURS = /^(agents|cli|notebook|orchestrator|system|workers)\/.*\.ts$/;

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

/** What starts processes: git to make a repository or a lab, for one. */
const STARTER = /support\/(?:repo|lab|own|faults)|node:child_process/;

/**
 * Whole nights first: they take longest, and the last to begin is what all others wait for. Then
 * what starts processes, which takes one of 300 MB ten times as long as a small one (Linux copies
 * the page tables), and at last what makes a process grow.
 */
class StartersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      if (moduleId.includes('/test/night/')) return 0;
      return STARTER.test(readFileSync(moduleId, 'utf8')) ? 1 : 2;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- no array's
    const ranked = (await super.sort(files)).map((file) => ({ file, rank: rank(file) }));
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ file }) => file);
  }
}

export default defineConfig({
  plugins: process.env['npm_lifecycle_event'] === 'test' ? [built] : [],
  test: {
    server: {
      deps: { external: [/\/dist\/(?:agents|cli|notebook|orchestrator|system|workers)\//] },
    },
    globalSetup: 'test/support/template.ts',
    // Real git, processes and DuckDB on a busy laptop: generous, and never what a test asserts.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    sequence: { sequencer: StartersFirst },
    // More than there may be cores: half of a night is waiting for processes and disks.
    maxWorkers: 5,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // A process for each file would cost a sixth of the suite's time: every one loads what all load.
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
