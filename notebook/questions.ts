import { resolve } from 'node:path';

import type { Rows } from '../orchestrator/domain/ports.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { answering, type Look } from './answering.ts';
import { usualRunsDir } from './live.ts';
import { readNotebook, type NotebookView, type ReadOptions } from './reader.ts';
import { CURRENT } from './schema.ts';
import { readState } from './snapshot.ts';
import { namesRecords } from './tables.ts';

/** The notebook for questions alone. */
export interface Questions {
  /** See Answerer.answer. */
  query(sql: string): Promise<Rows>;
  /** What could not be read and was left out of the answers, in words. */
  readonly warnings: readonly string[];
}

export interface QuestionsOptions extends ReadOptions {
  /** The notebook's state where the caller has just read it. */
  readonly state?: State | undefined;
}

/**
 * A notebook to ask: one question about years of runs need not read years of their journal. Where
 * only files of runs are asked for (metrics, samples), the state that the snapshot keeps says which
 * of them count; it is read once, and anew only where the files have changed under a question.
 * Throws nothing before the first question.
 */
export function openQuestions(
  folder: string,
  { schema = CURRENT, limits, runsDir = usualRunsDir(folder), state }: QuestionsOptions = {},
): Questions {
  const dir = resolve(folder);
  const warnings = new Set<string>();
  const answer = answering(dir, { schema, limits, runsDir, warnings });
  let whole: Promise<NotebookView> | undefined;

  let known = state;
  const look: Look = async (again) => {
    if (again || !known) known = await readState(dir, schema);
    const contents = { state: known, spans: new Map(), alerts: new Map() };
    return { contents, events: [], recorded: 0 };
  };
  return {
    async query(sql) {
      if (!namesRecords(sql)) return answer(sql, look);
      whole ??= readNotebook(dir, { schema, runsDir, ...(limits && { limits }) });
      const notebook = await whole;
      const rows = await notebook.query(sql);
      for (const warning of notebook.warnings) warnings.add(warning);
      return rows;
    },
    get warnings() {
      return [...warnings];
    },
  };
}
