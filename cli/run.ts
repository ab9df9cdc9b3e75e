import { constants } from 'node:os';
import { EXIT, LabError } from '../orchestrator/domain/errors.ts';
import { isOwnRunId } from '../orchestrator/domain/ids.ts';
import { labToRecordIn, recordOwnRun, type Recorded } from '../orchestrator/lab/own/record.ts';
import { oneLine } from './output.ts';
import { duration } from './table.ts';

interface RunOptions {
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly group?: string;
}

/**
 * `autolab run -- CMD`: CMD as it would be without us, recorded as a run of your own. Its exit code
 * is the command's; 128 + n where signal n ended it, 127 where it could not be started.
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  if (argv.length === 0)
    throw new LabError('usage', 'expected a command: autolab run -- python train.py --lr 3e-4');
  const outer = process.env['AUTOLAB_RUN_ID'];
  if (outer !== undefined && !isOwnRunId(outer))
    throw new LabError(
      'usage',
      `${oneLine(outer)} is a run of a night, which records all that its script does: ` +
        'call the command without autolab run; nothing was run',
    );
  const cwd = process.cwd();
  const lab = await labToRecordIn(cwd);
  const { name, tag: tags = [], group } = options;
  const recorded = await recordOwnRun(lab, { argv, cwd, env: process.env, name, tags, group });
  for (const line of said(recorded, argv[0] ?? '')) process.stderr.write(`autolab: ${line}\n`);
  return exitOf(recorded);
}

/** On standard error, behind all that the command said. */
function said({ id, error, seconds, remarks, held }: Recorded, program: string): string[] {
  const left = 'a process that the command left behind is silent and holds its output open';
  return [
    ...(error === null ? [] : [`${oneLine(program)} could not be started: ${error.message}`]),
    ...(held ? [`${left}: what it still writes is not recorded`] : []),
    ...remarks.map(oneLine),
    `recorded as ${id}, ${duration(seconds)}: autolab show ${id}`,
  ];
}

function exitOf({ exit_code, signal, error, interrupted }: Recorded): number {
  if (error !== null) return error.code === 'EACCES' ? 126 : 127;
  if (exit_code !== null) return exit_code;
  if (signal !== null) return 128 + constants.signals[signal];
  return interrupted === null ? EXIT.failed : EXIT.interrupted;
}
