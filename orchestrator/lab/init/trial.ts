import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { splitCommand } from '../../domain/command.ts';
import { createLineSplitter } from '../../../workers/lines.ts';
import { placeLinks } from '../../../workers/links.ts';
import { runProcess } from '../../../workers/process.ts';
import { clock, type Lab } from '../lab.ts';
import { metricsIn } from './printed.ts';

/** The script, run for a moment in a worktree of its own: nothing it writes lands in the checkout. */

export interface Trial {
  /** Names of what it printed as metrics, in their order. */
  readonly metrics: readonly string[];
  /** How long it took; null where it was ended. */
  readonly seconds: number | null;
  /** What went wrong, in a few words; null where nothing did. */
  readonly trouble: string | null;
}

export interface TrialOrder {
  readonly commit: string;
  readonly files: readonly string[];
  readonly command: string;
  readonly directory: string;
  readonly link: readonly string[];
  readonly seconds: number;
  readonly environment: NodeJS.ProcessEnv;
}

const MARK = 'AUTOLAB_TRIAL';
const MOST_LINES = 20_000;

/**
 * Never throws for what the script does; what it started is gone when this returns. The user's Ctrl-C
 * ends the script, and not us: what it printed by then counts.
 */
export async function tryScript(lab: Lab, order: TrialOrder): Promise<Trial> {
  const folder = join(lab.cacheDir, `trial-${process.pid}`);
  await mkdir(lab.cacheDir, { recursive: true });
  try {
    await lab.repository.checkOut(folder, order.commit, []);
    const missing = await placeLinks(lab.root, folder, order.link, order.files);
    if (missing) return { metrics: [], seconds: null, trouble: missing.message };
    return await inFolder(folder, order);
  } finally {
    await lab.repository.removeWorktree(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

async function inFolder(folder: string, order: TrialOrder): Promise<Trial> {
  const lines: string[] = [];
  const keep = (line: string): void => void (lines.length < MOST_LINES && lines.push(line));
  const streams = {
    stdout: createLineSplitter(4096, keep),
    stderr: createLineSplitter(4096, keep),
  };
  const given = Object.entries(order.environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const end = await runProcess({
    argv: splitCommand(order.command),
    cwd: join(folder, order.directory),
    env: {
      ...Object.fromEntries(given),
      PYTHONUNBUFFERED: '1',
      WANDB_MODE: 'offline',
      [MARK]: `${process.pid}-${clock.now()}`,
    },
    timeout_seconds: order.seconds,
    signal: stop.signal,
    clock,
    grace_ms: 2000,
    sample_ms: 1000,
    mark: MARK,
    onOutput: (stream, chunk) => streams[stream].push(chunk),
  });
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  for (const stream of Object.values(streams)) stream.end();
  const ended = end.ended_by === 'itself';
  const last = lines.findLast((line) => line.trim() !== '') ?? 'no output';
  return {
    metrics: metricsIn(lines),
    seconds: ended && end.exit_code === 0 ? end.seconds : null,
    trouble: end.error
      ? end.error.message
      : ended && end.exit_code !== 0
        ? `it ended with ${end.exit_code ?? end.signal}: ${last.slice(0, 200)}`
        : null,
  };
}
