import { once } from 'node:events';
import { EXIT } from '../orchestrator/domain/errors.ts';
import { serveScripted } from '../orchestrator/lab/scripted-model.ts';
import { bold, dim, oneLine, print } from './output.ts';

interface ModelVerb {
  readonly script?: string;
  readonly port?: number;
  readonly key?: string;
}

/** `autolab model --script FILE`: a dry night's model, until Ctrl-C. */
export async function run(
  _args: readonly string[],
  { script = '', port, key }: ModelVerb,
): Promise<number> {
  const stopped = Promise.race(
    (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)),
  );
  const onRequest = (line: string): void => print(oneLine(line));
  const endpoint = await serveScripted(script, { port, key, onRequest });
  print(`${bold('the scripted model answers at')} ${endpoint.url}`);
  print(dim(`in research_plan.yaml: agents: { model: scripted, base_url: ${endpoint.url} }`));
  await stopped;
  await endpoint.close();
  return EXIT.done;
}
