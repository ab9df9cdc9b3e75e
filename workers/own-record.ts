import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from './attempt.ts';
import { readerOf } from './execute.ts';
import { lastWords } from './failure.ts';
import { writeWhole } from './files.ts';
import { runInForeground, type ForegroundEnd } from './foreground.ts';
import { openLog } from './log.ts';
import { createMetricsReader } from './metrics.ts';
import { installedPackages, interpretersOf } from './packages.ts';
import { askOutside } from './sandbox/ask.ts';
import { METRICS_NDJSON, openPoints } from './points.ts';
import type { Stream } from './process.ts';
import { createRing } from './ring.ts';

/** A command whose run is recorded into a folder of one's own. */
export interface RecordOrder {
  readonly folder: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All of it; the command gets no other. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the plan: an object that holds it is no configuration. */
  readonly objective: string;
  /** What start.json says besides what is found out here. */
  readonly start: Readonly<Record<string, unknown>>;
  /** Lines of logged.jsonl, from whoever started it. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** Of the lab: what is installed is known from the last time. */
  readonly cacheDir: string;
  readonly now: () => number;
}

const TAIL_BYTES = 64 * 1024;
/** A short command is not to wait for a list of its packages for longer. */
const PATIENCE_MS = 2000;

/**
 * Writes start.json, runs the command in the terminal, keeps its output in run.log and what it
 * measures in metrics.ndjson, and writes end.json. Throws where the folder cannot be written before
 * the command runs; afterwards what cannot be kept is said in `remarks`.
 */
export async function recordCommand(
  order: RecordOrder,
): Promise<ForegroundEnd & { readonly remarks: readonly string[] }> {
  const { folder, start, argv, cwd, env, now, cacheDir, logged } = order;
  const startFile = join(folder, 'start.json');
  await writeWhole(startFile, pretty({ ...start, packages: null }));
  const lines = logged.map((line) => `${JSON.stringify({ ...line, time: Math.round(now()) })}\n`);
  if (lines.length > 0) await appendFile(join(folder, 'logged.jsonl'), lines.join(''));
  const hearing = await hear(order);
  const words = { words: argv, env: known(env), cwd };
  const surroundings = Promise.all([
    interpretersOf(argv, words.env, cwd, askOutside),
    installedPackages({ ...words, locks: {}, cacheDir, ask: askOutside }),
  ]).catch(() => null);
  const end = await runInForeground({ argv, cwd, env, onOutput: hearing.onOutput });
  const remarks = await hearing.end();
  const found = await Promise.race([surroundings, after(PATIENCE_MS)]);
  if (found) {
    const [interpreters, packages] = found;
    const more = { ...versionsOf(interpreters), packages: packages?.versions ?? null };
    await writeWhole(startFile, pretty({ ...start, ...more })).catch(() => undefined);
  }
  await writeWhole(join(folder, 'end.json'), pretty(endOf(end, hearing.output(), now())));
  return { ...end, remarks };
}

/** Everything that listens to the output. */
async function hear({ folder, objective, now }: RecordOrder) {
  const log = await openLog(join(folder, 'run.log'), LIMITS.log_head_bytes, LIMITS.log_tail_bytes);
  const points = await openPoints(join(folder, METRICS_NDJSON));
  const metrics = createMetricsReader({
    ...{ objective, onPoint: (point) => points.add(point) },
    ...{ maxKeys: LIMITS.metric_keys, maxPoints: LIMITS.metric_points },
  });
  const tails = { stdout: createRing(TAIL_BYTES), stderr: createRing(TAIL_BYTES) };
  const onLine = (line: string, time: number): void => metrics.line(line, time);
  const reader = readerOf({ onLine, settled: () => points.settled() }, LIMITS.line_characters);
  return {
    async onOutput(stream: Stream, chunk: Buffer): Promise<void> {
      tails[stream].push(chunk);
      reader.push({ stream, time: Math.round(now()) }, chunk);
      await log.write(chunk);
      await reader.room();
    },
    /** What could not be kept. */
    async end(): Promise<readonly string[]> {
      await reader.end(Math.round(now()));
      metrics.end(Math.round(now()));
      await log.close();
      await points.close().catch(() => undefined);
      return [
        ...(log.error ? [`run.log is not whole: ${log.error.message}`] : []),
        ...(points.error ? [`metrics.ndjson is not whole: ${points.error.message}`] : []),
      ];
    },
    output: () => ({
      stdout: Buffer.concat(tails.stdout.parts()).toString('utf8'),
      stderr: Buffer.concat(tails.stderr.parts()).toString('utf8'),
    }),
  };
}

function endOf(end: ForegroundEnd, output: Parameters<typeof lastWords>[0], now: number) {
  const { exit_code, signal, error, interrupted } = end;
  const said = exit_code === 0 ? { error: '', traceback: '' } : lastWords(output);
  return {
    version: 1,
    ended: new Date(now).toISOString(),
    ...{ exit_code, signal, interrupted },
    error: error === null ? said.error || null : `it could not be started: ${error.message}`,
    traceback: said.traceback || null,
  };
}

/** `python: 3.11.2`, of those that the command names. */
function versionsOf(interpreters: Readonly<Record<string, string>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [program, said] of Object.entries(interpreters)) {
    const name = /^(?:python|pypy)/.test(program) ? 'python' : program.replace(/[\d.]+$/, '');
    found[name] = said.replace(/^(?:Python |v)(?=\d)/, '');
  }
  return found;
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const known = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

const after = (ms: number): Promise<null> =>
  new Promise((resolve) => setTimeout(() => resolve(null), ms).unref());
