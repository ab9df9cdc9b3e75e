import { createLineSplitter } from './lines.ts';
import { tidy } from './metrics.ts';
import type { Point } from './metrics.ts';
import { openPlain } from './plain.ts';
import { curveOf, type Curve, type Reading } from './prune.ts';

/** A curve of more is not worth the time that reading it takes from the trainings. */
const MOST_BYTES = 32 << 20;
const LINE = 1 << 12;

/**
 * A metric's curve in the metrics.ndjson of a run that ended. Null where the metric has none: it was
 * logged once, without steps or with steps that go back; or the file is gone, too large, or no plain file.
 */
export async function readCurve(file: string, metric: string): Promise<Curve | null> {
  const found = new Map<string, Reading[]>();
  const keys = new Map<string, string | null>();
  const lines = createLineSplitter(LINE, (line) => {
    // `{"key":"val_loss","step":…`: most lines are of another key, and need not be parsed.
    const head = line.slice(0, line.indexOf(',"step":'));
    if (!keys.has(head)) keys.set(head, keyIn(line, metric));
    const key = keys.get(head) ?? null;
    const point = key === null ? null : pointIn(line);
    if (key === null || point === null || point.step === null) return;
    const readings = found.get(key) ?? [];
    found.set(key, readings);
    readings.push({ step: point.step, value: Number(point.value) });
  });
  const handle = await openPlain(file);
  if (handle === null) return null;
  try {
    if ((await handle.stat()).size > MOST_BYTES) return null;
    for await (const chunk of handle.createReadStream({ autoClose: false }))
      lines.push(chunk as Buffer);
  } catch {
    return null;
  } finally {
    await handle.close();
  }
  const only = found.size === 1 ? [...found.values()][0] : undefined;
  const readings = found.get(metric) ?? only;
  return readings === undefined ? null : curveOf(readings);
}

function keyIn(line: string, metric: string): string | null {
  const key = pointIn(line)?.key ?? '';
  return tidy(key) === tidy(metric) ? key : null;
}

/** Null for a line that was torn when the machine went down. */
function pointIn(line: string): Point | null {
  try {
    return JSON.parse(line) as Point;
  } catch {
    return null;
  }
}
