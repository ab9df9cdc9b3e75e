import { openLab } from '../orchestrator/lab/lab.ts';
import { stopNight } from '../orchestrator/lab/stop.ts';
import { dim, print, printJson, yellow } from './output.ts';

interface StopVerb {
  readonly now?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** `autolab stop`: asks the night that runs here to drain, and waits until it has. */
export async function run(_args: readonly string[], options: StopVerb): Promise<number> {
  const lab = await openLab(process.cwd());
  const say = options.json ? () => {} : (text: string) => print(dim(text));
  const stopped = await stopNight(lab, {
    how: options.now ? 'now' : 'drain',
    wait: options.wait ?? true,
    onProgress: say,
  });
  if (options.json) printJson(stopped);
  else if (stopped.over)
    print(yellow(`${stopped.night} stopped; autolab launch goes on from there`));
  else print(`${stopped.night} was asked to stop`);
  return 0;
}
