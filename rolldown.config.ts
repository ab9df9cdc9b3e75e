import { defineConfig, type Plugin } from 'rolldown';

const REQUIRE = 'const require = createRequire(import.meta.url);';

/**
 * The command, in few files with the libraries it needs: of a launch that had to find, read and
 * compile two thousand, a seventh of the processor time was that. What a verb alone needs stays a
 * part of its own, and what only this code loads by `require`, being slow as ES modules, is put in too.
 */
const required: Plugin = {
  name: 'autolab:required',
  transform: {
    filter: { code: REQUIRE },
    // As long, so that all the rest is where it was.
    handler: (code) => ({ code: code.replace(REQUIRE, ' '.repeat(REQUIRE.length)), map: null }),
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
  plugins: [required],
  output: {
    dir: 'dist/bin',
    format: 'esm',
    // The same names every time: a night that runs meanwhile still finds what it has not loaded yet.
    chunkFileNames: 'parts/[name].js',
    sourcemap: true,
  },
});
