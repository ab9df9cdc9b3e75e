import type { Event } from '../orchestrator/domain/event.ts';
import { LabError } from '../orchestrator/domain/errors.ts';

/** Version of what this code writes: the records of the journal and the columns of the tables. */
const SCHEMA = 4;

/**
 * One step from a schema version to the next. Journals are never rewritten: records of an older
 * journal file pass through `event` when they are read. Tables made from the journal are built
 * anew; `metrics` tables have kept their five columns since version 1.
 */
export interface Migration {
  readonly from: number;
  /** What changed, in a line, for the person whose notebook it is. */
  readonly what: string;
  /** A record of version `from`, as version `from + 1` has it. */
  readonly event: (record: Event) => Event;
}

/** The schema this code writes, and every way to it. A parameter, so that tests can have others. */
export interface Schema {
  readonly version: number;
  readonly migrations: readonly Migration[];
}

const MIGRATIONS: readonly Migration[] = [
  {
    from: 1,
    what: 'alerts say their kind, and runs how long the machine slept under them',
    event: (record) =>
      record.type === 'run_ended'
        ? { ...record, result: { ...record.result, slept_seconds: 0 } }
        : record,
  },
  {
    from: 2,
    what: 'runs of one’s own are among the runs, and there are notes, decisions and tags',
    event: (record) => record,
  },
  {
    from: 3,
    what: 'agents may have models: their calls are spans, ideas in words are written as patches, and patches that crash are repaired',
    event: (record) => record,
  },
];

export const CURRENT: Schema = { version: SCHEMA, migrations: MIGRATIONS };

/** The steps from `found` to the schema. Throws LabError refused where there is no way. */
export function migrationsFrom(schema: Schema, found: number, where: string): readonly Migration[] {
  if (found > schema.version)
    throw new LabError(
      'refused',
      `expected schema ${schema.version} or older, found ${found}: a newer AutoLab wrote this notebook. ` +
        `Update AutoLab, or read the tables with any DuckDB: .read views.sql`,
      where,
    );
  const steps: Migration[] = [];
  for (let version = found; version < schema.version; version++) {
    const step = schema.migrations.find((migration) => migration.from === version);
    if (!step)
      throw new LabError(
        'refused',
        `expected schema ${schema.version}, found ${found}, and this AutoLab knows no way from ` +
          `${version} to ${version + 1}. Open it once with the version of AutoLab that followed the one ` +
          `that wrote it, or move the folder away to begin a new notebook`,
        where,
      );
    steps.push(step);
  }
  return steps;
}
