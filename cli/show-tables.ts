import type { Artifact, Param } from '../orchestrator/domain/run.ts';
import { short, table } from './table.ts';

/** What every page of a run ends with. */

export const summaryTable = (
  rows: readonly {
    readonly key: string;
    readonly number: number | string | null;
    readonly text: string | null;
  }[],
): string =>
  table(
    [
      { title: 'metric', cell: (each) => each.key },
      { title: 'last value', cell: (each) => each.text ?? short(each.number), right: true },
    ],
    rows,
  );

export const paramTable = (rows: readonly Param[]): string =>
  table(
    [
      { title: 'parameter', cell: (each) => each.key },
      { title: 'value', cell: (each) => each.value, flexible: true },
      { title: 'from', cell: (each) => each.source },
    ],
    rows,
  );

export const artifactTable = (artifacts: readonly Artifact[]): string =>
  table(
    [
      { title: 'artifact', cell: (each) => each.name, flexible: true },
      {
        title: 'saved as',
        cell: ({ saved }) => (saved ? `${saved.as}:v${saved.version} (${saved.kind})` : ''),
      },
      { title: 'step', cell: ({ saved }) => String(saved?.step ?? ''), right: true },
      { title: 'bytes', cell: (each) => String(each.bytes), right: true },
      { title: '', cell: ({ best }) => (best ? 'best' : '') },
    ],
    artifacts,
  );
