import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { defineConfig, type Plugin } from 'rolldown';

/**
 * The command, in few files with the libraries it needs: of a launch that had to find, read and
 * compile two thousand, a seventh of the processor time was that. What a verb alone needs stays a
 * part of its own.
 */

const BIN = 'dist/bin';
/** Of this build: two at once do not mix. */
const [NEW, OLD] = [`${BIN}-${process.pid}`, `${BIN}-${process.pid}-old`];

const REQUIRE = 'const require = createRequire(import.meta.url);';

/** What only this code loads by `require`, being slow as ES modules, is put in like the rest. */
const required: Plugin = {
  name: 'autolab:required',
  transform: {
    filter: { code: REQUIRE },
    // As long, so that all the rest is where it was.
    handler: (code) => ({ code: code.replace(REQUIRE, ' '.repeat(REQUIRE.length)), map: null }),
  },
};

/** In the last build's place by two renames: a verb that is called meanwhile finds the one or the other. */
const atOnce: Plugin = {
  name: 'autolab:at-once',
  writeBundle() {
    chmodSync(`${NEW}/autolab.js`, 0o755);
    if (existsSync(BIN)) renameSync(BIN, OLD);
    renameSync(NEW, BIN);
    rmSync(OLD, { recursive: true, force: true });
  },
};

export default defineConfig({
  input: { autolab: 'cli/main.ts', queue: 'orchestrator/queue/database-process.ts' },
  platform: 'node',
  // Native code, WebAssembly beside its loader, and what only some users have installed.
  external: [
    /^@duckdb\/node-bindings/,
    /^@electric-sql\//,
    /^parquetjs-lite/,
    /^msgpackr-extract/,
    /^pg(?:-native)?$/,
  ],
  plugins: [required, atOnce],
  output: {
    dir: NEW,
    format: 'esm',
    // The same names each time, of files and of what they export: a night that runs on from an older
    // build still finds what it has not loaded yet.
    chunkFileNames: 'parts/[name].js',
    minifyInternalExports: false,
    sourcemap: true,
  },
});
