import { experimentRow } from '../../notebook/rows.ts';
import { holderOf } from '../../notebook/lock.ts';
import { elapsed } from '../budget.ts';
import type { RunId } from '../domain/ids.ts';
import { experimentIn, type Night, type State } from '../domain/state.ts';
import type { Lab } from './lab.ts';

export type LabState = 'idle' | 'running' | 'draining' | 'cut_off' | 'finished';

/** What is going on in a lab; `autolab status --json` prints it as it is. */
export interface Status {
  readonly state: LabState;
  readonly night: string | null;
  readonly baseline: ReturnType<typeof experimentRow> | null;
  readonly incumbent: ReturnType<typeof experimentRow> | null;
  readonly counts: {
    readonly experiments: number;
    readonly runs: number;
    readonly waiting: number;
    readonly verdicts: Readonly<Record<string, number>>;
  };
  readonly slots: readonly {
    readonly slot: number;
    readonly run: RunId | null;
    readonly title: string | null;
  }[];
  readonly budget: {
    readonly experiments: { readonly used: number; readonly of: number };
    readonly runs: { readonly used: number; readonly of: number | null };
    /** Seconds. */
    readonly wall_clock: { readonly used: number; readonly of: number | null };
  };
  readonly ended: Night['ended'];
}

/** Reads the journal's state and the lock; loads no DuckDB. */
export async function statusOf(lab: Lab, state: State): Promise<Status> {
  const night = state.night === null ? null : (state.nights.get(state.night) ?? null);
  const holder = await holderOf(lab.notebookDir);
  const own = [...state.experiments.values()].filter((e) => night && e.night === night.id);
  const verdicts: Record<string, number> = {};
  for (const { judgement } of own)
    if (judgement) verdicts[judgement.verdict] = (verdicts[judgement.verdict] ?? 0) + 1;
  const running = [...state.runs.values()].filter((run) => run.status === 'running');
  const { budget } = night?.plan ?? {};
  return {
    state: stateOf(night, holder !== null),
    night: night?.id ?? null,
    baseline: night?.baseline ? experimentRow(state, night.baseline) : null,
    incumbent: night?.incumbent ? experimentRow(state, night.incumbent) : null,
    counts: {
      experiments: own.length,
      runs: night?.runs_started ?? 0,
      waiting: night?.waiting.length ?? 0,
      verdicts,
    },
    slots: Array.from({ length: night?.slots ?? 0 }, (_, i) => {
      const run = holder ? running.find((candidate) => candidate.slot === i + 1) : undefined;
      const title = run ? experimentIn(state, run.experiment).title : null;
      return { slot: i + 1, run: run?.id ?? null, title };
    }),
    budget: {
      experiments: { used: night?.candidates ?? 0, of: budget?.experiments ?? 0 },
      runs: { used: night?.runs_started ?? 0, of: budget?.runs ?? null },
      wall_clock: { used: night ? elapsed(state, night) : 0, of: budget?.wall_clock ?? null },
    },
    ended: night?.ended ?? null,
  };
}

function stateOf(night: Night | null, held: boolean): LabState {
  if (held) return 'running';
  if (night === null) return 'idle';
  return night.ended && night.reported === night.revision ? 'finished' : 'cut_off';
}
