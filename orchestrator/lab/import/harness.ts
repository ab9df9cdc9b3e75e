import { basename, dirname, join } from 'node:path';
import { EMPTY_RUN, type ForeignRun, type SamplesFile } from './foreign.ts';
import { timeIn } from './table.ts';

/**
 * Results of lm-evaluation-harness and lmms-eval: `results` holds, for each task, numbers under
 * `metric,filter` (EleutherAI/lm-evaluation-harness, loggers/evaluation_tracker.py). The filter
 * `none` is the usual one, and left out of the names here: `hellaswag/acc`, `gsm8k/exact_match,strict`.
 */

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a JSON value looks like one of theirs. */
export const isHarness = (value: unknown): value is Json =>
  isObject(value) && isObject(value['results']);

/** `beside`: names of the files in the same folder, in which its samples are looked for. */
export function runOfHarness(found: Json, file: string, beside: readonly string[]): ForeignRun {
  const metrics: Record<string, number> = {};
  const texts: Record<string, string> = {};
  for (const [task, values] of Object.entries(found['results'] as Json))
    for (const [key, value] of Object.entries(isObject(values) ? values : {})) {
      const name = `${task}/${key.replace(/,none$/, '')}`;
      if (typeof value === 'number') metrics[name] = value;
      // What could not be worked out is written as N/A; an alias is a name for screens.
      else if (typeof value === 'string' && value !== 'N/A' && key !== 'alias') texts[name] = value;
    }
  const config = isObject(found['config']) ? found['config'] : {};
  const model = [found['model_name'], config['model_args'], config['model']].find(
    (text) => typeof text === 'string' && text !== '',
  );
  return {
    ...EMPTY_RUN,
    id: basename(file),
    name: typeof model === 'string' ? model : basename(file),
    started: startOf(found['date']),
    seconds: secondsOf(found['total_evaluation_time_seconds']),
    params: { ...paramsOf(config), ...perTask(found, 'n-shot'), ...perTask(found, 'versions') },
    ...{ metrics, texts },
    samples: samplesBeside(file, beside),
  };
}

function paramsOf(config: Json): Record<string, string | number | boolean> {
  const params: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      params[key] = value;
    else if (value !== null && value !== undefined) params[key] = JSON.stringify(value);
  }
  return params;
}

function perTask(found: Json, key: string): Record<string, number | string> {
  const values = isObject(found[key]) ? found[key] : {};
  return Object.fromEntries(
    Object.entries(values).flatMap(([task, value]) =>
      typeof value === 'number' || typeof value === 'string'
        ? [[`${task}/${key.replace(/s$/, '')}`, value]]
        : [],
    ),
  );
}

/** lm-evaluation-harness writes seconds since 1970, lmms-eval 20240131_235959. */
function startOf(date: unknown): string | null {
  if (typeof date === 'number') return timeIn(String(date));
  if (typeof date !== 'string') return null;
  const parts = /^(\d{4})(\d\d)(\d\d)[_-](\d\d)(\d\d)(\d\d)?$/.exec(date);
  if (!parts) return timeIn(date);
  const [, year, month, day, hour, minute, second = '00'] = parts;
  return timeIn(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

const secondsOf = (value: unknown): number | null => {
  const seconds = Number(value ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
};

/** `results_STAMP.json` has `samples_TASK_STAMP.jsonl`, `STAMP_results.json` `STAMP_samples_TASK.jsonl`. */
function samplesBeside(file: string, beside: readonly string[]): SamplesFile[] {
  const name = basename(file, '.json');
  const before = /^(.*)_results$/.exec(name)?.[1];
  const behind = /^results_(.*)$/.exec(name)?.[1];
  return beside.flatMap((other) => {
    const found = samplesName(other);
    if (found === null) return [];
    const mine =
      (before !== undefined && found.before === before) ||
      (behind !== undefined && found.rest.endsWith(`_${behind}`));
    if (!mine) return [];
    const task = before === undefined ? found.rest.slice(0, -`_${behind}`.length) : found.rest;
    return [{ path: join(dirname(file), other), task }];
  });
}

/** `[STAMP_]samples_REST.jsonl`. */
function samplesName(name: string): { readonly before: string; readonly rest: string } | null {
  const parts = /^(?:(.*)_)?samples_(.*)\.jsonl$/.exec(name);
  return parts ? { before: parts[1] ?? '', rest: parts[2] ?? '' } : null;
}

/** The task that a file of samples alone is of: what its name says, without a stamp. */
export const taskOf = (file: string): string =>
  (samplesName(basename(file))?.rest ?? basename(file, '.jsonl')).replace(
    /_\d{4}-\d\d-\d\dT[\d.:-]+$/,
    '',
  );

/** A line of a file of samples, as `log_sample` would have written it; null where it is none. */
export function sampleOf(value: unknown, task: string): Json | null {
  if (!isObject(value) || !('doc_id' in value)) return null;
  const filter = value['filter'];
  const id = String(value['doc_id']);
  const own = new Set(['doc_id', 'doc', 'target', 'arguments', 'input', 'resps', 'filtered_resps']);
  const metrics = Object.fromEntries(
    Object.entries(value).filter(
      ([key, each]) => !own.has(key) && (typeof each === 'number' || typeof each === 'boolean'),
    ),
  );
  return {
    task,
    id: typeof filter === 'string' && filter !== 'none' ? `${id},${filter}` : id,
    input: inWords(value['input'] ?? firstText(value['arguments'])),
    target: inWords(value['target']),
    prediction: inWords(alone(value['filtered_resps'] ?? value['resps'])),
    metrics,
  };
}

/** The prompt: the first text, however deep they wrap it. */
function firstText(value: unknown): unknown {
  if (Array.isArray(value)) return firstText(value[0]);
  return isObject(value) ? firstText(Object.values(value)[0]) : value;
}

/** One answer stands for itself, several stay a list. */
const alone = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? alone(value[0]) : value;

const inWords = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
