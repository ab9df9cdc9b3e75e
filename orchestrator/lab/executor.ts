import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executor } from '../domain/ports.ts';
import { rewriteKnob, rewriteRun } from '../knobs/knobs.ts';
import { putInInbox } from '../../notebook/inbox.ts';
import { clock, type Lab } from './lab.ts';
import { settingsAt } from './look.ts';
import { packageRoot } from './package.ts';

const versionOf = async (): Promise<string> => {
  const text = await readFile(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

/** `onTrouble` hears of what holds a run up; what looks wrong about one goes to the journal. */
export async function openExecutor(
  lab: Lab,
  onTrouble?: (text: string) => void,
): Promise<Executor> {
  const [{ openLocalExecutor }, { writeLargeParquet }] = await Promise.all([
    import('../../workers/local.ts'),
    import('../../notebook/large-parquet.ts'),
  ]);
  const { root, cacheDir, experimentsDir, repository } = lab;
  return openLocalExecutor({
    ...{ root, cacheDir, experimentsDir, repository, clock },
    ...{ rewriteKnob, rewriteRun, writeLargeParquet, version: await versionOf() },
    // A patch may have taken a knob's line away: that is no fault of the patch.
    readSettings: (plan, commit) => settingsAt(lab, plan, commit).catch(() => null),
    // Through the inbox: only the night itself records, in its own order.
    onConcern: ({ run, kind, level, text }) => {
      const alert = { type: 'alert', kind, level, subject: run, text } as const;
      putInInbox(lab.notebookDir, alert, clock.now()).catch((error: unknown) =>
        onTrouble?.(`${text} (and it could not be recorded: ${String(error)})`),
      );
    },
    ...(onTrouble ? { onTrouble } : {}),
  });
}
