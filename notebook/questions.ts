import { resolve } from 'node:path';

import type { Rows } from '../orchestrator/domain/ports.ts';
import { answering } from './answering.ts';
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

/**
 * A notebook to ask: one question about years of runs need not read years of their journal. Where
 * only files of runs are asked for (metrics, samples), the state that the snapshot keeps says which
 * of them count. Throws nothing before the first question.
 */
export function openQuestions(
  folder: string,
  { schema = CURRENT, limits, runsDir = usualRunsDir(folder) }: ReadOptions = {},
): Questions {
  const dir = resolve(folder);
  const warnings = new Set<string>();
  const answer = answering(dir, { schema, limits, runsDir, warnings });
  let whole: Promise<NotebookView> | undefined;

  const look = async () => ({
    contents: { state: await readState(dir, schema), spans: new Map(), alerts: new Map() },
    ...{ events: [], recorded: 0 },
  });
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
