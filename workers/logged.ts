import { join } from 'node:path';
import type { Logged, Saved } from '../orchestrator/domain/logged.ts';
import { isObject, objectsIn, type Fields } from './json-lines.ts';
import { flatten, type Literal, type Scalar } from './literal.ts';

/**
 * Reads what a logger wrote beside the metrics into a run's folder, `logged.jsonl`: one object a
 * line, with a `type`. The script may write there too, so that nothing in it is believed.
 */
export interface LoggedFile {
  /** What the run was configured with; the last word on a key counts. */
  readonly config: ReadonlyMap<string, Scalar>;
  /** The last text of each key. */
  readonly texts: ReadonlyMap<string, string>;
  /** Numbers that the logged function returned; they are no metrics, nothing is judged by them. */
  readonly returned: ReadonlyMap<string, number>;
  readonly artifacts: readonly LoggedArtifact[];
  readonly logged: Logged;
  /** What is odd about it, a sentence each. */
  readonly remarks: readonly string[];
}

export interface LoggedArtifact extends Saved {
  /** A file or folder, from the run's folder. */
  readonly path: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** They go into the journal, which holds no books. */
const MOST_BYTES = 256 << 20;
const MOST_KEYS = 4096;
const MOST_WORDS = 1000;
const MOST_ARTIFACTS = 100_000;
const LONGEST_TEXT = 4096;
const LONGEST_NAME = 250;
const MOST_REMARKS = 100;

/** Reads `<folder>/logged.jsonl`; empty where there is none. Never throws. */
export async function readLogged(folder: string): Promise<LoggedFile> {
  const collected = collector();
  const file = join(folder, 'logged.jsonl');
  for await (const batch of objectsIn(file, MOST_BYTES, collected.remark))
    for (const fields of batch) collected.take(fields);
  return collected.file();
}

function collector() {
  const config = new Map<string, Scalar>();
  const texts = new Map<string, string>();
  const returned = new Map<string, number>();
  const artifacts = new Map<string, LoggedArtifact>();
  const findings = new Set<string>();
  const tags = new Set<string>();
  let group: string | null = null;
  const remarks = new Map<string, number>();

  const remark = (text: string): void => {
    if (remarks.has(text) || remarks.size < MOST_REMARKS)
      remarks.set(text, (remarks.get(text) ?? 0) + 1);
  };
  const set = <V>(map: Map<string, V>, what: string, key: string, value: V): void => {
    if (map.has(key) || map.size < MOST_KEYS) map.set(key, value);
    else remark(`more than ${MOST_KEYS} ${what} were logged: the rest is left out`);
  };
  const say = (words: Set<string>, what: string, said: Literal | undefined): void => {
    if (typeof said !== 'string' || said.trim() === '') return;
    if (words.size < MOST_WORDS) words.add(shortened(said));
    else remark(`more than ${MOST_WORDS} ${what} were logged: the rest is left out`);
  };

  const takers: Readonly<Record<string, (fields: Fields) => void>> = {
    config: ({ values }) => {
      for (const [key, value] of pairs(values, true)) set(config, 'settings', key, value);
    },
    text: ({ values }) => {
      for (const [key, value] of pairs(values)) set(texts, 'texts', key, String(value));
    },
    finding: ({ text }) => say(findings, 'findings', text),
    tag: ({ tags: said }) => {
      for (const tag of Array.isArray(said) ? (said as readonly Literal[]) : [])
        say(tags, 'tags', tag);
    },
    group: ({ group: said }) => {
      if (typeof said === 'string' && said.trim() !== '') group = shortened(said);
    },
    artifact: (fields) => {
      const found = artifactIn(fields);
      if (found === null) remark('an artifact without a name, version or path was logged');
      else if (artifacts.size < MOST_ARTIFACTS) artifacts.set(found.path, found);
      else remark(`more than ${MOST_ARTIFACTS} artifacts were logged: the rest has no versions`);
    },
    returned: ({ finding, metrics }) => {
      say(findings, 'findings', finding);
      for (const [key, value] of pairs(metrics)) {
        const number = typeof value === 'string' ? numberNamed(value) : value;
        if (typeof number === 'number') set(returned, 'returned metrics', key, number);
      }
    },
    warning: ({ text }) => {
      if (typeof text === 'string') remark(`the logger: ${shortened(text)}`);
    },
  };

  return {
    remark,
    take(fields: Fields): void {
      const { type } = fields;
      if (typeof type === 'string' && Object.hasOwn(takers, type)) takers[type]?.(fields);
      else
        remark(
          `logged.jsonl holds objects of unknown type ${JSON.stringify(shortened(String(type), 40))}`,
        );
    },
    file: (): LoggedFile => ({
      ...{ config, texts, returned },
      artifacts: [...artifacts.values()],
      logged: { findings: [...findings], tags: [...tags], group },
      remarks: [...remarks].map(([text, times]) => (times > 1 ? `${text} (${times} times)` : text)),
    }),
  };
}

/** What stands at the leaves, by path: `optimizer/lr`. */
const pairs = (
  values: Literal | undefined,
  lists = false,
): readonly (readonly [string, Scalar])[] =>
  isObject(values)
    ? flatten(values, MOST_KEYS + 1, lists).map(([key, value]) => [
        key,
        typeof value === 'string' ? shortened(value) : value,
      ])
    : [];

function artifactIn(fields: Fields): LoggedArtifact | null {
  const { name, version, path, kind, step, bytes, sha256 } = fields;
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return null;
  if (!isCount(version) || version < 1) return null;
  // Only compared with the paths of files that were found, never opened.
  if (typeof path !== 'string' || path === '' || path.length > LONGEST_TEXT) return null;
  return {
    ...{ as: name, version, path },
    kind: typeof kind === 'string' && kind !== '' ? shortened(kind, LONGEST_NAME) : 'file',
    step: isCount(step) ? step : null,
    bytes: isCount(bytes) ? bytes : null,
    sha256: typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null,
  };
}

const isCount = (value: Literal | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** JSON has no words for numbers that are not finite. */
const numberNamed = (text: string): number | null =>
  /^(?:NaN|-?Infinity)$/.test(text) ? Number(text) : null;

const shortened = (text: string, most = LONGEST_TEXT): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
