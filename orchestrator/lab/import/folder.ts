import { createReadStream } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Foreign } from '../../domain/own-run.ts';
import { writeWhole } from '../../../workers/files.ts';
import { createLineSplitter } from '../../../workers/lines.ts';
import { parseLiteral } from '../../../workers/literal.ts';
import type { ForeignRun, Importer, SamplesFile } from './foreign.ts';
import { sampleOf } from './harness.ts';

/** Writes a run that another tool recorded as a run of one's own leaves it: the same files. */

/** A sample's line, beyond which it is left out: images in base64 are no text. */
const LONGEST_LINE = 4 << 20;

/** Returns what was left out, a sentence each. Throws what the file system does. */
export async function writeForeign(
  folder: string,
  run: ForeignRun,
  foreign: Foreign,
  importer: Importer,
  from: string,
): Promise<readonly string[]> {
  const started = run.started ?? (await stat(from)).mtime.toISOString();
  const time = Date.parse(started);
  // First and last: an import that is killed between them leaves a run that was killed.
  await writeWhole(
    join(folder, 'start.json'),
    pretty({
      ...{ version: 1, ...importer, name: run.name, command: [], directory: null },
      ...{ started, commit: null, branch: null, dirty: null, untracked: [], packages: null },
      ...{ params: run.params, source: 'import', foreign },
    }),
  );
  if (Object.keys(run.metrics).length > 0)
    await writeFile(join(folder, 'metrics.jsonl'), `${record({ time, ...run.metrics })}\n`);
  const logged = [
    ...(Object.keys(run.texts).length > 0 ? [{ type: 'text', values: run.texts }] : []),
    ...run.words.map((text) => ({ type: 'finding', text })),
  ];
  if (logged.length > 0)
    await writeFile(
      join(folder, 'logged.jsonl'),
      logged.map((line) => `${JSON.stringify({ ...line, time })}\n`).join(''),
    );
  const remarks: string[] = [];
  for (const samples of run.samples) remarks.push(...(await copySamples(folder, samples)));
  await writeWhole(
    join(folder, 'end.json'),
    pretty({
      ...{ version: 1, ended: new Date(time + (run.seconds ?? 0) * 1000).toISOString() },
      seconds: run.seconds,
      ...{ exit_code: run.failure === null ? 0 : null, signal: null },
      ...{ error: run.failure, traceback: null },
    }),
  );
  return remarks;
}

async function copySamples(
  folder: string,
  { path, task }: SamplesFile,
): Promise<readonly string[]> {
  const out = await open(join(folder, 'samples.jsonl'), 'a');
  let lost = 0;
  try {
    let waiting: string[] = [];
    const lines = createLineSplitter(LONGEST_LINE, (line) => {
      if (line.trim() === '') return;
      const sample = sampleOf(parseLiteral(line), task);
      if (sample === null) lost++;
      else waiting.push(`${record(sample)}\n`);
    });
    const flush = async (): Promise<void> => {
      const text = waiting.join('');
      waiting = [];
      if (text !== '') await out.writeFile(text);
    };
    for await (const chunk of createReadStream(path)) {
      lines.push(chunk as Buffer);
      await flush();
    }
    lines.end();
    await flush();
  } finally {
    await out.close();
  }
  if (lost === 0) return [];
  return [
    `${basename(path)}: ${lost === 1 ? 'one line holds' : `${lost} lines hold`} no sample (a JSON object with a doc_id)`,
  ];
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** JSON, but numbers that are not finite by their names, as loggers write them. */
function record(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(record).join(',')}]`;
  const entries = Object.entries(value).map(
    ([key, each]) => `${JSON.stringify(key)}:${record(each)}`,
  );
  return `{${entries.join(',')}}`;
}
