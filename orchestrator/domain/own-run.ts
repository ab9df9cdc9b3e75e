import { quoteArgument } from './command.ts';
import type { OwnRunId } from './ids.ts';
import type { Logged } from './logged.ts';
import type { Artifact, Failure, Param, RunStatus, SummaryValue, Tier } from './run.ts';

/**
 * Runs of one's own: made by hand outside of any night, by a logger in a script or by
 * `autolab run -- CMD`. They are recorded like other runs, and never take part in what a night decides.
 */

/** Who opened it. */
export type OwnSource = 'logger-python' | 'logger-js' | 'run' | 'import' | 'unknown';

/** What a run was elsewhere, before `autolab import` brought it here. */
export interface Foreign {
  /** The file it came from, without its folder. */
  readonly file: string;
  /** What it is called there: a commit, a row's id, `E-0007.2` of another lab. */
  readonly id: string;
  readonly links: readonly string[];
  /** SHA-256 of what was imported: the same is not imported twice. */
  readonly sha256: string;
  /** SHA-256 of its row as it stands in a table, however its columns were read; absent elsewhere. */
  readonly row?: string | undefined;
}

/** What its start.json says, as far as it can be believed. */
export interface OwnStart {
  /** As its maker calls it; empty where nobody did. */
  readonly name: string;
  /** The command's words; empty where nobody knows. */
  readonly command: readonly string[];
  /** Where it ran: from the lab's top, or absolute outside of it. */
  readonly directory: string | null;
  readonly host: string | null;
  readonly who: string | null;
  /** ISO 8601. */
  readonly started: string;
  /** What was checked out. */
  readonly commit: string | null;
  readonly branch: string | null;
  /** Whether the checkout held what is in no commit; change.diff in its folder says what. */
  readonly dirty: boolean | null;
  readonly source: OwnSource;
  /** Absent where it was recorded here. */
  readonly foreign?: Foreign;
}

/** What is looked at of one run at a time. */
export interface OwnDetails {
  readonly params: readonly Param[];
  readonly summary: readonly SummaryValue[];
  readonly artifacts: readonly Artifact[];
  readonly logged: Logged;
  /** What is odd about its files, a sentence each. */
  readonly remarks: readonly string[];
}

/** How it came to its end. */
export interface OwnEnd {
  /** 2 where the first end was only presumed, and a later word corrected it. */
  readonly attempt: number;
  readonly status: Exclude<RunStatus, 'running'>;
  /** ISO 8601; of a run that left no word, when its files were last written. */
  readonly ended: string;
  /** Null where nobody said: of a run that was imported. */
  readonly seconds: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly failure: Failure | null;
  /**
   * `user` (Ctrl-C and its like), `signal` (another one), `gone` (its process is no more and left
   * no word, or it was silent on another machine for so long); `pruned`, `fenced`: in a night
   * elsewhere, from which it was imported.
   */
  readonly killed_because: 'user' | 'signal' | 'gone' | 'pruned' | 'fenced' | null;
  /** The plan's metric, where the run said it; may be NaN or infinite. */
  readonly objective: number | null;
  readonly tier: Tier | null;
  /** Points in its metrics.parquet. */
  readonly metric_points: number;
  /** Rows in its samples.parquet. */
  readonly sample_rows: number;
}

/** Both are made of files that anybody may have written, and may come more than once. */
export type OwnBody =
  | {
      readonly type: 'own_run_started';
      readonly run: OwnRunId;
      readonly start: OwnStart;
      readonly params: readonly Param[];
      readonly remarks: readonly string[];
    }
  | {
      readonly type: 'own_run_ended';
      readonly run: OwnRunId;
      readonly end: OwnEnd;
      readonly details: OwnDetails;
    };

export const isOwn = <E extends { readonly type: string }>(
  event: E,
): event is Extract<E, OwnBody> =>
  event.type === 'own_run_started' || event.type === 'own_run_ended';

/** A run of one's own as the lab knows it. */
export interface OwnRun extends Omit<OwnStart, 'command'> {
  readonly id: OwnRunId;
  /** As it would be typed, see `commandInWords`; empty where nobody knows. */
  readonly command: string;
  readonly attempt: number;
  readonly status: RunStatus;
  /** Null while it runs. */
  readonly end: OwnEnd | null;
  /** What its script says it belongs to, once it has ended. */
  readonly group: string | null;
  /** See `detailsOf`. Text, when it is asked for: thousands of runs lie in a snapshot, and a list shows none of it. */
  readonly packed: () => string;
}

/** `params`, `summary` and the like of a run; empty while it is not known. */
export function detailsOf({ packed }: OwnRun): OwnDetails {
  const details = JSON.parse(packed()) as OwnDetails;
  const summary = details.summary.map((value) => ({
    ...value,
    number: value.number === null ? null : Number(value.number),
  }));
  return { ...details, summary };
}

/** For JSON.stringify: a number that is not finite by its name. */
export const spelt = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Numbers that are not finite become their names, which `detailsOf` reads again. */
export const packed = (details: OwnDetails): string => JSON.stringify(details, spelt);

/** Nobody has said anything of it yet. */
export const NO_DETAILS: OwnDetails = {
  params: [],
  summary: [],
  artifacts: [],
  logged: { findings: [], tags: [], group: null },
  remarks: [],
};

/** How it is called in lists: its name, or its command. */
export const ownName = ({ name, command }: Pick<OwnRun, 'name' | 'command'>): string =>
  name === '' ? command : name;

/** As it would be typed: words that a shell would split are in quotes. */
export const commandInWords = (command: readonly string[]): string =>
  command.map(quoteArgument).join(' ');
