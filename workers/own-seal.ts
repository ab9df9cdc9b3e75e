import { join } from 'node:path';
import { detailsOfOrigin, endOfOrigin } from '../orchestrator/domain/origin.ts';
import type { OwnDetails, OwnEnd } from '../orchestrator/domain/own-run.ts';
import { LIMITS } from './attempt.ts';
import { createLineSplitter } from './lines.ts';
import { readLogged } from './logged.ts';
import { createMetricsReader, type MetricsReader } from './metrics.ts';
import { lastWritten, readOwnOrigin } from './own-files.ts';
import { ownLeft, type OwnOrder } from './own-left.ts';
import { ownOutcome } from './own-outcome.ts';
import { paramsOf } from './params.ts';
import { openPlain } from './plain.ts';
import { objectiveOf, returnedIn, summaryOf } from './readings.ts';

/**
 * Makes of a folder what the notebook records: writes metrics.parquet into it, and says how it ended
 * and what it was. What cannot be read is left out, and said. Throws where the disk is full, or cannot
 * be read at all: then it is to be tried again.
 */
export async function sealOwnRun(
  order: OwnOrder,
): Promise<{ readonly end: OwnEnd; readonly details: OwnDetails }> {
  const { folder, opening, end, objective, attempt } = order;
  const ended = end?.ended ?? new Date(await lastWritten(folder)).toISOString();
  const logged = await readLogged(folder);
  const left = await ownLeft(order, logged, Date.parse(ended));
  const { metrics } = left;
  const origin = opening.start.source === 'import' ? await readOwnOrigin(folder) : null;
  if (origin) {
    const counted = { attempt, metric_points: left.points, sample_rows: left.samples };
    const end = endOfOrigin(origin, objective?.metric ?? null, counted);
    return { end, details: detailsOfOrigin(origin) };
  }
  const printed = await printedIn(join(folder, 'run.log'), objective?.metric ?? '');
  const found = objective && objectiveOf(metrics, objective, null, 'the script');
  const said = found?.failure?.class === 'no_metric' ? null : found;
  const texts = new Map([...printed.texts, ...metrics.texts, ...logged.texts]);
  return {
    end: {
      ...{ attempt, ended, metric_points: left.points, sample_rows: left.samples },
      ...ownOutcome(end, said?.failure ?? null),
      seconds: secondsOf(order, ended),
      objective: said?.objective ?? null,
      tier: said ? 'self_reported' : null,
    },
    details: {
      params: paramsOf({
        ...{ knobs: {}, words: opening.start.command, env: {}, printed: printed.printed },
        logged: new Map([...opening.config, ...logged.config]),
      }),
      summary: [...returnedIn(logged), ...summaryOf({ series: metrics.series, texts }, null)],
      artifacts: left.artifacts,
      logged: logged.logged,
      remarks: [
        ...[...opening.remarks, ...(end?.remarks ?? [])],
        ...[...logged.remarks, ...left.remarks],
      ],
    },
  };
}

/** Of a run that was imported only what its file says: its times here are not those of its work. */
const secondsOf = ({ opening, end }: OwnOrder, ended: string): number | null =>
  opening.start.source === 'import'
    ? (end?.seconds ?? null)
    : Math.max(0, (Date.parse(ended) - Date.parse(opening.start.started)) / 1000);

/** What a log says besides numbers: these were read when they came, and their times with them. */
async function printedIn(
  file: string,
  objective: string,
): Promise<Pick<MetricsReader, 'texts' | 'printed'>> {
  const reader = createMetricsReader({
    ...{ objective, onPoint: () => undefined, maxPoints: 0 },
    maxKeys: LIMITS.metric_keys,
  });
  const handle = await openPlain(file);
  if (handle === null) return reader;
  try {
    const lines = createLineSplitter(LIMITS.line_characters, (line) => reader.line(line, 0));
    for await (const chunk of handle.createReadStream({ autoClose: false }))
      lines.push(chunk as Buffer);
    lines.end();
    reader.end(0);
  } finally {
    await handle.close();
  }
  return reader;
}
