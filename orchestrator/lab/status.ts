import { experimentRow } from '../../notebook/rows.ts';
import { holderOf } from '../../notebook/lock.ts';
import { elapsed } from '../budget.ts';
import { NO_CALLS, type NightCalls } from '../domain/call.ts';
import type { RunId } from '../domain/ids.ts';
import type { Purpose, Run } from '../domain/run.ts';
import { experimentIn, type Night, type State } from '../domain/state.ts';
import { countedRuns } from '../domain/variant.ts';
import { clock } from './lab.ts';
import type { LabPlace } from './place.ts';
import { standingWhere } from './standing.ts';
import { elapsedBy, expectedSeconds, secondsLeft, secondsRunning } from './time-left.ts';

export type LabState = 'idle' | 'running' | 'draining' | 'cut_off' | 'finished';

type ExperimentNow = Omit<ReturnType<typeof experimentRow>, 'status'> & { readonly status: string };

/** What is going on in a lab; `autolab status --json` prints it as it is. */
export interface Status {
  readonly state: LabState;
  readonly night: string | null;
  readonly baseline: ExperimentNow | null;
  readonly incumbent: ExperimentNow | null;
  /** The smallest gain that this budget confirms four times in five; null where nothing says it. */
  readonly smallest_confirmable: number | null;
  /** Fresh seeds of each arm that it rests on. */
  readonly confirmable_seeds: number | null;
  readonly counts: {
    readonly experiments: number;
    readonly runs: number;
    readonly waiting: number;
    /** What the user asked for and no night has taken in yet. */
    readonly queued: number;
    readonly verdicts: Readonly<Record<string, number>>;
  };
  readonly slots: readonly Slot[];
  readonly budget: {
    readonly experiments: { readonly used: number; readonly of: number };
    readonly runs: { readonly used: number; readonly of: number | null };
    /** Seconds. */
    readonly wall_clock: { readonly used: number; readonly of: number | null };
    /** Read and written, of models. */
    readonly tokens: { readonly used: number; readonly of: number | null };
    /** US dollars, of the calls whose price is known. */
    readonly llm_usd: { readonly used: number; readonly of: number | null };
  };
  /** What models were asked, and when the night went on without one. */
  readonly models: NightCalls;
  /** Until the night is over, as far as its runs so far tell; null before one finished, or where none runs. */
  readonly seconds_left: number | null;
  /** Why nothing new is started for the moment. */
  readonly paused: string | null;
  /** Who asked a night to stop that is not over: `autolab stop`, `Ctrl-C`; null where nobody did. */
  readonly stopped_by: string | null;
  readonly ended: Night['ended'];
}

/** What a slot does; all but `slot` null where it does nothing. */
export interface Slot {
  readonly slot: number;
  readonly run: RunId | null;
  readonly title: string | null;
  readonly purpose: Purpose | null;
  readonly seed: number | null;
  /** How long it has been training, and how long it is expected to. */
  readonly seconds: number | null;
  readonly expected_seconds: number | null;
}

/** Reads the journal's state and the lock; loads no DuckDB. `now` is milliseconds since 1970. */
export async function statusOf(lab: LabPlace, state: State, now = clock.now()): Promise<Status> {
  const night = state.night === null ? null : (state.nights.get(state.night) ?? null);
  const holder = await holderOf(lab.notebookDir);
  const { experiment: shown } = standingWhere(holder !== null);
  const own = [...state.experiments.values()].filter((e) => night && e.night === night.id);
  const verdicts: Record<string, number> = {};
  for (const { judgement } of own)
    if (judgement) verdicts[judgement.verdict] = (verdicts[judgement.verdict] ?? 0) + 1;
  const { budget } = night?.plan ?? {};
  const models = night?.calls ?? NO_CALLS;
  const { tokens, usd } = models.total;
  return {
    state: stateOf(night, holder !== null),
    night: night?.id ?? null,
    baseline: night?.baseline ? shown(experimentRow(state, night.baseline)) : null,
    incumbent: night?.incumbent ? shown(experimentRow(state, night.incumbent)) : null,
    smallest_confirmable: night?.confirmable?.gain ?? null,
    confirmable_seeds: night?.confirmable?.seeds ?? null,
    counts: {
      experiments: own.length,
      runs: night?.runs_started ?? 0,
      waiting: night?.waiting.length ?? 0,
      queued: state.queued.length,
      verdicts,
    },
    slots: night ? slotsOf(state, night, now, holder !== null) : [],
    budget: {
      experiments: { used: night?.candidates ?? 0, of: budget?.experiments ?? 0 },
      runs: { used: night ? countedRuns(state, night) : 0, of: budget?.runs ?? null },
      wall_clock: {
        used: night ? worked(state, night, now, holder !== null) : 0,
        of: budget?.wall_clock ?? null,
      },
      tokens: { used: tokens.input + tokens.output, of: budget?.tokens ?? null },
      llm_usd: { used: usd, of: budget?.llm_usd ?? null },
    },
    models,
    seconds_left: night && holder ? secondsLeft(state, night, now) : null,
    paused: holder ? (night?.paused ?? null) : null,
    stopped_by: night && !night.ended ? night.stopped_by : null,
    ended: night?.ended ?? null,
  };
}

function stateOf(night: Night | null, held: boolean): LabState {
  if (held) return night?.stopping && !night.ended ? 'draining' : 'running';
  if (night === null) return 'idle';
  return night.ended && night.reported === night.revision ? 'finished' : 'cut_off';
}

/** After a cut nobody knows more than the journal: the night stood still since. */
const worked = (state: State, night: Night, now: number, held: boolean): number =>
  held ? elapsedBy(state, night, now) : elapsed(state, night);

/** What each slot of a night does at `now`; nothing where nobody holds the lab. */
export function slotsOf(state: State, night: Night, now: number, held = true): readonly Slot[] {
  const running = [...state.runs.values()].filter((run) => run.status === 'running');
  return Array.from({ length: night.slots }, (_, i) => {
    const slot = i + 1;
    return slotOf(state, slot, held ? running.find((run) => run.slot === slot) : undefined, now);
  });
}

function slotOf(state: State, slot: number, run: Run | undefined, now: number): Slot {
  if (!run)
    return {
      ...{ slot, run: null, title: null, purpose: null, seed: null },
      ...{ seconds: null, expected_seconds: null },
    };
  return {
    ...{ slot, run: run.id, title: experimentIn(state, run.experiment).title },
    ...{ purpose: run.purpose, seed: run.seed, seconds: secondsRunning(run, now) },
    expected_seconds: expectedSeconds(state, run),
  };
}
