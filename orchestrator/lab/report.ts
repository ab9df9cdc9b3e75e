import type { Report } from '../domain/ports.ts';
import { LabError } from '../domain/errors.ts';
import type { State } from '../domain/state.ts';
import type { readNotebook } from '../../notebook/reader.ts';
import { makeRoom, publish } from './footprint.ts';
import type { Lab } from './lab.ts';
import { commandIn } from './package.ts';

/** Writes the findings anew from the notebook. Returns the paths. Throws LabError not_found. */
export async function report(
  lab: Lab,
  state: State,
  notebook: Awaited<ReturnType<typeof readNotebook>>,
): Promise<readonly string[]> {
  const night = state.night === null ? undefined : state.nights.get(state.night);
  if (!night)
    throw new LabError(
      'not_found',
      'expected a night to report on, found none yet: autolab launch',
    );
  await makeRoom(lab.repository, night.base.commit);
  const { createReporter } = await import('../../agents/reporter.ts');
  const written = (await createReporter({ notebook, command: await commandIn(lab) })({
    task: 'report',
    night: night.id,
  })) as Report;
  await publish(lab.root, written.documents);
  return written.documents.map((document) => document.path);
}
